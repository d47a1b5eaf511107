/* A drawing for Graphviz. */
#include "inspection/drawing.h"

/* Of maps; of a residuum's states, and of what terms compare, there are lines. */
static const char *const style[TX_ORIGINS] = {"", "penwidth=2.5", "arrowhead=empty", "arrowhead=none"};

static tx_status add_arrow(tx_arrow arrow, const char *to, int number, const char *attributes, tx_text *text, tx_error *error)
{
    return arrow.from < 0 ? TX_OK
                          : tx_text_add(text, error, "  s%d -> %s%d [%s%s];\n", arrow.from, to, number, attributes,
                                        arrow.cut ? ", style=dashed" : "");
}

static tx_status add_state(const tx_drawn_state *state, int number, tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "  s%d [label=<%s<sub>%d</sub>>, group=%d, class=\"%s\"];\n", number,
                       tx_origin_letter[state->origin], state->level, state->row, tx_origin_name[state->origin]));
    TX_TRY(add_arrow(state->from[0], "s", number, style[state->origin], text, error));
    return add_arrow(state->from[1], "s", number, style[state->origin], text, error);
}

static tx_status add_term(const tx_drawn_term *term, int number, tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "  l%d [label=\"%.6g loss\", shape=box, fontsize=10];\n", number, term->weight));
    TX_TRY(add_arrow(term->of[0], "l", number, "arrowhead=none, color=gray", text, error));
    return add_arrow(term->of[1], "l", number, "arrowhead=none, color=gray", text, error);
}

tx_status tx_drawing_add_dot(const tx_drawing *drawing, tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error,
                       "/* A window's loss: arrows are maps (%s bold), dashed where no gradient goes back. */\n"
                       "digraph training {\n  rankdir=LR;\n  node [shape=circle];\n",
                       tx_origin_name[TX_BY_NETWORK]));
    for (int k = 0; k < drawing->num_states; k++) {
        TX_TRY(add_state(&drawing->states[k], k, text, error));
    }
    for (int k = 0; k < drawing->num_terms; k++) {
        TX_TRY(add_term(&drawing->terms[k], k, text, error));
    }
    return tx_text_add(text, error, "}\n");
}
