/* PDEquinox's spectral convolution: the lowest wavenumbers, each times a complex matrix of
 * its own. */
#pragma once

#include "trainax/network.h"

typedef struct tx_spectral_layer {
    int axes;
    int64_t channels, out_channels, modes[TX_MAX_AXES];
    int weights_real, weights_imag; /* the leaves */
} tx_spectral_layer;

/* For states of this shape, with the option num_modes of `section`: one number for all axes, or one for each, no more than
 * there are; as many channels after as before. TX_INVALID at its place. */
tx_status tx_spectral_layer_read(tx_spectral_layer *layer, const tx_section *section, const tx_shape *input, tx_error *error);
/* Leaves PREFIXweights_real and PREFIXweights_imag (2^(axes - 1), C_out, C, *modes). */
tx_status tx_spectral_layer_declare(tx_spectral_layer *layer, tx_network *network, const char *prefix, tx_error *error);
tx_node tx_spectral_layer_apply(const tx_spectral_layer *layer, const tx_network *network, tx_graph *graph, tx_node x);
void tx_spectral_layer_initialise(const tx_spectral_layer *layer, const tx_network *network, tx_random random, tx_key key,
                                  void *values);
