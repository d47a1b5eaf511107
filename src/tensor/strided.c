/* Convolutions with a stride, transposed or not.
 *
 * In a graph they stand as their formulas say: a plain one reads x at stride * p + shift + t * dilation, a transposed one at
 * (p + shift + t * dilation) / stride where that is whole; each is the other's adjoint. No kernel has a stride: before planning,
 * the finer side becomes phases (SPLIT, JOIN), between which and the coarser side a convolution is a plain one. */
#include <string.h>

#include "tensor/graph.h"

static int64_t stride_of(const tx_convolution *convolution, int axis)
{
    return convolution->stride[axis] > 1 ? convolution->stride[axis] : 1;
}

static int64_t reach_of(const tx_convolution *convolution, int axis)
{
    return (convolution->kernel[axis] - 1) * convolution->dilation[axis];
}

bool tx_is_strided(const tx_convolution *convolution)
{
    bool strided = false;
    for (int d = 0; d < TX_MAX_AXES; d++) {
        strided = strided || convolution->stride[d] > 1;
    }
    return strided;
}

/* Rounds towards -infinity. */
static int64_t divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}
static int64_t round_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b * b;
}
static int64_t positive(int64_t a)
{
    return a > 0 ? a : 0;
}

static tx_graph_node new_node(tx_op op, tx_shape shape, tx_node a, tx_node b)
{
    tx_graph_node node;
    memset(&node, 0, sizeof node); /* compared bytewise */
    node.op = op;
    node.shape = shape;
    node.input[0] = a;
    node.input[1] = b;
    for (int k = 2; k < TX_MAX_INPUTS; k++) {
        node.input[k] = TX_NONE;
    }
    return node;
}

/* ---- building ---- */

/* The cells of zeros that a transposed convolution needs at both ends of x: all that a whole phase of its result reads. */
static void transposed_padding(const tx_convolution *c, int axis, int64_t n, int64_t points, int64_t shift, int64_t *low,
                               int64_t *high)
{
    const int64_t s = stride_of(c, axis), last = round_up(points, s) - 1;
    *low = positive(divide(-shift, s));
    *high = positive(divide(last + shift + reach_of(c, axis), s) - (n - 1));
}

tx_node tx_convolve_transposed(tx_graph *graph, tx_node x, const tx_convolution *convolution, const int64_t *low,
                               const int64_t *high, tx_node weight, tx_node bias)
{
    if (x < 0 || weight < 0) {
        return tx_graph_fail(graph, "an operand of the tensor graph is missing");
    }
    tx_graph_node node = new_node(TX_OP_CONV, tx_node_shape(graph, x), x, weight);
    tx_attributes *a = &node.attributes;
    int64_t before[TX_MAX_AXES] = {0}, after[TX_MAX_AXES] = {0};
    const tx_shape in = node.shape;
    for (int d = 0; d < in.axes; d++) {
        const int64_t s = stride_of(convolution, d);
        const int64_t points = s * (in.n[d] - 1) + 1 + low[d] + high[d] - reach_of(convolution, d);
        if (points < 1) {
            return tx_graph_fail(graph, "a transposed convolution leaves no points of %ld along axis %d", (long)in.n[d], d);
        }
        transposed_padding(convolution, d, in.n[d], points, -low[d], &before[d], &after[d]);
        a->low[d] = s * before[d] - low[d];
        node.shape.n[d] = points;
    }
    a->transposed = 1;
    node.input[0] = tx_pad(graph, x, TX_PAD_ZEROS, before, after);
    node.input[2] = bias;
    return tx_convolution_append(graph, &node, convolution, in.channels);
}

/* Zeros that the adjoint needs around dy. Those before it are whole phases where dy is what becomes phases, so that the
 * weights' gradient can read the same phases. */
void tx_convolution_adjoint_padding(const tx_attributes *a, const tx_shape *x, const tx_shape *y, int64_t *low, int64_t *high)
{
    const tx_convolution *c = &a->convolution;
    for (int d = 0; d < x->axes; d++) {
        const int64_t s = stride_of(c, d);
        if (a->transposed) {
            low[d] = round_up(positive(a->low[d] + reach_of(c, d)), s);
            high[d] = positive(s * (x->n[d] - 1) - a->low[d] - (y->n[d] - 1));
        } else {
            transposed_padding(c, d, y->n[d], x->n[d], -a->low[d] - reach_of(c, d), &low[d], &high[d]);
        }
    }
}

