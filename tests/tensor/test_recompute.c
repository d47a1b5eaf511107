/* Keeping less and computing again: the same bytes of loss, gradient and outputs for any memory, within that memory, with as
 * few repetitions as the theory of checkpointing says.
 * guard: alone */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/bound.h"
#include "suite.h"
#include "tensor/operation.h"
#include "tensor/recompute.h"

enum { BLOCK = 3, MOST_STEPS = 20, MAX_PARAMETERS = 2048, MAX_STATE = 160 };

typedef struct net_case {
    const char *name;
    tx_shape state;
    int64_t hidden;
    int depth;
    tx_padding_mode mode;
    tx_activation activation;
    bool norm, residual;
    int cut;      /* stop_gradient after so many steps, 0: never */
    bool branch;  /* compared with a nonlinear stepper that starts from each state */
    bool earlier; /* the first prediction is read at every step */
} net_case;

static const net_case cases[] = {
    {.name = "1D, relu", .state = {1, 1, {31}}, .hidden = 6, .depth = 3, .mode = TX_PAD_CIRCULAR, .activation = TX_RELU},
    {.name = "1D, gelu", .state = {2, 1, {17}}, .hidden = 5, .depth = 2, .mode = TX_PAD_REFLECT, .activation = TX_GELU},
    {.name = "large states", .state = {5, 1, {30}}, .hidden = 5, .depth = 1, .mode = TX_PAD_CIRCULAR, .activation = TX_RELU},
    {.name = "one layer", .state = {4, 1, {20}}, .hidden = 4, .depth = 0, .mode = TX_PAD_ZEROS, .activation = TX_RELU},
    {.name = "residual, tanh",
     .state = {2, 1, {20}},
     .hidden = 7,
     .depth = 2,
     .mode = TX_PAD_ZEROS,
     .activation = TX_TANH,
     .residual = true},
    {.name = "2D", .state = {2, 2, {6, 7}}, .hidden = 5, .depth = 2, .mode = TX_PAD_CIRCULAR, .activation = TX_RELU},
    {.name = "2D, replicate, silu",
     .state = {1, 2, {5, 6}},
     .hidden = 4,
     .depth = 2,
     .mode = TX_PAD_REPLICATE,
     .activation = TX_SILU},
    {.name = "group norm",
     .state = {2, 1, {16}},
     .hidden = 4,
     .depth = 3,
     .mode = TX_PAD_CIRCULAR,
     .activation = TX_RELU,
     .norm = true},
    {.name = "dense", .state = {3, 0, {0}}, .hidden = 20, .depth = 2, .activation = TX_RELU},
    {.name = "cut every third step",
     .state = {1, 1, {31}},
     .hidden = 6,
     .depth = 2,
     .mode = TX_PAD_CIRCULAR,
     .activation = TX_RELU,
     .cut = 3},
    {.name = "branches",
     .state = {2, 1, {16}},
     .hidden = 4,
     .depth = 2,
     .mode = TX_PAD_CIRCULAR,
     .activation = TX_GELU,
     .branch = true},
    {.name = "a value read long after",
     .state = {2, 1, {16}},
     .hidden = 4,
     .depth = 2,
     .mode = TX_PAD_CIRCULAR,
     .activation = TX_RELU,
     .earlier = true},
};
enum { NUM_CASES = sizeof cases / sizeof *cases };

/* ---- graphs ---- */

static tx_node apply_layer(tx_graph *graph, const net_case *c, tx_node x, int64_t channels, int64_t *offset)
{
    const tx_shape shape = tx_node_shape(graph, x);
    tx_convolution conv = {.out_channels = channels, .groups = 1};
    int64_t low[3] = {1, 1, 1}, high[3] = {1, 1, 1}, size = shape.channels * channels;
    for (int d = 0; d < shape.axes; d++) {
        conv.kernel[d] = 3;
        conv.dilation[d] = 1;
        size *= 3;
    }
    const tx_node weight = tx_parameter(graph, *offset, size), bias = tx_parameter(graph, *offset + size, channels);
    *offset += size + channels;
    return tx_convolve(graph, tx_pad(graph, x, c->mode, low, high), &conv, weight, bias);
}

