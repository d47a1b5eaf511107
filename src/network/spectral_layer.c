/* The spectral convolution: its modes, leaves, graph, initial values. */
#include "network/spectral_layer.h"

#include <stdio.h>
#include <string.h>

tx_status tx_spectral_layer_read(tx_spectral_layer *layer, const tx_section *section, const tx_shape *input, tx_error *error)
{
    const int64_t *list;
    const int count = tx_get_integers(section, "num_modes", &list), axes = input->axes;
    if (count != 1 && count != axes) {
        return tx_section_error(section, "num_modes", error, TX_INVALID,
                                "a number or a list of %d (one for each spatial axis), not of %d", axes, count);
    }
    *layer = (tx_spectral_layer){.axes = axes, .channels = input->channels, .out_channels = input->channels};
    for (int d = 0; d < axes; d++) {
        const int64_t points = input->n[d], most = d == axes - 1 ? points / 2 + 1 : points;
        layer->modes[d] = list[count == 1 ? 0 : d];
        if (layer->modes[d] > most) {
            return tx_section_error(section, "num_modes", error, TX_INVALID,
                                    "%lld points along axis %d have at most %lld modes, not %lld", (long long)points, d,
                                    (long long)most, (long long)layer->modes[d]);
        }
    }
    return TX_OK;
}

static tx_status declare_weights(const tx_spectral_layer *layer, tx_network *network, const char *prefix, const char *part,
                                 tx_error *error, int *leaf)
{
    char name[TX_LEAF_NAME];
    int64_t shape[TX_LEAF_RANK] = {(int64_t)1 << (layer->axes - 1), layer->out_channels, layer->channels};
    memcpy(shape + 3, layer->modes, (size_t)layer->axes * sizeof *shape);
    snprintf(name, sizeof name, "%s%s", prefix, part);
    return tx_network_add_leaf(network, name, 3 + layer->axes, shape, error, leaf);
}

tx_status tx_spectral_layer_declare(tx_spectral_layer *layer, tx_network *network, const char *prefix, tx_error *error)
{
    TX_TRY(declare_weights(layer, network, prefix, "weights_real", error, &layer->weights_real));
    return declare_weights(layer, network, prefix, "weights_imag", error, &layer->weights_imag);
}

tx_node tx_spectral_layer_apply(const tx_spectral_layer *layer, const tx_network *network, tx_graph *graph, tx_node x)
{
    const tx_node real = tx_network_leaf(network, graph, layer->weights_real);
    const tx_node imag = tx_network_leaf(network, graph, layer->weights_imag);
    return tx_spectral_convolve(graph, x, real, imag, layer->modes, layer->out_channels);
}

/* Normal draws, scaled as the original does: in the run's precision. */
static void draw(const tx_network *network, int index, tx_random random, tx_key key, double scale, void *values)
{
    const tx_leaf *leaf = &network->leaves[index];
    void *at = (char *)values + (size_t)leaf->offset * tx_real_bytes(random.precision);
    tx_random_normal(random, key, (size_t)leaf->size, at);
    for (int64_t k = 0; k < leaf->size; k++) {
        if (random.precision == TX_FLOAT32) {
            ((float *)at)[k] *= (float)scale;
        } else {
            ((double *)at)[k] *= scale;
        }
    }
}

void tx_spectral_layer_initialise(const tx_spectral_layer *layer, const tx_network *network, tx_random random, tx_key key,
                                  void *values)
{
    const double scale = 1 / (double)(layer->channels * layer->out_channels);
    tx_key parts[2];
    tx_key_split(random, key, 2, parts);
    draw(network, layer->weights_real, random, parts[0], scale, values);
    draw(network, layer->weights_imag, random, parts[1], scale, values);
}
