/* What does not fit is refused with a message at its place in the file. */
#include "base/memory.h"
#include "network/sections.h"

typedef struct wrong {
    const char *text;
    tx_shape state;
    const char *message; /* part of it */
} wrong;

#define LINE                                                                                                                       \
    {                                                                                                                              \
        .channels = 1, .axes = 1, .n = { 30 }                                                                                      \
    }
#define PAIR                                                                                                                       \
    {                                                                                                                              \
        .channels = 2, .axes = 1, .n = { 12 }                                                                                      \
    }
#define COLOURS_LAST                                                                                                               \
    {                                                                                                                              \
        .channels = 32, .axes = 1, .n = { 3 }                                                                                      \
    }
#define CHANNELS_LAST                                                                                                              \
    {                                                                                                                              \
        .channels = 30, .axes = 1, .n = { 1 }                                                                                      \
    }
#define PLANE                                                                                                                      \
    {                                                                                                                              \
        .channels = 2, .axes = 2, .n = { 6, 5 }                                                                                    \
    }
#define POINT                                                                                                                      \
    {                                                                                                                              \
        .channels = 3                                                                                                              \
    }
#define CONV1 "type: conv\nkey: 0\nnum_spatial_dims: 1\nin_channels: 1\nout_channels: 1\n"
#define CONV2 "type: conv\nkey: 0\nnum_spatial_dims: 2\nin_channels: 2\nout_channels: 2\n"
#define SEQ "type: sequential\nkey: 0\nhidden_channels: 4\n"
#define HIER "type: hierarchical\nkey: 0\nhidden_channels: 4\nnum_blocks: 1\n"
#define NET1 "type: conv_net\nkey: 0\nnum_spatial_dims: 1\n"

