/* Operations that move numbers: padding and its adjoint, flattening, concatenation, phases. */
#include <string.h>

#include "tensor/instruction.h"

/* ---- pad: becomes the halo of what it pads; fold, its adjoint, adds the halo's cotangent to the cells it came from ---- */

static bool shape_pad(tx_graph *graph, tx_graph_node *node)
{
    node->shape = tx_node_shape(graph, node->input[0]);
    for (int d = 0; d < node->shape.axes; d++) {
        if (node->attributes.low[d] < 0 || node->attributes.high[d] < 0) {
            tx_graph_fail(graph, "padding must not be negative");
            return false;
        }
        node->shape.n[d] += node->attributes.low[d] + node->attributes.high[d];
    }
    return true;
}

static void vjp_pad(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    tx_graph_node fold = tx_graph_node_of(&tx_op_fold, dy, TX_NONE);
    fold.shape = tx_node_shape(graph, node->input[0]);
    fold.attributes = node->attributes;
    cotangent[0] = tx_graph_make(graph, &fold, 1);
}

/* Linear operations of one input: the same of its tangent. */
static tx_node jvp_same(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    tx_graph_node same = *node;
    same.input[0] = tangent[0];
    return tx_graph_append(graph, &same);
}

/* fold(mode) of a transposed convolution over zero-padded dy. For zeros, only the interior is wanted: dy needs less
 * padding. For circular padding that kept the size, the fold is a circular padding of dy. */
static tx_node fuse_fold(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    tx_graph *graph = tx_fuser_graph(fuser);
    const bool circular = node->attributes.padding == TX_PAD_CIRCULAR;
    tx_graph_node conv;
    if ((node->attributes.padding != TX_PAD_ZEROS && !circular) || !tx_fuser_sole(fuser, old->input[0], &tx_op_conv, &conv) ||
        !conv.attributes.flip || conv.input[3] >= 0 || conv.input[4] >= 0 || tx_is_strided(&conv.attributes.convolution)) {
        return TX_NONE;
    }
    const tx_graph_node *pad = tx_graph_at(graph, conv.input[0]);
    const bool padded = pad->op == &tx_op_pad; /* else every kernel extent is 1 */
    const tx_attributes *a = &node->attributes;
    int64_t low[TX_MAX_AXES] = {0}, high[TX_MAX_AXES] = {0};
    for (int d = 0; d < node->shape.axes; d++) {
        const int64_t reach = padded ? pad->attributes.low[d] : 0;
        low[d] = reach - a->low[d];
        high[d] = reach - a->high[d];
        if (low[d] < 0 || high[d] < 0 || (circular && a->low[d] + a->high[d] != reach)) {
            return TX_NONE;
        }
    }
    conv.input[0] = tx_pad(graph, padded ? pad->input[0] : conv.input[0], (tx_padding_mode)node->attributes.padding, low, high);
    conv.shape = node->shape;
    return tx_graph_append(graph, &conv);
}

/* The part of a fold's buffer that its input covers is seen as halo: the widths of the fold alone. */
static tx_status prepare_fold(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const tx_attributes *a = &tx_planner_node(planner, n)->attributes;
    tx_layout narrow = *instruction->out_layout;
    memcpy(narrow.low, a->low, sizeof narrow.low);
    memcpy(narrow.high, a->high, sizeof narrow.high);
    tx_halo_shape shape;
    memset(&shape, 0, sizeof shape);
    shape.mode = (tx_padding_mode)a->padding;
    TX_TRY(tx_planner_intern(planner, &narrow, &shape.layout));
    const tx_layout view = tx_layout_view(instruction->out_layout, a->low, a->high);
    TX_TRY(tx_planner_copy_first(planner, n, &view));
    return tx_planner_object(planner, TX_OBJECT_HALO, &shape, sizeof shape, &instruction->object);
}

const tx_operation tx_op_pad = {
    .name = "pad", .traits = TX_OP_VIEW | TX_OP_SILENT, .shape = shape_pad, .vjp = vjp_pad, .jvp = jvp_same};
const tx_operation tx_op_fold = {.name = "fold", .sharing = TX_SHARE_PARTS, .fuse = fuse_fold, .prepare = prepare_fold};

tx_node tx_pad(tx_graph *graph, tx_node x, tx_padding_mode mode, const int64_t *low, const int64_t *high)
{
    tx_graph_node node = tx_graph_node_of(&tx_op_pad, x, TX_NONE);
    const int axes = tx_node_shape(graph, x).axes;
    bool any = false;
    for (int d = 0; d < axes; d++) {
        node.attributes.low[d] = low[d];
        node.attributes.high[d] = high[d];
        any |= low[d] != 0 || high[d] != 0;
    }
    node.attributes.padding = mode;
    return any || x < 0 ? tx_graph_make(graph, &node, 1) : x;
}

/* ---- flatten, unflatten: copies in C order ---- */

static void vjp_flatten(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    cotangent[0] = tx_unflatten(graph, dy, tx_node_shape(graph, node->input[0]));
}

static void vjp_unflatten(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)node, (void)y, (void)wanted;
    cotangent[0] = tx_flatten(graph, dy);
}

static const tx_operation op_flatten = {.name = "flatten", .vjp = vjp_flatten, .jvp = jvp_same};
static const tx_operation op_unflatten = {.name = "unflatten", .vjp = vjp_unflatten, .jvp = jvp_same};

static tx_node reshape(tx_graph *graph, const tx_operation *op, tx_node x, tx_shape shape)
{
    tx_graph_node node = tx_graph_node_of(op, x, TX_NONE);
    node.shape = shape;
    return tx_graph_make(graph, &node, 1);
}

