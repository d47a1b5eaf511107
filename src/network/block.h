/* What sequential and hierarchical networks are made of. Private to this room.
 *
 * A block is a component of kind `block`: a map of a state to one with other channels, mostly on the same points. Its class is
 * one row of functions, its options are those of PDEquinox's block; none knows another. The networks call every block in the
 * same way, so that any block can stand in any slot whose points it gives. */
#pragma once

#include "network/layer.h"

/* Which block, and its options (PDEquinox's BlockFactory). Where a network has fixed the block (classic_res_net), section is the
 * network's own: an option that both have (use_norm) is read there, the others are at the block's defaults. */
typedef struct tx_block_factory {
    const tx_component *component;
    const tx_section *section;
} tx_block_factory;
/* What the option of a network's section says, or `fixed` where it has no such option. */
tx_block_factory tx_block_slot(const tx_section *section, const char *option, const tx_component *fixed);
int64_t tx_block_integer(const tx_block_factory *factory, const char *option);
bool tx_block_switch(const tx_block_factory *factory, const char *option);

/* What a network tells a block. */
typedef struct tx_block_plan {
    tx_block_factory factory;
    tx_shape input; /* of the states that it gets */
    int64_t out_channels;
    tx_activation activation;
    tx_padding_mode mode;
} tx_block_plan;
/* For the network's states, with the activation and boundary_mode of its section: what all its blocks are told alike. */
tx_block_plan tx_block_plan_of(const tx_network *network);

typedef struct tx_block_class { /* a block component's `implementation` */
    /* Declares the leaves, PREFIX…, in Equinox's order; *out: one tx_allocate, freed by the network, also after a failure. */
    tx_status (*create)(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out);
    tx_node (*apply)(const void *state, const tx_network *network, tx_graph *graph, tx_node x);
    void (*initialise)(const void *state, const tx_network *network, tx_random random, tx_key key, void *values);
    int64_t (*points)(const tx_block_factory *factory, int64_t n); /* along an axis that had n; NULL: as many */
} tx_block_class;

typedef struct tx_block {
    const tx_block_class *class_;
    void *state;
} tx_block;
tx_status tx_block_create(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, tx_block *out);
void tx_block_destroy(tx_block *block); /* of zeros: nothing */
tx_shape tx_block_output(const tx_block_plan *plan);
tx_node tx_block_apply(const tx_block *block, const tx_network *network, tx_graph *graph, tx_node x);
void tx_block_initialise(const tx_block *block, const tx_network *network, tx_random random, tx_key key, void *values);

/* PDEquinox's PhysicsConv (as many points as before; the odd cell of an even kernel is padded at the end) to out_channels, of the
 * options kernel_size, use_bias, zero_bias_init; and its PointwiseLinearConv from the plan's channels. */
tx_layer tx_physics_conv(const tx_block_plan *plan, int64_t in_channels, int64_t dilation);
tx_layer tx_pointwise_conv(const tx_block_plan *plan, bool use_bias);

/* Group norm with a weight and a bias a channel (equinox.nn.GroupNorm), of the options use_norm, num_groups; without use_norm
 * the identity, which has no leaves. */
typedef struct tx_norm {
    bool use;
    int64_t channels, groups;
    int weight, bias; /* the leaves */
} tx_norm;
tx_norm tx_norm_of(const tx_block_plan *plan, int64_t channels);
tx_status tx_norm_declare(tx_norm *norm, const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error);
tx_node tx_norm_apply(const tx_norm *norm, const tx_network *network, tx_graph *graph, tx_node x);
void tx_norm_initialise(const tx_norm *norm, const tx_network *network, tx_random random, void *values); /* ones, zeros */

/* Those that networks fix. */
extern const tx_component tx_block_classic_double_conv_block, tx_block_classic_res_block, tx_block_classic_spectral_block,
    tx_block_dilated_res_block, tx_block_linear_channel_adjust_block, tx_block_linear_conv_down_block,
    tx_block_linear_conv_up_block, tx_block_modern_res_block;
