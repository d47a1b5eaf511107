/* A user's function as an operation: its values and gradients in both precisions, its tape, a state for each thread, its failures.
 * guard: alone */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "tensor/bound.h"
#include "trainax/tensor.h"

enum { NUMBERS = 6, BLOCK = 5, SAMPLES = 3, PARAMETERS = 4, MOST_STEPS = 6 };
static const tx_shape shape = {.channels = 2, .axes = 1, .n = {3}};

/* ---- x^3, whose derivative comes from the tape, by a scratch of each thread's own ---- */

/* What all threads share: counts, and what to do wrong. */
typedef struct shared {
    int failing;            /* what the function returns */
    int refused;            /* the state that cannot be made: the n-th; 0: none */
    int made, freed, calls; /* states; calls of forward */
    int wrong;              /* two threads in one state, padding among the samples, a tape of others */
} shared;

typedef struct state {
    shared *all;
    int busy;
    int64_t max_samples;
    double *squares;
} state;

typedef struct tape {
    double first, slope[NUMBERS];
    int calls; /* no multiple of 8 bytes is asked for */
} __attribute__((packed, aligned(4))) tape;

static tx_status make_state(void *user, int64_t max_samples, tx_error *error, void **out)
{
    shared *all = user;
    if (__atomic_add_fetch(&all->made, 1, __ATOMIC_RELAXED) == all->refused) {
        return tx_error_set(error, TX_INVALID, "no state");
    }
    state *s = calloc(1, sizeof *s);
    *s = (state){.all = all, .max_samples = max_samples, .squares = calloc((size_t)max_samples * NUMBERS, sizeof(double))};
    *out = s;
    return TX_OK;
}
static void free_state(void *made)
{
    state *s = made;
    __atomic_add_fetch(&s->all->freed, 1, __ATOMIC_RELAXED);
    free(s->squares);
    free(s);
}

static state *enter(const tx_function_call *call)
{
    state *s = call->state;
    const bool wrong = __atomic_exchange_n(&s->busy, 1, __ATOMIC_ACQUIRE) || s->all != call->user || s->max_samples != BLOCK ||
                       call->num_samples != SAMPLES;
    __atomic_add_fetch(&s->all->wrong, wrong, __ATOMIC_RELAXED);
    return s;
}
static int leave(state *s)
{
    __atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE);
    return s->all->failing;
}

static int cube(const tx_function_call *call, const double *x, double *y)
{
    state *s = enter(call);
    for (int64_t k = 0; k < NUMBERS * call->num_samples; k++) {
        tape *t = (tape *)call->tape + k / NUMBERS;
        s->squares[k] = x[k] * x[k];
        y[k] = s->squares[k] * x[k];
        t->first = x[k / NUMBERS * NUMBERS];
        t->slope[k % NUMBERS] = 3 * s->squares[k];
    }
    __atomic_add_fetch(&s->all->calls, 1, __ATOMIC_RELAXED);
    return leave(s);
}
static int scale_by_slope(const tx_function_call *call, const double *x, const double *d, double *result)
{
    state *s = enter(call);
    for (int64_t k = 0; k < NUMBERS * call->num_samples; k++) {
        const tape *t = (const tape *)call->tape + k / NUMBERS;
        result[k] = t->slope[k % NUMBERS] * d[k];
        __atomic_add_fetch(&s->all->wrong, t->first != x[k / NUMBERS * NUMBERS], __ATOMIC_RELAXED);
    }
    return leave(s);
}

static tx_function cube_of(shared *all)
{
    return (tx_function){.name = "cube",
                         .forward = cube,
                         .vjp = scale_by_slope,
                         .jvp = scale_by_slope,
                         .user = all,
                         .create = make_state,
                         .destroy = free_state,
                         .tape_bytes = sizeof(tape)};
}

/* ---- programs: a convolution and the cube of it, `steps` times ---- */

typedef struct program {
    bound *bound;
    tx_precision precision;
    double u[SAMPLES][NUMBERS], w[PARAMETERS]; /* reals of that precision, in the beginning of these */
    const void *windows[SAMPLES];
} program;

typedef struct results {
    double loss[SAMPLES], gradient[PARAMETERS]; /* the gradient as windows are */
} results;

static void put(tx_precision precision, double *reals, int k, double value)
{
    const float narrow = (float)value;
    memcpy(precision == TX_FLOAT64 ? (char *)&reals[k] : (char *)reals + (size_t)k * sizeof narrow,
           precision == TX_FLOAT64 ? (const void *)&value : &narrow, tx_real_bytes(precision));
}
static double get(tx_precision precision, const double *reals, int k)
{
    return precision == TX_FLOAT64 ? reals[k] : (double)((const float *)(const void *)reals)[k];
}

