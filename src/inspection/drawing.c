/* A configuration is built with maps that are single nodes; its states and terms are found in the graph that comes of it. */
#include "inspection/drawing.h"

#include "base/memory.h"
#include "tensor/operation.h"

enum { MOST_STATES = 2000, NOWHERE = 1 << 30 /* a row, until there is one */ };

const char *const tx_origin_letter[TX_ORIGINS] = {"u", "p", "r", "R"};
const char *const tx_origin_name[TX_ORIGINS] = {"data", "network", "reference stepper", "residuum"};

typedef struct recorder {
    tx_drawing *drawing;
    tx_graph *graph;
    tx_error *error; /* the first */
} recorder;

typedef struct map {
    recorder *recorder;
    tx_origin origin;
    tx_function function; /* never called: each map is a node of its own kind */
} map;

/* ---- Where a state stands ---- */

static bool taken(const tx_drawing *drawing, int level, int row)
{
    for (int k = 0; k < drawing->num_states; k++) {
        if (drawing->states[k].level == level && drawing->states[k].row == row) {
            return true;
        }
    }
    return false;
}

/* Beside what it comes of, or in the next free row: above the main chain of references, below it of anything else. */
static int find_row(const tx_drawing *drawing, const tx_drawn_state *state)
{
    const bool reference = state->origin == TX_BY_STEPPER || (state->origin == TX_BY_DATA && state->level);
    const int parent = state->from[0].from;
    int row = state->origin == TX_BY_RESIDUUM ? 1 : parent >= 0 ? drawing->states[parent].row : reference ? -1 : 0;
    while (taken(drawing, state->level, row)) {
        row += reference ? -1 : 1;
    }
    return row;
}

/* The network's chain first, whatever was built before it. */
static int turn_of(const tx_drawn_state *state)
{
    static const int turns[TX_ORIGINS] = {[TX_BY_DATA] = 2, [TX_BY_NETWORK] = 1, [TX_BY_STEPPER] = 3, [TX_BY_RESIDUUM] = 4};
    return state->origin == TX_BY_DATA && state->level == 0 ? 0 : turns[state->origin];
}

static void find_rows(tx_drawing *drawing)
{
    for (int turn = 0; turn <= TX_ORIGINS; turn++) {
        for (int k = 0; k < drawing->num_states; k++) {
            tx_drawn_state *state = &drawing->states[k];
            if (turn_of(state) == turn) {
                state->row = find_row(drawing, state);
                drawing->first_row = state->row < drawing->first_row ? state->row : drawing->first_row;
                drawing->last_row = state->row > drawing->last_row ? state->row : drawing->last_row;
            }
        }
    }
}

static int add_state(const recorder *recorder, tx_drawn_state state)
{
    tx_drawing *drawing = recorder->drawing;
    if (recorder->error->status) {
        return TX_NONE;
    }
    if (drawing->num_states == MOST_STATES) {
        tx_error_set(recorder->error, TX_INVALID, "a graph of more than %d states is no drawing any more: draw fewer rollout steps",
                     MOST_STATES);
    } else if (tx_reserve((size_t)drawing->num_states + 1, sizeof *drawing->states, &drawing->capacity[0], recorder->error,
                          &drawing->states) == TX_OK) {
        state.row = NOWHERE;
        drawing->levels = state.level >= drawing->levels ? state.level + 1 : drawing->levels;
        drawing->states[drawing->num_states] = state;
        return drawing->num_states++;
    }
    tx_graph_stick(recorder->graph, recorder->error);
    return TX_NONE;
}

/* ---- What comes of what ---- */

static int find_state(const tx_drawing *drawing, tx_node node)
{
    int k = drawing->num_states - 1;
    while (k >= 0 && drawing->states[k].node != node) {
        k--;
    }
    return k;
}

/* The state that a node is, or hands on; a level of the data is one as soon as it is read. */
static tx_arrow arrow_from(const recorder *recorder, tx_node node)
{
    static const tx_arrow none = {.from = TX_NONE};
    tx_arrow arrow = none;
    while (node >= 0) {
        const tx_graph_node *at = tx_graph_at(recorder->graph, node);
        arrow.from = find_state(recorder->drawing, node);
        if (arrow.from < 0 && at->op == &tx_op_load) {
            const int level = (int)(at->attributes.offset / (at->shape.channels * tx_shape_points(&at->shape)));
            arrow.from =
                add_state(recorder, (tx_drawn_state){.origin = TX_BY_DATA, .node = node, .level = level, .from = {none, none}});
        }
        if (arrow.from >= 0) {
            return arrow;
        }
        arrow.cut = arrow.cut || tx_has_trait(at, TX_OP_CUT);
        node = at->input[0];
    }
    return none;
}

