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

static tx_node pad(const tx_layer *layer, tx_graph *graph, tx_node x)
{
    bool any = false;
    for (int d = 0; d < layer->axes; d++) {
        any = any || layer->low[d] || layer->high[d];
    }
    return any ? tx_pad(graph, x, layer->mode, layer->low, layer->high) : x;
}

tx_node tx_layer_apply(const tx_layer *layer, const tx_network *network, tx_graph *graph, tx_node x)
{
    tx_convolution convolution = {.out_channels = layer->out_channels, .groups = (int)layer->groups};
    memcpy(convolution.kernel, layer->kernel, sizeof convolution.kernel);
    memcpy(convolution.dilation, layer->dilation, sizeof convolution.dilation);
    const tx_node weight = tx_network_leaf(network, graph, layer->weight);
    const tx_node bias = layer->bias < 0 ? -1 : tx_network_leaf(network, graph, layer->bias);
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
    const double limit = 1 / sqrt((double)(weight->size / layer->out_channels));
    draw(network, layer->weight, random, keys[0], limit, values);
    if (layer->bias >= 0 && layer->zero_bias_init) {
        clear(network, layer->bias, random, values);
    } else if (layer->bias >= 0) {
        draw(network, layer->bias, random, keys[1], limit, values);
    }
}
