/* Pointwise operations on tensors: activations, sums, products, powers. */
#include "tensor/instruction.h"

static tx_node unary(tx_graph *graph, const tx_operation *op, tx_node x, double alpha)
{
    tx_graph_node node = tx_graph_node_of(op, x, TX_NONE);
    node.attributes.alpha = alpha;
    return tx_graph_make(graph, &node, 1);
}

static tx_node binary(tx_graph *graph, const tx_operation *op, tx_node a, tx_node b, double alpha, double beta)
{
    tx_graph_node node = tx_graph_node_of(op, a, b);
    node.attributes.alpha = alpha;
    node.attributes.beta = beta;
    return tx_graph_make(graph, &node, 2);
}

/* ---- activation ---- */

/* dy * e'(s), s what the activation's row says. */
static tx_node slope(tx_graph *graph, const tx_graph_node *activate, tx_node y, tx_node dy)
{
    const tx_node saved = tx_activation_rows[activate->attributes.activation].from_output ? y : activate->input[0];
    tx_graph_node node = tx_graph_node_of(&tx_op_activate_gradient, dy, saved);
    node.attributes.activation = activate->attributes.activation;
    return tx_graph_make(graph, &node, 2);
}

static void vjp_activate(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)wanted;
    cotangent[0] = slope(graph, node, y, dy);
}

static tx_node jvp_activate(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    return slope(graph, node, y, tangent[0]);
}

/* Into the convolution or the norm below it. */
static tx_node fuse_activate(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    tx_graph_node conv, norm;
    if (tx_fuser_sole(fuser, old->input[0], &tx_op_group_norm, &norm) && norm.attributes.activation == TX_IDENTITY) {
        norm.attributes.activation = node->attributes.activation;
        return tx_graph_append(tx_fuser_graph(fuser), &norm);
    }
    if (!tx_fuser_sole(fuser, old->input[0], &tx_op_conv, &conv) || conv.attributes.activation || conv.attributes.flip) {
        return TX_NONE;
    }
    conv.attributes.activation = node->attributes.activation;
    return tx_graph_append(tx_fuser_graph(fuser), &conv);
}

/* A relu's mask into the adjoint below it. */
static tx_node fuse_activate_gradient(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    tx_graph_node conv, norm;
    if (node->attributes.activation != TX_RELU) {
        return TX_NONE;
    }
    if (tx_fuser_sole(fuser, old->input[0], &tx_op_group_norm_gradient, &norm) && norm.attributes.activation == TX_IDENTITY &&
        norm.input[1] == node->input[1]) { /* what is normalised is what was activated */
        norm.attributes.activation = TX_RELU;
        return tx_graph_append(tx_fuser_graph(fuser), &norm);
    }
    if (!tx_fuser_sole(fuser, old->input[0], &tx_op_conv, &conv) || !conv.attributes.flip || conv.input[3] >= 0) {
        return TX_NONE;
    }
    conv.input[3] = node->input[1];
    return tx_graph_append(tx_fuser_graph(fuser), &conv);
}

static const tx_operation op_activate = {.name = "activate",
                                         .overwrites = 1,
                                         .sharing = TX_SHARE_CHANNELS,
                                         .shape = tx_shape_as_first,
                                         .vjp = vjp_activate,
                                         .jvp = jvp_activate,
                                         .fuse = fuse_activate};
const tx_operation tx_op_activate_gradient = {.name = "activate_gradient",
                                              .overwrites = 3,
                                              .sharing = TX_SHARE_CHANNELS,
                                              .shape = tx_shape_as_both,
                                              .fuse = fuse_activate_gradient};

tx_node tx_activate(tx_graph *graph, tx_node x, tx_activation activation)
{
    tx_graph_node node = tx_graph_node_of(&op_activate, x, TX_NONE);
    node.attributes.activation = activation;
    return activation == TX_IDENTITY ? x : tx_graph_make(graph, &node, 1);
}

/* ---- alpha a + beta b, alpha a ---- */

