/* A network that sees states in other units: mean + std * g((u - mean)/std). */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "network/options.h"
#include "trainax/network.h"

typedef struct scaled {
    int mean, std; /* the constants */
    bool shifted;  /* mean is not 0 */
} scaled;

static tx_status add_numbers(tx_network *network, scaled *state, tx_error *error)
{
    static const double zero = 0;
    const tx_section *section = network->section;
    const double *mean, *std;
    const int means = tx_get_reals(section, "mean", &mean), stds = tx_get_reals(section, "std", &std);
    const bool given = tx_has(section, "std"), centred = strcmp(tx_get_word(section, "normalize"), "rms") == 0;
    if (tx_has(section, "mean") && !given) {
        return tx_section_error(section, "mean", error, TX_INVALID, "needs `std` beside it");
    }
    TX_TRY(given ? tx_network_check_channels(network, "std", stds, error) : TX_OK);
    TX_TRY(tx_has(section, "mean") ? tx_network_check_channels(network, "mean", means, error) : TX_OK);
    state->shifted = given ? means > 0 : !centred;
    tx_network_constant wanted = {
        .statistic = state->shifted && !given ? TX_MEAN : TX_GIVEN, .least = -(double)INFINITY, .unit = -1};
    TX_TRY(tx_network_add_constant(network, "mean", &wanted, state->shifted ? given ? mean : NULL : &zero,
                                   given && means ? means : 1, error, &state->mean));
    wanted.statistic = given ? TX_GIVEN : centred ? TX_RMS : TX_STD;
    wanted.least = tx_get_real(section, "min_std");
    TX_TRY(tx_network_add_constant(network, "std", &wanted, given ? std : NULL, stds, error, &state->std));
    network->whole->unit = state->std;
    return TX_OK;
}

static tx_status create(tx_network *network, tx_error *error)
{
    scaled *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    network->state = state;
    TX_TRY(add_numbers(network, state, error));
    return tx_network_wrap(network, error);
}

static tx_node map(const tx_network *network, tx_graph *graph, const tx_past *past)
{
    const scaled *state = network->state;
    const double *numbers = tx_network_constant_of(network, state->std);
    const tx_node std = tx_channel_numbers(graph, network->input, numbers, false);
    const tx_node inverse = tx_channel_numbers(graph, network->input, numbers, true);
    const tx_node mean =
        state->shifted ? tx_channel_numbers(graph, network->input, tx_network_constant_of(network, state->mean), false) : TX_NONE;
    tx_past inner = {.count = past->count};
    for (int k = 0; k < past->count; k++) {
        const tx_node u = state->shifted ? tx_subtract(graph, past->level[k], mean) : past->level[k];
        inner.level[k] = tx_multiply(graph, u, inverse);
    }
    const tx_node y = tx_multiply(graph, tx_network_map(network->inner, graph, &inner), std);
    return state->shifted ? tx_add(graph, mean, y) : y;
}

static const tx_network_class class_ = {.create = create, .map = map};

static const tx_option options[] = {
    TX_OPTION_INNER,
    TX_OPTION_WORD("normalize", "zscore", "zscore rms", "which numbers of the data: mean and std, or 0 and rms"),
    {.name = "mean", .type = TX_TYPE_REALS, .initial = "null", .unit = "", .text = "one number a channel instead of the data's"},
    {.name = "std",
     .type = TX_TYPE_REALS,
     .initial = "null",
     .unit = "",
     .text = "likewise; without `mean`, that is 0",
     .minimum = 0,
     .above_minimum = true},
    TX_OPTION_MIN_STD,
    TX_OPTION_PARAMETERS,
    {0},
};

const tx_component tx_network_scaled = {.kind = TX_KIND_NETWORK,
                                        .name = "scaled",
                                        .summary = "the network inside sees (u - mean)/std: mean + std * network(that)",
                                        .options = options,
                                        .implementation = &class_};
