/* Convolutions, with a stride or without, transposed or not.
 *
 * In a graph they stand as their formulas say: a plain one reads x at stride * p + shift + t * dilation, a transposed one at
 * (p + shift + t * dilation) / stride where that is whole; each is the other's adjoint. No kernel has a stride: before planning,
 * the finer side becomes phases (split, join), between which and the coarser side a convolution is a plain one. */
#include <string.h>

#include "tensor/instruction.h"

static const tx_operation op_conv_weights;

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

/* ---- building ---- */

static tx_graph_node conv_node(tx_shape shape, tx_node x, tx_node weight)
{
    tx_graph_node node = tx_graph_node_of(&tx_op_conv, x, weight);
    node.shape = shape;
    return node;
}

/* Appends a convolution (all but the attribute `convolution` and the output channels is there) after checking groups and weights.
 */
static tx_node append(tx_graph *graph, tx_graph_node *node, const tx_convolution *convolution, int64_t in_channels)
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
    if (!tx_graph_has_numbers(graph, node->input[1], size)) {
        return tx_graph_fail(graph, "a convolution needs %ld weights", (long)size);
    }
    return tx_graph_append(graph, node);
}

tx_node tx_convolve(tx_graph *graph, tx_node x, const tx_convolution *convolution, tx_node weight, tx_node bias)
{
    if (x < 0 || weight < 0) {
        return tx_graph_fail(graph, "an operand of the tensor graph is missing");
    }
    tx_graph_node node = conv_node(tx_node_shape(graph, x), x, weight);
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
    return append(graph, &node, convolution, in_channels);
}

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
    tx_graph_node node = conv_node(tx_node_shape(graph, x), x, weight);
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
    return append(graph, &node, convolution, in.channels);
}

/* Zeros that the adjoint needs around dy. Those before it are whole phases where dy is what becomes phases, so that the
 * weights' gradient can read the same phases. */
static void adjoint_padding(const tx_attributes *a, const tx_shape *x, const tx_shape *y, int64_t *low, int64_t *high)
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
static tx_node adjoint_of(tx_graph *graph, const tx_graph_node *conv, tx_node dy)
{
    const tx_shape shape = tx_node_shape(graph, conv->input[0]), from = tx_node_shape(graph, dy);
    int64_t low[TX_MAX_AXES] = {0}, high[TX_MAX_AXES] = {0};
    adjoint_padding(&conv->attributes, &shape, &from, low, high);
    tx_graph_node adjoint = conv_node(shape, tx_pad(graph, dy, TX_PAD_ZEROS, low, high), conv->input[1]);
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
    tx_graph_node node = tx_graph_node_of(&tx_op_split, x, TX_NONE);
    node.shape = phases_shape(c, pad->shape);
    memcpy(node.attributes.convolution.stride, c->stride, sizeof c->stride);
    if (pad->op == &tx_op_pad && pad->attributes.padding == TX_PAD_ZEROS) {
        node.input[0] = pad->input[0];
        memcpy(node.attributes.low, pad->attributes.low, sizeof node.attributes.low);
    }
    return tx_graph_append(graph, &node);
}

static tx_node to_phases(tx_graph *graph, const tx_graph_node *conv)
{
    const tx_convolution *c = &conv->attributes.convolution;
    tx_graph_node node = *conv;
    if (!conv->attributes.transposed) {
        node.input[0] = split(graph, c, conv->input[0]);
        return tx_graph_append(graph, &node);
    }
    node.shape = phases_shape(c, conv->shape);
    tx_graph_node join = tx_graph_node_of(&tx_op_join, tx_graph_append(graph, &node), TX_NONE);
    join.shape = conv->shape;
    memcpy(join.attributes.convolution.stride, c->stride, sizeof c->stride);
    return tx_graph_append(graph, &join);
}

static tx_node weights_to_phases(tx_graph *graph, const tx_graph_node *effect)
{
    const tx_attributes *a = &effect->attributes;
    tx_graph_node node = *effect;
    if (!a->transposed) {
        node.input[0] = split(graph, &a->convolution, effect->input[0]);
        return tx_graph_append(graph, &node);
    }
    const tx_shape x = tx_node_shape(graph, effect->input[0]), y = tx_node_shape(graph, effect->input[1]);
    int64_t low[TX_MAX_AXES] = {0}, high[TX_MAX_AXES] = {0};
    adjoint_padding(a, &x, &y, low, high);
    node.input[1] = split(graph, &a->convolution, tx_pad(graph, effect->input[1], TX_PAD_ZEROS, low, high));
    node.shape = phases_shape(&a->convolution, y);
    for (int d = 0; d < x.axes; d++) {
        node.attributes.high[d] = low[d] / stride_of(&a->convolution, d); /* cells of the phases before dy's first */
    }
    return tx_graph_append(graph, &node);
}

static tx_node fuse_conv(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)old;
    return tx_is_strided(&node->attributes.convolution) ? to_phases(tx_fuser_graph(fuser), node) : TX_NONE;
}
static tx_node fuse_conv_weights(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)old;
    return tx_is_strided(&node->attributes.convolution) ? weights_to_phases(tx_fuser_graph(fuser), node) : TX_NONE;
}

/* ---- derivatives ---- */

/* d weights, d bias, then d x: the convolution's adjoint, over dy padded with zeros as far as the kernel reaches. */
static void vjp_conv(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y;
    const tx_shape shape = tx_node_shape(graph, dy);
    if (wanted[1]) {
        tx_graph_node effect = tx_graph_node_of(&op_conv_weights, node->input[0], dy);
        effect.shape = shape;
        effect.attributes = node->attributes;
        tx_graph_add_effect(graph, &effect, node->input[1]);
    }
    if (wanted[2]) {
        tx_graph_node effect = tx_graph_node_of(&tx_op_bias_gradient, dy, TX_NONE);
        effect.shape = shape;
        tx_graph_add_effect(graph, &effect, node->input[2]);
    }
    cotangent[0] = wanted[0] ? adjoint_of(graph, node, dy) : TX_NONE;
}

