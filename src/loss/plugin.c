/* Losses of shared objects. */
#include "plugin/plugin.h"

#include "loss/options.h"

static tx_node apply(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    const tx_shape lane = {.channels = 1};
    return tx_plugin_apply(section, graph, (tx_node[]){prediction, target}, target == TX_NONE ? 1 : 2, TX_NONE, lane);
}

static const tx_option options[] = {TX_OPTIONS_PLUGIN, TX_OPTION_RANKS, TX_LOSS_OPTIONS, {.name = NULL}};
static const tx_loss_class class_ = {.apply = apply};
const tx_component tx_loss_plugin = {.kind = TX_KIND_LOSS,
                                     .name = "plugin",
                                     .summary = TX_PLUGIN_SUMMARY,
                                     .options = options,
                                     .implementation = &class_,
                                     .opens = tx_plugin_open};
