/* What networks are made of: affine layers and chains of them. Private to this room. */
#pragma once

#include "trainax/network.h"

/* A convolution with its padding (equinox.nn.Conv); without spatial axes a dense layer (equinox.nn.Linear), which is the same
 * arithmetic and the same initialisation with an empty kernel. Transposed, it is PDEquinox's (MorePaddingConvTranspose): low and
 * high are the padding of the convolution that it goes back from. */
typedef struct tx_layer {
    int axes;
    int64_t in_channels, out_channels, groups;
    int64_t kernel[TX_MAX_AXES], dilation[TX_MAX_AXES];
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES]; /* cells of padding before and after */
    int64_t stride[TX_MAX_AXES];                 /* 0 means 1 */
    bool transposed;
    int64_t output_padding; /* of a transposed one: more cells at the end of every axis */
    tx_padding_mode mode;
    bool use_bias, zero_bias_init;
    int weight, bias; /* the leaves; bias -1: none */
} tx_layer;

/* Leaves PREFIXweight (C_out, C_in / groups, *K) and PREFIXbias (C_out, 1, …). */
tx_status tx_layer_declare(tx_layer *layer, tx_network *network, const char *prefix, tx_error *error);
tx_node tx_layer_apply(const tx_layer *layer, const tx_network *network, tx_graph *graph, tx_node x);
void tx_layer_initialise(const tx_layer *layer, const tx_network *network, tx_random random, tx_key key, void *values);

/* For classes of networks that are one layer, which is their state. */
tx_node tx_lone_layer_apply(const tx_network *network, tx_graph *graph, tx_node x);
tx_status tx_lone_layer_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error);

/* Layers one after the other with activations between them: depth hidden layers, depth + 1 layers in all. */
typedef struct tx_chain {
    int64_t depth;
    tx_activation activation, final_activation;
    tx_layer layers[]; /* depth + 1 */
} tx_chain;

/* What differs between the chains that networks ask for. */
typedef struct tx_chain_plan {
    const char *prefix; /* of the leaves: "flat_mlp." */
    tx_layer hidden;    /* the layer between hidden channels: all but its channels and use_bias counts */
    int64_t in_channels, hidden_channels, out_channels, depth;
    bool use_bias, use_final_bias;
} tx_chain_plan;
/* Declares the leaves PREFIXlayers.I.weight|bias. The activations are read from the section's options. */
tx_status tx_chain_create(const tx_chain_plan *plan, tx_network *network, tx_error *error, tx_chain **out);
tx_node tx_chain_apply(const tx_chain *chain, const tx_network *network, tx_graph *graph, tx_node x);
/* Layer i draws from split(key, depth + 1)[i]. */
void tx_chain_initialise(const tx_chain *chain, const tx_network *network, tx_random random, tx_key key, void *values);

/* That a network has not more of what `option` counts than fits any machine: before there is memory for them. */
tx_status tx_network_check_count(const tx_network *network, const char *option, int64_t count, tx_error *error);
/* The three checks below for num_spatial_dims, in_channels and out_channels, of those that are not null. */
tx_status tx_network_check_state(const tx_network *network, tx_error *error);
/* For networks of convolutions: are there spatial axes at all? */
tx_status tx_network_check_spatial(const tx_network *network, tx_error *error);
/* Does the network fit the states of the data, and keep their shape? TX_INVALID at the place of `option`. */
tx_status tx_network_check_axes(const tx_network *network, const char *option, int64_t axes, tx_error *error);
tx_status tx_network_check_input(const tx_network *network, const char *option, int64_t channels, tx_error *error);
tx_status tx_network_check_output(const tx_network *network, const char *option, int64_t channels, tx_error *error);
