/* `type: plugin` as the rooms of its kinds see it: a component that opens a shared object, and what that computes. */
#pragma once

#include "component/pool.h"
#include "trainax/plugin.h"
#include "trainax/tensor.h"

/* The options of the component `plugin` of each kind, first in its table. */
#define TX_OPTIONS_PLUGIN                                                                                                          \
    {.name = "library", .type = TX_TYPE_PATH, .unit = "", .text = "the shared object (trainax/plugin.h)"},                         \
    {                                                                                                                              \
        .name = "component", .type = TX_TYPE_STRING, .initial = "null", .unit = "",                                                \
        .text = "its component of that name (null: the only one of this kind)"                                                     \
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

/* The name that it has there. */
const char *tx_plugin_name(const tx_section *section);

/* What a function of a plugin has returned: 0, or a failure, with words of ours where it has none or a code that is no tx_status.
 */
tx_status tx_plugin_check(const tx_section *section, const char *what, int code, const tx_error *told, tx_error *error);

/* The section's function of states of this shape, of which a sample has `states`: made once, freed with the configuration. */
tx_status tx_plugin_function(const tx_section *section, tx_shape shape, int states, tx_error *error, const tx_function **out);

/* That, applied: to states of one shape, behind them parameters (TX_NONE: there are none). */
tx_node tx_plugin_apply(const tx_section *section, tx_graph *graph, const tx_node *states, int count, tx_node parameters,
                        tx_shape result);
