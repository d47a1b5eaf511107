/* PDEquinox's ClassicResNet. */
#include "network/options.h"
#include "network/sequential.h"

static tx_status create(tx_network *network, tx_error *error)
{
    return tx_sequential_create(network, &tx_block_classic_res_block, error);
}

static const tx_network_class classic_res_net = {
    .create = create, .apply = tx_sequential_apply, .initialise = tx_sequential_initialise, .destroy = tx_sequential_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_HIDDEN("32"),
    TX_OPTION_COUNT("num_blocks", "6", "", 1, "residual blocks, each of two convolutions"),
    TX_OPTION_SWITCH("use_norm", "false", "group norm (one group) in the blocks"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "in the blocks"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_classic_res_net = {.kind = TX_KIND_NETWORK,
                                                 .name = "classic_res_net",
                                                 .summary =
                                                     "residual network, activation after the sum (PDEquinox's ClassicResNet)",
                                                 .options = options,
                                                 .implementation = &classic_res_net};
