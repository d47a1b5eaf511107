/* The public builders: each checks shapes and appends one node. */
#include <string.h>

#include "base/memory.h"
#include "tensor/graph.h"

/* A node like `like` in shape, with up to two inputs; the caller fills in the rest. */
static tx_graph_node new_node(tx_op op, tx_shape shape, tx_node a, tx_node b)
{
    tx_graph_node node;
    memset(&node, 0, sizeof node); /* padding bytes too: nodes are compared bytewise */
    node.op = op;
    node.shape = shape;
    node.input[0] = a;
    node.input[1] = b;
    node.input[2] = node.input[3] = node.input[4] = TX_NONE;
    return node;
}

static bool valid(tx_graph *graph, tx_node a, tx_node b)
{
    if (a < 0 || b < 0) {
        tx_graph_fail(graph, "an operand of the tensor graph is missing");
    }
    return !graph->error.status;
}

static const tx_shape lane = {.channels = 1};

tx_node tx_window(tx_graph *graph, int level, tx_shape shape)
{
    tx_graph_node node = new_node(TX_OP_WINDOW, shape, TX_NONE, TX_NONE);
    node.attributes.offset = level;
    return tx_graph_append(graph, &node);
}

tx_node tx_batch_size(tx_graph *graph)
{
    const tx_graph_node node = new_node(TX_OP_BATCH_SIZE, lane, TX_NONE, TX_NONE);
    return tx_graph_append(graph, &node);
}

tx_node tx_parameter(tx_graph *graph, int64_t offset, int64_t size)
{
    tx_graph_node node = new_node(TX_OP_PARAMETER, (tx_shape){.channels = size}, TX_NONE, TX_NONE);
    node.attributes.offset = offset;
    node.attributes.size = size;
    return tx_graph_append(graph, &node);
}

tx_node tx_constant(tx_graph *graph, const double *values, int64_t size)
{
    tx_graph_node node = new_node(TX_OP_CONSTANT, (tx_shape){.channels = size}, TX_NONE, TX_NONE);
    for (int n = 0; n < graph->count; n++) {
        const tx_attributes *a = &graph->nodes[n].attributes;
        if (graph->nodes[n].op == TX_OP_CONSTANT && a->size == size &&
            !memcmp(graph->constants + a->offset, values, (size_t)size * sizeof *values)) {
            return n;
        }
    }
    node.attributes.offset = (int64_t)graph->num_constants;
    node.attributes.size = size;
    if (graph->error.status || tx_reserve(graph->num_constants + (size_t)size, sizeof *values, &graph->constant_capacity, &graph->error,
                                          &graph->constants)) {
        return TX_NONE;
    }
    memcpy(graph->constants + graph->num_constants, values, (size_t)size * sizeof *values);
    graph->num_constants += (size_t)size;
    return tx_graph_append(graph, &node);
}

tx_node tx_pad(tx_graph *graph, tx_node x, tx_padding_mode mode, const int64_t *low, const int64_t *high)
{
    if (!valid(graph, x, x)) {
        return TX_NONE;
    }
    tx_graph_node node = new_node(TX_OP_PAD, tx_node_shape(graph, x), x, TX_NONE);
    bool any = false;
    for (int d = 0; d < node.shape.axes; d++) {
        if (low[d] < 0 || high[d] < 0) {
            return tx_graph_fail(graph, "padding must not be negative");
        }
        any |= low[d] + high[d] > 0;
        node.shape.n[d] += low[d] + high[d];
        node.attributes.low[d] = low[d];
        node.attributes.high[d] = high[d];
    }
    node.attributes.mode = mode;
    return any ? tx_graph_append(graph, &node) : x;
}

tx_node tx_convolution_append(tx_graph *graph, tx_graph_node *node, const tx_convolution *convolution, int64_t in_channels)
{
    const int64_t groups = convolution->groups > 1 ? convolution->groups : 1;
    tx_convolution *own = &node->attributes.convolution;
    if (in_channels % groups || convolution->out_channels % groups) {
        return tx_graph_fail(graph, "%ld groups do not divide %ld input and %ld output channels", (long)groups, (long)in_channels,
                             (long)convolution->out_channels);
    }
    int64_t size = in_channels / groups * convolution->out_channels;
    node->shape.channels = own->out_channels = convolution->out_channels;
    own->groups = (int)groups;
    for (int d = 0; d < node->shape.axes; d++) {
        own->kernel[d] = convolution->kernel[d];
        own->dilation[d] = convolution->dilation[d];
        own->stride[d] = convolution->stride[d] > 1 ? convolution->stride[d] : 0;
        size *= convolution->kernel[d];
    }
    const tx_graph_node *w = tx_graph_at(graph, node->input[1]);
    if ((w->op != TX_OP_PARAMETER && w->op != TX_OP_CONSTANT) || w->attributes.size != size) {
        return tx_graph_fail(graph, "a convolution needs %ld weights", (long)size);
    }
    return tx_graph_append(graph, node);
}

