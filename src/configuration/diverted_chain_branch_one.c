/* The diverted chain with branches of one step: each state of the network's chain is compared with what the reference
 * stepper makes of the state before. p = u; for t < R: r = P(p), p' = f(p), L += w_t l(p', r). */
#include "configuration/options.h"

static tx_status check(const tx_section *section, tx_error *error)
{
    return tx_level_weights_check(section, "time_level_weights", tx_rollout_steps(section), error);
}

static void build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms)
{
    const int steps = tx_rollout_built(parts);
    const bool cut = tx_get_boolean(parts->section, "cut_div_chain");
    tx_past p;
    double weight = 0;
    tx_rollout_begin(parts, graph, &p);
    for (int t = 0; tx_step_follows(graph, t, steps); t++) {
        tx_node reference = tx_map_apply(parts->ref_stepper, graph, tx_past_newest(&p));
        reference = cut ? tx_stop_gradient(graph, reference) : reference;
        const tx_node next = tx_network_step(parts, graph, &p);
        weight = tx_level_weight(parts->section, "time_level_weights", t, steps, weight);
        tx_terms_add(terms, parts, graph, weight, next, reference);
        tx_cut_bptt(parts->section, graph, &p, t + 1);
    }
}

static const tx_configuration_class branch_one = {.check = check,
                                                  .window_length = tx_rollout_window,
                                                  .levels_read = tx_reads_one_level,
                                                  .needs = tx_needs_stepper,
                                                  .build = build,
                                                  .rollout = tx_rollout_at};

static const tx_option options[] = {
    TX_OPTION_ROLLOUT,
    TX_OPTION_LOSS,
    TX_OPTION_CUT_BPTT,
    TX_OPTION_FLAG("cut_div_chain", "no gradient through the reference stepper"),
    TX_OPTION_WEIGHTS("time_level_weights", "num_rollout_steps numbers or a rule; without it all levels weigh 1"),
    {.name = NULL},
};

const tx_component tx_configuration_diverted_chain_branch_one = {
    .kind = TX_KIND_CONFIGURATION,
    .name = "diverted_chain_branch_one",
    .summary = "unrolled network against one reference step from each of its states",
    .options = options,
    .implementation = &branch_one};