static void vjp_linear(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y;
    for (int k = 0; k < 2; k++) {
        cotangent[k] = wanted[k] ? tx_scale(graph, dy, k ? node->attributes.beta : node->attributes.alpha) : TX_NONE;
    }
}

static tx_node jvp_linear(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    const double alpha = node->attributes.alpha, beta = node->attributes.beta;
    return tangent[0] < 0   ? tx_scale(graph, tangent[1], beta)
           : tangent[1] < 0 ? tx_scale(graph, tangent[0], alpha)
                            : binary(graph, node->op, tangent[0], tangent[1], alpha, beta);
}

/* A summand laid out as the result goes into a convolution that nobody else reads, or into a function's cotangent. */
static tx_node add_to_conv(const tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    tx_graph *graph = tx_fuser_graph(fuser);
    for (int k = 0; k < 2; k++) {
        tx_graph_node conv, call;
        const bool view = tx_has_trait(tx_graph_at(graph, node->input[1 - k]), TX_OP_VIEW);
        if (tx_fuser_sole(fuser, old->input[k], &tx_op_conv, &conv) && !conv.attributes.activation && conv.input[3] < 0 &&
            conv.input[4] < 0 && !tx_is_strided(&conv.attributes.convolution) && !view) {
            conv.input[4] = node->input[1 - k];
            return tx_graph_append(graph, &conv);
        }
        if (tx_fuser_sole(fuser, old->input[k], &tx_op_call_vjp, &call) && call.input[3] < 0 && !view &&
            call.attributes.function->vjp_adds && call.attributes.function->vjp) {
            call.input[3] = node->input[1 - k];
            return tx_graph_append(graph, &call);
        }
    }
    return TX_NONE;
}

static tx_node fuse_add(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    tx_graph *graph = tx_fuser_graph(fuser);
    if (node->attributes.alpha != 1 || node->attributes.beta != 1) {
        return TX_NONE;
    }
    for (int k = 0; k < 2; k++) {
        tx_graph_node gradient, norm;
        const bool whole = tx_graph_at(graph, node->input[1 - k])->op != &tx_op_channels; /* laid out as the result */
        const bool sole_norm = tx_fuser_sole(fuser, old->input[k], &tx_op_group_norm, &norm) ||
                               tx_fuser_sole(fuser, old->input[k], &tx_op_group_norm_gradient, &norm);
        if (sole_norm && norm.input[4] < 0 && norm.attributes.activation == TX_IDENTITY) {
            norm.input[4] = node->input[1 - k];
            return tx_graph_append(graph, &norm);
        }
        if (tx_fuser_sole(fuser, old->input[k], &tx_op_square_error_gradient, &gradient) && gradient.input[3] < 0 && whole) {
            gradient.input[3] = node->input[1 - k];
            return tx_graph_append(graph, &gradient);
        }
    }
    return add_to_conv(fuser, node, old);
}

/* A factor goes into the node below it. */
static tx_node fuse_scale(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    tx_graph_node below;
    if (!tx_fuser_sole(fuser, old->input[0], NULL, &below) || !tx_has_trait(&below, TX_OP_SCALABLE)) {
        return TX_NONE;
    }
    below.attributes.alpha *= node->attributes.alpha;
    return tx_graph_append(tx_fuser_graph(fuser), &below);
}

static const tx_operation op_add = {.name = "add",
                                    .overwrites = 3,
                                    .sharing = TX_SHARE_CHANNELS,
                                    .shape = tx_shape_as_both,
                                    .vjp = vjp_linear,
                                    .jvp = jvp_linear,
                                    .fuse = fuse_add};
const tx_operation tx_op_scale = {.name = "scale",
                                  .traits = TX_OP_SCALABLE,
                                  .overwrites = 1,
                                  .sharing = TX_SHARE_CHANNELS,
                                  .shape = tx_shape_as_first,
                                  .vjp = vjp_linear,
                                  .jvp = jvp_linear,
                                  .fuse = fuse_scale};

