/* Repeats parts of a fused graph.
 *
 * A fused graph is a forward part, the seed, and an adjoint part that walks the steps of the rollout backwards. It is
 * copied node by node. Where an adjoint reads a forward value that was not kept, that value is computed again, from values
 * that are there: so liveness alone, over the new order, gives the memory back. */
#include "tensor/recompute.h"

#include <string.h>

#include "base/memory.h"
#include "tensor/operation.h"

/* ---- 1: steps and what crosses their boundaries ---- */

/* Costs nothing to have: no buffer, or one number a sample. */
static bool is_free(const tx_graph_node *node)
{
    return tx_has_trait(node, TX_OP_FLAT) || tx_has_trait(node, TX_OP_GIVEN) || tx_shape_is_lane(&node->shape);
}

/* What is given is loaded again wherever it is needed: it never has to be handed on. */
static bool can_cross(const tx_graph_node *node)
{
    return !is_free(node) && !tx_has_trait(node, TX_OP_INPUT);
}

static tx_node find_seed(const tx_graph *graph)
{
    for (int n = 0; n < graph->count; n++) {
        const tx_graph_node *node = &graph->nodes[n];
        if (node->op == &tx_op_seed || (node->op == &tx_op_load && node->attributes.source == TX_SOURCE_SEED)) {
            return n;
        }
    }
    return TX_NONE;
}

/* Numbers without gaps: the builder's count where nothing new was built (equal nodes are merged), too. */
static void number_steps(tx_steps *steps)
{
    const tx_graph_node *nodes = steps->graph->nodes;
    int builder = -1;
    for (int n = 0; n < steps->seed; n++) {
        if (can_cross(&nodes[n]) && nodes[n].context.step > builder) {
            builder = nodes[n].context.step;
            steps->count++;
        }
        steps->step[n] = steps->count ? steps->count - 1 : 0;
    }
    int lowest = steps->count ? steps->count - 1 : 0;
    tx_node last = steps->seed; /* the forward part's nodes from here on belong to later steps */
    for (int n = steps->seed; n < steps->graph->count; n++) {
        while (last > 0 && nodes[last - 1].context.step > nodes[n].context.step) {
            last--;
        }
        const int step = last ? steps->step[last - 1] : 0;
        lowest = step < lowest ? step : lowest;
        steps->step[n] = lowest;
    }
}

/* What reads a view reads what is viewed. */
static void find_last(tx_steps *steps)
{
    for (int n = steps->graph->count - 1; n >= 0; n--) {
        const tx_graph_node *node = &steps->graph->nodes[n];
        int reader = steps->step[n];
        if (tx_has_trait(node, TX_OP_VIEW) && n < steps->seed && steps->last[n] > reader) {
            reader = steps->last[n];
        }
        for (int k = 0; k < TX_MAX_INPUTS; k++) {
            const tx_node input = node->input[k];
            if (input >= 0 && input < steps->seed && steps->last[input] < reader) {
                steps->last[input] = reader;
            }
        }
    }
}

static void find_crossing(tx_steps *steps)
{
    for (int n = 0; n < steps->seed; n++) {
        if (can_cross(&steps->graph->nodes[n]) && steps->last[n] > steps->step[n]) {
            steps->crossing[steps->num_crossing++] = n;
        }
    }
}

tx_status tx_steps_create(const tx_graph *graph, tx_error *error, tx_steps *out)
{
    const size_t count = (size_t)graph->count;
    tx_steps steps = {.graph = graph, .seed = find_seed(graph)};
    tx_status status;
    if ((status = tx_allocate_array(count, sizeof *steps.step, error, &steps.step)) ||
        (status = tx_allocate_array(count, sizeof *steps.last, error, &steps.last)) ||
        (status = tx_allocate_array(count, sizeof *steps.crossing, error, &steps.crossing))) {
        tx_steps_destroy(&steps);
        return status;
    }
    if (steps.seed >= 0) {
        number_steps(&steps);
        find_last(&steps);
        find_crossing(&steps);
    }
    *out = steps;
    return TX_OK;
}

void tx_steps_destroy(tx_steps *steps)
{
    tx_free(steps->step);
    tx_free(steps->last);
    tx_free(steps->crossing);
    *steps = (tx_steps){0};
}

/* ---- 2: where to keep boundaries ---- */

enum { MANY = 1 << 28 };

/* binomial(slots + runs, slots): the most steps that can be reversed from a boundary at hand and slots - 1 others, each
 * step being run at most `runs` times more. */
