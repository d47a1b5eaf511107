/* Trading time for memory: parts of a fused graph are computed again just before their adjoints, instead of being kept.
 * What is computed, and from what, stays the same: so do the bits. Private to this room. */
#pragma once

#include "tensor/graph.h"

/* What repeating has to know of a fused graph: to which step of the rollout each node belongs, and which values one step
 * hands to later ones. A step is what was built between two calls of tx_next_step; its boundary is its beginning. */
typedef struct tx_steps {
    const tx_graph *graph;
    int seed;          /* the first node of the adjoint part; TX_NONE: there is none, nothing to repeat */
    int count;         /* steps, numbered 0 … */
    int *step;         /* of each node; in the adjoint part they fall from node to node */
    int *last;         /* of a forward node: the last step, forward or adjoint, that reads it */
    tx_node *crossing; /* the forward nodes that a later step reads, in order; without inputs and lane scalars */
    int num_crossing;
} tx_steps;

tx_status tx_steps_create(const tx_graph *graph, tx_error *error, tx_steps *out);
void tx_steps_destroy(tx_steps *steps); /* takes a zeroed one */

/* The steps from `kept` on keep all that they compute until their adjoint. Of those before, at most `slots` boundaries
 * (what steps from there on need of earlier ones) are kept at a time; all else is computed again from the nearest one
 * (Griewank & Walther, Algorithm 799: revolve: the fewest repetitions for so many slots). kept = 0: nothing is repeated. */
typedef struct tx_keeping {
    int kept, slots;
} tx_keeping;

/* The graph with its repetitions, in the order in which it is to run. */
typedef struct tx_repeated {
    tx_graph *graph;
    int *origin;      /* of each node: the node of the fused graph that it is (again) */
    tx_node *outputs; /* the fused graph's in new numbers */
} tx_repeated;
tx_status tx_steps_repeat(const tx_steps *steps, tx_keeping keeping, const tx_node *outputs, int num_outputs, tx_error *error,
                          tx_repeated *out);
void tx_repeated_destroy(tx_repeated *repeated); /* takes a zeroed one */

/* Most often that any step is run, when `slots` boundaries are kept of `steps` steps. */
int tx_steps_runs(int steps, int slots);
