/* The mixed chain: R steps of the network, then Q of the reference stepper, all compared with the reference trajectory.
 * The physics part is never cut. */
#include "configuration/options.h"

static int post_steps(const tx_section *section)
{
    return (int)tx_get_integer(section, "num_post_physics_steps");
}

static int all_steps(const tx_section *section)
{
    return tx_rollout_steps(section) + post_steps(section);
}

static tx_status check(const tx_section *section, tx_error *error)
{
    return tx_level_weights_check(section, "time_level_weights", all_steps(section), error);
}

static int window_length(const tx_section *section)
{
    return all_steps(section) + 1;
}

static tx_node step(const tx_configuration_parts *parts, tx_graph *graph, bool physics, tx_past *p)
{
    if (!physics) {
        return tx_network_step(parts, graph, p);
    }
    const tx_node next = tx_map_apply(parts->ref_stepper, graph, tx_past_newest(p));
    tx_past_push(p, next);
    return next;
}

static void build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms)
{
    const int steps = tx_rollout_built(parts), all = steps + post_steps(parts->section);
    tx_past p;
    double weight = 0;
    tx_rollout_begin(parts, graph, &p);
    for (int t = 0; tx_step_follows(graph, t, all); t++) {
        const tx_node next = step(parts, graph, t >= steps, &p), reference = tx_reference(parts, graph, t);
        weight = tx_level_weight(parts->section, "time_level_weights", t, all, weight);
        tx_terms_add(terms, parts, graph, weight, next, reference);
        if (t < steps) {
            tx_cut_bptt(parts->section, graph, &p, t + 1);
        }
    }
}

static const tx_configuration_class mix_chain = {.check = check,
                                                 .window_length = window_length,
                                                 .levels_read = window_length,
                                                 .needs = tx_needs_stepper,
                                                 .build = build,
                                                 .rollout = tx_rollout_at};

static const tx_option options[] = {
    TX_OPTION_ROLLOUT,
    {.name = "num_post_physics_steps",
     .type = TX_TYPE_INTEGER,
     .initial = "1",
     .unit = "steps",
     .text = "steps of the reference stepper after the network's",
     .minimum = 0,
     .maximum = 1e6},
    TX_OPTION_LOSS,
    TX_OPTION_CUT_BPTT,
    TX_OPTION_WEIGHTS("time_level_weights",
                      "num_rollout_steps + num_post_physics_steps numbers or a rule; without it all levels weigh 1"),
    {.name = NULL},
};

const tx_component tx_configuration_mix_chain_post_physics = {
    .kind = TX_KIND_CONFIGURATION,
    .name = "mix_chain_post_physics",
    .summary = "unrolled network, then the reference stepper, against the reference trajectory",
    .options = options,
    .implementation = &mix_chain};
