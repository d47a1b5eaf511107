/* Between tensors and lane scalars, one number a sample: sums, products with them, the fused loss. */
#include "tensor/instruction.h"

static tx_graph_node node_of(const tx_operation *op, tx_node a, tx_node b, double alpha)
{
    tx_graph_node node = tx_graph_node_of(op, a, b);
    node.attributes.alpha = alpha;
    return node;
}

/* A scaled lane scalar: its factor goes into alpha of the node that reads it as input `which`. */
static tx_node fuse_lane(const tx_fuser *fuser, const tx_graph_node *node, int which)
{
    tx_graph *graph = tx_fuser_graph(fuser);
    const tx_graph_node *lane = tx_graph_at(graph, node->input[which]);
    if (lane->op != &tx_op_scale) {
        return TX_NONE;
    }
    tx_graph_node merged = *node;
    merged.attributes.alpha *= lane->attributes.alpha;
    merged.input[which] = lane->input[0];
    return tx_graph_append(graph, &merged);
}

/* ---- alpha s x ---- */

static tx_node dot(tx_graph *graph, double alpha, tx_node x, tx_node z);

static void vjp_lane_scale(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted,
                           tx_node *cotangent)
{
    (void)y;
    const double alpha = node->attributes.alpha;
    cotangent[0] = wanted[0] ? tx_graph_lane_scale(graph, alpha, node->input[1], dy) : TX_NONE;
    cotangent[1] = wanted[1] ? dot(graph, alpha, dy, node->input[0]) : TX_NONE;
}

static tx_node jvp_lane_scale(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    const double alpha = node->attributes.alpha;
    const tx_node of_x = tangent[0] < 0 ? TX_NONE : tx_graph_lane_scale(graph, alpha, node->input[1], tangent[0]);
    const tx_node of_s = tangent[1] < 0 ? TX_NONE : tx_graph_lane_scale(graph, alpha, tangent[1], node->input[0]);
    return tx_graph_sum_present(graph, of_x, of_s);
}

static tx_node fuse_lane_scale(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)old;
    return fuse_lane(fuser, node, 1);
}

static const tx_operation op_lane_scale = {.name = "lane_scale",
                                           .traits = TX_OP_SCALABLE,
                                           .overwrites = 1,
                                           .shape = tx_shape_as_first,
                                           .vjp = vjp_lane_scale,
                                           .jvp = jvp_lane_scale,
                                           .fuse = fuse_lane_scale};

tx_node tx_graph_lane_scale(tx_graph *graph, double alpha, tx_node s, tx_node x)
{
    tx_graph_node node = node_of(&op_lane_scale, x, s, alpha);
    return tx_graph_make(graph, &node, 2);
}

/* ---- alpha s everywhere; alpha sum x ---- */

static tx_node sum(tx_graph *graph, double alpha, tx_node x);
static tx_node broadcast(tx_graph *graph, double alpha, tx_node s, tx_shape shape);

static void vjp_broadcast(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    cotangent[0] = tx_scale(graph, tx_sum(graph, dy), node->attributes.alpha);
}
static tx_node jvp_broadcast(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    return broadcast(graph, node->attributes.alpha, tangent[0], node->shape);
}
static const tx_operation op_broadcast = {
    .name = "broadcast", .traits = TX_OP_SCALABLE, .vjp = vjp_broadcast, .jvp = jvp_broadcast};

static tx_node broadcast(tx_graph *graph, double alpha, tx_node s, tx_shape shape)
{
    tx_graph_node node = node_of(&op_broadcast, s, TX_NONE, alpha);
    node.shape = shape;
    return tx_graph_make(graph, &node, 1);
}

tx_node tx_broadcast(tx_graph *graph, tx_node lane, tx_shape shape)
{
    const tx_shape from = tx_node_shape(graph, lane);
    if (lane >= 0 && !tx_shape_is_lane(&from)) {
        return tx_graph_fail(graph, "a tensor of %ld channels and %d axes is broadcast, not one number a sample",
                             (long)from.channels, from.axes);
    }
    return tx_shape_is_lane(&shape) ? lane : broadcast(graph, 1, lane, shape);
}

