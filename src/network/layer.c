/* One affine layer: leaves, graph, initial values. */
#include "network/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static tx_status add_leaf(tx_network *network, const char *prefix, const char *name, int rank, const int64_t *shape,
                          tx_error *error, int *index)
{
    char whole[TX_LEAF_NAME];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    return tx_network_add_leaf(network, whole, rank, shape, error, index);
}

tx_status tx_layer_declare(tx_layer *layer, tx_network *network, const char *prefix, tx_error *error)
{
    int64_t shape[TX_LEAF_RANK] = {layer->out_channels, layer->in_channels / layer->groups};
    memcpy(shape + 2, layer->kernel, (size_t)layer->axes * sizeof *shape);
    TX_TRY(add_leaf(network, prefix, "weight", 2 + layer->axes, shape, error, &layer->weight));
    layer->bias = -1;
    if (!layer->use_bias) {
        return TX_OK;
    }
    for (int d = 0; d < layer->axes; d++) {
        shape[1 + d] = 1;
    }
    return add_leaf(network, prefix, "bias", 1 + layer->axes, shape, error, &layer->bias);
}

static tx_convolution convolution_of(const tx_layer *layer)
{
    tx_convolution convolution = {.out_channels = layer->out_channels, .groups = (int)layer->groups};
    memcpy(convolution.kernel, layer->kernel, sizeof convolution.kernel);
    memcpy(convolution.dilation, layer->dilation, sizeof convolution.dilation);
    memcpy(convolution.stride, layer->stride, sizeof convolution.stride);
    return convolution;
}

static tx_node pad(const tx_layer *layer, tx_graph *graph, tx_node x)
{
    bool any = false;
    for (int d = 0; d < layer->axes; d++) {
        any = any || layer->low[d] || layer->high[d];
    }
    return any ? tx_pad(graph, x, layer->mode, layer->low, layer->high) : x;
}

static int64_t cells_of(int64_t fine, int64_t stride)
{
    return fine > 0 ? (fine + stride - 1) / stride : 0;
}

/* x is padded before its cells are spread, by whole cells; what that is too much is cut away after. Zeros need not be spread:
 * they are added after. */
static tx_node apply_transposed(const tx_layer *layer, tx_graph *graph, tx_node x, tx_node weight, tx_node bias)
{
    const tx_convolution convolution = convolution_of(layer);
    int64_t before[TX_MAX_AXES] = {0}, after[TX_MAX_AXES] = {0}, low[TX_MAX_AXES] = {0}, high[TX_MAX_AXES] = {0};
    for (int d = 0; d < layer->axes; d++) {
        const int64_t s = layer->stride[d] > 1 ? layer->stride[d] : 1, reach = (layer->kernel[d] - 1) * layer->dilation[d];
        if (layer->mode != TX_PAD_ZEROS) {
            before[d] = cells_of(reach - layer->low[d], s);
            after[d] = cells_of(reach - layer->high[d] + layer->output_padding, s);
        }
        low[d] = layer->low[d] - s * before[d];
        high[d] = layer->high[d] - s * after[d] + layer->output_padding;
    }
    return tx_convolve_transposed(graph, tx_pad(graph, x, layer->mode, before, after), &convolution, low, high, weight, bias);
}

tx_node tx_layer_apply(const tx_layer *layer, const tx_network *network, tx_graph *graph, tx_node x)
{
    const tx_convolution convolution = convolution_of(layer);
    const tx_node weight = tx_network_leaf(network, graph, layer->weight);
    const tx_node bias = layer->bias < 0 ? TX_NONE : tx_network_leaf(network, graph, layer->bias);
    if (layer->transposed) {
        return apply_transposed(layer, graph, x, weight, bias);
    }
    return tx_convolve(graph, pad(layer, graph, x), &convolution, weight, bias);
}

static void draw(const tx_network *network, int index, tx_random random, tx_key key, double limit, void *values)
{
    const tx_leaf *leaf = &network->leaves[index];
    tx_random_uniform(random, key, (size_t)leaf->size, -limit, limit,
                      (char *)values + (size_t)leaf->offset * tx_real_bytes(random.precision));
}

static void clear(const tx_network *network, int index, tx_random random, void *values)
{
    const tx_leaf *leaf = &network->leaves[index];
    const size_t bytes = tx_real_bytes(random.precision);
    memset((char *)values + (size_t)leaf->offset * bytes, 0, (size_t)leaf->size * bytes);
}

/* Equinox splits the key for weight and bias even where there is no bias, and computes the limit in double. */
void tx_layer_initialise(const tx_layer *layer, const tx_network *network, tx_random random, tx_key key, void *values)
{
    tx_key keys[2];
    tx_key_split(random, key, 2, keys);
    const tx_leaf *weight = &network->leaves[layer->weight];
    /* NOLINTNEXTLINE(bugprone-integer-division): a weight has so many for each channel */
    const double limit = 1 / sqrt((double)(weight->size / layer->out_channels));
    draw(network, layer->weight, random, keys[0], limit, values);
    if (layer->bias >= 0 && layer->zero_bias_init) {
        clear(network, layer->bias, random, values);
    } else if (layer->bias >= 0) {
        draw(network, layer->bias, random, keys[1], limit, values);
    }
}

tx_node tx_lone_layer_apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    return tx_layer_apply(network->state, network, graph, x);
}

tx_status tx_lone_layer_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)error;
    tx_layer_initialise(network->state, network, random, key, values);
    return TX_OK;
}
