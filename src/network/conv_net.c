/* PDEquinox's ConvNet: convolutions that keep the shape, with an activation after each but the last. */
#include <string.h>

#include "network/layer.h"
#include "network/options.h"

static const struct {
    const char *name;
    tx_padding_mode mode;
} boundaries[] = {{"periodic", TX_PAD_CIRCULAR}, {"dirichlet", TX_PAD_ZEROS}, {"neumann", TX_PAD_REFLECT}};

static tx_padding_mode boundary_mode(const tx_section *section)
{
    int k = 0;
    while (strcmp(boundaries[k].name, tx_get_word(section, "boundary_mode")) != 0) {
        k++;
    }
    return boundaries[k].mode;
}

/* An even kernel's odd cell goes to the end. */
static tx_layer hidden_layer(const tx_section *section)
{
    tx_layer layer = {.axes = (int)tx_get_integer(section, "num_spatial_dims"),
                      .groups = 1,
                      .mode = boundary_mode(section),
                      .zero_bias_init = tx_get_boolean(section, "zero_bias_init")};
    const int64_t kernel = tx_get_integer(section, "kernel_size");
    for (int d = 0; d < layer.axes; d++) {
        layer.kernel[d] = kernel;
        layer.dilation[d] = 1;
        layer.low[d] = (kernel - 1) / 2;
        layer.high[d] = kernel - 1 - layer.low[d];
    }
    return layer;
}

static tx_status create(tx_network *network, tx_error *error)
{
    const tx_section *section = network->section;
    const tx_chain_plan plan = {.prefix = "",
                                .hidden = hidden_layer(section),
                                .in_channels = tx_get_integer(section, "in_channels"),
                                .hidden_channels = tx_get_integer(section, "hidden_channels"),
                                .out_channels = tx_get_integer(section, "out_channels"),
                                .depth = tx_get_integer(section, "depth"),
                                .use_bias = tx_get_boolean(section, "use_bias"),
                                .use_final_bias = tx_get_boolean(section, "use_final_bias")};
    TX_TRY(tx_network_check_axes(network, "num_spatial_dims", plan.hidden.axes, error));
    TX_TRY(tx_network_check_input(network, "in_channels", plan.in_channels, error));
    TX_TRY(tx_network_check_output(network, "out_channels", plan.out_channels, error));
    tx_chain *chain;
    TX_TRY(tx_chain_create(&plan, network, error, &chain));
    network->state = chain;
    return TX_OK;
}

static tx_node apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    return tx_chain_apply(network->state, network, graph, x);
}

static tx_status initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)error;
    tx_chain_initialise(network->state, network, random, key, values);
    return TX_OK;
}

static const tx_network_class conv_net = {.create = create, .apply = apply, .initialise = initialise};

static const tx_option options[] = {
    {.name = "num_spatial_dims",
     .type = TX_TYPE_INTEGER,
     .unit = "",
     .text = "spatial axes of a state",
     .minimum = 1,
     .maximum = TX_MAX_AXES},
    TX_OPTION_COUNT("in_channels", NULL, "", 1, "channels of a state"),
    TX_OPTION_COUNT("out_channels", NULL, "", 1, "channels of the result: the same number"),
    TX_OPTION_COUNT("hidden_channels", "16", "", 1, "channels of the hidden layers"),
    TX_OPTION_COUNT("depth", "10", "layers", 0, "hidden layers; depth + 1 convolutions"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "after each hidden layer"),
    TX_OPTION_COUNT("kernel_size", "3", "cells", 1, "width of the kernels along every axis"),
    TX_OPTION_WORD("final_activation", "identity", TX_ACTIVATION_WORDS, "after the last layer"),
    TX_OPTION_SWITCH("use_bias", "true", "add a bias in the hidden layers"),
    TX_OPTION_SWITCH("use_final_bias", "true", "add a bias in the last layer"),
    TX_OPTION_WORD("boundary_mode", "periodic", "periodic dirichlet neumann", "padding: circular, zeros, reflect"),
    TX_OPTION_SWITCH("zero_bias_init", "false", "start with all biases zero"),
    TX_NETWORK_OPTIONS,
    {.name = NULL},
};

const tx_component tx_network_conv_net = {.kind = TX_KIND_NETWORK,
                                          .name = "conv_net",
                                          .summary = "feed-forward convolutions (PDEquinox's ConvNet)",
                                          .options = options,
                                          .implementation = &conv_net};