/* function NULL: x x x, by operations. */
static tx_node build(tx_graph *graph, const tx_function *function, int steps)
{
    const tx_convolution conv = {.out_channels = 2, .kernel = {1}, .dilation = {1}, .groups = 1};
    tx_node x = tx_window(graph, 0, shape);
    for (int k = 0; k < steps; k++) {
        tx_next_step(graph);
        x = tx_convolve(graph, x, &conv, tx_parameter(graph, 0, PARAMETERS), TX_NONE);
        x = function ? tx_call(graph, x, shape, function) : tx_multiply(graph, tx_multiply(graph, x, x), x);
    }
    return tx_sum_square(graph, x);
}

static void open_program(program *p, tx_precision precision, const tx_function *function, int steps, size_t memory)
{
    tx_graph *graph;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_plan_options options = {.precision = precision,
                                     .isa = -1,
                                     .block = BLOCK,
                                     .num_parameters = PARAMETERS,
                                     .loss = build(graph, function, steps),
                                     .gradient = true,
                                     .memory = memory,
                                     .threads = 2,
                                     .arenas = 1};
    *p = (program){.precision = precision};
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &p->bound), TX_OK);
    tx_graph_destroy(graph);
    for (int k = 0; k < SAMPLES * NUMBERS; k++) {
        put(precision, p->u[k / NUMBERS], k % NUMBERS, 0.125 * (k % 7) - 0.25);
        p->windows[k / NUMBERS] = p->u[k / NUMBERS];
    }
    for (int k = 0; k < PARAMETERS; k++) {
        put(precision, p->w, k, (double[]){0.5, -0.25, 0.75, 1}[k]);
    }
    bound_set(p->bound, p->w);
}

static tx_workspace *workspace_of(const program *p)
{
    tx_workspace *workspace = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(p->bound->plan, 1, NULL, &workspace), TX_OK);
    return workspace;
}

static bool run(const program *p, tx_workspace *workspace, results *out)
{
    const tx_run_input input = {.windows = p->windows, .count = SAMPLES, .batch_size = 1};
    return bound_run(p->bound, workspace, &input, out->loss, out->gradient, NULL);
}

static results results_of(tx_precision precision, const tx_function *function, int steps, size_t memory)
{
    program p;
    results out = {{0}, {0}};
    open_program(&p, precision, function, steps, memory);
    tx_workspace *workspace = workspace_of(&p);
    CU_ASSERT(run(&p, workspace, &out));
    tx_workspace_destroy(workspace);
    bound_destroy(p.bound);
    return out;
}

/* ---- tests ---- */

static void as_operations(void)
{
    for (int k = TX_FLOAT32; k <= TX_FLOAT64; k++) {
        const tx_precision precision = (tx_precision)k;
        shared all = {0};
        const tx_function function = cube_of(&all);
        const results called = results_of(precision, &function, 2, 0), built = results_of(precision, NULL, 2, 0);
        const double tolerance = precision == TX_FLOAT64 ? 1e-14 : 1e-5; /* some tens of roundings, of three products and sums */
        for (int j = 0; j < SAMPLES; j++) {
            CU_ASSERT_DOUBLE_EQUAL(called.loss[j], built.loss[j], tolerance * fabs(built.loss[j]));
        }
        for (int j = 0; j < PARAMETERS; j++) {
            const double expected = get(precision, built.gradient, j);
            CU_ASSERT_DOUBLE_EQUAL(get(precision, called.gradient, j), expected, tolerance * fabs(expected));
            CU_ASSERT_NOT_EQUAL(expected, 0);
        }
        CU_ASSERT_EQUAL(all.wrong, 0);
        CU_ASSERT_EQUAL(all.calls, 2);
        CU_ASSERT_EQUAL(all.made, 1); /* one function, however often it is called */
        CU_ASSERT_EQUAL(all.freed, 1);
    }
}

static void failures_are_told(void)
{
    shared all = {.failing = 7};
    const tx_function function = cube_of(&all);
    program p;
    results out;
    open_program(&p, TX_FLOAT32, &function, 1, 0);
    tx_workspace *workspace = workspace_of(&p);
    CU_ASSERT_FALSE(run(&p, workspace, &out));
    const tx_run_input input = {.windows = p.windows, .count = SAMPLES, .batch_size = 1};
    tx_run_output output = {.gradient = out.gradient};
    CU_ASSERT_EQUAL(tx_values_run(p.bound->values, workspace, &input, &output, NULL), TX_OK);
    CU_ASSERT_PTR_EQUAL(output.failed.function, &function);
    CU_ASSERT_EQUAL(output.failed.code, 7);
    all.failing = 0;
    CU_ASSERT(run(&p, workspace, &out));
    tx_workspace_destroy(workspace);
    bound_destroy(p.bound);
}

