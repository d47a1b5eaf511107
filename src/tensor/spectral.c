/* Spectral convolutions as nodes: transform, product in the modes, transform back. Apart, so that a state is transformed once
 * for all that read it, and its transform serves the weights' gradient too; and adjoints are nodes of the same kinds. */
#include <string.h>

#include "tensor/graph.h"

static tx_graph_node make(tx_op op, tx_shape shape, const tx_convolution *modes, tx_node x)
{
    tx_graph_node node;
    memset(&node, 0, sizeof node); /* compared bytewise */
    node.op = op;
    node.shape = shape;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        node.input[k] = k ? TX_NONE : x;
    }
    node.attributes.convolution.groups = modes->groups;
    memcpy(node.attributes.convolution.kernel, modes->kernel, sizeof modes->kernel);
    return node;
}

/* Real and imaginary parts of all modes of all groups. */
static tx_shape modes_shape(const tx_convolution *modes, int axes, int64_t channels)
{
    tx_shape shape = {.channels = 2 * modes->groups * channels, .axes = 1, .n = {1}};
    for (int d = 0; d < axes; d++) {
        shape.n[0] *= modes->kernel[d];
    }
    return shape;
}

static tx_node analyse(tx_graph *graph, tx_node x, const tx_convolution *modes, bool weighted)
{
    const tx_shape shape = tx_node_shape(graph, x);
    tx_graph_node node = make(TX_OP_SPECTRAL_ANALYSE, modes_shape(modes, shape.axes, shape.channels), modes, x);
    node.attributes.mode = weighted;
    return tx_graph_append(graph, &node);
}

/* To a tensor of as many points as `like`. */
static tx_node synthesise(tx_graph *graph, tx_node x, const tx_convolution *modes, const tx_shape *like, bool weighted)
{
    tx_shape shape = *like;
    shape.channels = tx_node_shape(graph, x).channels / (2 * modes->groups);
    tx_graph_node node = make(TX_OP_SPECTRAL_SYNTHESISE, shape, modes, x);
    node.attributes.mode = weighted;
    return tx_graph_append(graph, &node);
}

static tx_node multiply(tx_graph *graph, tx_node x, const tx_convolution *modes, tx_node real, tx_node imaginary, int64_t channels,
                        bool adjoint)
{
    tx_shape shape = tx_node_shape(graph, x);
    shape.channels = 2 * modes->groups * channels;
    tx_graph_node node = make(TX_OP_SPECTRAL_MULTIPLY, shape, modes, x);
    node.input[1] = real;
    node.input[2] = imaginary;
    node.attributes.flip = adjoint;
    return tx_graph_append(graph, &node);
}

static bool is_weight(const tx_graph *graph, tx_node node, int64_t size)
{
    const tx_graph_node *w = tx_graph_at(graph, node);
    return (w->op == TX_OP_PARAMETER || w->op == TX_OP_CONSTANT) && w->attributes.size == size;
}

static bool check_modes(tx_graph *graph, const tx_shape *shape, const int64_t *modes)
{
    for (int d = 0; d < shape->axes; d++) {
        const int64_t most = d == shape->axes - 1 ? shape->n[d] / 2 + 1 : shape->n[d];
        if (modes[d] < 1 || modes[d] > most) {
            tx_graph_fail(graph, "%ld modes along axis %d, which has %ld points: at least 1, at most %ld", (long)modes[d], d,
                          (long)shape->n[d], (long)most);
            return false;
        }
    }
    if (!shape->axes) {
        tx_graph_fail(graph, "a spectral convolution needs a spatial axis");
    }
    return shape->axes > 0;
}

tx_node tx_spectral_convolve(tx_graph *graph, tx_node x, tx_node weight_real, tx_node weight_imag, const int64_t *modes,
                             int64_t out_channels)
{
    if (graph->error.status || x < 0 || weight_real < 0 || weight_imag < 0) {
        return tx_graph_fail(graph, "an operand of the tensor graph is missing");
    }
    const tx_shape shape = tx_node_shape(graph, x);
    if (!check_modes(graph, &shape, modes)) {
        return TX_NONE;
    }
    tx_convolution kept = {.groups = 1 << (shape.axes - 1)};
    memcpy(kept.kernel, modes, (size_t)shape.axes * sizeof *modes);
    const int64_t size = modes_shape(&kept, shape.axes, shape.channels).n[0] * kept.groups * shape.channels * out_channels;
    if (!is_weight(graph, weight_real, size) || !is_weight(graph, weight_imag, size)) {
        return tx_graph_fail(graph, "a spectral convolution needs %ld weights", (long)size);
    }
    const tx_node spectrum = multiply(graph, analyse(graph, x, &kept, false), &kept, weight_real, weight_imag, out_channels, false);
    return synthesise(graph, spectrum, &kept, &shape, true);
}

tx_node tx_spectral_derive(tx_graph *graph, const tx_graph_node *node, tx_node dy)
{
    const tx_convolution modes = node->attributes.convolution;
    const bool weighted = node->attributes.mode != 0;
    const tx_shape shape = tx_node_shape(graph, node->input[0]);
    switch (node->op) {
    case TX_OP_SPECTRAL_ANALYSE:
        return synthesise(graph, dy, &modes, &shape, weighted);
    case TX_OP_SPECTRAL_SYNTHESISE:
        return analyse(graph, dy, &modes, weighted);
    default:
        return multiply(graph, dy, &modes, node->input[1], node->input[2], shape.channels / (2 * modes.groups),
                        !node->attributes.flip);
    }
}

tx_graph_node tx_spectral_weights(const tx_graph_node *product, tx_node dy, bool imaginary)
{
    tx_graph_node node = make(TX_OP_SPECTRAL_WEIGHTS, product->shape, &product->attributes.convolution, product->input[0]);
    node.input[1] = dy;
    node.attributes.mode = imaginary;
    return node;
}
