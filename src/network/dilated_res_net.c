/* PDEquinox's DilatedResNet. */
#include "network/block.h"
#include "network/options.h"

static tx_status create(tx_network *network, tx_error *error)
{
    tx_block_plan plan = {
        .kernel_size = 3, .num_groups = 1, .use_bias = true, .use_norm = tx_get_boolean(network->section, "use_norm")};
    plan.num_dilation_rates = tx_get_integers(network->section, "dilation_rates", &plan.dilation_rates);
    if (plan.num_dilation_rates < 1) {
        return tx_section_error(network->section, "dilation_rates", error, TX_INVALID, "must hold at least one number");
    }
    return tx_sequential_create(network, &tx_block_dilated_res, &plan, error);
}

static const tx_network_class dilated_res_net = {
    .create = create, .apply = tx_sequential_apply, .initialise = tx_sequential_initialise, .destroy = tx_sequential_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_HIDDEN("32"),
    TX_OPTION_COUNT("num_blocks", "2", "", 1, "residual blocks, each of one convolution a dilation rate"),
    {.name = "dilation_rates",
     .type = TX_TYPE_INTEGERS,
     .initial = "[1, 2, 4, 8, 4, 2, 1]",
     .unit = "cells",
     .text = "distance of the taps of each convolution of a block",
     .minimum = 1,
     .maximum = 1e6},
    TX_OPTION_SWITCH("use_norm", "true", "group norm (one group) before each convolution"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "after each convolution of a block"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {.name = NULL},
};

const tx_component tx_network_dilated_res_net = {.kind = TX_KIND_NETWORK,
                                                 .name = "dilated_res_net",
                                                 .summary = "residual network of dilated convolutions (PDEquinox's DilatedResNet)",
                                                 .options = options,
                                                 .implementation = &dilated_res_net};
