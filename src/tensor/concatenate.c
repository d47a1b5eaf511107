/* Tensors side by side in their channels; the cotangent of each is a part of the channels, a view. */
#include <string.h>

#include "tensor/graph.h"

tx_node tx_concatenate(tx_graph *graph, tx_node a, tx_node b)
{
    if (a < 0 || b < 0) {
        return tx_graph_fail(graph, "an operand of the tensor graph is missing");
    }
    const tx_shape sa = tx_node_shape(graph, a), sb = tx_node_shape(graph, b);
    tx_graph_node node;
    memset(&node, 0, sizeof node); /* compared bytewise */
    node.op = TX_OP_CONCATENATE;
    node.shape = sa;
    node.shape.channels = sb.channels;
    if (!tx_shape_equal(&node.shape, &sb)) {
        return tx_graph_fail(graph, "tensors with different points (%ld and %ld along the first axis) are concatenated",
                             (long)sa.n[0], (long)sb.n[0]);
    }
    node.shape.channels += sa.channels;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        node.input[k] = k == 0 ? a : k == 1 ? b : TX_NONE;
    }
    return tx_graph_append(graph, &node);
}

tx_node tx_channels(tx_graph *graph, tx_node x, int64_t first, int64_t count)
{
    tx_graph_node node;
    memset(&node, 0, sizeof node);
    node.op = TX_OP_CHANNELS;
    node.shape = tx_node_shape(graph, x);
    node.shape.channels = count;
    node.attributes.offset = first;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        node.input[k] = k ? TX_NONE : x;
    }
    return tx_graph_append(graph, &node);
}
