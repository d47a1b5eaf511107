/* A network that gives changes: u + scale * g(u). */
#include <string.h>

#include "base/memory.h"
#include "network/options.h"
#include "trainax/network.h"

typedef struct increment {
    int scale; /* the constant */
    bool same; /* for all channels, and given: number */
    double number;
} increment;

static tx_status add_scale(tx_network *network, increment *state, tx_error *error)
{
    const tx_section *section = network->section;
    const char *word = tx_get_word(section, "scale");
    const double *numbers = NULL;
    const int count = word ? 0 : tx_get_reals(section, "scale", &numbers);
    TX_TRY(count > 1 || (!word && !count) ? tx_network_check_channels(network, "scale", count, error) : TX_OK);
    state->same = count == 1;
    state->number = count == 1 ? numbers[0] : 1;
    const tx_network_constant wanted = {.statistic = !word                            ? TX_GIVEN
                                                     : strcmp(word, "std_delta") == 0 ? TX_STD_DELTA
                                                                                      : TX_RMS_DELTA,
                                        .least = tx_get_real(section, "min_std"),
                                        .unit = network->whole->unit};
    return tx_network_add_constant(network, "scale", &wanted, numbers, count, error, &state->scale);
}

static tx_status create(tx_network *network, tx_error *error)
{
    increment *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    network->state = state;
    TX_TRY(add_scale(network, state, error));
    return tx_network_wrap(network, error);
}

static tx_node map(const tx_network *network, tx_graph *graph, const tx_past *past)
{
    const increment *state = network->state;
    tx_node change = tx_network_map(network->inner, graph, past);
    if (!state->same) {
        const double *scale = tx_network_constant_of(network, state->scale);
        change = tx_multiply(graph, change, tx_channel_numbers(graph, network->input, scale, false));
    } else if (state->number != 1) {
        change = tx_scale(graph, change, state->number);
    }
    return tx_add(graph, tx_past_newest(past), change);
}

static const tx_network_class class_ = {.create = create, .map = map};

static const tx_option options[] = {
    TX_OPTION_INNER,
    {.name = "scale",
     .type = TX_TYPE_REALS,
     .initial = "1.0",
     .unit = "",
     .text = "factor of the changes: a number, one a channel, or that of the data's own changes",
     .words = "std_delta rms_delta"},
    TX_OPTION_MIN_STD,
    TX_OPTION_PARAMETERS,
    {0},
};

const tx_component tx_network_increment = {.kind = TX_KIND_NETWORK,
                                           .name = "increment",
                                           .summary = "what the network inside gives is a change: u + scale * network(u)",
                                           .options = options,
                                           .implementation = &class_};
