/* A profile counts what a run does: all its calls and operations, by the part that a node and its adjoint come from. */
#include <string.h>

#include "base/memory.h"
#include "tensor/bound.h"
#include "suite.h"
#include "trainax/tensor.h"

enum { CHANNELS = 3, POINTS = 8, BLOCK = 2, WEIGHTS = CHANNELS * CHANNELS, WINDOW = 2 * CHANNELS * POINTS };

/* sum (w x - y)^2, where y is twice the level after x. */
static bound *create(void)
{
    const tx_shape shape = {.channels = CHANNELS, .axes = 1, .n = {POINTS}};
    const tx_convolution pointwise = {.out_channels = CHANNELS, .kernel = {1}, .dilation = {1}, .groups = 1};
    tx_graph *graph;
    bound *program = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node y = tx_scale(graph, tx_window(graph, 1, shape), 2);
    CU_ASSERT_PTR_NULL(tx_enter_part(graph, "network"));
    const tx_node prediction = tx_convolve(graph, tx_window(graph, 0, shape), &pointwise, tx_parameter(graph, 0, WEIGHTS), TX_NONE);
    CU_ASSERT_STRING_EQUAL(tx_enter_part(graph, "loss"), "network");
    const tx_plan_options options = {.precision = TX_FLOAT64,
                                     .isa = -1,
                                     .block = BLOCK,
                                     .num_parameters = WEIGHTS,
                                     .loss = tx_square_error(graph, prediction, y),
                                     .gradient = true};
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    tx_graph_destroy(graph);
    return program;
}

static const tx_operation_time *find(const tx_operation_time *rows, int count, const char *part, const char *name)
{
    for (int k = 0; k < count; k++) {
        if (strcmp(rows[k].part, part) == 0 && strcmp(rows[k].name, name) == 0) {
            return &rows[k];
        }
    }
    return NULL;
}

static void counts(void)
{
    double data[BLOCK * WINDOW], weights[WEIGHTS], gradient[WEIGHTS], profiled[WEIGHTS];
    const void *windows[BLOCK] = {data, data + WINDOW};
    for (int k = 0; k < BLOCK * WINDOW; k++) {
        data[k] = 0.25 * (k % 7) - 0.5;
    }
    for (int k = 0; k < WEIGHTS; k++) {
        weights[k] = 0.5 - 0.125 * k;
    }
    bound *program = create();
    tx_workspace *workspace;
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    const tx_run_input input = {.windows = windows, .count = BLOCK, .batch_size = BLOCK};
    tx_operation_time *rows;
    int count;
    bound_set(program, weights);
    CU_ASSERT_TRUE(bound_run(program, workspace, &input, NULL, gradient, NULL));
    tx_run_output output = {.gradient = profiled};
    CU_ASSERT_EQUAL_FATAL(tx_values_profile(program->values, workspace, &input, &output, 3, NULL, &rows, &count), TX_OK);
    CU_ASSERT_EQUAL(memcmp(gradient, profiled, sizeof gradient), 0);

    const tx_plan_cost cost = tx_plan_get_cost(program->plan);
    int64_t calls = 0;
    double flops = 0, seconds = 0;
    for (int k = 0; k < count; k++) {
        calls += rows[k].calls;
        flops += rows[k].flops;
        seconds += rows[k].seconds;
    }
    CU_ASSERT_EQUAL(calls, cost.num_instructions);
    CU_ASSERT_DOUBLE_EQUAL(flops, cost.flops, 0);
    CU_ASSERT_TRUE(seconds > 0);

    const tx_operation_time *conv = find(rows, count, "network", "conv");
    CU_ASSERT_PTR_NOT_NULL_FATAL(conv);
    CU_ASSERT_EQUAL(conv->calls, 1);
    CU_ASSERT_DOUBLE_EQUAL(conv->flops, 2. * WEIGHTS * POINTS * BLOCK, 0);
    CU_ASSERT_PTR_NOT_NULL(find(rows, count, "network", "conv_weights"));
    CU_ASSERT_PTR_NOT_NULL(find(rows, count, "loss", "square_error_gradient"));
    CU_ASSERT_PTR_NOT_NULL(find(rows, count, "", "scale"));
    CU_ASSERT_PTR_NULL(find(rows, count, "", "conv"));
    tx_free(rows);
    tx_workspace_destroy(workspace);
    bound_destroy(program);
}

int main(void)
{
    static const suite_test tests[] = {{"counts", counts}, {NULL, NULL}};
    return suite_run("tensor/profile", tests);
}
