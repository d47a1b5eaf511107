/* The levels that a rollout goes on from. */
#include <string.h>

#include "tensor/graph.h"

void tx_past_begin(tx_past *past, tx_graph *graph, tx_shape state, int count)
{
    past->count = count;
    for (int k = 0; k < count; k++) {
        past->level[k] = tx_window(graph, k, state);
    }
}

void tx_past_push(tx_past *past, tx_node next)
{
    memmove(past->level, past->level + 1, (size_t)(past->count - 1) * sizeof *past->level);
    past->level[past->count - 1] = next;
}
