/* What time-level losses share. */
#pragma once

#include "trainax/loss.h"

#define TX_LOSS_OPTIONS                                                                                                            \
    {                                                                                                                              \
        .name = "batch_reduction", .type = TX_TYPE_WORD, .initial = "mean", .unit = "",                                            \
        .text = "how the samples of a minibatch become one number", .words = "mean sum"                                            \
    }

/* Mean over channels and points of |x - target|^p for each sample (target -1: of |x|^p). */
static inline tx_node tx_loss_mean_power(tx_graph *graph, tx_node x, tx_node target, double p)
{
    const tx_shape shape = tx_node_shape(graph, x);
    const double share = 1 / (double)(shape.channels * tx_shape_points(&shape));
    if (p == 2) {
        return tx_scale(graph, target < 0 ? tx_sum_square(graph, x) : tx_square_error(graph, x, target), share);
    }
    const tx_node difference = target < 0 ? x : tx_subtract(graph, x, target);
    return tx_scale(graph, tx_sum(graph, tx_power(graph, difference, p)), share);
}