tx_node tx_add(tx_graph *graph, tx_node a, tx_node b)
{
    return binary(graph, &op_add, a, b, 1, 1);
}
tx_node tx_subtract(tx_graph *graph, tx_node a, tx_node b)
{
    return binary(graph, &op_add, a, b, 1, -1);
}
tx_node tx_scale(tx_graph *graph, tx_node x, double factor)
{
    return factor == 1 ? x : unary(graph, &tx_op_scale, x, factor);
}

/* ---- products ---- */

static void vjp_multiply(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y;
    for (int k = 0; k < 2; k++) {
        cotangent[k] = wanted[k] ? tx_multiply(graph, dy, node->input[1 - k]) : TX_NONE;
    }
}

tx_node tx_graph_sum_present(tx_graph *graph, tx_node a, tx_node b)
{
    return a < 0 ? b : b < 0 ? a : tx_add(graph, a, b);
}

static tx_node jvp_multiply(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    tx_node part[2];
    for (int k = 0; k < 2; k++) {
        part[k] = tangent[k] < 0 ? TX_NONE : tx_multiply(graph, tangent[k], node->input[1 - k]);
    }
    return tx_graph_sum_present(graph, part[0], part[1]);
}

static const tx_operation op_multiply = {.name = "multiply",
                                         .overwrites = 3,
                                         .sharing = TX_SHARE_CHANNELS,
                                         .shape = tx_shape_as_both,
                                         .vjp = vjp_multiply,
                                         .jvp = jvp_multiply};

tx_node tx_multiply(tx_graph *graph, tx_node a, tx_node b)
{
    const tx_shape sa = tx_node_shape(graph, a), sb = tx_node_shape(graph, b);
    const bool spreads = tx_shape_is_lane(&sb) && !tx_shape_is_lane(&sa);
    return spreads ? tx_graph_lane_scale(graph, 1, b, a) : binary(graph, &op_multiply, a, b, 0, 0);
}

/* ---- |x|^alpha ---- */

static tx_node power_slope(tx_graph *graph, const tx_graph_node *power, tx_node dy);

static void vjp_power(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    cotangent[0] = power_slope(graph, node, dy);
}

static tx_node jvp_power(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    return power_slope(graph, node, tangent[0]);
}

static const tx_operation op_power = {
    .name = "power", .overwrites = 1, .sharing = TX_SHARE_CHANNELS, .shape = tx_shape_as_first, .vjp = vjp_power, .jvp = jvp_power};
static const tx_operation op_power_gradient = {
    .name = "power_gradient", .overwrites = 3, .sharing = TX_SHARE_CHANNELS, .shape = tx_shape_as_both};

static tx_node power_slope(tx_graph *graph, const tx_graph_node *power, tx_node dy)
{
    return binary(graph, &op_power_gradient, dy, power->input[0], power->attributes.alpha, 0);
}

tx_node tx_power(tx_graph *graph, tx_node x, double exponent)
{
    return unary(graph, &op_power, x, exponent);
}

/* ---- zeros ---- */

static const tx_operation op_zero = {.name = "zero", .sharing = TX_SHARE_CHANNELS};

tx_node tx_graph_zero(tx_graph *graph, tx_shape shape)
{
    tx_graph_node node = tx_graph_node_of(&op_zero, TX_NONE, TX_NONE);
    node.shape = shape;
    return tx_graph_append(graph, &node);
}

/* |x|^0 is 1 but for x = 0, of which nothing is said; its sign, the slope of |x|, is 0 there. */
tx_node tx_nonzero(tx_graph *graph, tx_node x)
{
    const tx_node sign = binary(graph, &op_power_gradient, tx_power(graph, x, 0), x, 1, 0);
    return binary(graph, &op_power_gradient, sign, x, 1, 0);
}

const tx_operation *const tx_ops_pointwise[] = {&op_activate, &op_add, &tx_op_scale, &op_multiply, &op_power, &op_zero, NULL};
