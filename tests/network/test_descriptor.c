/* APEBench's descriptors: what they stand for, their numbers of parameters, and what is wrong with wrong ones. */
#include "network/sections.h"

static void sections(void)
{
    static const char *const cases[][2] = {
        {"Conv;34;10;relu", "{type: conv_net, hidden_channels: 34, depth: 10, activation: relu}"},
        {"res;26;8;GELU", "{type: classic_res_net, hidden_channels: 26, num_blocks: 8, activation: gelu}"},
        {"Conv;4;2;jax.nn.relu", "{type: conv_net, hidden_channels: 4, depth: 2, activation: relu}"},
        {"MoUNet;4;1;silu", "{type: modern_u_net, hidden_channels: 4, num_levels: 1, activation: swish}"},
        {"UNet;12;2;swish", "{type: classic_u_net, hidden_channels: 12, num_levels: 2, activation: swish}"},
        {"Dil;2;32;2;tanh",
         "{type: dilated_res_net, dilation_rates: [1, 2, 4, 2, 1], hidden_channels: 32, num_blocks: 2, activation: tanh}"},
        {"Dil;0;3;1;identity",
         "{type: dilated_res_net, dilation_rates: [1], hidden_channels: 3, num_blocks: 1, activation: identity}"},
        {"FNO;12;18;4;gelu", "{type: classic_fno, num_modes: 12, hidden_channels: 18, num_blocks: 4, activation: gelu}"},
        {"MLP;64;3;sigmoid", "{type: mlp, width_size: 64, depth: 3, activation: sigmoid}"},
        {"MoRes;8;2;relu", "{type: modern_res_net, hidden_channels: 8, num_blocks: 2, activation: relu}"},
        {"MoUNet;8;2;relu", "{type: modern_u_net, hidden_channels: 8, num_levels: 2, activation: relu}"},
        {"Pure;3", "{type: conv, kernel_size: 3, padding: same, padding_mode: circular, use_bias: false}"},
        {"pure;2;relu", "{type: conv, kernel_size: 2, padding: same, padding_mode: circular, use_bias: false}"},
        {"Dil;20;32;2;relu", NULL}, /* fits */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char text[TX_DESCRIBED_SIZE];
        CU_ASSERT_EQUAL(tx_network_describe(cases[k][0], sizeof text, text, NULL), TX_OK);
        CU_ASSERT_EQUAL(text[strlen(text) - 1], '}');
        if (cases[k][1]) {
            CU_ASSERT_STRING_EQUAL(text, cases[k][1]);
        }
    }
}

static void wrong_descriptors(void)
{
    static const char *const cases[][2] = {
        {"Conf;34;10;relu", "unknown descriptor 'Conf' (there are: Conv;HIDDEN;DEPTH;ACTIVATION, Res;"},
        {"Conv;34;relu", "Conv has the form Conv;HIDDEN;DEPTH;ACTIVATION"},
        {"Conv;34;10;relu;1;2;3;4", "Conv has the form Conv;HIDDEN;DEPTH;ACTIVATION"},
        {"Conv;34;ten;relu", "'ten' is no integer (Conv;HIDDEN;DEPTH;ACTIVATION)"},
        {"Conv;34;10;relo", "unknown activation 'relo' (there are: relu, sigmoid, tanh, swish, gelu, identity)"},
        {"Dil;21;32;2;relu", "a dilation depth is 0 to 20, not 21 (Dil;DEPTH;HIDDEN;BLOCKS;ACTIVATION)"},
        {"Pure;", "'' is no integer (Pure;KERNEL)"},
        {";", "unknown descriptor ''"},
        {"Conv;0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000034;10;relu",
         "less than 96"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char text[TX_DESCRIBED_SIZE];
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_network_describe(cases[k][0], sizeof text, text, &error), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[k][1]));
        if (!strstr(error.message, cases[k][1])) {
            printf("\n%s: %s\n", cases[k][0], error.message);
        }
    }
}

/* APEBench's paper: about 30k parameters in one dimension. */
static void parameter_counts(void)
{
    static const struct {
        const char *text;
        int64_t count;
    } cases[] = {{"Conv;34;10;relu", 31757}, {"Res;26;8;relu", 32943},    {"UNet;12;2;relu", 27193},
                 {"Dil;2;32;2;relu", 31777}, {"FNO;12;18;4;gelu", 32527}, {"Pure;2", 2}};
    tx_registry *registry = network_registry();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char text[TX_DESCRIBED_SIZE], type[40];
        made_network made;
        tx_error error = {0};
        CU_ASSERT_EQUAL_FATAL(tx_network_describe(cases[k].text, sizeof text, text, &error), TX_OK);
        CU_ASSERT_EQUAL(sscanf(text, "{type: %39[a-z_]", type), 1);
        if (!tx_registry_find(registry, TX_KIND_NETWORK, type)) {
            continue;
        }
        snprintf(text + strlen(text) - 1, 12, ", key: 0}");
        CU_ASSERT_EQUAL(network_make(registry, text, (tx_shape){.channels = 1, .axes = 1, .n = {160}}, &error, &made), TX_OK);
        if (made.network) {
            CU_ASSERT_EQUAL(made.network->num_parameters, cases[k].count);
        } else {
            printf("\n%s: %s\n", cases[k].text, error.message);
        }
        network_unmake(&made);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("network/descriptor", (suite_test[]){{"sections", sections},
                                                          {"wrong descriptors", wrong_descriptors},
                                                          {"numbers of parameters", parameter_counts},
                                                          {0}});
}