static int64_t reach(int slots, int runs)
{
    int64_t steps = 1;
    for (int k = 1; k <= (slots < runs ? slots : runs) && steps < MANY; k++) {
        steps = steps * ((slots > runs ? slots : runs) + k) / k;
    }
    return steps;
}

static int least_runs(int steps, int slots)
{
    int runs = 0;
    while (reach(slots, runs) < steps) {
        runs++;
    }
    return runs;
}

int tx_steps_runs(int steps, int slots)
{
    return 1 + least_runs(steps, slots + 1);
}

/* How many of `steps` steps lie before the next boundary to keep, when `slots` are left beside the one at hand: the least
 * number for which no step before or after it is run more often than it has to be. */
static int next_boundary(int steps, int slots)
{
    const int runs = least_runs(steps, slots + 1);
    const int64_t rest = steps - reach(slots, runs), first = runs > 1 ? reach(slots + 1, runs - 2) : 1;
    return (int)(rest > first ? rest : first);
}

/* ---- 3: copying with repetitions ---- */

typedef struct repeater {
    const tx_steps *steps;
    tx_keeping keeping;
    tx_graph *graph; /* the new one */
    int *origin;
    size_t origin_capacity;
    tx_node *version; /* of each old node: the copy that readers get; TX_NONE: has to be computed (again) */
    int *stack;       /* kept boundaries: the steps that they are the beginning of, rising */
    int depth;
    tx_node *made; /* repeated since the last boundary; may be forgotten */
    size_t num_made, made_capacity;
    tx_error *error;
} repeater;

static tx_status copy_node(repeater *r, tx_node n)
{
    tx_graph_node node = r->steps->graph->nodes[n];
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        node.input[k] = node.input[k] < 0 ? TX_NONE : r->version[node.input[k]];
    }
    TX_TRY(tx_reserve((size_t)r->graph->count + 1, sizeof *r->origin, &r->origin_capacity, r->error, &r->origin));
    r->version[n] = tx_graph_repeat(r->graph, &node);
    TX_TRY(tx_graph_status(r->graph, r->error));
    r->origin[r->version[n]] = n;
    return TX_OK;
}

/* Computes n again, and before it whatever it needs and is not there: never more than a step deep, as boundaries are there. */
static tx_status obtain(repeater *r, tx_node n)
{
    if (n < 0 || r->version[n] >= 0) {
        return TX_OK;
    }
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        TX_TRY(obtain(r, r->steps->graph->nodes[n].input[k]));
    }
    TX_TRY(tx_reserve(r->num_made + 1, sizeof *r->made, &r->made_capacity, r->error, &r->made));
    r->made[r->num_made++] = n;
    return copy_node(r, n);
}

static bool crosses(const tx_steps *steps, tx_node n, int boundary)
{
    return can_cross(&steps->graph->nodes[n]) && steps->step[n] < boundary && boundary <= steps->last[n];
}

/* Does it cross the first kept boundary behind its step? Then it is kept, and else it crosses none behind that. */
static bool is_kept(const repeater *r, tx_node n)
{
    int low = 0, high = r->depth;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (r->stack[middle] > r->steps->step[n]) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < r->depth && crosses(r->steps, n, r->stack[low]);
}

/* What was repeated on the way to a boundary is dropped, but for the boundary and those that are kept. */
static void forget(repeater *r, int boundary)
{
    size_t left = 0;
    for (size_t k = 0; k < r->num_made; k++) {
        const tx_node n = r->made[k];
        if (crosses(r->steps, n, boundary)) {
            r->made[left++] = n;
        } else if (!is_kept(r, n)) {
            r->version[n] = TX_NONE;
        }
    }
    r->num_made = left;
}

/* From the boundary of `step`, which is there, to the next one. */
static tx_status advance(repeater *r, int step)
{
    for (int k = 0; k < r->steps->num_crossing; k++) {
        const tx_node n = r->steps->crossing[k];
        if (r->steps->step[n] > step) {
            break;
        }
        if (crosses(r->steps, n, step + 1)) {
            TX_TRY(obtain(r, n));
        }
    }
    forget(r, step + 1);
    return TX_OK;
}

/* The next boundary to keep between `from` and `to`, or `to`. */
static int choose_boundary(const repeater *r, int from, int to)
{
    const int left = r->keeping.slots - r->depth;
    return left > 0 ? from + next_boundary(to + 1 - from, left) : to;
}

