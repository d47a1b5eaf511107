/* Steppers and residua of shared objects. */
#include "plugin/plugin.h"

#include "trainax/physics.h"

static tx_status create_stepper(tx_scheme *scheme, tx_error *error)
{
    const tx_function *function;
    return tx_plugin_function(scheme->section, scheme->shape, 1, error, &function);
}

static tx_node step(const tx_scheme *scheme, tx_graph *graph, tx_node x)
{
    return tx_plugin_apply(scheme->section, graph, &x, 1, TX_NONE, scheme->shape);
}

static tx_status create_residuum(tx_scheme *scheme, tx_error *error)
{
    const tx_function *function;
    return tx_plugin_function(scheme->section, scheme->shape, 2, error, &function);
}

static tx_node residuum(const tx_scheme *scheme, tx_graph *graph, tx_node next, tx_node previous)
{
    return tx_plugin_apply(scheme->section, graph, (tx_node[]){next, previous}, 2, TX_NONE, scheme->shape);
}

static const tx_option options[] = {TX_OPTIONS_PLUGIN, TX_OPTION_RANKS, {0}};

static const tx_stepper_class stepper_class = {.create = create_stepper, .apply = step};
const tx_component tx_stepper_plugin = {.kind = TX_KIND_STEPPER,
                                        .name = "plugin",
                                        .summary = TX_PLUGIN_SUMMARY,
                                        .options = options,
                                        .implementation = &stepper_class,
                                        .opens = tx_plugin_open};

static const tx_residuum_class residuum_class = {.create = create_residuum, .apply = residuum};
const tx_component tx_residuum_plugin = {.kind = TX_KIND_RESIDUUM,
                                         .name = "plugin",
                                         .summary = TX_PLUGIN_SUMMARY,
                                         .options = options,
                                         .implementation = &residuum_class,
                                         .opens = tx_plugin_open};
