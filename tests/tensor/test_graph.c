/* Graphs: merging, errors, fusion, and the block size rule. */
#include <string.h>

#include "base/memory.h"
#include "tensor/bound.h"
#include "suite.h"
#include "tensor/operation.h"

static const tx_shape state = {.channels = 1, .axes = 1, .n = {30}};

static tx_node stencil(tx_graph *graph, tx_node x)
{
    const tx_convolution conv = {.out_channels = 1, .kernel = {2}, .dilation = {1}, .groups = 1};
    return tx_convolve(graph, tx_pad(graph, x, TX_PAD_CIRCULAR, (int64_t[]){0}, (int64_t[]){1}), &conv, tx_parameter(graph, 0, 2),
                       -1);
}

static void equal_nodes_are_one(void)
{
    tx_graph *graph;
    CU_ASSERT_EQUAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node u = tx_window(graph, 0, state);
    CU_ASSERT_EQUAL(stencil(graph, u), stencil(graph, u));
    CU_ASSERT_NOT_EQUAL(tx_window(graph, 1, state), u);
    for (int level = 0; level < 1000; level++) { /* the table grows */
        tx_window(graph, level, state);
    }
    CU_ASSERT_EQUAL(tx_window(graph, 0, state), u);
    CU_ASSERT_EQUAL(tx_scale(graph, u, 1), u);
    tx_graph_destroy(graph);
}

static void errors_stick(void)
{
    tx_graph *graph;
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node u = tx_window(graph, 0, state);
    const tx_convolution conv = {.out_channels = 1, .kernel = {2}, .dilation = {1}, .groups = 1};
    const tx_node bad = tx_convolve(graph, u, &conv, tx_parameter(graph, 0, 3), TX_NONE);
    CU_ASSERT_EQUAL(bad, -1);
    CU_ASSERT_EQUAL(tx_add(graph, bad, u), -1);
    CU_ASSERT_EQUAL(tx_graph_status(graph, &error), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "a convolution needs 2 weights");
    tx_graph_destroy(graph);
}

/* Which channels there are to take, and what is one number a sample. */
static void wrong_channels(void)
{
    static const struct {
        int64_t first, count;
        const char *message;
    } cases[] = {{-1, 1, "1 channels from channel -1 on are taken of 1"},
                 {0, 0, "0 channels from channel 0 on are taken of 1"},
                 {1, INT64_MAX, "9223372036854775807 channels from channel 1 on are taken of 1"},
                 {0, -1, "a tensor of 1 channels and 1 axes is broadcast, not one number a sample"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_graph *graph;
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_graph_create(NULL, &graph), TX_OK);
        const tx_node u = tx_window(graph, 0, state);
        CU_ASSERT_EQUAL(tx_take_channels(graph, u, 0, 1), u);
        CU_ASSERT_EQUAL(
            cases[k].count < 0 ? tx_broadcast(graph, u, state) : tx_take_channels(graph, u, cases[k].first, cases[k].count), -1);
        CU_ASSERT_EQUAL(tx_graph_status(graph, &error), TX_INVALID);
        CU_ASSERT_STRING_EQUAL(error.message, cases[k].message);
        tx_graph_destroy(graph);
    }
}