/* Makes the boundary of `step` available. */
static tx_status enter_step(repeater *r, int step)
{
    while (r->depth > 0 && r->stack[r->depth - 1] > step) {
        r->depth--;
    }
    int at = r->depth ? r->stack[r->depth - 1] : 0;
    forget(r, at);
    while (at < step) {
        const int next = choose_boundary(r, at, step);
        for (; at < next; at++) {
            TX_TRY(advance(r, at));
        }
        if (r->depth < r->keeping.slots) {
            r->stack[r->depth++] = at;
        }
    }
    return TX_OK;
}

/* The forward part once, and then only what is kept of it. */
static tx_status sweep(repeater *r)
{
    const tx_steps *steps = r->steps;
    const int kept = r->keeping.kept;
    for (int n = 0; n < steps->seed; n++) {
        TX_TRY(copy_node(r, n));
    }
    for (int at = 0; at < kept && r->depth < r->keeping.slots;) {
        at = choose_boundary(r, at, kept);
        r->stack[r->depth++] = at;
    }
    for (int n = 0; n < steps->seed; n++) {
        const bool kept_step = steps->step[n] >= kept || (steps->last[n] >= kept && can_cross(&steps->graph->nodes[n]));
        if (!kept_step && !is_free(&steps->graph->nodes[n]) && !is_kept(r, n)) {
            r->version[n] = TX_NONE;
        }
    }
    return TX_OK;
}

static tx_status walk_adjoints(repeater *r)
{
    const tx_steps *steps = r->steps;
    int entered = r->keeping.kept;
    for (int n = steps->seed; n < steps->graph->count; n++) {
        if (steps->step[n] < entered) {
            entered = steps->step[n];
            TX_TRY(enter_step(r, entered));
        }
        for (int k = 0; k < TX_MAX_INPUTS; k++) {
            TX_TRY(obtain(r, steps->graph->nodes[n].input[k]));
        }
        TX_TRY(copy_node(r, n));
    }
    return TX_OK;
}

/* The old outputs' numbers in the new graph: the first sweep keeps numbers, adjoints are copied once. */
static tx_status number_outputs(const repeater *r, const tx_node *outputs, int num_outputs, tx_node **out)
{
    tx_node *numbers;
    TX_TRY(tx_allocate_array((size_t)num_outputs, sizeof *numbers, r->error, &numbers));
    for (int k = 0; k < num_outputs; k++) {
        numbers[k] = outputs[k] < r->steps->seed ? outputs[k] : r->version[outputs[k]];
    }
    *out = numbers;
    return TX_OK;
}

static tx_status prepare(repeater *r)
{
    const size_t count = (size_t)r->steps->graph->count;
    TX_TRY(tx_allocate_array(count, sizeof *r->version, r->error, &r->version));
    TX_TRY(tx_allocate_array((size_t)r->steps->count + 1, sizeof *r->stack, r->error, &r->stack));
    for (size_t n = 0; n < count; n++) {
        r->version[n] = TX_NONE;
    }
    TX_TRY(tx_graph_create(r->error, &r->graph));
    TX_TRY(tx_reserve(count, sizeof(tx_graph_node), &r->graph->capacity, r->error, &r->graph->nodes));
    return tx_graph_copy_constants(r->steps->graph, r->graph, r->error);
}

tx_status tx_steps_repeat(const tx_steps *steps, tx_keeping keeping, const tx_node *outputs, int num_outputs, tx_error *error,
                          tx_repeated *out)
{
    repeater r = {.steps = steps, .keeping = keeping, .error = error};
    tx_repeated repeated = {0};
    tx_status status;
    if ((status = prepare(&r)) == TX_OK && (status = sweep(&r)) == TX_OK && (status = walk_adjoints(&r)) == TX_OK) {
        status = number_outputs(&r, outputs, num_outputs, &repeated.outputs);
    }
    repeated.graph = r.graph;
    repeated.origin = r.origin;
    tx_free(r.version);
    tx_free(r.stack);
    tx_free(r.made);
    if (status == TX_OK) { /* some of the first sweep may be for nobody any more, and so may be what was handed on without need */
        status = tx_graph_drop_dead(repeated.graph, repeated.outputs, num_outputs, repeated.origin, error);
    }
    if (status) {
        tx_repeated_destroy(&repeated);
        return status;
    }
    *out = repeated;
    return TX_OK;
}

void tx_repeated_destroy(tx_repeated *repeated)
{
    tx_graph_destroy(repeated->graph);
    tx_free(repeated->origin);
    tx_free(repeated->outputs);
    *repeated = (tx_repeated){0};
}