static const wrong wrongs[] = {
    {CONV1 "kernel_size: 2\npadding: same\n", PAIR,
     "net.yaml:4:14: network.in_channels: the network takes 1 channel, but the states of the data have 2"},
    {CONV1 "kernel_size: 2\npadding: same\n", CHANNELS_LAST, "have 30, and as many along the last axis: channels last?"},
    {CONV1 "kernel_size: 2\npadding: same\n", COLOURS_LAST,
     "1 channel, but the states of the data have 32, and only 3 along the last axis: channels last?"},
    {"type: conv\nkey: 0\nnum_spatial_dims: 1\nin_channels: 1\nout_channels: 3\nkernel_size: 1\n", LINE,
     "net.yaml:5:15: network.out_channels: a map of states must keep their shape: it gives 3 channels, but the states have 1"},
    {CONV1 "kernel_size: 2\npadding: same\n", PLANE,
     "net.yaml:3:19: network.num_spatial_dims: the network is for 1, but the states of the data have 2 spatial axes"},
    {CONV1 "kernel_size: 2\npadding: same\n", POINT, "but the states of the data have 0 spatial axes"},
    {CONV1 "kernel_size: 3\n", LINE, "padding: a map of states must keep their shape: 30 points along axis 0 become 28"},
    {CONV1 "kernel_size: 2\npadding: 1\n", LINE,
     "net.yaml:7:10: network.padding: a map of states must keep their shape: 30 points along axis 0 become 31"},
    {CONV1 "kernel_size: 3\npadding: valid\n", LINE, "30 points along axis 0 become 28"},
    {CONV1 "kernel_size: 99\n", LINE, "30 points along axis 0 become 0"},
    {CONV2 "kernel_size: [3, 2]\npadding: [1, 0]\n", PLANE, "5 points along axis 1 become 4"},
    {CONV1 "kernel_size: 3\npadding: 1\nstride: 2\n", LINE, "30 points along axis 0 become 15"},
    {CONV2 "kernel_size: 3\npadding: same\nstride: [1, 2]\n", PLANE, "5 points along axis 1 become 3"},
    {CONV2 "kernel_size: 3\npadding: same\nstride: [1, 2, 1]\n", PLANE, "a list of 2"},
    {CONV2 "kernel_size: [3, 3, 3]\npadding: 1\n", PLANE,
     "kernel_size: a number or a list of 2 (one for each spatial axis), not of 3"},
    {CONV2 "kernel_size: 3\npadding: 1\ndilation: [1, 1, 1]\n", PLANE, "dilation: a number or a list of 2"},
    {CONV2 "kernel_size: 3\npadding: [1, 1, 1]\n", PLANE, "padding: a number or a list of 2"},
    {CONV2 "kernel_size: 3\npadding: [[1, 1]]\n", PLANE, "padding: a list of 2 pairs (one for each spatial axis), not of 1"},
    {CONV1 "kernel_size: 2\npadding: [0, 1]\n", LINE, "padding: a number or a list of 1"},
    {CONV2 "kernel_size: 3\npadding: 1\ngroups: 3\n", PLANE, "groups: in_channels (2) must be divisible by groups (3)"},
    {CONV1 "kernel_size: 0\n", LINE, "kernel_size must be"},
    {CONV1 "kernel_size: 3\npadding: -1\n", LINE, "padding must be"},
    {CONV1 "kernel_size: 3\npadding: sam\n", LINE, "same, same_lower, valid"},
    {CONV1 "kernel_size: 3\npadding: 1\npadding_mode: wrap\n", LINE, "zeros, circular, reflect, replicate"},
    {CONV1 "kernel: 3\n", LINE, "kernel_size"},
    {CONV1, LINE, "kernel_size"},
    {"type: conv\nkey: 0\nnum_spatial_dims: 4\nin_channels: 1\nout_channels: 1\nkernel_size: 1\n", LINE,
     "num_spatial_dims must be"},
    {"type: conv\nnum_spatial_dims: 1\nin_channels: 1\nout_channels: 1\nkernel_size: 1\n", LINE, "key"},
    {"type: linear\nkey: 0\nin_features: 3\nout_features: 3\n", LINE,
     "linear takes states without spatial axes, but those of the data have 1"},
    {"type: linear\nkey: 0\nin_features: 2\nout_features: 3\n", POINT,
     "net.yaml:3:14: network.in_features: the network takes 2 channels, but the states of the data have 3"},
    {"type: linear\nkey: 0\nin_features: 3\nout_features: 2\n", POINT, "out_features: a map of states must keep their shape"},
    {"type: mlp\nkey: 0\nnum_spatial_dims: 0\nin_channels: 4\nout_channels: 4\n", POINT,
     "in_channels: the network takes 4 channels"},
    {"type: mlp\nkey: 0\nnum_spatial_dims: 1\nin_channels: 1\nout_channels: 1\nnum_points: 31\n", LINE,
     "num_points: the network takes 31 points an axis, but axis 0 of the data has 30"},
    {"type: mlp\nkey: 0\nnum_spatial_dims: 2\nin_channels: 2\nout_channels: 2\nnum_points: 6\n", PLANE, "axis 1 of the data has 5"},
    {"type: mlp\nkey: 0\nin_size: 3\nwidth_size: 2\ndepth: 1\n", POINT, "out_size: missing"},
    {"type: mlp\nkey: 0\nin_size: 3\nout_size: 3\ndepth: 1\n", POINT, "width_size: missing"},
    {"type: mlp\nkey: 0\nin_size: 3\nout_size: 3\nwidth_size: 1\n", POINT, "depth: missing"},
    {"type: mlp\nkey: 0\nin_size: 3\nout_size: 3\nwidth_size: 1\ndepth: 1\nin_channels: 3\n", POINT,
     "in_channels: does not go with in_size"},
    {"type: mlp\nkey: 0\nin_size: 30\nout_size: 30\nwidth_size: 1\ndepth: 1\n", LINE, "in_size: for states without spatial axes"},
    {"type: mlp\nkey: 0\nin_size: 3\nout_size: 4\nwidth_size: 1\ndepth: 1\n", POINT,
     "out_size: a map of states must keep their shape"},
    {"type: mlp\nkey: 0\nnum_spatial_dims: 0\nin_channels: 3\nout_channels: 3\nactivation: relo\n", POINT, "activation"},
    {NET1 "in_channels: 2\nout_channels: 1\n", LINE, "in_channels: the network takes 2 channels"},
    {NET1 "in_channels: 1\nout_channels: 2\n", LINE, "out_channels: a map of states must keep their shape"},
    {NET1 "in_channels: 2\nout_channels: 2\n", PLANE, "num_spatial_dims: the network is for 1"},
    {NET1 "in_channels: 1\nout_channels: 1\nboundary_mode: open\n", LINE, "periodic, dirichlet, neumann"},
    {NET1 "in_channels: 1\nout_channels: 1\ndepth: -1\n", LINE, "depth must be"},
    {NET1 "depth: 1000000\n", LINE,
     "net.yaml:4:8: network.depth: does not fit: a network has at most 100000 layers or blocks, not 1000000"},
    {"type: mlp\nkey: 0\nin_size: 3\nout_size: 3\nwidth_size: 1\ndepth: 100001\n", POINT, "network.depth: does not fit"},
    {"type: classic_res_net\nkey: 0\nnum_blocks: 1000000000\n", LINE, "network.num_blocks: does not fit"},
    {"type: hierarchical\nkey: 0\nhidden_channels: 4\nnum_levels: 1\nnum_blocks: 100001\n", LINE,
     "network.num_blocks: does not fit"},
    {"type: conv_nett\n", LINE, "conv_net"},
    {"type: conv_net\nkey: 0\n", POINT,
     "net.yaml:1:1: network: conv_net is for states with spatial axes; those of the data have none"},
    {"type: classic_res_net\nkey: 0\nhidden_channels: [3, 4]\nnum_blocks: 2\n", LINE,
     "net.yaml:3:18: network.hidden_channels: a number or a list of 3 (one more than there are blocks), not of 2"},
    {"type: dilated_res_net\nkey: 0\ndilation_rates: []\n", LINE,
     "net.yaml:3:17: network.dilation_rates: must hold at least one number"},
    {"type: classic_u_net\nkey: 0\nnum_levels: 2\n", LINE,
     "net.yaml:3:13: network.num_levels: each level divides the points by 2: axis 0 of the data has 30, which 2^2 does not divide"},
    {"type: classic_u_net\nkey: 0\nnum_levels: 1000\n", LINE, "2^1000 does not divide"},
    {"type: modern_u_net\nkey: 0\nnum_levels: 1\nchannel_multipliers: [2, 4]\n", LINE,
     "net.yaml:4:22: network.channel_multipliers: a list of 1 (one a level), not of 2"},
    {"type: modern_u_net\nkey: 0\nnum_levels: 1\nin_channels: 2\n", LINE, "in_channels: the network takes 2 channels"},
    {"type: modern_res_net\nkey: 0\nnum_blocks: 0\n", LINE, "num_blocks must be"},
    {"type: classic_res_net\nkey: 0\nin_channels: 2\n", LINE, "in_channels: the network takes 2 channels"},
    {"type: classic_fno\nkey: 0\nnum_modes: 17\n", LINE,
     "net.yaml:3:12: network.num_modes: 30 points along axis 0 have at most 16 modes, not 17"},
    {"type: classic_fno\nkey: 0\nnum_modes: [3, 4]\n", LINE,
     "num_modes: a number or a list of 1 (one for each spatial axis), not of 2"},
    {"type: classic_fno\nkey: 0\nhidden_channels: [3, 4]\nnum_blocks: 1\n", LINE,
     "a spectral convolution keeps the number of channels, but they change from 3 to 4"},
    {"type: spectral_conv\nkey: 0\n", LINE, "net.yaml:1:1: network.num_modes is required"},
    {"type: spectral_conv\nkey: 0\nnum_modes: [3, 6]\n", PLANE, "net.yaml:3:12: network.num_modes: "},
    {"type: spectral_conv\nkey: 0\nnum_modes: 3\n", POINT, "spectral_conv is for states with spatial axes"},
    {"type: spectral_conv\nkey: 0\nnum_modes: 3\nout_channels: 2\n", LINE, "a map of states must keep their shape"},
    {SEQ, LINE, "net.yaml:1:1: network.num_blocks is required, or blocks"},
    {SEQ "block: modern_res_block\n", LINE, "network.num_blocks is required, or blocks"},
    {SEQ "blocks: []\n", LINE, "net.yaml:4:9: network.blocks: must hold at least one block"},
    {SEQ "num_blocks: 3\nblocks: [linear_conv_block, linear_conv_block]\n", LINE,
     "net.yaml:5:9: network.blocks: one block or a list of 3 (num_blocks), not of 2"},
    {SEQ "num_blocks: 1\nblock: modern_res_block\nblocks: [modern_res_block]\n", LINE, "are the same key"},
    {SEQ "num_blocks: 1\nblock: modern_res_blok\n", LINE, "net.yaml:5:8: unknown block 'modern_res_blok' (did you mean"},
    {SEQ "blocks: [linear_conv_block, {type: linear_conv_block, use_norm: true}]\n", LINE,
     "net.yaml:4:55: unknown key 'use_norm' in network.blocks.1"},
    {SEQ "blocks: [linear_conv_block, {type: linear_conv_down_block, factor: 4}]\n", LINE,
     "net.yaml:4:29: network.blocks.1: a map of states must keep their shape: 30 points along axis 0 become 8"},
    {SEQ "blocks: [linear_conv_down_block, linear_conv_down_block, linear_conv_up_block]\nprojection: linear_conv_up_block\n", LINE,
     "net.yaml:5:1: network.projection: a map of states must keep their shape: 30 points along axis 0 become 32"},
    {SEQ "blocks: [{type: linear_conv_up_block, output_padding: 2}]\n", LINE,
     "net.yaml:4:55: network.blocks.0.output_padding: must be less than the factor, which is 2, not 2"},
    {SEQ "blocks: [linear_conv_down_block, {type: classic_spectral_block, num_modes: 9}, linear_conv_up_block]\n", LINE,
     "net.yaml:4:76: network.blocks.1.num_modes: 15 points along axis 0 have at most 8 modes, not 9"},
    {SEQ "num_blocks: 1\nlifting: classic_spectral_block\n", LINE,
     "net.yaml:3:18: network.hidden_channels: a spectral convolution keeps the number of channels, but they change from 1 to 4 in "
     "lifting"},
    {SEQ "num_blocks: 1\nblock: {type: modern_res_block, num_groups: 3}\n", LINE,
     "net.yaml:5:45: network.blocks.num_groups: 4 channels cannot be divided into 3 equal groups"},
    {SEQ "blocks: [{type: dilated_res_block, dilation_rates: []}]\n", LINE,
     "network.blocks.0.dilation_rates: must hold at least one"},
    {SEQ "num_blocks: 2\nin_channels: 2\n", LINE, "in_channels: the network takes 2 channels"},
    {HIER, LINE, "network.num_levels is required"},
    {HIER "num_levels: 1\nreduction_factor: 3\n", LINE,
     "net.yaml:1:1: network.down_sampling: 30 points along axis 0 become 15 here, but must become 10 (reduction_factor is 3)"},
    {HIER "num_levels: 1\nreduction_factor: 3\ndown_sampling: {type: linear_conv_down_block, factor: 3}\nup_sampling: "
          "linear_conv_up_block\n",
     LINE, "net.yaml:8:1: network.up_sampling: 10 points along axis 0 become 20 here, but must become 30 (reduction_factor is 3)"},
    {HIER "num_levels: 1\nleft_arc: linear_conv_down_block\n", LINE, "network.left_arc: 15 points along axis 0 become 8 here"},
    {HIER "num_levels: 1\nprojection: linear_conv_up_block\n", LINE, "network.projection: 30 points along axis 0 become 60 here"},
    {"type: modern_u_net\nkey: 0\nnum_levels: 1\nhidden_channels: 1\nchannel_multipliers: [1]\n", LINE,
     "net.yaml:4:18: network.hidden_channels: level 1 has 1 channels, fewer than reduction_factor (2)"},
    {HIER "num_levels: 1\nchannel_multipliers: [1]\nright_arc: classic_spectral_block\n", LINE,
     "from 6 to 4 in right_arc_blocks.0.0"},
    {NET1 "in_channels: 1\nout_channels: 1\nhidden_channels: 1000000000\ndepth: 100\nkernel_size: 1000000000\n", LINE,
     "parameters, of which"},
};

