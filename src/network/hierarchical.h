/* U-nets (PDEquinox's Hierarchical). Private to this room. */
#pragma once

#include "network/block.h"

/* A lifting block; levels, each half as fine as the one before: a strided convolution, then the blocks of the left arc; back
 * up a transposed convolution, the skip concatenated before its result, and the blocks of the right arc; a projection. From the
 * section's num_spatial_dims, in_channels, out_channels, hidden_channels (of the finest level), num_levels, activation,
 * boundary_mode and, where num_blocks and channel_multipliers are given, these. plan: what is left. Sets network->state. */
typedef struct tx_hierarchical_plan {
    const tx_block_class *block;
    tx_block_plan plan;                 /* its axes, channels, activation and mode are filled in */
    int64_t num_blocks;                 /* of each level and arc */
    const int64_t *channel_multipliers; /* one a level; NULL: 2, 4, 8, … */
} tx_hierarchical_plan;
tx_status tx_hierarchical_create(tx_network *network, const tx_hierarchical_plan *plan, tx_error *error);
tx_node tx_hierarchical_apply(const tx_network *network, tx_graph *graph, tx_node x);
tx_status tx_hierarchical_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error);
void tx_hierarchical_destroy(tx_network *network);
