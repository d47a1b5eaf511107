/* A drawing as SVG: time to the right, the main chain in the middle, references above it; told apart by width and dashes, so that
 * it can be printed in grey. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "inspection/drawing.h"

enum { ACROSS = 110, DOWN = 96, MARGIN = 48, RADIUS = 19, TERM = 11, LEGEND = 78, LEAST_WIDTH = 640 };

typedef struct place {
    double x, y;
} place;

/* How what makes a state is drawn; class names are those of the style below. */
static const char *const class_of[TX_ORIGINS] = {"data", "network", "stepper", "residuum"};

static const char style[] =
    "<style>\n"
    "text{font:15px "
    "sans-serif;fill:#000;text-anchor:middle}.note{font-size:12px;text-anchor:start}.weight{font-size:11px;text-anchor:start;"
    "paint-order:stroke;stroke:#fff;stroke-width:3px}\n"
    "circle{fill:#fff;stroke:#000;stroke-width:1.5}circle.data{fill:#ddd}circle.network{stroke-width:3;stroke:#1a4f8b}\n"
    "circle.residuum{stroke-dasharray:2 2}\n"
    "line,path.bent{stroke:#000;stroke-width:1.3}path.bent{fill:none}line.network{stroke:#1a4f8b;stroke-width:3}line.stepper{"
    "stroke:#b35900}\n"
    "line.term{stroke:#888;stroke-width:1}.cut{stroke-dasharray:6 5}rect{fill:#fff;stroke:#888}\n"
    "</style>\n";

static place place_of(const tx_drawing *drawing, int state)
{
    const tx_drawn_state *at = &drawing->states[state];
    return (place){MARGIN + at->level * (double)ACROSS, MARGIN + (at->row - drawing->first_row) * (double)DOWN};
}

/* From the edge of a state to `short_of` before the other end. */
static tx_status add_line(place from, place to, double short_of, const char *class, bool cut, tx_text *text, tx_error *error)
{
    const double dx = to.x - from.x, dy = to.y - from.y, length = hypot(dx, dy), begin = (RADIUS + 1) / length,
                 end = 1 - short_of / length;
    return tx_text_add(text, error, "<line class=\"%s%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"%s%s%s/>\n", class,
                       cut ? " cut" : "", from.x + begin * dx, from.y + begin * dy, from.x + end * dx, from.y + end * dy,
                       short_of > RADIUS ? " marker-end=\"url(#" : "", short_of > RADIUS ? class : "",
                       short_of > RADIUS ? ")\"" : "");
}

/* Down a column, past the states between. */
static tx_status add_bent(place from, place to, const char *class, bool cut, tx_text *text, tx_error *error)
{
    const double aside = from.x - 0.8 * ACROSS, down = to.y > from.y ? 1 : -1;
    return tx_text_add(text, error, "<path class=\"bent%s\" d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\" marker-end=\"url(#%s)\"/>\n",
                       cut ? " cut" : "", from.x - 0.7 * RADIUS, from.y + down * 0.75 * RADIUS, aside, (from.y + to.y) / 2,
                       to.x - 0.75 * (RADIUS + 3), to.y - down * 0.75 * (RADIUS + 3), class);
}

static tx_status add_circle(place at, const tx_drawn_state *state, tx_text *text, tx_error *error)
{
    return tx_text_add(text, error,
                       "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/><text x=\"%.1f\" y=\"%.1f\">%s"
                       "<tspan font-size=\"10\" dy=\"4\">%d</tspan></text>\n",
                       class_of[state->origin], at.x, at.y, RADIUS, at.x, at.y + 4, tx_origin_letter[state->origin], state->level);
}

static tx_status add_state(const tx_drawing *drawing, int number, tx_text *text, tx_error *error)
{
    const tx_drawn_state *state = &drawing->states[number];
    const place at = place_of(drawing, number);
    for (int k = 0; k < 2 && state->from[k].from >= 0; k++) {
        const place from = place_of(drawing, state->from[k].from);
        const char *class = class_of[state->origin];
        TX_TRY(from.x == at.x && fabs(from.y - at.y) > 1.5 * DOWN
                   ? add_bent(from, at, class, state->from[k].cut, text, error)
                   : add_line(from, at, RADIUS + 3, class, state->from[k].cut, text, error));
    }
    return add_circle(at, state, text, error);
}

/* Above a row's arrows, where it would be on them. */
static double off_rows(double y)
{
    const double row = MARGIN + DOWN * round((y - MARGIN) / DOWN);
    return fabs(y - row) < TERM + 4 ? row - TERM - 8 : y;
}

/* Right of what it compares, half-way between; of one alone beside it. */
static place place_of_term(const tx_drawing *drawing, const tx_drawn_term *term)
{
    const place prediction = place_of(drawing, term->of[0].from);
    if (term->of[1].from < 0) {
        return (place){prediction.x + 0.38 * ACROSS, prediction.y};
    }
    const place target = place_of(drawing, term->of[1].from);
    return (place){fmax(prediction.x, target.x) + 0.38 * ACROSS, off_rows((prediction.y + target.y) / 2)};
}

