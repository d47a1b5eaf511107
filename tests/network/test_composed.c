/* The networks that fix their blocks, and the same written out as sequential and hierarchical: the same leaves, initial
 * parameters, results and gradients, bit for bit. And what stands for the same blocks in several ways.
 * guard: alone */

#include "tensor/bound.h"
#include "base/memory.h"
#include "network/sections.h"

typedef struct pair {
    tx_shape state;
    const char *a, *b;
} pair;

#define LINE                                                                                                                       \
    {                                                                                                                              \
        .channels = 2, .axes = 1, .n = { 24 }                                                                                      \
    }
#define PLANE                                                                                                                      \
    {                                                                                                                              \
        .channels = 1, .axes = 2, .n = { 8, 12 }                                                                                   \
    }

static const pair pairs[] = {
    {LINE, "{type: classic_res_net, key: 3}",
     "{type: sequential, key: 3, hidden_channels: 32, blocks: [classic_res_block, classic_res_block, classic_res_block, "
     "classic_res_block, classic_res_block, classic_res_block]}"},
    {PLANE, "{type: classic_res_net, key: 3, hidden_channels: [3, 4, 5], num_blocks: 2, use_norm: true, boundary_mode: dirichlet}",
     "{type: sequential, key: 3, hidden_channels: [3, 4, 5], num_blocks: 2, block: {type: classic_res_block, use_norm: true}, "
     "boundary_mode: dirichlet}"},
    {LINE, "{type: modern_res_net, key: 4, hidden_channels: 5, num_blocks: 2, activation: tanh}",
     "{type: sequential, key: 4, hidden_channels: 5, blocks: [modern_res_block, modern_res_block], activation: tanh}"},
    {PLANE, "{type: dilated_res_net, key: 5, hidden_channels: 3, dilation_rates: [1, 3], use_norm: false, boundary_mode: neumann}",
     "{type: sequential, key: 5, hidden_channels: 3, num_blocks: 2, block: {type: dilated_res_block, dilation_rates: [1, 3], "
     "use_norm: false}, boundary_mode: neumann}"},
    {PLANE, "{type: classic_fno, key: 6, hidden_channels: 3, num_modes: [3, 4], num_blocks: 2}",
     "{type: sequential, key: 6, hidden_channels: 3, num_blocks: 2, block: {type: classic_spectral_block, num_modes: [3, 4]}, "
     "activation: gelu}"},
    {LINE, "{type: classic_u_net, key: 7, hidden_channels: 4, num_levels: 3}",
     "{type: hierarchical, key: 7, hidden_channels: 4, num_levels: 3, num_blocks: 1}"},
    {PLANE, "{type: modern_u_net, key: 8, hidden_channels: 3, num_levels: 2, channel_multipliers: [2, 3], use_norm: false}",
     "{type: hierarchical, key: 8, hidden_channels: 3, num_levels: 2, num_blocks: 2, channel_multipliers: [2, 3], "
     "lifting: {type: modern_res_block, use_norm: false}, left_arc: {type: modern_res_block, use_norm: false}, "
     "right_arc: {type: modern_res_block, use_norm: false}}"},
    {LINE, "{type: sequential, key: 9, hidden_channels: 4, num_blocks: 2}",
     "{type: sequential, key: 9, hidden_channels: [4, 4, 4], num_blocks: 2, blocks: [classic_res_block, {type: "
     "CLASSIC_RES_BLOCK}], "
     "lifting: {type: linear_channel_adjust_block}, projection: linear_channel_adjust_block}"},
};

/* What a network computes of a state: y, half |y|^2 and its gradient; all freed by the caller. */
typedef struct outcome {
    double *parameters, *y, *gradient, loss;
} outcome;

