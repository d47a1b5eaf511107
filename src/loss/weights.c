/* Weights of channels and points, as a factor of what is compared. */
#include "loss/weights.h"

#include <math.h>

#include "base/memory.h"
#include "tensor/fields.h"

/* Of the channels, `factor` times weight, to a power: the same at all points. */
static tx_node of_channels(const tx_section *section, tx_graph *graph, tx_shape shape, double factor, double power)
{
    const double *weights;
    const int count = tx_get_reals(section, "channel_weights", &weights);
    const int64_t points = tx_shape_points(&shape);
    tx_error error = {0};
    double *all;
    if (tx_allocate_array((size_t)(shape.channels * points), sizeof *all, &error, &all) != TX_OK) {
        return tx_graph_stick(graph, &error);
    }
    for (int64_t c = 0; c < shape.channels; c++) {
        const double weight = pow(factor * (c < count ? weights[c] : 1), power);
        for (int64_t i = 0; i < points; i++) {
            all[c * points + i] = weight;
        }
    }
    const tx_node node = tx_fixed(graph, shape, all);
    tx_free(all);
    return node;
}

static double sum_of_channels(const tx_section *section, tx_shape shape)
{
    const double *weights;
    const int count = tx_get_reals(section, "channel_weights", &weights);
    double sum = count ? 0 : (double)shape.channels;
    for (int c = 0; c < count; c++) {
        sum += weights[c];
    }
    return sum;
}

/* The field, inside the mask, in each channel. */
static tx_node of_points(const tx_section *section, tx_graph *graph, tx_shape shape)
{
    const tx_node mask = tx_mask_of(graph, shape);
    const tx_node field =
        tx_has(section, "point_weights") ? tx_field_of(graph, tx_get_string(section, "point_weights"), shape) : mask;
    const tx_node one = mask < 0 || field == mask ? field : tx_multiply(graph, field, mask);
    tx_node all = one;
    for (int64_t c = 1; c < shape.channels; c++) {
        all = tx_concatenate(graph, all, one);
    }
    return all;
}

static tx_node factor_of(const tx_section *section, tx_graph *graph, tx_shape shape, double p)
{
    const double numbers = (double)(shape.channels * tx_shape_points(&shape));
    if (!tx_has(section, "point_weights") && tx_mask_of(graph, shape) < 0) {
        return of_channels(section, graph, shape, (double)shape.channels / sum_of_channels(section, shape), 1 / p);
    }
    tx_node weights = of_points(section, graph, shape);
    if (tx_has(section, "channel_weights")) {
        weights = tx_multiply(graph, weights, of_channels(section, graph, shape, 1, 1));
    }
    const tx_node mean = tx_scale(graph, tx_sum(graph, weights), 1 / numbers);
    return tx_multiply(graph, tx_power(graph, weights, 1 / p), tx_power(graph, mean, -1 / p));
}

void tx_loss_weigh(const tx_section *section, tx_graph *graph, double p, tx_node *prediction, tx_node *target)
{
    const bool masked = tx_mask_of(graph, tx_node_shape(graph, *prediction)) >= 0;
    if (!masked && !tx_has(section, "channel_weights") && !tx_has(section, "point_weights")) {
        return;
    }
    const tx_node factor = factor_of(section, graph, tx_node_shape(graph, *prediction), p);
    *prediction = tx_multiply(graph, *prediction, factor);
    *target = *target < 0 ? *target : tx_multiply(graph, *target, factor);
}
