/* Mean squared error: the mean over channels and points of (prediction - target)^2, one number a sample. */
#include "loss/options.h"
#include "trainax/configuration.h"

static tx_node apply(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    (void)section;
    const tx_shape shape = tx_node_shape(graph, prediction);
    const tx_node sum = target < 0 ? tx_sum_square(graph, prediction) : tx_square_error(graph, prediction, target);
    return tx_scale(graph, sum, 1 / (double)(shape.channels * tx_shape_points(&shape)));
}

static const tx_loss_class mse = {.apply = apply};

static const tx_option options[] = {TX_LOSS_OPTIONS, {.name = NULL}};

const tx_component tx_loss_mse = {.kind = TX_KIND_LOSS,
                                  .name = "mse",
                                  .summary = "mean squared error over channels and points",
                                  .options = options,
                                  .implementation = &mse};
