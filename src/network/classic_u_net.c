/* PDEquinox's ClassicUNet. */
#include "network/hierarchical.h"
#include "network/options.h"

static tx_status create(tx_network *network, tx_error *error)
{
    const tx_hierarchical_plan plan = {
        .block = &tx_block_double_conv,
        .plan = {.kernel_size = 3, .num_groups = 1, .use_bias = true, .use_norm = tx_get_boolean(network->section, "use_norm")},
        .num_blocks = 1};
    return tx_hierarchical_create(network, &plan, error);
}

static const tx_network_class classic_u_net = {
    .create = create, .apply = tx_hierarchical_apply, .initialise = tx_hierarchical_initialise, .destroy = tx_hierarchical_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_COUNT("hidden_channels", "16", "", 1, "channels of the finest level; each coarser one has twice as many"),
    TX_OPTION_COUNT("num_levels", "4", "", 0, "coarser levels, each with half the points of the one before along every axis"),
    TX_OPTION_SWITCH("use_norm", "true", "group norm (one group) after the convolutions of the blocks"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "in the blocks"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {.name = NULL},
};

const tx_component tx_network_classic_u_net = {.kind = TX_KIND_NETWORK,
                                               .name = "classic_u_net",
                                               .summary = "U-net of double convolutions (PDEquinox's ClassicUNet)",
                                               .options = options,
                                               .implementation = &classic_u_net};