tx_node tx_flatten(tx_graph *graph, tx_node x)
{
    const tx_shape shape = tx_node_shape(graph, x);
    return shape.axes ? reshape(graph, &op_flatten, x, (tx_shape){.channels = shape.channels * tx_shape_points(&shape)}) : x;
}

tx_node tx_unflatten(tx_graph *graph, tx_node x, tx_shape shape)
{
    const tx_shape flat = tx_node_shape(graph, x);
    if (x >= 0 && (flat.axes || flat.channels != shape.channels * tx_shape_points(&shape))) {
        return tx_graph_fail(graph, "%ld numbers cannot be reshaped to %ld channels of %ld points", (long)flat.channels,
                             (long)shape.channels, (long)tx_shape_points(&shape));
    }
    return shape.axes ? reshape(graph, &op_unflatten, x, shape) : x;
}

/* ---- concatenate: tensors side by side in their channels; the cotangent of each is a view of some of them ---- */

static tx_node channels(tx_graph *graph, const tx_operation *op, tx_node x, int64_t first, int64_t count)
{
    tx_graph_node node = tx_graph_node_of(op, x, TX_NONE);
    node.shape = tx_node_shape(graph, x);
    node.shape.channels = count;
    node.attributes.channel = first;
    return tx_graph_make(graph, &node, 1);
}

static bool shape_concatenate(tx_graph *graph, tx_graph_node *node)
{
    const tx_shape sa = tx_node_shape(graph, node->input[0]), sb = tx_node_shape(graph, node->input[1]);
    node->shape = sa;
    node->shape.channels = sb.channels;
    if (!tx_shape_equal(&node->shape, &sb)) {
        tx_graph_fail(graph, "tensors with different points (%ld and %ld along the first axis) are concatenated", (long)sa.n[0],
                      (long)sb.n[0]);
        return false;
    }
    node->shape.channels += sa.channels;
    return true;
}

static void vjp_concatenate(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted,
                            tx_node *cotangent)
{
    (void)y;
    int64_t first = 0;
    for (int k = 0; k < 2; k++) {
        const int64_t count = tx_node_shape(graph, node->input[k]).channels;
        cotangent[k] = wanted[k] ? channels(graph, &tx_op_channels, dy, first, count) : TX_NONE;
        first += count;
    }
}

static tx_node jvp_concatenate(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    tx_node part[2];
    for (int k = 0; k < 2; k++) {
        part[k] = tangent[k] < 0 ? tx_graph_zero(graph, tx_node_shape(graph, node->input[k])) : tangent[k];
    }
    return tx_concatenate(graph, part[0], part[1]);
}

const tx_operation tx_op_channels = {.name = "channels", .traits = TX_OP_VIEW | TX_OP_SILENT};
static const tx_operation op_concatenate = {
    .name = "concatenate", .shape = shape_concatenate, .vjp = vjp_concatenate, .jvp = jvp_concatenate};

tx_node tx_concatenate(tx_graph *graph, tx_node a, tx_node b)
{
    tx_graph_node node = tx_graph_node_of(&op_concatenate, a, b);
    return tx_graph_make(graph, &node, 2);
}

/* ---- some of the channels: a copy, which whoever reads it may pad, overwrite and add to ---- */

static void vjp_take(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    const int64_t first = node->attributes.channel, all = tx_node_shape(graph, node->input[0]).channels;
    tx_shape rest = node->shape;
    cotangent[0] = dy;
    if ((rest.channels = first) > 0) {
        cotangent[0] = tx_concatenate(graph, tx_graph_zero(graph, rest), cotangent[0]);
    }
    if ((rest.channels = all - first - node->shape.channels) > 0) {
        cotangent[0] = tx_concatenate(graph, cotangent[0], tx_graph_zero(graph, rest));
    }
}

static tx_status prepare_take(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const tx_graph_node *node = tx_planner_node(planner, n);
    const tx_layout taken = tx_layout_channels(instruction->layout[0], node->attributes.channel, node->shape.channels);
    return tx_planner_intern(planner, &taken, &instruction->layout[0]);
}

static const tx_operation op_take_channels = {
    .name = "take_channels", .sharing = TX_SHARE_CHANNELS, .vjp = vjp_take, .jvp = jvp_same, .prepare = prepare_take};

tx_node tx_take_channels(tx_graph *graph, tx_node x, int64_t first, int64_t count)
{
    const int64_t all = tx_node_shape(graph, x).channels;
    if (x >= 0 && (first < 0 || count < 1 || first > all - count)) {
        return tx_graph_fail(graph, "%ld channels from channel %ld on are taken of %ld", (long)count, (long)first, (long)all);
    }
    return x >= 0 && count == all ? x : channels(graph, &op_take_channels, x, first, count);
}

/* ---- phases of a stride; made by fusing alone ---- */

static tx_status prepare_phases(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const tx_attributes *a = &tx_planner_node(planner, n)->attributes;
    memcpy(instruction->stride, a->convolution.stride, sizeof instruction->stride);
    memcpy(instruction->low, a->low, sizeof instruction->low);
    return TX_OK;
}

const tx_operation tx_op_split = {.name = "split", .prepare = prepare_phases};
const tx_operation tx_op_join = {.name = "join", .traits = TX_OP_WIDE, .prepare = prepare_phases};

const tx_operation *const tx_ops_shape[] = {&tx_op_pad, &op_flatten, &op_unflatten, &op_concatenate, &op_take_channels, NULL};