static void wrong_networks_are_refused(void)
{
    tx_registry *registry = network_registry();
    for (size_t k = 0; k < sizeof wrongs / sizeof *wrongs; k++) {
        tx_error error = {0};
        made_network made;
        const tx_status status = network_make(registry, wrongs[k].text, wrongs[k].state, &error, &made);
        const bool right = status == TX_INVALID && strstr(error.message, wrongs[k].message) && strstr(error.message, "net.yaml");
        if (!right) {
            printf("\n%s-> %d \"%s\"\n   instead of \"%s\"\n", wrongs[k].text, status, error.message, wrongs[k].message);
        }
        CU_ASSERT(right);
        network_unmake(&made);
    }
    tx_registry_destroy(registry);
}

static void long_names_are_refused(void)
{
    tx_registry *registry = network_registry();
    char name[97];
    made_network made;
    tx_error error = {0};
    int index = -1;
    CU_ASSERT_EQUAL_FATAL(network_make(registry, NET1, (tx_shape)LINE, &error, &made), TX_OK);
    const int64_t before = made.network->num_parameters, shape = 3;
    memset(name, 'a', 96);
    name[96] = '\0';
    CU_ASSERT_EQUAL(tx_network_add_leaf(made.network, name, 1, &shape, &error, &index), TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "the name of a parameter has less than 96 characters: aaaa"));
    CU_ASSERT_EQUAL(made.network->num_parameters, before);
    name[95] = '\0';
    CU_ASSERT_EQUAL(tx_network_add_leaf(made.network, name, 1, &shape, NULL, &index), TX_OK);
    CU_ASSERT_STRING_EQUAL(made.network->leaves[index].name, name);
    network_unmake(&made);
    tx_registry_destroy(registry);
}

