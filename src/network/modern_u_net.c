/* PDEquinox's ModernUNet. */
#include "network/hierarchical.h"
#include "network/options.h"

static tx_status read_multipliers(const tx_section *section, const int64_t **out, tx_error *error)
{
    *out = NULL;
    if (!tx_has(section, "channel_multipliers")) {
        return TX_OK;
    }
    const int64_t num_levels = tx_get_integer(section, "num_levels");
    const int count = tx_get_integers(section, "channel_multipliers", out);
    if (count != num_levels) {
        return tx_section_error(section, "channel_multipliers", error, TX_INVALID, "a list of %lld (one a level), not of %d",
                                (long long)num_levels, count);
    }
    return TX_OK;
}

static tx_status create(tx_network *network, tx_error *error)
{
    const tx_section *section = network->section;
    tx_hierarchical_plan plan = {
        .block = &tx_block_modern_res,
        .plan = {.kernel_size = 3, .num_groups = 1, .use_bias = true, .use_norm = tx_get_boolean(section, "use_norm")},
        .num_blocks = tx_get_integer(section, "num_blocks")};
    TX_TRY(read_multipliers(section, &plan.channel_multipliers, error));
    return tx_hierarchical_create(network, &plan, error);
}

static const tx_network_class modern_u_net = {
    .create = create, .apply = tx_hierarchical_apply, .initialise = tx_hierarchical_initialise, .destroy = tx_hierarchical_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_COUNT("hidden_channels", "16", "", 1, "channels of the finest level"),
    TX_OPTION_COUNT("num_levels", "4", "", 0, "coarser levels, each with half the points of the one before along every axis"),
    TX_OPTION_COUNT("num_blocks", "2", "", 1, "residual blocks of each level on either side"),
    {.name = "channel_multipliers",
     .type = TX_TYPE_INTEGERS,
     .initial = "null",
     .unit = "",
     .text = "channels of each coarser level in multiples of hidden_channels (null: 2, 4, 8, ...)",
     .minimum = 1,
     .maximum = 1e9},
    TX_OPTION_SWITCH("use_norm", "true", "group norm (one group) before the convolutions of the blocks"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "in the blocks"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {.name = NULL},
};

const tx_component tx_network_modern_u_net = {.kind = TX_KIND_NETWORK,
                                              .name = "modern_u_net",
                                              .summary = "U-net of residual blocks (PDEquinox's ModernUNet)",
                                              .options = options,
                                              .implementation = &modern_u_net};
