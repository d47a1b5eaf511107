/* U-nets (PDEquinox's Hierarchical). Private to this room.
 *
 * A lifting; levels, each coarser than the one before: a block that goes down, then the blocks of the left arc; back up a block,
 * the skip concatenated before its result, and the blocks of the right arc; a projection.
 *
 * A network class is these four, its create with the block of lifting and arcs that it fixes. From the section:
 * num_spatial_dims, in_channels, out_channels, hidden_channels (of the finest level), num_levels, activation, boundary_mode, and
 * where it has them num_blocks (else 1), channel_multipliers, reduction_factor (else 2); of a network that fixes nothing (block
 * NULL) also the six blocks. */
#pragma once

#include "network/block.h"

tx_status tx_hierarchical_create(tx_network *network, const tx_component *block, tx_error *error);
tx_node tx_hierarchical_apply(const tx_network *network, tx_graph *graph, tx_node x);
tx_status tx_hierarchical_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error);
void tx_hierarchical_destroy(tx_network *network);
