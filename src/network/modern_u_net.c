/* PDEquinox's ModernUNet. */
#include "network/hierarchical.h"
#include "network/options.h"

static tx_status create(tx_network *network, tx_error *error)
{
    return tx_hierarchical_create(network, &tx_block_modern_res_block, error);
}

static const tx_network_class modern_u_net = {
    .create = create, .apply = tx_hierarchical_apply, .initialise = tx_hierarchical_initialise, .destroy = tx_hierarchical_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_COUNT("hidden_channels", "16", "", 1, "channels of the finest level"),
    TX_OPTION_LEVELS("4", "half"),
    TX_OPTION_COUNT("num_blocks", "2", "", 1, "residual blocks of each level on either side"),
    TX_OPTION_MULTIPLIERS("2, 4, 8, ..."),
    TX_OPTION_SWITCH("use_norm", "true", "group norm (one group) before the convolutions of the blocks"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "in the blocks"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_modern_u_net = {.kind = TX_KIND_NETWORK,
                                              .name = "modern_u_net",
                                              .summary = "U-net of residual blocks (PDEquinox's ModernUNet)",
                                              .options = options,
                                              .implementation = &modern_u_net};