/* More nodes than any training takes are an error soon, whatever else is appended. */
static void graphs_end(void)
{
    tx_graph *graph;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    tx_node x = tx_window(graph, 0, state);
    for (int t = 0; t < (1 << 20) - 1; t++) {
        x = tx_scale(graph, x, 0.5);
    }
    CU_ASSERT(x >= 0);
    CU_ASSERT_EQUAL(tx_graph_status(graph, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_scale(graph, x, 0.5), -1);
    CU_ASSERT_EQUAL(tx_window(graph, 1, state), -1);
    CU_ASSERT_EQUAL(tx_graph_status(graph, &error), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "does not fit: layers times rollout steps come to more than 1048576 operations");
    tx_graph_destroy(graph);
}

/* Of sizes that no machine has: refused where they appear, before anything is computed from them. */
static void absurd_sizes(void)
{
    tx_graph *graph;
    tx_error error = {0};
    bound *program = NULL;
    const tx_shape largest = {.channels = 1 << 20, .axes = 1, .n = {1 << 26}};
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node u = tx_scale(graph, tx_window(graph, 0, largest), 2);
    CU_ASSERT_EQUAL_FATAL(tx_graph_status(graph, &error), TX_OK);
    const tx_plan_options options = {.isa = 0, .block = 1 << 20, .loss = TX_NONE, .outputs = &u, .num_outputs = 1};
    CU_ASSERT_EQUAL(bound_create(graph, &options, &error, &program), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "activations of 2.95e+20 bytes for a block of 1048576 samples: no machine holds that");
    CU_ASSERT_EQUAL(tx_concatenate(graph, u, u), -1);
    CU_ASSERT_EQUAL(tx_graph_status(graph, &(tx_error){0}), TX_INVALID);
    tx_graph_destroy(graph);
}

static int count_op(const tx_graph *graph, const char *op)
{
    int count = 0;
    for (int n = 0; n < graph->count; n++) {
        count += strcmp(graph->nodes[n].op->name, op) == 0;
    }
    return count;
}

/* A rollout of the stencil: what is left after fusion is one convolution, one loss and one gradient a step, and for each
 * step but the first one adjoint convolution. */
static void rollouts_fuse(void)
{
    enum { STEPS = 5 };
    tx_graph *graph, *fused;
    CU_ASSERT_EQUAL(tx_graph_create(NULL, &graph), TX_OK);
    tx_node p = tx_window(graph, 0, state), loss = TX_NONE;
    for (int t = 1; t <= STEPS; t++) {
        p = stencil(graph, p);
        const tx_node error = tx_scale(graph, tx_square_error(graph, p, tx_window(graph, t, state)), 1. / 30);
        loss = loss < 0 ? error : tx_add(graph, loss, error);
    }
    CU_ASSERT_EQUAL(tx_graph_differentiate(graph, loss, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_graph_fuse(graph, &loss, 1, NULL, &fused), TX_OK);
    CU_ASSERT_EQUAL(count_op(fused, "conv"), STEPS + STEPS - 1);
    CU_ASSERT_EQUAL(count_op(fused, "conv_weights"), STEPS);
    CU_ASSERT_EQUAL(count_op(fused, "square_error"), STEPS);
    CU_ASSERT_EQUAL(count_op(fused, "square_error_gradient"), STEPS);
    CU_ASSERT_EQUAL(count_op(fused, "add"), STEPS - 1);
    CU_ASSERT_EQUAL(count_op(fused, "fold") + count_op(fused, "scale"), 0);
    tx_graph_destroy(fused);
    tx_graph_destroy(graph);
}

static void nothing_dead_is_kept(void)
{
    tx_graph *graph, *fused;
    CU_ASSERT_EQUAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node u = tx_window(graph, 0, state);
    tx_node wanted = tx_sum(graph, u);
    tx_sum_square(graph, tx_add(graph, stencil(graph, u), u));
    CU_ASSERT_EQUAL(tx_graph_fuse(graph, &wanted, 1, NULL, &fused), TX_OK);
    CU_ASSERT_EQUAL(fused->count, 2);
    tx_graph_destroy(fused);
    tx_graph_destroy(graph);
}

static void blocks_follow_the_rule(void)
{
    static const struct {
        tx_shape state;
        int64_t batch;
        double flops;
        int block;
    } cases[] = {
        {{1, 1, {160}}, 20, 1e7, 5},    /* of 4 … 8: no padding, an even number of blocks */
        {{1, 1, {30}}, 32, 120, 32},    /* few flops */
        {{1, 1, {30}}, 20, 120, 20},    /* no more than the batch */
        {{1, 2, {64, 64}}, 20, 1e8, 1}, /* 20 blocks */
        {{1, 2, {64, 64}}, 1, 1e8, 1},  {{1, 3, {32, 32, 32}}, 4, 1e9, 2},
        {{3, 0, {0}}, 64, 1e6, 32},     {{1, 1, {20}}, 100, 1e6, 16}, /* 26 would fill the vectors; at most 16 */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        CU_ASSERT_EQUAL(tx_block_size(cases[k].state, cases[k].batch, cases[k].flops), cases[k].block);
    }
}

int main(void)
{
    return suite_run("graph", (suite_test[]){{"equal nodes are one", equal_nodes_are_one},
                                             {"errors stick", errors_stick},
                                             {"wrong channels", wrong_channels},
                                             {"graphs end", graphs_end},
                                             {"absurd sizes", absurd_sizes},
                                             {"rollouts fuse", rollouts_fuse},
                                             {"nothing dead is kept", nothing_dead_is_kept},
                                             {"blocks follow the rule", blocks_follow_the_rule},
                                             {0}});
}
