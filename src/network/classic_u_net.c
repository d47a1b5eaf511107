/* PDEquinox's ClassicUNet. */
#include "network/hierarchical.h"
#include "network/options.h"

static tx_status create(tx_network *network, tx_error *error)
{
    return tx_hierarchical_create(network, &tx_block_classic_double_conv_block, error);
}

static const tx_network_class classic_u_net = {
    .create = create, .apply = tx_hierarchical_apply, .initialise = tx_hierarchical_initialise, .destroy = tx_hierarchical_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_COUNT("hidden_channels", "16", "", 1, "channels of the finest level; each coarser one has twice as many"),
    TX_OPTION_LEVELS("4", "half"),
    TX_OPTION_SWITCH("use_norm", "true", "group norm (one group) after the convolutions of the blocks"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "in the blocks"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_classic_u_net = {.kind = TX_KIND_NETWORK,
                                               .name = "classic_u_net",
                                               .summary = "U-net of double convolutions (PDEquinox's ClassicUNet)",
                                               .options = options,
                                               .implementation = &classic_u_net};
