/* Networks of blocks in a row (PDEquinox's Sequential). Private to this room.
 *
 * A network class is these four, its create with the block that it fixes. From the section: num_spatial_dims, in_channels,
 * out_channels, hidden_channels (one number, or one more than blocks), num_blocks, activation, boundary_mode; of a network that
 * fixes nothing (block NULL) also lifting, blocks and projection. */
#pragma once

#include "network/block.h"

tx_status tx_sequential_create(tx_network *network, const tx_component *block, tx_error *error);
tx_node tx_sequential_apply(const tx_network *network, tx_graph *graph, tx_node x);
tx_status tx_sequential_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error);
void tx_sequential_destroy(tx_network *network);