static tx_node apply_net(tx_graph *graph, const net_case *c, tx_node x, int64_t *parameters)
{
    tx_node y = x;
    tx_next_step(graph);
    *parameters = 0;
    for (int l = 0; l < c->depth; l++) {
        y = apply_layer(graph, c, y, c->hidden, parameters);
        if (c->norm) {
            y = tx_group_norm(graph, y, 2, 1e-5, tx_parameter(graph, *parameters, c->hidden),
                              tx_parameter(graph, *parameters + c->hidden, c->hidden));
            *parameters += 2 * c->hidden;
        }
        y = tx_activate(graph, y, c->activation);
    }
    y = apply_layer(graph, c, y, c->state.channels, parameters);
    return c->residual ? tx_add(graph, x, y) : y;
}

/* x + (x * x - x) / 10 */
static tx_node apply_stepper(tx_graph *graph, tx_node x)
{
    tx_next_step(graph);
    return tx_add(graph, x, tx_scale(graph, tx_subtract(graph, tx_multiply(graph, x, x), x), 0.1));
}

static tx_node build(tx_graph *graph, const net_case *c, int steps, int64_t *parameters, tx_node *last)
{
    tx_node p = tx_window(graph, 0, c->state), loss = TX_NONE, first = TX_NONE;
    for (int t = 1; t <= steps; t++) {
        const tx_node reference = c->branch ? apply_stepper(graph, p) : tx_window(graph, t, c->state);
        p = apply_net(graph, c, p, parameters);
        first = first < 0 ? p : first;
        tx_node error = tx_scale(graph, tx_square_error(graph, p, reference), 0.5 / t);
        if (c->earlier) {
            error = tx_add(graph, error, tx_sum(graph, tx_multiply(graph, p, first)));
        }
        loss = loss < 0 ? error : tx_add(graph, loss, error);
        p = c->cut && t % c->cut == 0 ? tx_stop_gradient(graph, p) : p;
    }
    *last = p;
    return loss;
}

/* ---- runs ---- */

typedef struct result {
    double loss[BLOCK];
    char gradient[8 * MAX_PARAMETERS], last[BLOCK][8 * MAX_STATE];
} result;

typedef struct problem {
    const net_case *net;
    tx_graph *graph;
    tx_precision precision;
    int64_t parameters;
    tx_node loss, last;
    char parameter[8 * MAX_PARAMETERS], window[BLOCK][8 * (MOST_STEPS + 1) * MAX_STATE];
} problem;

static void fill(tx_precision precision, void *reals, size_t count, double scale)
{
    static uint64_t seed = 88172645463325252u;
    for (size_t k = 0; k < count; k++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        const double value = scale * ((double)(seed >> 11) / (double)(1ull << 52) - 1);
        precision == TX_FLOAT32 ? (void)(((float *)reals)[k] = (float)value) : (void)(((double *)reals)[k] = value);
    }
}

static problem *problem_create(const net_case *c, int steps, tx_precision precision)
{
    problem *p = calloc(1, sizeof *p);
    p->net = c;
    p->precision = precision;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &p->graph), TX_OK);
    p->loss = build(p->graph, c, steps, &p->parameters, &p->last);
    CU_ASSERT_FATAL(p->parameters <= MAX_PARAMETERS && c->state.channels * tx_shape_points(&c->state) <= MAX_STATE);
    fill(precision, p->parameter, (size_t)p->parameters, 0.3);
    for (int k = 0; k < BLOCK; k++) {
        fill(precision, p->window[k], (MOST_STEPS + 1) * MAX_STATE, 1);
    }
    return p;
}

static void problem_destroy(problem *p)
{
    tx_graph_destroy(p->graph);
    free(p);
}

static tx_status make(const problem *p, size_t memory, int threads, tx_error *error, bound **out)
{
    const tx_plan_options options = {.precision = p->precision,
                                     .isa = -1,
                                     .block = BLOCK,
                                     .num_parameters = p->parameters,
                                     .loss = p->loss,
                                     .gradient = true,
                                     .outputs = &p->last,
                                     .num_outputs = 1,
                                     .memory = memory,
                                     .threads = threads};
    return bound_create(p->graph, &options, error, out);
}