/* at[0 … number - 1]: where those before it stand. */
static void make_room(place *at, int number)
{
    for (int k = 0; k < number; k++) {
        if (at[k].x == at[number].x && fabs(at[k].y - at[number].y) < 2 * TERM + 2) {
            at[number].y = off_rows(at[k].y - 2 * TERM - 2);
            k = -1;
        }
    }
}

static tx_status add_term(const tx_drawing *drawing, int number, place *places, tx_text *text, tx_error *error)
{
    const tx_drawn_term *term = &drawing->terms[number];
    places[number] = place_of_term(drawing, term);
    make_room(places, number);
    const place at = places[number];
    for (int k = 0; k < 2 && term->of[k].from >= 0; k++) {
        TX_TRY(add_line(place_of(drawing, term->of[k].from), at, TERM, "term", term->of[k].cut, text, error));
    }
    TX_TRY(tx_text_add(text, error,
                       "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"3\"/><text x=\"%.1f\" y=\"%.1f\">l</text>\n",
                       at.x - TERM, at.y - TERM, 2 * TERM, 2 * TERM, at.x, at.y + 5));
    return term->weight == 1 ? TX_OK
                             : tx_text_add(text, error, "<text class=\"weight\" x=\"%.1f\" y=\"%.1f\">%.4g</text>\n",
                                           at.x + TERM + 2, at.y + 4, term->weight);
}

static tx_status add_terms(const tx_drawing *drawing, tx_text *text, tx_error *error)
{
    place *places;
    tx_status status = tx_allocate_array((size_t)drawing->num_terms, sizeof *places, error, &places);
    for (int k = 0; status == TX_OK && k < drawing->num_terms; k++) {
        status = add_term(drawing, k, places, text, error);
    }
    tx_free(places);
    return status;
}

static bool drawn(const tx_drawing *drawing, tx_origin origin)
{
    for (int k = 0; k < drawing->num_states; k++) {
        if (drawing->states[k].origin == origin) {
            return true;
        }
    }
    return false;
}

static tx_status add_legend(const tx_drawing *drawing, double y, tx_text *text, tx_error *error)
{
    double x = MARGIN;
    for (tx_origin origin = 0; origin < TX_ORIGINS; origin++) {
        if (drawn(drawing, origin)) {
            TX_TRY(origin == TX_BY_DATA
                       ? tx_text_add(text, error, "<circle class=\"data\" cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/>\n", x + 12, y)
                       : add_line((place){x - RADIUS, y}, (place){x + 24 + RADIUS, y}, RADIUS + 3, class_of[origin], false, text,
                                  error));
            TX_TRY(tx_text_add(text, error, "<text class=\"note\" x=\"%.1f\" y=\"%.1f\">%s: %s</text>\n", x + 28, y + 4,
                               tx_origin_letter[origin], tx_origin_name[origin]));
            x += 52 + 7 * (double)strlen(tx_origin_name[origin]);
        }
    }
    return tx_text_add(
        text, error,
        "<text class=\"note\" x=\"%d\" y=\"%.1f\">l: loss at a time level; dashed: no gradient goes back along it</text>\n",
        MARGIN - RADIUS, y + 24);
}

static tx_status add_heads(tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "<defs>\n"));
    for (tx_origin origin = TX_BY_NETWORK; origin < TX_ORIGINS; origin++) {
        TX_TRY(tx_text_add(text, error,
                           "<marker id=\"%s\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"%d\" markerHeight=\"%d\" "
                           "orient=\"auto\"><path d=\"M0 0L10 5L0 10z\"/></marker>\n",
                           class_of[origin], origin == TX_BY_NETWORK ? 4 : 8, origin == TX_BY_NETWORK ? 4 : 8));
    }
    return tx_text_add(text, error, "</defs>\n");
}

tx_status tx_drawing_add_svg(const tx_drawing *drawing, tx_text *text, tx_error *error)
{
    const double rows = drawing->last_row - drawing->first_row, bottom = 2. * MARGIN + rows * DOWN;
    const double wide = 2. * MARGIN + (drawing->levels - 1) * (double)ACROSS + 0.5 * ACROSS;
    const double width = wide > LEAST_WIDTH ? wide : LEAST_WIDTH, height = bottom + LEGEND - MARGIN / 2.;
    TX_TRY(tx_text_add(text, error,
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
                       "role=\"img\">\n<title>The unrolled training graph</title>\n%s<rect width=\"100%%\" height=\"100%%\" "
                       "style=\"stroke:none\"/>\n",
                       width, height, width, height, style));
    TX_TRY(add_heads(text, error));
    for (int k = 0; k < drawing->num_states; k++) {
        TX_TRY(add_state(drawing, k, text, error));
    }
    TX_TRY(add_terms(drawing, text, error));
    TX_TRY(add_legend(drawing, bottom, text, error));
    return tx_text_add(text, error, "</svg>\n");
}
