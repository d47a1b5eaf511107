/* What the configurations share: their options, and how they go from step to step. */
#pragma once

#include "trainax/configuration.h"

#define TX_OPTION_ROLLOUT                                                                                                          \
    {                                                                                                                              \
        .name = "num_rollout_steps", .type = TX_TYPE_STAGES, .initial = "1", .unit = "steps",                                      \
        .text = "how often the network is applied to its own output; as {0: 1, 2000: 3} from these training steps on",             \
        .minimum = 1, .maximum = 1e6                                                                                               \
    }
#define TX_OPTION_LOSS                                                                                                             \
    {                                                                                                                              \
        .name = "time_level_loss", .type = TX_TYPE_SECTION, .initial = "mse", .unit = "", .text = "the loss at each time level",   \
        .alias = "loss", .kind = TX_KIND_LOSS                                                                                      \
    }
#define TX_OPTION_CUT_BPTT                                                                                                         \
    {.name = "cut_bptt",                                                                                                           \
     .type = TX_TYPE_BOOLEAN,                                                                                                      \
     .initial = "false",                                                                                                           \
     .unit = "",                                                                                                                   \
     .text = "cut the backpropagation through time in the network's main chain"},                                                  \
    {                                                                                                                              \
        .name = "cut_bptt_every", .type = TX_TYPE_INTEGER, .initial = "1", .unit = "steps",                                        \
        .text = "how many steps lie between two cuts (with cut_bptt)", .minimum = 1, .maximum = 1e9                                \
    }
#define TX_OPTION_WEIGHTS(NAME, TEXT)                                                                                              \
    {                                                                                                                              \
        .name = NAME, .type = TX_TYPE_REALS, .initial = "null", .unit = "", .text = TEXT, .kind = TX_KIND_WEIGHTS                  \
    }
#define TX_OPTION_FLAG(NAME, TEXT)                                                                                                 \
    {                                                                                                                              \
        .name = NAME, .type = TX_TYPE_BOOLEAN, .initial = "false", .unit = "", .text = TEXT                                        \
    }

/* As a class's function. */
int64_t tx_rollout_at(const tx_section *section, int64_t step, int64_t *until);

/* Of the largest stage, which windows and lists of weights are for; of that which is built. */
static inline int tx_rollout_steps(const tx_section *section)
{
    return (int)tx_rollout_at(section, TX_LARGEST_STAGE, NULL);
}
static inline int tx_rollout_built(const tx_configuration_parts *parts)
{
    return (int)tx_rollout_at(parts->section, parts->step, NULL);
}

/* Of a class, where they are nothing else: R + 1 levels; the first alone is read; a stepper is needed. */
static inline int tx_rollout_window(const tx_section *section)
{
    return tx_rollout_steps(section) + 1;
}
static inline int tx_reads_one_level(const tx_section *section)
{
    return (void)section, 1;
}
static inline unsigned tx_needs_stepper(const tx_section *section)
{
    return (void)section, TX_NEEDS_STEPPER;
}

/* Whether there is a step t to build: none in a graph that has failed, since there may be millions. */
static inline bool tx_step_follows(const tx_graph *graph, int t, int steps)
{
    return t < steps && tx_graph_status(graph, NULL) == TX_OK;
}

static inline int tx_levels_given(const tx_configuration_parts *parts)
{
    return parts->network.levels > 1 ? parts->network.levels : 1;
}
/* Where a rollout begins: the window's first levels. */
static inline void tx_rollout_begin(const tx_configuration_parts *parts, tx_graph *graph, tx_past *past)
{
    tx_past_begin(past, graph, parts->state, tx_levels_given(parts));
}
/* The reference of step t (from 0). */
static inline tx_node tx_reference(const tx_configuration_parts *parts, tx_graph *graph, int t)
{
    return tx_window(graph, tx_levels_given(parts) + t, parts->state);
}

/* All levels are cut from the gradient where `cut_bptt` says so after `done` steps. */
static inline void tx_cut_bptt(const tx_section *section, tx_graph *graph, tx_past *past, int64_t done)
{
    const bool cut = tx_get_boolean(section, "cut_bptt") && done % tx_get_integer(section, "cut_bptt_every") == 0;
    for (int k = 0; cut && k < past->count; k++) {
        past->level[k] = tx_stop_gradient(graph, past->level[k]);
    }
}

/* Each application begins a step: between them, memory may be traded for time. A network's result is the newest level then. */
static inline tx_node tx_map_apply(tx_map map, tx_graph *graph, tx_node x)
{
    tx_next_step(graph);
    return map.apply(map.object, graph, x);
}
static inline tx_node tx_network_step(const tx_configuration_parts *parts, tx_graph *graph, tx_past *past)
{
    tx_next_step(graph);
    const tx_node next = parts->network.apply(parts->network.object, graph, past);
    tx_past_push(past, next);
    return next;
}
