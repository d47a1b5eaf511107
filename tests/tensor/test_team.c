/* Threads that share a block compute the same bits as one alone: plain, strided, dilated, grouped and dense convolutions, group
 * norm, activations, sums, in 0 to 3 dimensions, by nearly as many threads as there are channels too. */
#include <omp.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/bound.h"
#include "suite.h"
#include "trainax/tensor.h"

enum { BLOCK = 3, CHANNELS = 10, MOST = 16384 };

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

static void compare(tx_shape state, int threads)
{
    static float data[BLOCK][MOST], parameters[MOST];
    static outcome alone, together;
    tx_graph *graph;
    bound *program = NULL;
    tx_workspace *workspace;
    tx_team *team;
    int64_t size = 0;
    for (int k = 0; k < MOST; k++) {
        parameters[k] = 0.1f * (float)(k * 37 % 23 - 11);
        for (int s = 0; s < BLOCK; s++) {
            data[s][k] = 0.2f * (float)((k + 5 * s) * 29 % 17 - 8);
        }
    }
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node loss = build(graph, state, &size);
    CU_ASSERT_TRUE_FATAL(size <= MOST);
    const tx_plan_options options = {.precision = TX_FLOAT32,
                                     .isa = -1,
                                     .block = BLOCK,
                                     .num_parameters = size,
                                     .loss = loss,
                                     .gradient = true,
                                     .threads = threads};
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_team_create(NULL, &team), TX_OK);
    bound_set(program, parameters);
    const tx_run_input input = {.windows = (const void *[]){data[0], data[1], data[2]}, .count = BLOCK - 1, .batch_size = 5};
    CU_ASSERT_TRUE(bound_run(program, workspace, &input, alone.losses, alone.gradient, NULL));
    for (int k = 0; k < 3; k++) {
        memset(&together, 0xff, sizeof together);
        int failures = 0;
#pragma omp parallel num_threads(threads) reduction(+ : failures)
        failures += !run_together(program, workspace, &input, &together, team, omp_get_thread_num(), omp_get_num_threads());
        CU_ASSERT_EQUAL(failures, 0);
        CU_ASSERT_EQUAL(memcmp(alone.losses, together.losses, (BLOCK - 1) * sizeof *alone.losses), 0);
        CU_ASSERT_EQUAL(memcmp(alone.gradient, together.gradient, (size_t)size * sizeof *alone.gradient), 0);
    }
    tx_team_destroy(team);
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    tx_graph_destroy(graph);
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

int main(void)
{
    static const suite_test tests[] = {{"the same bits", the_same_bits}, {NULL, NULL}};
    return suite_run("tensor/team", tests);
}
