/* Threads that share a block compute the same bits as one alone: plain, strided, dilated, grouped, dense and spectral convolutions,
 * group norm, activations, sums, in 0 to 3 dimensions, by nearly as many threads as there are channels too; and so do those of
 * several ranks, which have but an arena and a gradient in common. */
#include <omp.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/bound.h"
#include "tensor/team.h"
#include "suite.h"
#include "trainax/tensor.h"

enum { BLOCK = 3, CHANNELS = 10, MOST = 32768, MOST_RANKS = 4 };

static tx_node weights(tx_graph *graph, tx_node x, const tx_convolution *c, int64_t *next)
{
    const tx_shape shape = tx_node_shape(graph, x);
    int64_t size = shape.channels / c->groups * c->out_channels;
    for (int d = 0; d < shape.axes; d++) {
        size *= c->kernel[d];
    }
    *next += size;
    return tx_parameter(graph, *next - size, size);
}

static tx_node convolve(tx_graph *graph, tx_node x, int64_t out, int64_t dilation, int64_t stride, int groups, int64_t *next)
{
    tx_convolution c = {.out_channels = out, .groups = groups};
    int64_t width[TX_MAX_AXES];
    for (int d = 0; d < TX_MAX_AXES; d++) {
        c.kernel[d] = 3;
        c.dilation[d] = width[d] = dilation;
        c.stride[d] = stride;
    }
    const tx_node weight = weights(graph, x, &c, next);
    *next += out;
    return tx_convolve(graph, tx_pad(graph, x, TX_PAD_CIRCULAR, width, width), &c, weight, tx_parameter(graph, *next - out, out));
}

/* So many modes along a line that their weights pass as streams; few elsewhere. */
static tx_node convolve_modes(tx_graph *graph, tx_node x, int axes, int64_t *next)
{
    static const int64_t modes[][3] = {{60}, {3, 4}, {2, 2, 3}}, weights[] = {60, 2 * 3 * 4, 4 * 2 * 2 * 3};
    const int64_t size = CHANNELS * CHANNELS * weights[axes - 1];
    *next += 2 * size;
    return tx_spectral_convolve(graph, x, tx_parameter(graph, *next - 2 * size, size), tx_parameter(graph, *next - size, size),
                                modes[axes - 1], CHANNELS);
}

/* Ends in the loss. */
static tx_node build(tx_graph *graph, tx_shape state, int64_t *next)
{
    tx_node x = convolve(graph, tx_window(graph, 0, state), CHANNELS, 1, 1, 1, next);
    const tx_node lifted = x;
    x = tx_activate(graph, convolve(graph, x, CHANNELS, 2, 1, 1, next), TX_RELU);
    x = tx_activate(graph, convolve(graph, x, CHANNELS, 1, 1, 2, next), TX_GELU);
    *next += 2 * CHANNELS;
    x = tx_group_norm(graph, x, 1, 1e-5, tx_parameter(graph, *next - CHANNELS, CHANNELS),
                      tx_parameter(graph, *next - 2 * CHANNELS, CHANNELS));
    x = tx_multiply(graph, tx_add(graph, tx_activate(graph, x, TX_TANH), lifted), tx_scale(graph, lifted, 0.5));
    if (state.axes) {
        x = tx_add(graph, x, convolve_modes(graph, x, state.axes, next));
        x = convolve(graph, x, CHANNELS + 1, 1, 2, 1, next);
    }
    return tx_sum_square(graph, x);
}

typedef struct outcome {
    double losses[BLOCK];
    float gradient[MOST];
} outcome;

static bool run_together(bound *program, tx_workspace *workspace, const tx_run_input *input, outcome *out, tx_team *team, int index,
                         int count)
{
    tx_run_output output = {.losses = out->losses, .gradient = out->gradient};
    return tx_values_run_together(program->values, workspace, input, &output, team, index, count, NULL) == TX_OK &&
           !output.failed.function;
}

static float data[BLOCK][MOST], parameters[MOST];
static const tx_run_input input = {.windows = (const void *[]){data[0], data[1], data[2]}, .count = BLOCK - 1, .batch_size = 5};
static outcome alone, together;

/* Of these data; *size: of its gradient. */
static bound *make(tx_shape state, int threads, int64_t *size)
{
    tx_graph *graph;
    bound *program = NULL;
    *size = 0;
    for (int k = 0; k < MOST; k++) {
        parameters[k] = 0.1f * (float)(k * 37 % 23 - 11);
        for (int s = 0; s < BLOCK; s++) {
            data[s][k] = 0.2f * (float)((k + 5 * s) * 29 % 17 - 8);
        }
    }
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node loss = build(graph, state, size);
    CU_ASSERT_TRUE_FATAL(*size <= MOST);
    const tx_plan_options options = {.precision = TX_FLOAT32,
                                     .isa = -1,
                                     .block = BLOCK,
                                     .num_parameters = *size,
                                     .loss = loss,
                                     .gradient = true,
                                     .threads = threads};
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    bound_set(program, parameters);
    tx_graph_destroy(graph);
    return program;
}

static void expect_the_same(int64_t size)
{
    CU_ASSERT_EQUAL(memcmp(alone.losses, together.losses, (BLOCK - 1) * sizeof *alone.losses), 0);
    CU_ASSERT_EQUAL(memcmp(alone.gradient, together.gradient, (size_t)size * sizeof *alone.gradient), 0);
}

