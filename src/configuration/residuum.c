/* Residuum training: no reference trajectory, but a condition r(next, prev) that two consecutive states of the network's
 * chain should fulfil. p = u; for t < R: q = f(p), L += w_t l(r(q, p)). */
#include "configuration/options.h"

static tx_status check(const tx_section *section, tx_error *error)
{
    const tx_section *loss = tx_get_section(section, "time_level_loss");
    if (tx_loss_needs_target(loss)) {
        return tx_section_error(section, "time_level_loss", error, TX_INVALID, "%s compares two states, but a residuum is one",
                                tx_section_name(loss));
    }
    return tx_level_weights_check(section, "time_level_weights", tx_rollout_steps(section), error);
}

static unsigned needs(const tx_section *section)
{
    return (void)section, TX_NEEDS_RESIDUUM;
}

static void build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms)
{
    const int steps = tx_rollout_built(parts);
    const bool cut_prev = tx_get_boolean(parts->section, "cut_prev"), cut_next = tx_get_boolean(parts->section, "cut_next");
    tx_past past;
    double weight = 0;
    tx_rollout_begin(parts, graph, &past);
    for (int t = 0; tx_step_follows(graph, t, steps); t++) {
        const tx_node p = tx_past_newest(&past), q = tx_network_step(parts, graph, &past);
        const tx_node r = parts->residuum_fn.apply(parts->residuum_fn.object, graph, cut_next ? tx_stop_gradient(graph, q) : q,
                                                   cut_prev ? tx_stop_gradient(graph, p) : p);
        weight = tx_level_weight(parts->section, "time_level_weights", t, steps, weight);
        tx_terms_add(terms, parts, graph, weight, r, -1);
        tx_cut_bptt(parts->section, graph, &past, t + 1);
    }
}

static const tx_configuration_class residuum = {.check = check,
                                                .window_length = tx_rollout_window,
                                                .levels_read = tx_reads_one_level,
                                                .needs = needs,
                                                .build = build,
                                                .rollout = tx_rollout_at};

static const tx_option options[] = {
    TX_OPTION_ROLLOUT,
    TX_OPTION_LOSS,
    TX_OPTION_CUT_BPTT,
    TX_OPTION_FLAG("cut_prev", "no gradient through the earlier state of the residuum"),
    TX_OPTION_FLAG("cut_next", "no gradient through the later state of the residuum"),
    TX_OPTION_WEIGHTS("time_level_weights", "num_rollout_steps numbers or a rule; without it all levels weigh 1"),
    {.name = NULL},
};

const tx_component tx_configuration_residuum = {.kind = TX_KIND_CONFIGURATION,
                                                .name = "residuum",
                                                .summary = "a condition between consecutive states of the unrolled network",
                                                .options = options,
                                                .implementation = &residuum};
