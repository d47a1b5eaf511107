/* What networks of blocks are made of (PDEquinox's Sequential): a lifting layer, blocks, a projection. Private to this room.
 *
 * A block maps in_channels to out_channels on the same points. It is one row of functions; none knows another. */
#pragma once

#include "network/layer.h"

/* Group norm with a weight and a bias a channel (equinox.nn.GroupNorm); without use_norm the identity, which has no leaves. */
typedef struct tx_norm {
    bool use;
    int64_t channels, groups;
    int weight, bias; /* the leaves */
} tx_norm;
tx_status tx_norm_declare(tx_norm *norm, tx_network *network, const char *prefix, tx_error *error);
tx_node tx_norm_apply(const tx_norm *norm, const tx_network *network, tx_graph *graph, tx_node x);
void tx_norm_initialise(const tx_norm *norm, const tx_network *network, tx_random random, void *values); /* ones, zeros */

/* What a network tells its blocks. */
typedef struct tx_block_plan {
    int axes;
    int64_t in_channels, out_channels, kernel_size, num_groups;
    tx_activation activation;
    tx_padding_mode mode;
    bool use_norm, use_bias, zero_bias_init;
    const int64_t *dilation_rates; /* of the blocks that have them */
    int num_dilation_rates;
    const int64_t *num_modes; /* of the spectral blocks, one an axis */
} tx_block_plan;

/* PDEquinox's PhysicsConv (as many points as before; the odd cell of an even kernel is padded at the end) and its
 * PointwiseLinearConv, of a plan's channels. */
tx_layer tx_physics_conv(const tx_block_plan *plan, int64_t dilation);
tx_layer tx_pointwise_conv(const tx_block_plan *plan, bool use_bias);
tx_padding_mode tx_boundary_mode(const tx_section *section); /* of the option boundary_mode */

typedef struct tx_block_class {
    /* Declares the leaves, PREFIX…, in Equinox's order; *out: one tx_allocate, freed by the network. */
    tx_status (*create)(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out);
    tx_node (*apply)(const void *block, const tx_network *network, tx_graph *graph, tx_node x);
    void (*initialise)(const void *block, const tx_network *network, tx_random random, tx_key key, void *values);
} tx_block_class;
extern const tx_block_class tx_block_classic_spectral, tx_block_classic_res, tx_block_modern_res, tx_block_dilated_res,
    tx_block_double_conv;

/* A network of this kind from its section's num_spatial_dims, in_channels, out_channels, hidden_channels (one number, or one
 * more than blocks), num_blocks, activation, boundary_mode. plan: what is left, the rest of it is filled in. Sets
 * network->state. */
tx_status tx_sequential_create(tx_network *network, const tx_block_class *block, const tx_block_plan *plan, tx_error *error);
tx_node tx_sequential_apply(const tx_network *network, tx_graph *graph, tx_node x);
tx_status tx_sequential_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error);
void tx_sequential_destroy(tx_network *network);