static void compare(tx_shape state, int threads)
{
    int64_t size;
    bound *program = make(state, threads, &size);
    tx_workspace *workspace;
    tx_team *team;
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_team_create(true, NULL, &team), TX_OK);
    CU_ASSERT_TRUE(bound_run(program, workspace, &input, alone.losses, alone.gradient, NULL));
    for (int k = 0; k < 3; k++) {
        memset(&together, 0xff, sizeof together);
        int failures = 0;
#pragma omp parallel num_threads(threads) reduction(+ : failures)
        failures += !run_together(program, workspace, &input, &together, team, omp_get_thread_num(), omp_get_num_threads());
        CU_ASSERT_EQUAL(failures, 0);
        expect_the_same(size);
    }
    tx_team_destroy(team);
    tx_workspace_destroy(workspace);
    bound_destroy(program);
}

static void the_same_bits(void)
{
    static const tx_shape states[] = {{2, 0, {0}}, {1, 1, {150}}, {2, 2, {10, 12}}, {1, 3, {6, 4, 8}}};
    for (size_t k = 0; k < sizeof states / sizeof *states; k++) {
        for (int threads = 1; threads <= 9; threads += threads < 4 ? 1 : 5) {
            compare(states[k], threads);
        }
    }
}

/* ---- Several ranks: here, threads with nothing of each other's but what is shared ---- */

typedef struct rank {
    bound *program;
    tx_workspace *workspace;
    tx_team *team;
} rank;

static _Atomic int calls, most_calls; /* of `assemble`, which fails after these */

static tx_status assemble(void *object, tx_error *error)
{
    (void)object;
    return atomic_fetch_add(&calls, 1) < most_calls ? TX_OK : tx_error_set(error, TX_FAILURE, "lost");
}

static rank make_rank(tx_shape state, int index, int ranks, int threads, tx_meeting *meeting, char *arena)
{
    int64_t size;
    rank made = {.program = make(state, ranks * threads, &size)};
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create_in(made.program->plan, arena, NULL, &made.workspace), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_team_create(true, NULL, &made.team), TX_OK);
    made.team->meeting = meeting;
    made.team->before = index * threads;
    made.team->others = (ranks - 1) * threads;
    made.team->assemble = assemble;
    return made;
}

static void destroy_rank(rank *rank)
{
    tx_team_destroy(rank->team);
    tx_workspace_destroy(rank->workspace);
    bound_destroy(rank->program);
}

/* Helpers are given neither windows nor a place for losses. Returns how many threads fail. */
static int run_ranks(const rank *ranks, int count, int threads, bool absent)
{
    int failures = 0;
#pragma omp parallel num_threads(count *threads) reduction(+ : failures)
    {
        const int r = omp_get_thread_num() / threads;
        tx_run_input own = input;
        own.windows = r == 0 && !absent ? input.windows : NULL;
        tx_run_output output = {.losses = r == 0 ? together.losses : NULL, .gradient = together.gradient};
        failures += tx_values_run_together(ranks[r].program->values, ranks[r].workspace, &own, &output, ranks[r].team,
                                           omp_get_thread_num() % threads, threads, NULL) != TX_OK;
    }
    return failures;
}

/* If all goes well; if the first rank has nothing to compute, which is its own failure; if one of them cannot assemble: all fail,
 * and at every later attempt. */
static void try_ranks(tx_shape state, int count, int threads)
{
    int64_t size;
    rank ranks[MOST_RANKS];
    tx_meeting meeting = {0};
    bound *program = make(state, count * threads, &size);
    tx_workspace *workspace;
    char *arena;
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_allocate(tx_plan_get_cost(program->plan).arena_bytes, NULL, &arena), TX_OK);
    CU_ASSERT_TRUE(bound_run(program, workspace, &input, alone.losses, alone.gradient, NULL));
    for (int r = 0; r < count; r++) {
        ranks[r] = make_rank(state, r, count, threads, &meeting, arena);
    }
    most_calls = INT32_MAX;
    for (int k = 0; k < 3; k++) {
        memset(&together, 0xff, sizeof together);
        CU_ASSERT_EQUAL(run_ranks(ranks, count, threads, k == 1), k == 1);
        if (k != 1) {
            expect_the_same(size);
        }
    }
    for (int k = 0; k < 2; k++) {
        calls = 0;
        most_calls = count - 1;
        CU_ASSERT_EQUAL(run_ranks(ranks, count, threads, false), count * threads);
    }
    for (int r = 0; r < count; r++) {
        destroy_rank(&ranks[r]);
    }
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    tx_free(arena);
}

static void several_ranks(void)
{
    for (int ranks = 1; ranks <= MOST_RANKS; ranks++) {
        try_ranks((tx_shape){2, 2, {10, 12}}, ranks, 1 + ranks % 2);
    }
    try_ranks((tx_shape){1, 3, {6, 4, 8}}, 3, 1);
}

int main(void)
{
    static const suite_test tests[] = {{"the same bits", the_same_bits}, {"several ranks", several_ranks}, {NULL, NULL}};
    return suite_run("tensor/team", tests);
}