/* Twice, so that the second run finds a used arena; the last lane is padding. */
static tx_plan_cost run(const problem *p, size_t memory, result *out)
{
    bound *program = NULL;
    tx_workspace *workspace;
    const void *windows[BLOCK];
    void *last[BLOCK];
    memset(out, 0, sizeof *out);
    CU_ASSERT_EQUAL_FATAL(make(p, memory, 2, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    for (int k = 0; k < BLOCK; k++) {
        windows[k] = p->window[k];
        last[k] = out->last[k];
    }
    const tx_run_input input = {.windows = windows, .count = BLOCK - 1, .batch_size = 4};
    void *const *outputs[] = {last};
    bound_set(program, p->parameter);
    for (int repeat = 0; repeat < 2; repeat++) {
        CU_ASSERT(bound_run(program, workspace, &input, out->loss, out->gradient, outputs));
    }
    const tx_plan_cost cost = tx_plan_get_cost(program->plan);
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    return cost;
}

static size_t total(const tx_plan_cost *cost)
{
    return 2 * cost->arena_bytes + cost->shared_bytes;
}

/* All memories from everything down to nothing: the same bytes, within the memory as long as that is possible. */
static int check_case(const problem *p)
{
    static result expected, found;
    const tx_plan_cost everything = run(p, 0, &expected);
    int repeated = 0;
    size_t least = 0;
    CU_ASSERT(everything.fits);
    CU_ASSERT_EQUAL(everything.arena_bytes, everything.everything.arena_bytes);
    for (int share = 40; share >= 0; share -= 4) {
        const size_t memory = total(&everything) * (size_t)share / 40 + 1;
        const tx_plan_cost cost = run(p, memory, &found);
        if (memcmp(&expected, &found, sizeof found) != 0) {
            printf("%s: %d/40 of the memory changes a result\n", p->net->name, share);
            CU_FAIL("bytes differ");
        }
        CU_ASSERT_EQUAL(cost.fits, total(&cost) <= memory);
        CU_ASSERT(cost.fits || total(&cost) <= total(&everything));
        CU_ASSERT(!least || !cost.fits); /* what has not fitted once does not fit into less */
        least = cost.fits ? 0 : total(&cost);
        repeated += cost.flops > everything.flops;
    }
    CU_ASSERT_FATAL(least > 0);
    CU_ASSERT(run(p, least, &found).fits);
    CU_ASSERT_EQUAL(memcmp(&expected, &found, sizeof found), 0);
    CU_ASSERT(!run(p, least - 1, &found).fits);
    return repeated;
}

static void same_bytes(void)
{
    static const int rollouts[] = {1, 2, 7, 20};
    for (int c = 0; c < NUM_CASES; c++) {
        for (size_t k = 0; k < sizeof rollouts / sizeof *rollouts; k++) {
            for (int precision = TX_FLOAT32; precision <= TX_FLOAT64; precision++) {
                problem *p = problem_create(&cases[c], rollouts[k], (tx_precision)precision);
                const int repeated = check_case(p);
                CU_ASSERT(rollouts[k] < 7 || c == 3 || repeated > 0); /* it was put to the test */
                problem_destroy(p);
            }
        }
    }
}

/* ---- the schedule ---- */

/* Steps run to reverse a chain of n from a boundary at hand, with `slots` for others: by trying all splits. */
static int fewest_runs(int n, int slots)
{
    static int known[41][41];
    if (n == 1) {
        return 1;
    }
    if (slots == 0) {
        return n * (n + 1) / 2;
    }
    if (!known[n][slots]) {
        int best = 1 << 30;
        for (int m = 1; m < n; m++) {
            const int runs = m + fewest_runs(n - m, slots - 1) + fewest_runs(m, slots);
            best = runs < best ? runs : best;
        }
        known[n][slots] = best;
    }
    return known[n][slots];
}

/* A chain of dense layers with an activation whose input is saved: each step is one convolution, then the activation. */
static tx_graph *chain(int steps, tx_node *outputs)
{
    const tx_convolution dense = {.out_channels = 2, .groups = 1};
    tx_graph *graph, *fused;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    tx_node x = tx_window(graph, 0, (tx_shape){.channels = 2});
    for (int t = 0; t < steps; t++) {
        tx_next_step(graph);
        x = tx_activate(graph, tx_convolve(graph, x, &dense, tx_parameter(graph, 0, 4), TX_NONE), TX_GELU);
    }
    outputs[0] = tx_sum_square(graph, x);
    CU_ASSERT_EQUAL_FATAL(tx_graph_differentiate(graph, outputs[0], NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_graph_fuse(graph, outputs, 1, NULL, &fused), TX_OK);
    tx_graph_destroy(graph);
    return fused;
}

static int count_forward(const tx_graph *graph)
{
    int count = 0;
    for (int n = 0; n < graph->count; n++) {
        count += graph->nodes[n].op == &tx_op_conv && !graph->nodes[n].attributes.flip;
    }
    return count;
}

static void fewest_repetitions(void)
{
    for (int steps = 2; steps <= 40; steps += steps < 12 ? 1 : 7) {
        tx_node outputs[1];
        tx_graph *graph = chain(steps, outputs);
        tx_steps known;
        CU_ASSERT_EQUAL_FATAL(tx_steps_create(graph, NULL, &known), TX_OK);
        CU_ASSERT_EQUAL_FATAL(known.count, steps);
        for (int slots = 0; slots < steps; slots++) {
            tx_repeated repeated;
            CU_ASSERT_EQUAL_FATAL(tx_steps_repeat(&known, (tx_keeping){steps - 1, slots}, outputs, 1, NULL, &repeated), TX_OK);
            CU_ASSERT_EQUAL(count_forward(repeated.graph), fewest_runs(steps, slots));
            CU_ASSERT_EQUAL(tx_has_trait(&repeated.graph->nodes[repeated.graph->count - 1], TX_OP_EFFECT), true);
            tx_repeated_destroy(&repeated);
        }
        for (int kept = 0; kept < steps; kept++) { /* each step before `kept` once more */
            tx_repeated repeated;
            CU_ASSERT_EQUAL_FATAL(tx_steps_repeat(&known, (tx_keeping){kept, steps}, outputs, 1, NULL, &repeated), TX_OK);
            CU_ASSERT_EQUAL(count_forward(repeated.graph), steps + kept);
            tx_repeated_destroy(&repeated);
        }
        tx_steps_destroy(&known);
        tx_graph_destroy(graph);
    }
}

/* Where states are most of the memory, keeping all of them is too much: fewer are kept, and steps run more than twice. */
static void fewer_states(void)
{
    static result expected, found;
    problem *p = problem_create(&cases[2], MOST_STEPS, TX_FLOAT64);
    const tx_plan_cost everything = run(p, 0, &expected);
    const tx_plan_cost states = run(p, total(&everything) - 1, &found);
    tx_plan_cost cost = states;
    size_t memory = 2 * states.states.arena_bytes + states.shared_bytes;
    for (int k = 0; k < 20 && cost.flops <= states.states.flops; k++) {
        cost = run(p, memory -= 4096, &found);
        CU_ASSERT(cost.fits);
    }
    CU_ASSERT(cost.flops > states.states.flops);
    CU_ASSERT(cost.arena_bytes < states.states.arena_bytes);
    CU_ASSERT_EQUAL(memcmp(&expected, &found, sizeof found), 0);
    problem_destroy(p);
}

/* A loss behind a cut: no adjoint part, so nothing can be repeated, whatever the memory. */
static void nothing_to_learn(void)
{
    tx_graph *graph, *fused;
    tx_steps steps;
    tx_node loss;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    tx_next_step(graph);
    loss = tx_sum_square(graph, tx_stop_gradient(graph, tx_scale(graph, tx_window(graph, 0, (tx_shape){.channels = 2}), 3)));
    CU_ASSERT_EQUAL_FATAL(tx_graph_differentiate(graph, loss, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_graph_fuse(graph, &loss, 1, NULL, &fused), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_steps_create(fused, NULL, &steps), TX_OK);
    CU_ASSERT(steps.seed < 0);
    CU_ASSERT_EQUAL(steps.count, 0);
    CU_ASSERT_EQUAL(steps.num_crossing, 0);
    tx_steps_destroy(&steps);
    tx_graph_destroy(fused);
    problem p = {.graph = graph, .loss = loss, .last = loss};
    bound *program = NULL;
    CU_ASSERT_EQUAL_FATAL(make(&p, 1, 1, NULL, &program), TX_OK);
    CU_ASSERT(!tx_plan_get_cost(program->plan).fits);
    bound_destroy(program);
    tx_graph_destroy(graph);
}

/* Every allocation on the way to a program that repeats fails once. */
static void out_of_memory(void)
{
    problem *p = problem_create(&cases[0], 7, TX_FLOAT32);
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    for (long n = 1; status != TX_OK; n++) {
        bound *program = NULL;
        tx_error error = {0};
        tx_memory_fail_after(n);
        status = make(p, 40000, 1, &error, &program);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || strstr(error.message, "out of memory") != NULL);
        bound_destroy(program);
        CU_ASSERT_EQUAL_FATAL(tx_memory_live(), before);
    }
    problem_destroy(p);
}

int main(void)
{
    return suite_run("recompute", (suite_test[]){{"the same bytes with any memory", same_bytes},
                                                 {"as few repetitions as can be", fewest_repetitions},
                                                 {"fewer states than steps", fewer_states},
                                                 {"nothing to learn", nothing_to_learn},
                                                 {"out of memory", out_of_memory},
                                                 {0}});
}