/* Where memory is short, forward is called again for its tape: the same bytes. */
static void short_of_memory(void)
{
    shared all = {0}, again = {0};
    const tx_function function = cube_of(&all), repeated = cube_of(&again);
    const results kept = results_of(TX_FLOAT32, &function, MOST_STEPS, 0),
                  made_again = results_of(TX_FLOAT32, &repeated, MOST_STEPS, 1);
    CU_ASSERT_EQUAL(memcmp(&kept, &made_again, sizeof kept), 0);
    CU_ASSERT_EQUAL(all.calls, MOST_STEPS);
    CU_ASSERT(again.calls > MOST_STEPS);
    CU_ASSERT_EQUAL(all.wrong + again.wrong, 0);
}

/* Two threads, each in its workspace: each has a state. */
static void threads_apart(void)
{
    shared all = {0};
    const tx_function function = cube_of(&all);
    const results alone = results_of(TX_FLOAT32, &function, 2, 0);
    int different = 0;
    program p;
    open_program(&p, TX_FLOAT32, &function, 2, 0);
#pragma omp parallel num_threads(2) reduction(+ : different)
    {
        results mine = {{0}, {0}};
        tx_workspace *workspace = workspace_of(&p);
        for (int k = 0; k < 20; k++) {
            different += !run(&p, workspace, &mine) || memcmp(&mine, &alone, sizeof mine) != 0;
        }
        tx_workspace_destroy(workspace);
    }
    bound_destroy(p.bound);
    CU_ASSERT_EQUAL(different, 0);
    CU_ASSERT_EQUAL(all.wrong, 0);
    CU_ASSERT_EQUAL(all.made, 3);
    CU_ASSERT_EQUAL(all.freed, 3);
}

/* Two threads on one block: one of them calls the function. */
static void threads_together(void)
{
    shared all = {0};
    const tx_function function = cube_of(&all);
    const results alone = results_of(TX_FLOAT32, &function, 2, 0);
    results together = {{0}, {0}};
    program p;
    tx_team *team;
    open_program(&p, TX_FLOAT32, &function, 2, 0);
    CU_ASSERT_EQUAL_FATAL(tx_team_create(true, NULL, &team), TX_OK);
    tx_workspace *workspace = workspace_of(&p);
    const tx_run_input input = {.windows = p.windows, .count = SAMPLES, .batch_size = 1};
    const bool may = tx_plan_blocks_at_once(p.bound->plan, 2) == 1;
    int failed = 0;
#pragma omp parallel num_threads(2) if (may) reduction(+ : failed)
    if (may) {
        tx_run_output output = {.losses = together.loss, .gradient = together.gradient};
        failed += tx_values_run_together(p.bound->values, workspace, &input, &output, team, omp_get_thread_num(),
                                         omp_get_num_threads(), NULL) != TX_OK;
    }
    CU_ASSERT(!may || (!failed && memcmp(&together, &alone, sizeof alone) == 0));
    CU_ASSERT_EQUAL(all.wrong, 0);
    tx_workspace_destroy(workspace);
    tx_team_destroy(team);
    bound_destroy(p.bound);
}

/* A state that cannot be made is an error of the workspace, and those made before are freed. */
static void refused_state(void)
{
    shared all = {.refused = 2};
    const tx_function first = cube_of(&all), second = cube_of(&all);
    tx_graph *graph;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node x = tx_call(graph, tx_window(graph, 0, shape), shape, &first);
    const tx_plan_options options = {
        .precision = TX_FLOAT64, .isa = -1, .block = BLOCK, .loss = tx_sum(graph, tx_call(graph, x, shape, &second))};
    bound *b = NULL;
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &b), TX_OK);
    const size_t before = tx_memory_live();
    tx_workspace *workspace = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_workspace_create(b->plan, 1, &error, &workspace), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "no state");
    CU_ASSERT_PTR_NULL(workspace);
    CU_ASSERT_EQUAL(all.made, 2);
    CU_ASSERT_EQUAL(all.freed, 1);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    bound_destroy(b);
    tx_graph_destroy(graph);
}

int main(void)
{
    return suite_run("function", (suite_test[]){{"as operations compute it", as_operations},
                                                {"failures are told", failures_are_told},
                                                {"short of memory", short_of_memory},
                                                {"threads apart", threads_apart},
                                                {"threads together", threads_together},
                                                {"a state that cannot be made", refused_state},
                                                {0}});
}
