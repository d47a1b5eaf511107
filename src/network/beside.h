/* What a network is given of what stands beside the trajectory. Private to this room. */
#pragma once

#include "trainax/network.h"

/* The channels of nodes, one after the other. */
tx_node tx_network_join(tx_graph *graph, const tx_node *nodes, int count);
/* The channels behind those of the levels; TX_NONE: there are none. */
tx_node tx_network_conditions(const tx_network *network, tx_graph *graph);
/* next inside the whole network's mask, newest outside of it. */
tx_node tx_network_inside_mask(const tx_network *network, tx_graph *graph, tx_node newest, tx_node next);