/* The same with one factor's tangent each; a bias' tangent goes with whichever there is, or alone with zeros. */
static tx_node jvp_conv(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    tx_node part[2] = {TX_NONE, TX_NONE}, bias = tangent[2];
    for (int k = 0; k < 2; k++) {
        const bool alone = k == 0 && tangent[0] < 0 && tangent[1] < 0; /* the bias alone */
        if (tangent[k] >= 0 || alone) {
            tx_graph_node same = *node;
            same.input[k] = alone ? tx_graph_zero(graph, tx_node_shape(graph, node->input[0])) : tangent[k];
            same.input[2] = bias;
            bias = TX_NONE;
            part[k] = tx_graph_make(graph, &same, 2);
        }
    }
    return tx_graph_sum_present(graph, part[0], part[1]);
}

/* ---- planning ---- */

/* Two operations for each weight and output point; of a stride's phases, each tap reads or writes one. */
static double conv_flops(const tx_graph_node *node, const tx_shape *input)
{
    double taps = 2.0 * (double)input->channels * (double)node->shape.channels / node->attributes.convolution.groups;
    for (int d = 0; d < node->shape.axes; d++) {
        taps *= (double)node->attributes.convolution.kernel[d] / (double)stride_of(&node->attributes.convolution, d);
    }
    return taps * (double)tx_shape_points(&node->shape);
}

/* Of the phases of a padded dy, those of dy itself. */
static void crop_phases(const tx_graph_node *effect, tx_layout *layout)
{
    int64_t before[TX_MAX_AXES] = {0}, after[TX_MAX_AXES] = {0};
    for (int d = 0; d < layout->shape.axes; d++) {
        before[d] = -effect->attributes.high[d];
        after[d] = effect->shape.n[d] - layout->shape.n[d] - before[d];
    }
    const tx_layout crop = tx_layout_view(layout, before, after);
    memcpy(layout, &crop, sizeof crop);
}

/* The object over the (padded) layout of x; y: the layout of the result, or of dy for the weights' gradient. */
static tx_status prepare_object(tx_planner *planner, const tx_graph_node *node, const tx_layout *y, bool masked,
                                tx_instruction *instruction)
{
    const tx_attributes *a = &node->attributes;
    tx_conv_shape shape;
    memset(&shape, 0, sizeof shape); /* compared bytewise */
    memcpy(&shape.x, instruction->layout[0], sizeof shape.x);
    memcpy(&shape.y, y, sizeof shape.y);
    memcpy(shape.kernel, a->convolution.kernel, sizeof shape.kernel);
    memcpy(shape.dilation, a->convolution.dilation, sizeof shape.dilation);
    memcpy(shape.shift, a->low, sizeof shape.shift);
    memcpy(a->transposed ? shape.y_phases : shape.x_phases, a->convolution.stride, sizeof shape.x_phases);
    if (node->op == &op_conv_weights && a->transposed) {
        crop_phases(node, &shape.y);
    }
    shape.groups = a->convolution.groups;
    shape.flip = a->flip != 0;
    shape.activation = (tx_activation)a->activation;
    shape.masked = masked;
    TX_TRY(tx_planner_object(planner, TX_OBJECT_CONVOLUTION, &shape, sizeof shape, &instruction->object));
    return tx_planner_add_scratch(planner, instruction);
}

static tx_status prepare_conv(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const tx_graph_node *node = tx_planner_node(planner, n);
    TX_TRY(prepare_object(planner, node, instruction->out_layout, node->input[3] >= 0, instruction));
    if (node->attributes.flip) {
        instruction->operand[2] = (tx_operand){TX_SPACE_NONE, 0};
    }
    return tx_planner_pack(planner, instruction->object, instruction->operand[1], &instruction->operand[1]);
}

static tx_status prepare_conv_weights(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    return prepare_object(planner, tx_planner_node(planner, n), instruction->layout[1], false, instruction);
}

/* Of all channels, or of a part of them. */
static tx_status prepare_bias_gradient(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const tx_attributes *a = &tx_planner_node(planner, n)->attributes;
    const tx_layout part = tx_layout_channels(instruction->layout[0], a->channel, a->size);
    return tx_planner_intern(planner, &part, &instruction->layout[0]);
}

/* (x, w, bias or none, mask or none, add or none) */
const tx_operation tx_op_conv = {.name = "conv",
                                 .traits = TX_OP_WIDE,
                                 .overwrites = 1u << 3 | 1u << 4,
                                 .alike = 1u << 3 | 1u << 4,
                                 .sharing = TX_SHARE_PARTS,
                                 .vjp = vjp_conv,
                                 .jvp = jvp_conv,
                                 .fuse = fuse_conv,
                                 .flops = conv_flops,
                                 .prepare = prepare_conv};
/* (x, dy) into the range of w */
static const tx_operation op_conv_weights = {.name = "conv_weights",
                                             .traits = TX_OP_EFFECT,
                                             .sharing = TX_SHARE_PARTS,
                                             .fuse = fuse_conv_weights,
                                             .flops = conv_flops,
                                             .prepare = prepare_conv_weights};
/* (dy): sums of `size` channels from `mode` on */
const tx_operation tx_op_bias_gradient = {.name = "bias_gradient", .traits = TX_OP_EFFECT, .prepare = prepare_bias_gradient};

const tx_operation *const tx_ops_convolution[] = {&tx_op_conv, NULL};
