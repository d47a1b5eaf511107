/* The terms of a configuration as one sum, as residual rows, or shown. */
#include "trainax/configuration.h"

/* sum + weight * term; -1 stands for an empty sum. */
static tx_node accumulate(tx_graph *graph, tx_node sum, double weight, tx_node term)
{
    if (sum >= 0 && weight == 0) {
        return sum;
    }
    term = tx_scale(graph, term, weight);
    return sum < 0 ? term : tx_add(graph, sum, term);
}

void tx_terms_add(tx_terms *terms, const tx_configuration_parts *parts, tx_graph *graph, double weight, tx_node prediction,
                  tx_node target)
{
    if (terms->see) {
        terms->see(terms->user, terms->factor * weight, prediction, target);
    } else if (terms->residuals) {
        tx_residuals_check_weight(terms->residuals, parts->section, weight);
        tx_loss_residuals(parts->loss, graph, terms->factor * weight, prediction, target, terms->residuals);
    } else {
        terms->sum = accumulate(graph, terms->sum, weight, tx_loss_apply(parts->loss, graph, prediction, target));
    }
}

tx_terms tx_terms_begin(const tx_terms *around, const tx_configuration_parts *parts, double weight)
{
    if (around->residuals) {
        tx_residuals_check_weight(around->residuals, parts->section, weight);
    }
    tx_terms group = *around;
    group.sum = -1;
    group.weight = weight;
    group.factor *= weight;
    return group;
}

void tx_terms_end(tx_terms *around, tx_graph *graph, const tx_terms *group)
{
    if (!group->residuals && !group->see) {
        around->sum = accumulate(graph, around->sum, group->weight, group->sum);
    }
}