/* Whichever allocation fails: a message, no leak, nothing set. */
static void failing_allocations(void)
{
    static const char *const texts[] = {CONV1 "kernel_size: 2\npadding: same\n",
                                        NET1 "in_channels: 1\nout_channels: 1\ndepth: 5\n",
                                        "type: dilated_res_net\nkey: 0\nhidden_channels: [2, 3, 2]\n",
                                        "type: modern_u_net\nkey: 0\nnum_levels: 1\nhidden_channels: 2\n",
                                        "type: modern_res_net\nkey: 0\nhidden_channels: [2, 3, 2]\nnum_blocks: 2\n",
                                        SEQ "blocks: [{type: classic_spectral_block, num_modes: 3}, linear_conv_block]\n",
                                        HIER "num_levels: 1\nlifting: linear_conv_block\nleft_arc: dilated_res_block\n"};
    tx_registry *registry = network_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        tx_config *config = NULL;
        CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_NETWORK, "net.yaml", texts[k], NULL, &config), TX_OK);
        const size_t before = tx_memory_live();
        tx_status status = TX_FAILURE;
        for (int n = 0; status != TX_OK && n < 100; n++) {
            tx_error error = {0};
            tx_network *network = NULL;
            tx_memory_fail_after(n);
            status = tx_network_create(tx_config_root(config), (tx_shape)LINE, &error, &network);
            tx_memory_fail_after(-1);
            CU_ASSERT(status == TX_OK || (status == TX_FAILURE && !network && strstr(error.message, "out of memory")));
            tx_network_destroy(network);
            CU_ASSERT_EQUAL(tx_memory_live(), before);
        }
        CU_ASSERT_EQUAL(status, TX_OK);
        tx_config_destroy(config);
    }
    tx_registry_destroy(registry);
}

