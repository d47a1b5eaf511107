/* One dense layer (equinox.nn.Linear) on states without spatial axes. */
#include "base/memory.h"
#include "network/layer.h"
#include "network/options.h"

static tx_status create(tx_network *network, tx_error *error)
{
    const tx_section *section = network->section;
    const int64_t in = tx_get_integer(section, "in_features"), out = tx_get_integer(section, "out_features");
    if (network->input.axes) {
        return tx_section_error(section, NULL, error, TX_INVALID,
                                "linear takes states without spatial axes, but those of the data have %d (mlp flattens them)",
                                network->input.axes);
    }
    TX_TRY(tx_network_check_input(network, "in_features", in, error));
    TX_TRY(tx_network_check_output(network, "out_features", out, error));
    tx_layer *layer;
    TX_TRY(tx_allocate(sizeof *layer, error, &layer));
    network->state = layer;
    *layer = (tx_layer){.in_channels = in, .out_channels = out, .groups = 1, .use_bias = tx_get_boolean(section, "use_bias")};
    return tx_layer_declare(layer, network, "", error);
}

static const tx_network_class linear = {.create = create, .apply = tx_lone_layer_apply, .initialise = tx_lone_layer_initialise};

static const tx_option options[] = {
    TX_OPTION_COUNT("in_features", NULL, "", 1, "components of a state"),
    TX_OPTION_COUNT("out_features", NULL, "", 1, "components of the result: the same number"),
    TX_OPTION_SWITCH("use_bias", "true", "add a bias"),
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_linear = {.kind = TX_KIND_NETWORK,
                                        .name = "linear",
                                        .summary = "one dense layer (equinox.nn.Linear) on states without spatial axes",
                                        .options = options,
                                        .implementation = &linear};
