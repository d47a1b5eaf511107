/* `type: plugin` as the rooms of its kinds see it: a component that opens a shared object, and what that computes. */
#pragma once

#include "component/pool.h"
#include "trainax/parallel.h"
#include "trainax/plugin.h"
#include "trainax/tensor.h"

/* The options of the component `plugin` of each kind, first in its table. */
#define TX_OPTIONS_PLUGIN                                                                                                          \
    {.name = "library", .type = TX_TYPE_PATH, .unit = "", .text = "the shared object (trainax/plugin.h)"},                         \
    {                                                                                                                              \
        .name = "component", .type = TX_TYPE_STRING, .initial = "null", .unit = "",                                                \
        .text = "its component of that name (null: the only one of this kind)"                                                     \
    }
/* More of those whose component is a tx_plugin_map. */
#define TX_OPTION_RANKS                                                                                                            \
    {                                                                                                                              \
        .name = "ranks", .type = TX_TYPE_INTEGER, .initial = "1", .unit = "ranks", .minimum = 1, .maximum = 1 << 20,               \
        .may_differ = true,                                                                                                        \
        .text = "that make each call of it together, where it is itself parallel: groups of so many of the job's"                  \
    }
#define TX_PLUGIN_SUMMARY "a shared object's: its options are shown by `trainax help FILE.so`"

/* What a shared object has. It stays loaded. TX_BAD_DATA: it cannot be loaded, or is no plugin for this program. */
tx_status tx_plugin_load(const char *path, tx_error *error, const tx_plugin **out);

/* Its components, with their own options, into a registry. */
tx_status tx_plugin_add(tx_registry *registry, const char *path, tx_error *error);

/* A tx_component_opener. */
tx_status tx_plugin_open(const tx_section *section, tx_pool *pool, tx_error *error, const tx_component **out);

/* The tx_plugin_map or tx_plugin_source of a section whose component was opened. */
const void *tx_plugin_implementation(const tx_section *section);

/* Before anything of a section, and of those below it, is made for the ranks of a job: those components that several ranks are to
 * compute together know with whom. with_data: also data sources, and what they are made of. What has not joined computes alone, as
 * does what is made by one rank of several. TX_INVALID, with the place in the file: ranks do not divide into such groups, or the
 * component is for one. Collective, same status on all ranks. */
tx_status tx_plugin_join(tx_parallel *parallel, const tx_section *section, bool with_data, tx_error *error);

/* The name that it has there. */
const char *tx_plugin_name(const tx_section *section);

/* Around every call that is no tx_function's: tx_user_enter, tx_user_leave. */
void tx_plugin_enter(const tx_section *section, const char *verb, bool exclusive);
void tx_plugin_leave(bool exclusive);

/* What a function of a plugin has returned: 0, or a failure, with words of ours where it has none or a code that is no tx_status.
 */
tx_status tx_plugin_check(const tx_section *section, const char *what, int code, const tx_error *told, tx_error *error);

/* The section's function of states of this shape, of which a sample has `states`: made once, freed with the configuration. */
tx_status tx_plugin_function(const tx_section *section, tx_shape shape, int states, tx_error *error, const tx_function **out);

/* That, applied: to states of one shape, behind them parameters (TX_NONE: there are none). */
tx_node tx_plugin_apply(const tx_section *section, tx_graph *graph, const tx_node *states, int count, tx_node parameters,
                        tx_shape result);
