/* Supervised training: the network is unrolled on itself for R steps and compared with the reference at each of them.
 * p = u; for t < R: p = f(p), L += w_t l(p, ref_t), and p is cut from the gradient after every `cut_bptt_every` steps. */
#include "configuration/options.h"

static tx_status check(const tx_section *section, tx_error *error)
{
    return tx_level_weights_check(section, "time_level_weights", tx_rollout_steps(section), error);
}

static void build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms)
{
    const int steps = tx_rollout_built(parts);
    tx_past p;
    double weight = 0;
    tx_rollout_begin(parts, graph, &p);
    for (int t = 0; tx_step_follows(graph, t, steps); t++) {
        const tx_node next = tx_network_step(parts, graph, &p), reference = tx_reference(parts, graph, t);
        weight = tx_level_weight(parts->section, "time_level_weights", t, steps, weight);
        tx_terms_add(terms, parts, graph, weight, next, reference);
        tx_cut_bptt(parts->section, graph, &p, t + 1);
    }
}

static const tx_configuration_class supervised = {
    .check = check, .window_length = tx_rollout_window, .levels_read = tx_rollout_window, .build = build, .rollout = tx_rollout_at};

static const tx_option options[] = {
    TX_OPTION_ROLLOUT,
    TX_OPTION_LOSS,
    TX_OPTION_CUT_BPTT,
    TX_OPTION_WEIGHTS("time_level_weights", "num_rollout_steps numbers or a rule; without it all levels weigh 1"),
    {.name = NULL},
};

const tx_component tx_configuration_supervised = {.kind = TX_KIND_CONFIGURATION,
                                                  .name = "supervised",
                                                  .summary = "unrolled network against the reference trajectory",
                                                  .options = options,
                                                  .implementation = &supervised};
