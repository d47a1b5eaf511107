/* Losses that are a mean over channels and points, plain or divided by the same mean of the target. */
#include <math.h>

#include "loss/options.h"
#include "loss/weights.h"

static tx_node mse(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    return (void)section, tx_loss_mean_power(graph, prediction, target, 2);
}

static tx_node mae(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    return (void)section, tx_loss_mean_power(graph, prediction, target, 1);
}

/* The target may depend on the network (diverted chains): the division is differentiated as well. */
static tx_node normalized(tx_graph *graph, tx_node prediction, tx_node target, double p)
{
    const tx_node size = tx_loss_mean_power(graph, target, -1, p);
    return tx_multiply(graph, tx_loss_mean_power(graph, prediction, target, p), tx_power(graph, size, -1));
}

static tx_node normalized_mse(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    return (void)section, normalized(graph, prediction, target, 2);
}

static tx_node normalized_mae(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    return (void)section, normalized(graph, prediction, target, 1);
}

static void mse_residuals(const tx_section *section, tx_graph *graph, double weight, tx_node prediction, tx_node target,
                          tx_residuals *out)
{
    const tx_shape shape = tx_node_shape(graph, prediction);
    const tx_node difference = target < 0 ? prediction : tx_subtract(graph, prediction, target);
    (void)section;
    tx_residuals_add(out, graph, weight / (double)(shape.channels * tx_shape_points(&shape)), difference);
}

static void normalized_mse_residuals(const tx_section *section, tx_graph *graph, double weight, tx_node prediction, tx_node target,
                                     tx_residuals *out)
{
    const tx_node size = tx_power(graph, tx_sum_square(graph, target), -0.5);
    (void)section;
    tx_residuals_add(out, graph, weight, tx_multiply(graph, tx_subtract(graph, prediction, target), size));
}

static bool always(const tx_section *section)
{
    return (void)section, true;
}

static double one(const tx_section *section)
{
    return (void)section, 1;
}

static double two(const tx_section *section)
{
    return (void)section, 2;
}

static const tx_option options[] = {TX_LOSS_OPTIONS, TX_LOSS_WEIGHTS, {.name = NULL}};

static const tx_loss_class mse_class = {.apply = mse, .residuals = mse_residuals, .exponent = two},
                           mae_class = {.apply = mae, .exponent = one},
                           normalized_mse_class = {.apply = normalized_mse,
                                                   .residuals = normalized_mse_residuals,
                                                   .needs_target = always,
                                                   .exponent = two},
                           normalized_mae_class = {.apply = normalized_mae, .needs_target = always, .exponent = one};
const tx_component tx_loss_mse = {.kind = TX_KIND_LOSS,
                                  .name = "mse",
                                  .summary = "mean squared error over channels and points",
                                  .options = options,
                                  .implementation = &mse_class};
const tx_component tx_loss_mae = {.kind = TX_KIND_LOSS,
                                  .name = "mae",
                                  .summary = "mean absolute error over channels and points",
                                  .options = options,
                                  .implementation = &mae_class};
const tx_component tx_loss_normalized_mse = {.kind = TX_KIND_LOSS,
                                             .name = "normalized_mse",
                                             .summary = "mean squared error over the target's mean square",
                                             .options = options,
                                             .implementation = &normalized_mse_class};
const tx_component tx_loss_normalized_mae = {.kind = TX_KIND_LOSS,
                                             .name = "normalized_mae",
                                             .summary = "mean absolute error over the target's mean absolute value",
                                             .options = options,
                                             .implementation = &normalized_mae_class};
