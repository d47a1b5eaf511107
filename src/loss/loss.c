/* The interface of time-level losses: dispatch through the component. */
#include <string.h>

#include "trainax/configuration.h"

tx_node tx_loss_apply(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    const tx_loss_class *loss = tx_section_component(section)->implementation;
    return loss->apply(section, graph, prediction, target);
}

bool tx_loss_is_mean(const tx_section *section)
{
    return strcmp(tx_get_word(section, "batch_reduction"), "mean") == 0;
}
