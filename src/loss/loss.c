/* The interface of time-level losses: dispatch through the component, and the batch reduction that all have. */
#include <string.h>

#include "trainax/loss.h"

static const tx_loss_class *class_of(const tx_section *section)
{
    return tx_section_component(section)->implementation;
}

tx_status tx_loss_check(const tx_section *section, tx_error *error)
{
    return class_of(section)->check ? class_of(section)->check(section, error) : TX_OK;
}

tx_node tx_loss_of_sample(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    return class_of(section)->apply(section, graph, prediction, target);
}

/* A program averages over the batch: for a sum, a sample counts as often as there are samples. */
tx_node tx_loss_apply(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    const char *before = tx_enter_part(graph, "loss");
    const bool sum = strcmp(tx_get_word(section, "batch_reduction"), "sum") == 0;
    tx_node loss = tx_loss_of_sample(section, graph, prediction, target);
    if (sum) {
        loss = tx_multiply(graph, loss, tx_batch_size(graph));
    }
    tx_enter_part(graph, before);
    return loss;
}

bool tx_loss_needs_target(const tx_section *section)
{
    return class_of(section)->needs_target && class_of(section)->needs_target(section);
}
