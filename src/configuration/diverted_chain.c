/* The diverted chain: from each state of the network's main chain, network and reference stepper run side by side for a
 * branch of B steps. Of the R time-level weights only R - B + 1 are used, as there are so many branches. */
#include "configuration/options.h"

#include <inttypes.h>

static int branch_steps(const tx_section *section)
{
    return (int)tx_get_integer(section, "num_branch_steps");
}

/* Of all stages. */
static int64_t least_rollout(const tx_section *section)
{
    int64_t until = 0, least = INT64_MAX;
    while (until < INT64_MAX) {
        const int64_t step = until;
        until = INT64_MAX;
        const int64_t here = tx_rollout_at(section, step, &until);
        least = here < least ? here : least;
    }
    return least;
}

static tx_status check(const tx_section *section, tx_error *error)
{
    const int steps = tx_rollout_steps(section), branch = branch_steps(section);
    const int64_t least = least_rollout(section);
    if (branch > least) {
        return tx_section_error(section, "num_branch_steps", error, TX_INVALID, "%d is more than num_rollout_steps, %" PRId64,
                                branch, least);
    }
    TX_TRY(tx_level_weights_check(section, "time_level_weights", steps, error));
    return tx_level_weights_check(section, "branch_level_weights", branch, error);
}

static void build_branch(const tx_configuration_parts *parts, tx_graph *graph, const tx_past *start, int t, tx_terms *terms)
{
    const int steps = branch_steps(parts->section);
    tx_past p = *start;
    tx_node r = tx_past_newest(start);
    r = tx_get_boolean(parts->section, "cut_div_chain") ? tx_stop_gradient(graph, r) : r;
    double weight = 0;
    for (int b = 0; tx_step_follows(graph, b, steps); b++) {
        const tx_node next = tx_network_step(parts, graph, &p);
        r = tx_map_apply(parts->ref_stepper, graph, r);
        weight = tx_level_weight(parts->section, "branch_level_weights", b, steps, weight);
        tx_terms_add(terms, parts, graph, weight, next, r);
        tx_cut_bptt(parts->section, graph, &p, t + b + 1);
    }
}

static void build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms)
{
    const int steps = tx_rollout_built(parts), branches = steps - branch_steps(parts->section) + 1;
    tx_past main;
    double weight = 0;
    tx_rollout_begin(parts, graph, &main);
    for (int t = 0; tx_step_follows(graph, t, branches); t++) {
        weight = tx_level_weight(parts->section, "time_level_weights", t, steps, weight);
        tx_terms branch = tx_terms_begin(terms, parts, weight);
        build_branch(parts, graph, &main, t, &branch);
        tx_terms_end(terms, graph, &branch);
        tx_network_step(parts, graph, &main); /* the branch's first step again: merged with it */
        tx_cut_bptt(parts->section, graph, &main, t + 1);
    }
}

static const tx_configuration_class diverted_chain = {.check = check,
                                                      .window_length = tx_rollout_window,
                                                      .levels_read = tx_reads_one_level,
                                                      .needs = tx_needs_stepper,
                                                      .build = build,
                                                      .rollout = tx_rollout_at};

static const tx_option options[] = {
    TX_OPTION_ROLLOUT,
    {.name = "num_branch_steps",
     .type = TX_TYPE_INTEGER,
     .initial = "1",
     .unit = "steps",
     .text = "length of the branches in which network and reference stepper are compared",
     .minimum = 1,
     .maximum = 1e6},
    TX_OPTION_LOSS,
    TX_OPTION_CUT_BPTT,
    TX_OPTION_FLAG("cut_div_chain", "no gradient through the reference stepper"),
    TX_OPTION_WEIGHTS("time_level_weights", "num_rollout_steps numbers or a rule; without it all branches weigh 1"),
    TX_OPTION_WEIGHTS("branch_level_weights", "num_branch_steps numbers or a rule; without it all steps of a branch weigh 1"),
    {.name = NULL},
};

const tx_component tx_configuration_diverted_chain = {
    .kind = TX_KIND_CONFIGURATION,
    .name = "diverted_chain",
    .summary = "branches of network and reference stepper from each state of the network's chain",
    .options = options,
    .implementation = &diverted_chain};