static void vjp_sum(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    cotangent[0] = broadcast(graph, node->attributes.alpha, dy, tx_node_shape(graph, node->input[0]));
}
static tx_node jvp_sum(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    return sum(graph, node->attributes.alpha, tangent[0]);
}
static const tx_operation op_sum = {
    .name = "sum", .traits = TX_OP_SCALABLE, .shape = tx_shape_lane, .vjp = vjp_sum, .jvp = jvp_sum};

static tx_node sum(tx_graph *graph, double alpha, tx_node x)
{
    tx_graph_node node = node_of(&op_sum, x, TX_NONE, alpha);
    return tx_graph_make(graph, &node, 1);
}
tx_node tx_sum(tx_graph *graph, tx_node x)
{
    return sum(graph, 1, x);
}

/* ---- alpha sum x z ---- */

static void vjp_dot(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y;
    const bool square = node->input[0] == node->input[1];
    for (int k = 0; k < (square ? 1 : 2); k++) {
        if (wanted[k]) {
            cotangent[k] = tx_graph_lane_scale(graph, (square ? 2 : 1) * node->attributes.alpha, dy, node->input[1 - k]);
        }
    }
}

static tx_node jvp_dot(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    const double alpha = node->attributes.alpha;
    if (node->input[0] == node->input[1]) {
        return dot(graph, 2 * alpha, tangent[0], node->input[0]);
    }
    tx_node part[2];
    for (int k = 0; k < 2; k++) {
        part[k] = tangent[k] < 0 ? TX_NONE : dot(graph, alpha, tangent[k], node->input[1 - k]);
    }
    return tx_graph_sum_present(graph, part[0], part[1]);
}

static const tx_operation op_dot = {
    .name = "dot", .traits = TX_OP_SCALABLE, .shape = tx_shape_lane_of_both, .vjp = vjp_dot, .jvp = jvp_dot};

static tx_node dot(tx_graph *graph, double alpha, tx_node x, tx_node z)
{
    tx_graph_node node = node_of(&op_dot, x, z, alpha);
    return tx_graph_make(graph, &node, 2);
}
tx_node tx_sum_square(tx_graph *graph, tx_node x)
{
    return dot(graph, 1, x, x);
}

/* ---- alpha sum (x - z)^2, and alpha s (x - z) + add ---- */

static void vjp_square_error(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted,
                             tx_node *cotangent)
{
    (void)y;
    for (int k = 0; k < 2; k++) {
        if (wanted[k]) {
            tx_graph_node gradient =
                node_of(&tx_op_square_error_gradient, node->input[k], node->input[1 - k], 2 * node->attributes.alpha);
            gradient.input[2] = dy;
            cotangent[k] = tx_graph_make(graph, &gradient, 3);
        }
    }
}

static tx_node jvp_square_error(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    const tx_node difference = tx_subtract(graph, node->input[0], node->input[1]);
    const tx_node change = tangent[1] < 0   ? tangent[0]
                           : tangent[0] < 0 ? tx_scale(graph, tangent[1], -1)
                                            : tx_subtract(graph, tangent[0], tangent[1]);
    return dot(graph, 2 * node->attributes.alpha, change, difference);
}

static tx_node fuse_square_error_gradient(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)old;
    return fuse_lane(fuser, node, 2);
}

static const tx_operation op_square_error = {.name = "square_error",
                                             .traits = TX_OP_SCALABLE,
                                             .shape = tx_shape_lane_of_both,
                                             .vjp = vjp_square_error,
                                             .jvp = jvp_square_error};
const tx_operation tx_op_square_error_gradient = {.name = "square_error_gradient",
                                                  .overwrites = 1 | 2 | 1u << 3,
                                                  .alike = 1u << 3,
                                                  .shape = tx_shape_as_first,
                                                  .fuse = fuse_square_error_gradient};

tx_node tx_square_error(tx_graph *graph, tx_node x, tx_node y)
{
    tx_graph_node node = node_of(&op_square_error, x, y, 1);
    return tx_graph_make(graph, &node, 2);
}

const tx_operation *const tx_ops_lane[] = {&op_lane_scale, &op_broadcast, &op_sum, &op_dot, &op_square_error, NULL};