tx_node tx_convolve(tx_graph *graph, tx_node x, const tx_convolution *convolution, tx_node weight, tx_node bias)
{
    if (!valid(graph, x, weight)) {
        return TX_NONE;
    }
    tx_graph_node node = new_node(TX_OP_CONV, tx_node_shape(graph, x), x, weight);
    const int64_t in_channels = node.shape.channels;
    for (int d = 0; d < node.shape.axes; d++) {
        const int64_t reach = (convolution->kernel[d] - 1) * convolution->dilation[d];
        if (node.shape.n[d] <= reach) {
            return tx_graph_fail(graph, "a kernel that spans %ld points does not fit on %ld padded points", (long)reach + 1,
                                 (long)node.shape.n[d]);
        }
        node.shape.n[d] = (node.shape.n[d] - reach - 1) / (convolution->stride[d] > 1 ? convolution->stride[d] : 1) + 1;
    }
    node.input[2] = bias;
    return tx_convolution_append(graph, &node, convolution, in_channels);
}

tx_node tx_activate(tx_graph *graph, tx_node x, tx_activation activation)
{
    if (!valid(graph, x, x) || activation == TX_IDENTITY) {
        return x;
    }
    tx_graph_node node = new_node(TX_OP_ACTIVATE, tx_node_shape(graph, x), x, TX_NONE);
    node.attributes.mode = activation;
    return tx_graph_append(graph, &node);
}

static tx_node binary(tx_graph *graph, tx_op op, tx_shape shape, tx_node a, tx_node b, double alpha, double beta)
{
    if (!valid(graph, a, b)) {
        return TX_NONE;
    }
    const tx_shape sa = tx_node_shape(graph, a), sb = tx_node_shape(graph, b);
    if (!tx_shape_equal(&sa, &sb)) {
        return tx_graph_fail(graph, "two tensors of different shapes (%ld and %ld channels, %d and %d axes) are combined",
                             (long)sa.channels, (long)sb.channels, sa.axes, sb.axes);
    }
    tx_graph_node node = new_node(op, shape.channels ? shape : sa, a, b);
    node.attributes.alpha = alpha;
    node.attributes.beta = beta;
    return tx_graph_append(graph, &node);
}

tx_node tx_add(tx_graph *graph, tx_node a, tx_node b) { return binary(graph, TX_OP_ADD, (tx_shape){0}, a, b, 1, 1); }
tx_node tx_subtract(tx_graph *graph, tx_node a, tx_node b) { return binary(graph, TX_OP_ADD, (tx_shape){0}, a, b, 1, -1); }
tx_node tx_square_error(tx_graph *graph, tx_node x, tx_node y) { return binary(graph, TX_OP_SQUARE_ERROR, lane, x, y, 1, 0); }
tx_node tx_sum_square(tx_graph *graph, tx_node x) { return binary(graph, TX_OP_DOT, lane, x, x, 1, 0); }

tx_node tx_multiply(tx_graph *graph, tx_node a, tx_node b)
{
    const tx_shape sa = tx_node_shape(graph, a), sb = tx_node_shape(graph, b);
    if (!valid(graph, a, b) || !tx_shape_is_lane(&sb) || tx_shape_is_lane(&sa)) {
        return binary(graph, TX_OP_MULTIPLY, (tx_shape){0}, a, b, 0, 0);
    }
    tx_graph_node node = new_node(TX_OP_LANE_SCALE, sa, a, b);
    node.attributes.alpha = 1;
    return tx_graph_append(graph, &node);
}

static tx_node unary(tx_graph *graph, tx_op op, tx_shape shape, tx_node x, double alpha)
{
    if (!valid(graph, x, x)) {
        return TX_NONE;
    }
    tx_graph_node node = new_node(op, shape.channels ? shape : tx_node_shape(graph, x), x, TX_NONE);
    node.attributes.alpha = alpha;
    return tx_graph_append(graph, &node);
}

tx_node tx_scale(tx_graph *graph, tx_node x, double factor)
{
    return factor == 1 ? x : unary(graph, TX_OP_SCALE, (tx_shape){0}, x, factor);
}

tx_node tx_power(tx_graph *graph, tx_node x, double exponent) { return unary(graph, TX_OP_POWER, (tx_shape){0}, x, exponent); }
tx_node tx_sum(tx_graph *graph, tx_node x) { return unary(graph, TX_OP_SUM, lane, x, 1); }
tx_node tx_stop_gradient(tx_graph *graph, tx_node x) { return unary(graph, TX_OP_STOP, (tx_shape){0}, x, 0); }

tx_node tx_flatten(tx_graph *graph, tx_node x)
{
    const tx_shape shape = tx_node_shape(graph, x);
    return shape.axes ? unary(graph, TX_OP_FLATTEN, (tx_shape){.channels = shape.channels * tx_shape_points(&shape)}, x, 0) : x;
}

tx_node tx_unflatten(tx_graph *graph, tx_node x, tx_shape shape)
{
    const tx_shape flat = tx_node_shape(graph, x);
    if (x >= 0 && (flat.axes || flat.channels != shape.channels * tx_shape_points(&shape))) {
        return tx_graph_fail(graph, "%ld numbers cannot be reshaped to %ld channels of %ld points", (long)flat.channels,
                             (long)shape.channels, (long)tx_shape_points(&shape));
    }
    return shape.axes ? unary(graph, TX_OP_UNFLATTEN, shape, x, 0) : x;
}

tx_node tx_call(tx_graph *graph, tx_node x, tx_shape shape, const tx_function *function)
{
    if (!valid(graph, x, x)) {
        return TX_NONE;
    }
    tx_graph_node node = new_node(TX_OP_CALL, shape, x, TX_NONE);
    node.attributes.function = function;
    return tx_graph_append(graph, &node);
}