static void record(const map *map, tx_node node, tx_arrow first, tx_arrow second)
{
    const recorder *recorder = map->recorder;
    if (node >= 0 && first.from >= 0 && find_state(recorder->drawing, node) < 0) {
        const int level = recorder->drawing->states[first.from].level + (map->origin != TX_BY_RESIDUUM);
        add_state(recorder, (tx_drawn_state){.origin = map->origin, .node = node, .level = level, .from = {first, second}});
    }
}

static tx_node apply(const void *object, tx_graph *graph, tx_node x)
{
    const map *map = object;
    const tx_arrow from = arrow_from(map->recorder, x);
    const tx_node y = x < 0 ? TX_NONE : tx_call(graph, x, tx_node_shape(graph, x), &map->function);
    record(map, y, from, (tx_arrow){.from = TX_NONE});
    return y;
}

static tx_node apply_network(const void *object, tx_graph *graph, const tx_past *past)
{
    return apply(object, graph, tx_past_newest(past));
}

static tx_node apply_residuum(const void *object, tx_graph *graph, tx_node next, tx_node previous)
{
    const map *map = object;
    const tx_arrow later = arrow_from(map->recorder, next), earlier = arrow_from(map->recorder, previous);
    const tx_node r =
        next < 0 ? TX_NONE : tx_call(graph, tx_concatenate(graph, next, previous), tx_node_shape(graph, next), &map->function);
    record(map, r, later, earlier);
    return r;
}

static void see_term(void *user, double weight, tx_node prediction, tx_node target)
{
    const recorder *recorder = user;
    tx_drawing *drawing = recorder->drawing;
    const tx_drawn_term term = {.weight = weight, .of = {arrow_from(recorder, prediction), arrow_from(recorder, target)}};
    if (weight == 0 || recorder->error->status ||
        tx_reserve((size_t)drawing->num_terms + 1, sizeof *drawing->terms, &drawing->capacity[1], recorder->error,
                   &drawing->terms) != TX_OK) {
        return;
    }
    drawing->terms[drawing->num_terms++] = term;
}

static tx_status build(const tx_section *configuration, tx_shape state, recorder *recorder)
{
    const map network = {recorder, TX_BY_NETWORK, {.name = "network"}}, stepper = {recorder, TX_BY_STEPPER, {.name = "stepper"}},
              residuum = {recorder, TX_BY_RESIDUUM, {.name = "residuum"}};
    const tx_configuration_parts parts = {.section = configuration,
                                          .loss = tx_configuration_time_level_loss(configuration),
                                          .network = {apply_network, &network, .levels = 1},
                                          .ref_stepper = {apply, &stepper},
                                          .residuum_fn = {apply_residuum, &residuum},
                                          .state = state,
                                          .step = TX_LARGEST_STAGE};
    tx_configuration_see(&parts, recorder->graph, see_term, recorder);
    return recorder->error->status ? recorder->error->status : tx_graph_status(recorder->graph, recorder->error);
}

tx_status tx_drawing_create(const tx_section *configuration, tx_shape state, tx_error *error, tx_drawing *out)
{
    tx_drawing drawing = {0};
    tx_error first = {0};
    recorder recorder = {.drawing = &drawing, .error = &first};
    TX_TRY(tx_graph_create(error, &recorder.graph));
    const tx_status status = build(configuration, state, &recorder);
    tx_graph_destroy(recorder.graph);
    if (status != TX_OK) {
        tx_drawing_destroy(&drawing);
        return tx_error_set(error, status, "%s", first.message);
    }
    find_rows(&drawing);
    *out = drawing;
    return TX_OK;
}

void tx_drawing_destroy(tx_drawing *drawing)
{
    tx_free(drawing->states);
    tx_free(drawing->terms);
    *drawing = (tx_drawing){0};
}
