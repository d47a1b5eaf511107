/* Group norm: its builder and its adjoint. Of a sample's channels, cut into groups, each group is brought to mean 0 and
 * variance 1, then each channel is scaled and shifted. The statistics are a node of their own, as the adjoint reads them. */
#include <string.h>

#include "tensor/graph.h"

static tx_graph_node new_node(tx_op op, tx_shape shape, int groups)
{
    tx_graph_node node;
    memset(&node, 0, sizeof node);
    node.op = op;
    node.shape = shape;
    node.attributes.convolution.groups = groups;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        node.input[k] = TX_NONE;
    }
    return node;
}

static bool is_channel_parameter(const tx_graph *graph, tx_node node, int64_t channels)
{
    const tx_graph_node *parameter = node >= 0 ? tx_graph_at(graph, node) : NULL;
    return parameter && (parameter->op == TX_OP_PARAMETER || parameter->op == TX_OP_CONSTANT) && parameter->attributes.size == channels;
}

tx_node tx_group_norm(tx_graph *graph, tx_node x, int64_t groups, double eps, tx_node weight, tx_node bias)
{
    if (x < 0) {
        return tx_graph_fail(graph, "an operand of the tensor graph is missing");
    }
    const tx_shape shape = tx_node_shape(graph, x);
    if (groups < 1 || shape.channels % groups) {
        return tx_graph_fail(graph, "%ld groups do not divide %ld channels", (long)groups, (long)shape.channels);
    }
    if (!is_channel_parameter(graph, weight, shape.channels) || !is_channel_parameter(graph, bias, shape.channels)) {
        return tx_graph_fail(graph, "a group norm of %ld channels needs as many weights and biases", (long)shape.channels);
    }
    tx_graph_node statistics = new_node(TX_OP_GROUP_STATISTICS, (tx_shape){.channels = 2 * groups}, (int)groups);
    statistics.input[0] = x;
    statistics.attributes.alpha = eps;
    tx_graph_node norm = new_node(TX_OP_GROUP_NORM, shape, (int)groups);
    norm.input[0] = x;
    norm.input[1] = tx_graph_append(graph, &statistics);
    norm.input[2] = weight;
    norm.input[3] = bias;
    return tx_graph_append(graph, &norm);
}

/* d bias and d weight are sums over the samples of the moments' two halves. */
static void append_effect(tx_graph *graph, tx_node moments, tx_node parameter, int64_t first)
{
    const tx_graph_node *target = tx_graph_at(graph, parameter);
    if (target->op == TX_OP_PARAMETER) {
        tx_graph_node effect = new_node(TX_OP_BIAS_GRADIENT, tx_node_shape(graph, moments), 0);
        effect.input[0] = moments;
        effect.attributes.offset = target->attributes.offset;
        effect.attributes.size = target->attributes.size;
        effect.attributes.mode = first;
        tx_graph_append(graph, &effect);
    }
}

tx_node tx_group_norm_derive(tx_graph *graph, const tx_graph_node *norm, tx_node dy, bool wants_x)
{
    const int groups = norm->attributes.convolution.groups;
    const int64_t channels = norm->shape.channels;
    tx_graph_node moments = new_node(TX_OP_GROUP_MOMENTS, (tx_shape){.channels = 2 * channels}, groups);
    moments.input[0] = dy;
    moments.input[1] = norm->input[0];
    moments.input[2] = norm->input[1];
    tx_graph_node pull = new_node(TX_OP_GROUP_PULL, (tx_shape){.channels = 4 * (int64_t)groups}, groups);
    pull.input[0] = tx_graph_append(graph, &moments);
    append_effect(graph, pull.input[0], norm->input[3], 0);
    append_effect(graph, pull.input[0], norm->input[2], channels);
    if (!wants_x) {
        return TX_NONE;
    }
    pull.input[1] = norm->input[1];
    pull.input[2] = norm->input[2];
    pull.attributes.alpha = 1 / (double)(channels / groups * tx_shape_points(&norm->shape));
    tx_graph_node gradient = new_node(TX_OP_GROUP_NORM_GRADIENT, norm->shape, groups);
    gradient.input[0] = dy;
    gradient.input[1] = norm->input[0];
    gradient.input[2] = tx_graph_append(graph, &pull);
    gradient.input[3] = norm->input[2];
    return tx_graph_append(graph, &gradient);
}
