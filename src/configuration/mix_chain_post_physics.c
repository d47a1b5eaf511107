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

static void build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms)
{
    const int steps = tx_rollout_built(parts), all = steps + post_steps(parts->section);
    tx_node p = tx_window(graph, 0, parts->state);
    double weight = 0;
    for (int t = 0; tx_step_follows(graph, t, all); t++) {
        p = tx_map_apply(t < steps ? parts->network : parts->ref_stepper, graph, p);
        const tx_node reference = tx_window(graph, t + 1, parts->state);
        weight = tx_level_weight(parts->section, "time_level_weights", t, all, weight);
        tx_terms_add(terms, parts, graph, weight, p, reference);
        p = t < steps ? tx_cut_bptt(parts->section, graph, p, t + 1) : p;
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
