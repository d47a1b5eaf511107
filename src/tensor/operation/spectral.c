/* Spectral convolutions as nodes: transform, product in the modes, transform back. Apart, so that a state is transformed once
 * for all that read it, and its transform serves the weights' gradient too; and adjoints are nodes of the same kinds.
 * convolution.kernel holds the modes an axis, convolution.groups the blocks of them. */
#include <string.h>

#include "tensor/instruction.h"

/* ---- transforms ---- */

/* Axis by axis, first to last, products with cosines and sines, an eighth of them thanks to their symmetries. */
static double transform_flops(const tx_graph_node *node, const tx_shape *x, int64_t channels)
{
    double flops = 0, lanes = (double)(channels * tx_shape_points(x));
    for (int d = 0; d < x->axes; d++) {
        const double rows = 2 * (double)node->attributes.convolution.kernel[d] + (d < x->axes - 1);
        flops += lanes * rows * (x->n[d] % 2 ? 1 : 0.5);
        lanes *= rows / (double)x->n[d];
    }
    return flops;
}
static double analyse_flops(const tx_graph_node *node, const tx_shape *input)
{
    return transform_flops(node, input, input->channels);
}
static double synthesise_flops(const tx_graph_node *node, const tx_shape *input)
{
    (void)input;
    return transform_flops(node, &node->shape, node->shape.channels);
}

static const tx_operation op_analyse;

static tx_status prepare_transform(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const bool forward = tx_planner_node(planner, n)->op == &op_analyse;
    return tx_planner_add_transform(planner, n, TX_OBJECT_SPECTRAL, forward, instruction);
}

static tx_graph_node make(const tx_operation *op, tx_shape shape, const tx_convolution *modes, tx_node x)
{
    tx_graph_node node = tx_graph_node_of(op, x, TX_NONE);
    node.shape = shape;
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
    tx_graph_node node = make(&op_analyse, modes_shape(modes, shape.axes, shape.channels), modes, x);
    node.attributes.weighted = weighted;
    return tx_graph_make(graph, &node, 1);
}

static const tx_operation op_synthesise;

/* To a tensor of as many points as `like`. */
static tx_node synthesise(tx_graph *graph, tx_node x, const tx_convolution *modes, const tx_shape *like, bool weighted)
{
    tx_shape shape = *like;
    shape.channels = tx_node_shape(graph, x).channels / (2 * modes->groups);
    tx_graph_node node = make(&op_synthesise, shape, modes, x);
    node.attributes.weighted = weighted;
    return tx_graph_make(graph, &node, 1);
}

static void vjp_analyse(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    const tx_shape shape = tx_node_shape(graph, node->input[0]);
    cotangent[0] = synthesise(graph, dy, &node->attributes.convolution, &shape, node->attributes.weighted != 0);
}

static void vjp_synthesise(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted,
                           tx_node *cotangent)
{
    (void)y, (void)wanted;
    cotangent[0] = analyse(graph, dy, &node->attributes.convolution, node->attributes.weighted != 0);
}

static tx_node jvp_transform(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    tx_graph_node same = *node;
    same.input[0] = tangent[0];
    return tx_graph_make(graph, &same, 1);
}

static const tx_operation op_analyse = {.name = "spectral_analyse",
                                        .sharing = TX_SHARE_PARTS,
                                        .vjp = vjp_analyse,
                                        .jvp = jvp_transform,
                                        .flops = analyse_flops,
                                        .prepare = prepare_transform};
static const tx_operation op_synthesise = {.name = "spectral_synthesise",
                                           .sharing = TX_SHARE_PARTS,
                                           .vjp = vjp_synthesise,
                                           .jvp = jvp_transform,
                                           .flops = synthesise_flops,
                                           .prepare = prepare_transform};

/* ---- products; flip: the adjoint ---- */

static const tx_operation op_multiply, op_weights;

static double mode_flops(const tx_graph_node *node, const tx_shape *input)
{
    const double channels = (double)input->channels * (double)node->shape.channels / 4;
    return (node->op == &op_multiply ? 8 : 4) * channels / node->attributes.convolution.groups * (double)input->n[0];
}

static tx_node multiply(tx_graph *graph, tx_node x, const tx_convolution *modes, tx_node real, tx_node imaginary, int64_t channels,
                        bool adjoint)
{
    tx_shape shape = tx_node_shape(graph, x);
    shape.channels = 2 * modes->groups * channels;
    tx_graph_node node = make(&op_multiply, shape, modes, x);
    node.input[1] = real;
    node.input[2] = imaginary;
    node.attributes.flip = adjoint;
    return tx_graph_make(graph, &node, 3);
}

static void vjp_multiply(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y;
    const tx_convolution modes = node->attributes.convolution;
    for (int part = 0; part < 2; part++) {
        if (wanted[1 + part]) {
            tx_graph_node effect = make(&op_weights, node->shape, &modes, node->input[0]);
            effect.input[1] = dy;
            effect.attributes.flip = part; /* 1: imaginary */
            tx_graph_add_effect(graph, &effect, node->input[1 + part]);
        }
    }
    if (wanted[0]) {
        const int64_t channels = tx_node_shape(graph, node->input[0]).channels / (2 * modes.groups);
        cotangent[0] = multiply(graph, dy, &modes, node->input[1], node->input[2], channels, !node->attributes.flip);
    }
}

/* By the product rule, with zeros for the part of the weights that has no tangent. */
static tx_node jvp_multiply(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    tx_node of_x = TX_NONE, of_w = TX_NONE;
    tx_graph_node same = *node;
    if (tangent[0] >= 0) {
        same.input[0] = tangent[0];
        of_x = tx_graph_make(graph, &same, 3);
    }
    if (tangent[1] >= 0 && tangent[2] >= 0) {
        same = *node;
        same.input[1] = tangent[1];
        same.input[2] = tangent[2];
        of_w = tx_graph_make(graph, &same, 3);
    } else if (tangent[1] >= 0 || tangent[2] >= 0) {
        return tx_graph_fail(graph, "a spectral convolution with one constant part of its weights has no tangents");
    }
    return tx_graph_sum_present(graph, of_x, of_w);
}

static const tx_operation op_multiply = {
    .name = "spectral_multiply", .sharing = TX_SHARE_PARTS, .vjp = vjp_multiply, .jvp = jvp_multiply, .flops = mode_flops};
static const tx_operation op_weights = {.name = "spectral_weights",
                                        .sharing = TX_SHARE_PARTS,
                                        .traits = TX_OP_EFFECT,
                                        .take_lane = "spectral_take_lane",
                                        .flops = mode_flops};

/* ---- building ---- */

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
    if (!tx_graph_has_numbers(graph, weight_real, size) || !tx_graph_has_numbers(graph, weight_imag, size)) {
        return tx_graph_fail(graph, "a spectral convolution needs %ld weights", (long)size);
    }
    const tx_node spectrum = multiply(graph, analyse(graph, x, &kept, false), &kept, weight_real, weight_imag, out_channels, false);
    return synthesise(graph, spectrum, &kept, &shape, true);
}

const tx_operation *const tx_ops_spectral[] = {&op_analyse, &op_synthesise, &op_multiply, NULL};
