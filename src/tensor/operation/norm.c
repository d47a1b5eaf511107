/* Group norm: of a sample's channels, cut into groups, each group is brought to mean 0 and variance 1, then each channel is scaled
 * and shifted. The statistics are a node of their own, as the adjoint reads them. */
#include "base/memory.h"
#include "tensor/instruction.h"

static const tx_operation op_moments = {.name = "group_moments"}, op_pull = {.name = "group_pull"};

static tx_graph_node node_of(const tx_operation *op, tx_shape shape, int groups)
{
    tx_graph_node node = tx_graph_node_of(op, TX_NONE, TX_NONE);
    node.shape = shape;
    node.attributes.convolution.groups = groups;
    return node;
}

/* d bias and d weight are sums over the samples of the moments' two halves. */
static void add_effect(tx_graph *graph, tx_node moments, tx_node parameter, int64_t first, bool wanted)
{
    if (wanted) {
        tx_graph_node effect = tx_graph_node_of(&tx_op_bias_gradient, moments, TX_NONE);
        effect.shape = tx_node_shape(graph, moments);
        effect.attributes.channel = first;
        tx_graph_add_effect(graph, &effect, parameter);
    }
}

/* The cotangent of the norm's x from that of its result, with this weight; *moments: sums of it, which the effects read. */
static tx_node pull_back(tx_graph *graph, const tx_graph_node *norm, tx_node weight, tx_node dy, tx_node *moments)
{
    const int groups = norm->attributes.convolution.groups;
    const int64_t channels = norm->shape.channels;
    tx_graph_node sums = node_of(&op_moments, (tx_shape){.channels = 2 * channels}, groups);
    sums.input[0] = dy;
    sums.input[1] = norm->input[0];
    sums.input[2] = norm->input[1];
    *moments = tx_graph_make(graph, &sums, 3);
    tx_graph_node pull = node_of(&op_pull, (tx_shape){.channels = 4 * (int64_t)groups}, groups);
    pull.input[0] = *moments;
    pull.input[1] = norm->input[1];
    pull.input[2] = weight;
    /* NOLINTNEXTLINE(bugprone-integer-division): groups divide the channels */
    pull.attributes.alpha = 1 / (double)(channels / groups * tx_shape_points(&norm->shape));
    tx_graph_node gradient = node_of(&tx_op_group_norm_gradient, norm->shape, groups);
    gradient.input[0] = dy;
    gradient.input[1] = norm->input[0];
    gradient.input[2] = tx_graph_make(graph, &pull, 3);
    gradient.input[3] = weight;
    return tx_graph_make(graph, &gradient, 4);
}

static void vjp_norm(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y;
    tx_node moments;
    const tx_node dx = pull_back(graph, node, node->input[2], dy, &moments);
    add_effect(graph, moments, node->input[3], 0, wanted[3]);
    add_effect(graph, moments, node->input[2], node->shape.channels, wanted[2]);
    cotangent[0] = wanted[0] ? dx : TX_NONE;
}

/* `channels` equal numbers. */
static tx_node equal_numbers(tx_graph *graph, int64_t channels, double value)
{
    tx_error error = {0};
    double *values;
    if (tx_allocate_array((size_t)channels, sizeof *values, &error, &values) != TX_OK) {
        return tx_graph_stick(graph, &error);
    }
    for (int64_t k = 0; k < channels; k++) {
        values[k] = value;
    }
    const tx_node node = tx_constant(graph, values, channels);
    tx_free(values);
    return node;
}

/* Each channel times a weight, plus a bias (or TX_NONE). */
static tx_node scale_channels(tx_graph *graph, tx_node x, tx_node weight, tx_node bias)
{
    const tx_shape shape = tx_node_shape(graph, x);
    tx_convolution each = {.out_channels = shape.channels, .groups = (int)shape.channels};
    for (int d = 0; d < shape.axes; d++) {
        each.kernel[d] = each.dilation[d] = 1;
    }
    return tx_convolve(graph, x, &each, weight, bias);
}

/* Normalising is, linearised, its own adjoint: the tangent of what is normalised comes by the pull-back with weight 1. */
static tx_node jvp_norm(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    const int64_t channels = node->shape.channels;
    const tx_node one = equal_numbers(graph, channels, 1), zero = equal_numbers(graph, channels, 0);
    tx_node of_x = TX_NONE, of_w = TX_NONE, unused;
    if (tangent[0] >= 0) {
        of_x = scale_channels(graph, pull_back(graph, node, one, tangent[0], &unused), node->input[2], TX_NONE);
    }
    if (tangent[2] >= 0 || tangent[3] >= 0) {
        tx_graph_node normalised = *node;
        normalised.input[2] = one;
        normalised.input[3] = zero;
        of_w = scale_channels(graph, tx_graph_make(graph, &normalised, 4), tangent[2] >= 0 ? tangent[2] : zero, tangent[3]);
    }
    return tx_graph_sum_present(graph, of_x, of_w);
}

/* The norm accounts for them. */
static tx_node jvp_statistics(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)graph, (void)node, (void)y, (void)tangent;
    return TX_NONE;
}

static const tx_operation op_statistics = {.name = "group_statistics", .jvp = jvp_statistics};
const tx_operation tx_op_group_norm = {.name = "group_norm", .overwrites = 1 | 1u << 4, .vjp = vjp_norm, .jvp = jvp_norm};
const tx_operation tx_op_group_norm_gradient = {.name = "group_norm_gradient", .overwrites = 3 | 1u << 4};

tx_node tx_group_norm(tx_graph *graph, tx_node x, int64_t groups, double eps, tx_node weight, tx_node bias)
{
    if (x < 0) {
        return tx_graph_fail(graph, "an operand of the tensor graph is missing");
    }
    const tx_shape shape = tx_node_shape(graph, x);
    if (groups < 1 || shape.channels % groups) {
        return tx_graph_fail(graph, "%ld groups do not divide %ld channels", (long)groups, (long)shape.channels);
    }
    if (!tx_graph_has_numbers(graph, weight, shape.channels) || !tx_graph_has_numbers(graph, bias, shape.channels)) {
        return tx_graph_fail(graph, "a group norm of %ld channels needs as many weights and biases", (long)shape.channels);
    }
    tx_graph_node statistics = node_of(&op_statistics, (tx_shape){.channels = 2 * groups}, (int)groups);
    statistics.input[0] = x;
    statistics.attributes.alpha = eps;
    tx_graph_node norm = node_of(&tx_op_group_norm, shape, (int)groups);
    norm.input[0] = x;
    norm.input[1] = tx_graph_append(graph, &statistics);
    norm.input[2] = weight;
    norm.input[3] = bias;
    return tx_graph_append(graph, &norm);
}

const tx_operation *const tx_ops_norm[] = {&op_statistics, &tx_op_group_norm, NULL};
