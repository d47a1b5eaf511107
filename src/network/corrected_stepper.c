/* APEBench's CorrectedStepper: a network that corrects what a coarse stepper P makes of a state. */
#include <string.h>

#include "base/memory.h"
#include "network/options.h"
#include "trainax/network.h"
#include "trainax/physics.h"

/* u -> g(u) + P(u), g(P(u)), P(u) + g(P(u)) */
static const struct mode {
    const char *name;
    bool before, added; /* the network is given P(u); P(u) is added */
} modes[] = {{"parallel", false, true}, {"sequential", true, false}, {"sequential_with_bypass", true, true}};

typedef struct corrected {
    const struct mode *mode;
    tx_stepper *stepper;
} corrected;

/* Its stepper is given one level, and nothing that stands beside it. */
static tx_status check_wrapper(const tx_network *network, const tx_section *other, tx_error *error)
{
    const char *name = tx_section_name(other);
    return strcmp(name, "history") == 0 || strcmp(name, "conditioned") == 0
               ? tx_section_error(network->section, NULL, error, TX_INVALID, "corrected_stepper does not work with %s", name)
               : TX_OK;
}

static tx_status check_wrappers(const tx_network *network, tx_error *error)
{
    for (const tx_network *outer = network->outer; outer; outer = outer->outer) {
        TX_TRY(check_wrapper(network, outer->section, error));
    }
    for (const tx_section *inner = network->section; tx_knows(inner, "network");) {
        inner = tx_get_section(inner, "network");
        TX_TRY(check_wrapper(network, inner, error));
    }
    return TX_OK;
}

static tx_status create(tx_network *network, tx_error *error)
{
    corrected *state;
    TX_TRY(check_wrappers(network, error));
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    network->state = state;
    state->mode = modes;
    while (strcmp(state->mode->name, tx_get_word(network->section, "mode")) != 0) {
        state->mode++;
    }
    TX_TRY(tx_stepper_create(tx_get_section(network->section, "coarse_stepper"), network->input, error, &state->stepper));
    return tx_network_wrap(network, error);
}

static void destroy(tx_network *network)
{
    corrected *state = network->state;
    if (state) {
        tx_stepper_destroy(state->stepper);
        tx_free(state);
    }
}

static tx_node map(const tx_network *network, tx_graph *graph, const tx_past *past)
{
    const corrected *state = network->state;
    tx_past seen = *past;
    const tx_node coarse = tx_stepper_apply(state->stepper, graph, tx_past_newest(past));
    if (state->mode->before) {
        seen.level[seen.count - 1] = coarse;
    }
    const tx_node correction = tx_network_map(network->inner, graph, &seen);
    return state->mode->added ? tx_add(graph, coarse, correction) : correction;
}

static const tx_network_class class_ = {.create = create, .map = map, .destroy = destroy};

static const tx_option options[] = {
    {.name = "mode",
     .type = TX_TYPE_WORD,
     .unit = "",
     .words = "parallel sequential sequential_with_bypass",
     .text = "how the two are joined: P(u) + network(u), network(P(u)), P(u) + network(P(u))"},
    {.name = "coarse_stepper",
     .type = TX_TYPE_SECTION,
     .unit = "",
     .kind = TX_KIND_STEPPER,
     .text = "P, through which gradients go, and which has no parameters"},
    TX_OPTION_INNER,
    TX_OPTION_PARAMETERS,
    {0},
};

const tx_component tx_network_corrected_stepper = {.kind = TX_KIND_NETWORK,
                                                   .name = "corrected_stepper",
                                                   .summary = "a network that corrects a coarse stepper",
                                                   .options = options,
                                                   .implementation = &class_};