static void run_network(const tx_network *network, outcome *out)
{
    tx_graph *graph;
    bound *program = NULL;
    tx_workspace *workspace;
    const size_t size = (size_t)(network->input.channels * tx_shape_points(&network->input));
    const size_t count = (size_t)network->num_parameters;
    double *x;
    CU_ASSERT_EQUAL_FATAL(tx_allocate_array(size, sizeof *x, NULL, &x), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_allocate_array(size, sizeof *x, NULL, &out->y), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_allocate_array(count, sizeof *x, NULL, &out->parameters), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_allocate_array(count, sizeof *x, NULL, &out->gradient), TX_OK);
    for (size_t k = 0; k < size; k++) {
        x[k] = (double)(k * k % 17) / 17 - 0.4;
    }
    CU_ASSERT_EQUAL_FATAL(tx_network_initialise(network, (tx_random){.precision = TX_FLOAT64}, out->parameters, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_past past = {.count = 1, .level = {tx_window(graph, 0, network->input)}};
    const tx_node y = tx_network_apply(network, graph, &past);
    const tx_plan_options options = {.precision = TX_FLOAT64,
                                     .isa = -1,
                                     .block = 1,
                                     .num_parameters = network->num_parameters,
                                     .loss = tx_sum_square(graph, y),
                                     .gradient = true,
                                     .outputs = &y,
                                     .num_outputs = 1};
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    const void *const windows[] = {x};
    void *const results[] = {out->y};
    void *const *const outputs[] = {results};
    bound_set(program, out->parameters);
    CU_ASSERT(bound_run(program, workspace, &(tx_run_input){.windows = windows, .count = 1, .batch_size = 1}, &out->loss,
                        out->gradient, outputs));
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    tx_graph_destroy(graph);
    tx_free(x);
}

static void check_same(const tx_network *a, const tx_network *b)
{
    outcome of_a, of_b;
    CU_ASSERT_EQUAL_FATAL(a->num_leaves, b->num_leaves);
    for (int k = 0; k < a->num_leaves; k++) {
        CU_ASSERT_STRING_EQUAL(a->leaves[k].name, b->leaves[k].name);
        CU_ASSERT_EQUAL_FATAL(a->leaves[k].size, b->leaves[k].size);
    }
    run_network(a, &of_a);
    run_network(b, &of_b);
    const size_t bytes = (size_t)a->num_parameters * sizeof(double);
    CU_ASSERT(of_a.loss > 0 && of_a.loss == of_b.loss);
    CU_ASSERT_EQUAL(memcmp(of_a.parameters, of_b.parameters, bytes), 0);
    CU_ASSERT_EQUAL(memcmp(of_a.gradient, of_b.gradient, bytes), 0);
    CU_ASSERT_EQUAL(memcmp(of_a.y, of_b.y, (size_t)(a->input.channels * tx_shape_points(&a->input)) * sizeof(double)), 0);
    double *const all[] = {of_a.parameters, of_a.y, of_a.gradient, of_b.parameters, of_b.y, of_b.gradient};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        tx_free(all[k]);
    }
}

static made_network make(const tx_registry *registry, const char *text, tx_shape state)
{
    made_network made;
    tx_error error = {0};
    if (network_make(registry, text, state, &error, &made) != TX_OK) {
        printf("\n%s\n%s\n", text, error.message);
        CU_FAIL_FATAL("network not made");
    }
    return made;
}

static void composed_by_hand(void)
{
    tx_registry *registry = network_registry();
    for (const pair *p = pairs; p < pairs + sizeof pairs / sizeof *pairs; p++) {
        made_network a = make(registry, p->a, p->state), b = make(registry, p->b, p->state);
        check_same(a.network, b.network);
        network_unmake(&a);
        network_unmake(&b);
    }
    tx_registry_destroy(registry);
}

/* From the YAML that a network file stores, the same network. */
static void reloaded(void)
{
    static const char *const texts[] = {
        "{type: sequential, key: 1, hidden_channels: 4, num_blocks: 2, block: {type: modern_res_block, num_groups: 2}}",
        ("{type: sequential, key: 1, hidden_channels: 4, blocks: [classic_res_block, {type: classic_spectral_block, num_modes: "
         "[2]}]}"),
        "{type: sequential, key: 1, hidden_channels: 4, block: {type: linear_conv_block, kernel_size: 5}, num_blocks: 1}",
        "{type: hierarchical, key: 1, hidden_channels: 4, num_levels: 2, num_blocks: 1, right_arc: classic_res_block}",
    };
    tx_registry *registry = network_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        char *resolved;
        made_network made = make(registry, texts[k], (tx_shape)LINE);
        CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(made.config), NULL, &resolved), TX_OK);
        made_network again = make(registry, resolved, (tx_shape)LINE);
        check_same(made.network, again.network);
        CU_ASSERT_EQUAL(tx_section_same_run(tx_config_root(again.config), tx_config_root(made.config), NULL), TX_OK);
        tx_free(resolved);
        network_unmake(&made);
        network_unmake(&again);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"composed by hand", composed_by_hand}, {"reloaded", reloaded}, {NULL, NULL}};
    return suite_run("network/composed", tests);
}
