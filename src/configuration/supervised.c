/* Supervised training: the network is unrolled on itself for R steps and compared with the reference at each of them.
 * p = u; for t < R: p = f(p), L += w_t l(p, ref_t), and p is cut from the gradient after every `cut_bptt_every` steps. */
#include "trainax/configuration.h"

static int num_rollout_steps(const tx_section *section)
{
    return (int)tx_get_integer(section, "num_rollout_steps");
}

static tx_status check(const tx_section *section, tx_error *error)
{
    return tx_level_weights_check(section, "time_level_weights", num_rollout_steps(section), error);
}

static int window_length(const tx_section *section)
{
    return num_rollout_steps(section) + 1;
}

/* sum + weight * loss; -1 stands for an empty sum. */
static tx_node accumulate(tx_graph *graph, tx_node sum, double weight, tx_node loss)
{
    const tx_node term = weight == 1 ? loss : tx_scale(graph, loss, weight);
    return sum < 0 ? term : tx_add(graph, sum, term);
}

static tx_node loss(const tx_configuration_parts *parts, tx_graph *graph)
{
    const int steps = num_rollout_steps(parts->section);
    const bool cut = tx_get_boolean(parts->section, "cut_bptt");
    const int64_t every = tx_get_integer(parts->section, "cut_bptt_every");
    tx_node p = tx_window(graph, 0, parts->state), sum = -1;
    for (int t = 0; t < steps; t++) {
        const double weight = tx_level_weight(parts->section, "time_level_weights", t, steps);
        p = parts->network.apply(parts->network.object, graph, p);
        /* A level that weighs nothing is left out, unless nothing else is there to be the loss. */
        if (weight != 0 || (t == steps - 1 && sum < 0)) {
            const tx_node reference = tx_window(graph, t + 1, parts->state);
            sum = accumulate(graph, sum, weight, tx_loss_apply(parts->loss, graph, p, reference));
        }
        if (cut && (t + 1) % every == 0) {
            p = tx_stop_gradient(graph, p);
        }
    }
    return sum;
}

static const tx_configuration_class supervised = {
    .check = check, .window_length = window_length, .levels_read = window_length, .loss = loss};

static const tx_option options[] = {
    {.name = "num_rollout_steps",
     .type = TX_TYPE_INTEGER,
     .initial = "1",
     .unit = "steps",
     .text = "how often the network is applied to its own output",
     .minimum = 1,
     .maximum = 1e6},
    {.name = "time_level_loss",
     .type = TX_TYPE_SECTION,
     .initial = "mse",
     .unit = "",
     .text = "the loss at each time level",
     .kind = TX_KIND_LOSS},
    {.name = "cut_bptt",
     .type = TX_TYPE_BOOLEAN,
     .initial = "false",
     .unit = "",
     .text = "cut the backpropagation through time in the network's main chain"},
    {.name = "cut_bptt_every",
     .type = TX_TYPE_INTEGER,
     .initial = "1",
     .unit = "steps",
     .text = "how many steps lie between two cuts (with cut_bptt)",
     .minimum = 1,
     .maximum = 1e9},
    {.name = "time_level_weights",
     .type = TX_TYPE_REALS,
     .initial = "null",
     .unit = "",
     .text = "num_rollout_steps numbers or a rule; without it all levels weigh 1",
     .kind = TX_KIND_WEIGHTS},
    {.name = NULL},
};

const tx_component tx_configuration_supervised = {.kind = TX_KIND_CONFIGURATION,
                                                  .name = "supervised",
                                                  .summary = "unrolled network against the reference trajectory",
                                                  .options = options,
                                                  .implementation = &supervised};
