/* PDEquinox's DilatedResNet. */
#include "network/options.h"
#include "network/sequential.h"

static tx_status create(tx_network *network, tx_error *error)
{
    return tx_sequential_create(network, &tx_block_dilated_res_block, error);
}

static const tx_network_class dilated_res_net = {
    .create = create, .apply = tx_sequential_apply, .initialise = tx_sequential_initialise, .destroy = tx_sequential_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_HIDDEN("32"),
    TX_OPTION_COUNT("num_blocks", "2", "", 1, "residual blocks, each of one convolution a dilation rate"),
    TX_OPTION_DILATION_RATES,
    TX_OPTION_SWITCH("use_norm", "true", "group norm (one group) before each convolution"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "after each convolution of a block"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_dilated_res_net = {.kind = TX_KIND_NETWORK,
                                                 .name = "dilated_res_net",
                                                 .summary = "residual network of dilated convolutions (PDEquinox's DilatedResNet)",
                                                 .options = options,
                                                 .implementation = &dilated_res_net};
