/* Networks of shared objects: a function of a state and of all parameters, one array behind the other. */
#include "plugin/plugin.h"

#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "network/options.h"
#include "trainax/network.h"

static const tx_plugin_map *map_of(const tx_network *network)
{
    return tx_plugin_implementation(network->section);
}

static tx_status create(tx_network *network, tx_error *error)
{
    const tx_function *function;
    tx_leaf leaf = {0};
    int index;
    if (network->input.channels != network->out_channels) {
        return tx_section_error(network->section, NULL, error, TX_INVALID,
                                "a network of a plugin is given a state, not %lld channels for a result of %lld",
                                (long long)network->input.channels, (long long)network->out_channels);
    }
    TX_TRY(tx_plugin_function(network->section, network->input, 1, error, &function));
    for (int k = 0; map_of(network)->leaf(function->user, k, &leaf); k++) {
        leaf.name[TX_LEAF_NAME - 1] = '\0';
        if (leaf.rank < 0 || leaf.rank > TX_LEAF_RANK) {
            return tx_section_error(network->section, NULL, error, TX_BAD_DATA, "its parameter %d has %d axes, more than %d", k,
                                    leaf.rank, TX_LEAF_RANK);
        }
        TX_TRY(tx_network_add_leaf(network, leaf.name, leaf.rank, leaf.shape, error, &index));
        memset(&leaf, 0, sizeof leaf);
    }
    return TX_OK;
}

static tx_node apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    const tx_node parameters = network->num_parameters ? tx_parameter(graph, 0, network->num_parameters) : TX_NONE;
    return tx_plugin_apply(network->section, graph, &x, 1, parameters, network->input);
}

static tx_status initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    const tx_function *function;
    double *numbers;
    TX_TRY(tx_plugin_function(network->section, network->input, 1, error, &function));
    TX_TRY(tx_allocate_array((size_t)network->num_parameters, sizeof *numbers, error, &numbers));
    tx_error told = {0};
    tx_plugin_enter(network->section, "initialise", false);
    const int code = map_of(network)->initialise(function->user, random, key, numbers, &told);
    tx_plugin_leave(false);
    const tx_status status = tx_plugin_check(network->section, "initialise", code, &told, error);
    for (int64_t k = 0; k < network->num_parameters && status == TX_OK; k++) {
        tx_real_put(random.precision, values, k, numbers[k]);
    }
    tx_free(numbers);
    return status;
}

static const tx_option options[] = {TX_OPTIONS_PLUGIN, TX_OPTION_RANKS, TX_NETWORK_OPTIONS, {0}};
static const tx_network_class class_ = {.create = create, .apply = apply, .initialise = initialise};
const tx_component tx_network_plugin = {.kind = TX_KIND_NETWORK,
                                        .name = "plugin",
                                        .summary = TX_PLUGIN_SUMMARY,
                                        .options = options,
                                        .implementation = &class_,
                                        .opens = tx_plugin_open};