/* Read back from what a network file stores, the network is the same, in both ways of writing an mlp. */
static void resolved_sections_read_back(void)
{
    static const char *const texts[] = {"type: mlp\nkey: 0\nin_size: 3\nout_size: 3\nwidth_size: 4\ndepth: 1\n",
                                        "type: mlp\nkey: 0\nnum_spatial_dims: 0\nin_channels: 3\nout_channels: 3\n"};
    tx_registry *registry = network_registry();
    for (int k = 0; k < 2; k++) {
        made_network made, again;
        char *resolved = NULL;
        tx_error error = {0};
        CU_ASSERT_EQUAL(network_make(registry, texts[k], (tx_shape)POINT, &error, &made), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(made.config), &error, &resolved), TX_OK);
        CU_ASSERT_EQUAL(network_make(registry, resolved, (tx_shape)POINT, &error, &again), TX_OK);
        CU_ASSERT_STRING_EQUAL(again.network->leaves[0].name, made.network->leaves[0].name);
        CU_ASSERT_EQUAL(again.network->num_parameters, made.network->num_parameters);
        tx_free(resolved);
        network_unmake(&made);
        network_unmake(&again);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"wrong networks are refused", wrong_networks_are_refused},
                                       {"long names are refused", long_names_are_refused},
                                       {"failing allocations", failing_allocations},
                                       {"resolved sections read back", resolved_sections_read_back},
                                       {NULL, NULL}};
    return suite_run("network/errors", tests);
}
