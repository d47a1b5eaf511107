/* PDEquinox's ConvNet: convolutions that keep the shape, with an activation after each but the last. */
#include "network/block.h"
#include "network/options.h"

static tx_layer hidden_layer(const tx_network *network)
{
    tx_block_plan plan = tx_block_plan_of(network);
    plan.factory.section = network->section;
    return tx_physics_conv(&plan, plan.input.channels, 1);
}

static tx_status create(tx_network *network, tx_error *error)
{
    const tx_section *section = network->section;
    const tx_chain_plan plan = {.prefix = "",
                                .hidden = hidden_layer(network),
                                .in_channels = network->input.channels,
                                .hidden_channels = tx_get_integer(section, "hidden_channels"),
                                .out_channels = network->out_channels,
                                .depth = tx_get_integer(section, "depth"),
                                .use_bias = tx_get_boolean(section, "use_bias"),
                                .use_final_bias = tx_get_boolean(section, "use_final_bias")};
    TX_TRY(tx_network_check_state(network, error));
    TX_TRY(tx_network_check_spatial(network, error));
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
    TX_STATE_OPTIONS,
    TX_OPTION_COUNT("hidden_channels", "16", "", 1, "channels of the hidden layers"),
    TX_OPTION_COUNT("depth", "10", "layers", 0, "hidden layers; depth + 1 convolutions"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "after each hidden layer"),
    TX_OPTION_COUNT("kernel_size", "3", "cells", 1, "width of the kernels along every axis"),
    TX_OPTION_WORD("final_activation", "identity", TX_ACTIVATION_WORDS, "after the last layer"),
    TX_OPTION_SWITCH("use_bias", "true", "add a bias in the hidden layers"),
    TX_OPTION_SWITCH("use_final_bias", "true", "add a bias in the last layer"),
    TX_OPTION_BOUNDARY,
    TX_OPTION_SWITCH("zero_bias_init", "false", "start with all biases zero"),
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_conv_net = {.kind = TX_KIND_NETWORK,
                                          .name = "conv_net",
                                          .summary = "feed-forward convolutions (PDEquinox's ConvNet)",
                                          .options = options,
                                          .implementation = &conv_net};