/* The same convolution with its taps reversed, and transposed where it was not. */
tx_node tx_convolution_adjoint(tx_graph *graph, const tx_graph_node *conv, tx_node dy)
{
    const tx_shape shape = tx_node_shape(graph, conv->input[0]), from = tx_node_shape(graph, dy);
    int64_t low[TX_MAX_AXES] = {0}, high[TX_MAX_AXES] = {0};
    tx_convolution_adjoint_padding(&conv->attributes, &shape, &from, low, high);
    tx_graph_node adjoint = new_node(TX_OP_CONV, shape, tx_pad(graph, dy, TX_PAD_ZEROS, low, high), conv->input[1]);
    adjoint.attributes = conv->attributes;
    adjoint.attributes.convolution.out_channels = shape.channels;
    adjoint.attributes.flip = 1;
    adjoint.attributes.transposed = !conv->attributes.transposed;
    for (int d = 0; d < shape.axes; d++) {
        const tx_convolution *c = &conv->attributes.convolution;
        const int64_t scale = conv->attributes.transposed ? 1 : stride_of(c, d);
        adjoint.attributes.low[d] = scale * low[d] - conv->attributes.low[d] - reach_of(c, d);
    }
    if (!tx_is_strided(&conv->attributes.convolution)) {
        adjoint.attributes.transposed = 0; /* the same thing */
    }
    return tx_graph_append(graph, &adjoint);
}

/* ---- before planning: phases ---- */

static tx_shape phases_shape(const tx_convolution *c, tx_shape shape)
{
    for (int d = 0; d < shape.axes; d++) {
        shape.channels *= stride_of(c, d);
        shape.n[d] = (shape.n[d] + stride_of(c, d) - 1) / stride_of(c, d);
    }
    return shape;
}

/* x as phases; zeros around it are not made before but on the way. */
static tx_node split(tx_graph *graph, const tx_convolution *c, tx_node x)
{
    const tx_graph_node *pad = tx_graph_at(graph, x);
    tx_graph_node node = new_node(TX_OP_SPLIT, phases_shape(c, pad->shape), x, TX_NONE);
    memcpy(node.attributes.convolution.stride, c->stride, sizeof c->stride);
    if (pad->op == TX_OP_PAD && pad->attributes.mode == TX_PAD_ZEROS) {
        node.input[0] = pad->input[0];
        memcpy(node.attributes.low, pad->attributes.low, sizeof node.attributes.low);
    }
    return tx_graph_append(graph, &node);
}

tx_node tx_convolution_to_phases(tx_graph *graph, const tx_graph_node *conv)
{
    const tx_convolution *c = &conv->attributes.convolution;
    tx_graph_node node = *conv;
    if (!conv->attributes.transposed) {
        node.input[0] = split(graph, c, conv->input[0]);
        return tx_graph_append(graph, &node);
    }
    node.shape = phases_shape(c, conv->shape);
    tx_graph_node join = new_node(TX_OP_JOIN, conv->shape, tx_graph_append(graph, &node), TX_NONE);
    memcpy(join.attributes.convolution.stride, c->stride, sizeof c->stride);
    return tx_graph_append(graph, &join);
}

tx_node tx_convolution_weights_to_phases(tx_graph *graph, const tx_graph_node *effect)
{
    const tx_attributes *a = &effect->attributes;
    tx_graph_node node = *effect;
    if (!a->transposed) {
        node.input[0] = split(graph, &a->convolution, effect->input[0]);
        return tx_graph_append(graph, &node);
    }
    const tx_shape x = tx_node_shape(graph, effect->input[0]), y = tx_node_shape(graph, effect->input[1]);
    int64_t low[TX_MAX_AXES] = {0}, high[TX_MAX_AXES] = {0};
    tx_convolution_adjoint_padding(a, &x, &y, low, high);
    node.input[1] = split(graph, &a->convolution, tx_pad(graph, effect->input[1], TX_PAD_ZEROS, low, high));
    node.shape = phases_shape(&a->convolution, y);
    for (int d = 0; d < x.axes; d++) {
        node.attributes.high[d] = low[d] / stride_of(&a->convolution, d); /* cells of the phases before dy's first */
    }
    return tx_graph_append(graph, &node);
}
