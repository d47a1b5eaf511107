/* Graphs as plain numbers, and back: what of a network goes into a C program (trainax/exported.h). */
#pragma once

#include "trainax/exported.h"
#include "trainax/tensor.h"

/* The nodes of a graph and its constants, for `nodes`, `num_nodes`, `constants` and `num_constants` of *out, which are one
 * tx_allocate each. TX_INVALID: it calls a user's function, which cannot go along. */
tx_status tx_graph_export(const tx_graph *graph, tx_error *error, tx_exported *out);
/* The graph of such a list. TX_INVALID: it is of another version, or no list that was made so. */
tx_status tx_graph_import(const tx_exported *exported, tx_error *error, tx_graph **out);
