/* Multi-layer perceptrons on the flattened state: PDEquinox's MLP (leaves flat_mlp.layers.I.*), and, written with the names
 * of equinox.nn.MLP (in_size, out_size), the same network on states without spatial axes (leaves layers.I.*). */
#include <string.h>

#include "network/layer.h"
#include "network/options.h"

static bool is_equinox(const tx_section *section)
{
    return tx_has(section, "in_size") || tx_has(section, "out_size");
}

static tx_status require(const tx_section *section, const char *const *names, tx_error *error)
{
    for (; *names; names++) {
        if (!tx_has(section, *names)) {
            return tx_section_error(section, *names, error, TX_INVALID, "missing");
        }
    }
    return TX_OK;
}

static tx_status refuse(const tx_section *section, const char *const *names, tx_error *error)
{
    for (; *names; names++) {
        if (tx_has(section, *names)) {
            return tx_section_error(section, *names, error, TX_INVALID,
                                    "does not go with in_size and out_size (equinox.nn.MLP), which describe the whole state");
        }
    }
    return TX_OK;
}

static tx_status check_equinox(const tx_network *network, tx_error *error)
{
    static const char *const needed[] = {"in_size", "out_size", NULL};
    static const char *const foreign[] = {"num_spatial_dims", "in_channels", "out_channels", "num_points", "boundary_mode", NULL};
    const tx_section *section = network->section;
    TX_TRY(refuse(section, foreign, error));
    TX_TRY(require(section, needed, error));
    if (!tx_given(section, "width_size") || !tx_given(section, "depth")) {
        return tx_section_error(section, tx_given(section, "depth") ? "width_size" : "depth", error, TX_INVALID,
                                "missing (equinox.nn.MLP, whose in_size and out_size are used here, has no default)");
    }
    if (network->input.axes) {
        return tx_section_error(
            section, "in_size", error, TX_INVALID,
            "for states without spatial axes, but those of the data have %d: write num_spatial_dims, in_channels, "
            "out_channels and num_points instead",
            network->input.axes);
    }
    TX_TRY(tx_network_check_input(network, "in_size", tx_get_integer(section, "in_size"), error));
    return tx_network_check_output(network, "out_size", tx_get_integer(section, "out_size"), error);
}

static tx_status check_points(const tx_network *network, tx_error *error)
{
    const int64_t *list;
    const int count = tx_get_integers(network->section, "num_points", &list), axes = network->input.axes;
    if (axes && count > 1 && count != axes) {
        return tx_section_error(network->section, "num_points", error, TX_INVALID,
                                "a number or a list of %d (one for each spatial axis), not of %d", axes, count);
    }
    for (int d = 0; d < (count ? axes : 0); d++) {
        const int64_t points = list[count == 1 ? 0 : d];
        if (points != network->input.n[d]) {
            return tx_section_error(network->section, "num_points", error, TX_INVALID,
                                    "the network takes %lld points an axis, but axis %d of the data has %lld", (long long)points, d,
                                    (long long)network->input.n[d]);
        }
    }
    return TX_OK;
}

static tx_status check_pdequinox(const tx_network *network, tx_error *error)
{
    TX_TRY(tx_network_check_state(network, error));
    return check_points(network, error);
}

static tx_status create(tx_network *network, tx_error *error)
{
    const tx_section *section = network->section;
    const bool equinox = is_equinox(section);
    TX_TRY(equinox ? check_equinox(network, error) : check_pdequinox(network, error));
    const int64_t points = tx_shape_points(&network->input);
    const tx_chain_plan plan = {.prefix = equinox ? "" : "flat_mlp.",
                                .hidden = {.groups = 1},
                                .in_channels = network->input.channels * points,
                                .hidden_channels = tx_get_integer(section, "width_size"),
                                .out_channels = network->out_channels * points,
                                .depth = tx_get_integer(section, "depth"),
                                .use_bias = tx_get_boolean(section, "use_bias"),
                                .use_final_bias = tx_get_boolean(section, "use_final_bias")};
    tx_chain *chain;
    TX_TRY(tx_chain_create(&plan, network, error, &chain));
    network->state = chain;
    if (plan.depth == 0) { /* as Equinox: a lone layer has no activation at all */
        chain->final_activation = TX_IDENTITY;
    }
    return TX_OK;
}

static tx_node apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    if (network->input.axes == 0) {
        return tx_chain_apply(network->state, network, graph, x);
    }
    const tx_node y = tx_chain_apply(network->state, network, graph, tx_flatten(graph, x));
    return tx_unflatten(graph, y, network->whole->state);
}

static tx_status initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)error;
    tx_chain_initialise(network->state, network, random, key, values);
    return TX_OK;
}

static const tx_network_class mlp = {.create = create, .apply = apply, .initialise = initialise};

static const tx_option options[] = {
    {.name = "num_spatial_dims",
     .type = TX_TYPE_INTEGER,
     .initial = "null",
     .unit = "",
     .text = "spatial axes of a state (null: the data's)",
     .minimum = 0,
     .maximum = TX_MAX_AXES},
    TX_OPTION_COUNT("in_channels", "null", "", 1, "channels of a state (null: the data's)"),
    TX_OPTION_COUNT("out_channels", "null", "", 1, "channels of the result: the same number"),
    {.name = "num_points",
     .type = TX_TYPE_INTEGERS,
     .initial = "null",
     .unit = "points",
     .text = "along each spatial axis, one number or one an axis (null: the data's); without axes it has no effect",
     .minimum = 1,
     .maximum = 1e9},
    TX_OPTION_COUNT("width_size", "64", "", 1, "width of the hidden layers"),
    TX_OPTION_COUNT("depth", "3", "layers", 0, "hidden layers; depth + 1 affine maps"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "after each hidden layer"),
    TX_OPTION_WORD("final_activation", "identity", TX_ACTIVATION_WORDS, "after the last layer (none at depth 0)"),
    TX_OPTION_SWITCH("use_bias", "true", "add a bias in the hidden layers"),
    TX_OPTION_SWITCH("use_final_bias", "true", "add a bias in the last layer"),
    TX_OPTION_WORD("boundary_mode", "null", "periodic dirichlet neumann", "no effect (as in PDEquinox)"),
    TX_OPTION_COUNT("in_size", "null", "", 1, "equinox.nn.MLP's name: components of a state without spatial axes"),
    TX_OPTION_COUNT("out_size", "null", "", 1, "equinox.nn.MLP's name: the same number"),
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_mlp = {.kind = TX_KIND_NETWORK,
                                     .name = "mlp",
                                     .summary = "perceptron on the flattened state (PDEquinox's MLP, equinox.nn.MLP)",
                                     .options = options,
                                     .implementation = &mlp};
