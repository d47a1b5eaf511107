/* Real Fourier transforms over all axes as nodes, with all modes, and products of modes with constant tables: what spectral
 * steppers are made of. Adjoints are nodes of the same kinds. attributes.weighted: as kernel.h has it. */
#include <math.h>

#include "tensor/instruction.h"

/* ---- transforms ---- */

static const tx_operation op_rfftn, op_irfftn;

static double transform_flops(const tx_shape *x)
{
    const double points = (double)tx_shape_points(x);
    return 2.5 * (double)x->channels * points * log2(points);
}
static double forward_flops(const tx_graph_node *node, const tx_shape *input)
{
    (void)node;
    return transform_flops(input);
}
static double backward_flops(const tx_graph_node *node, const tx_shape *input)
{
    (void)input;
    return transform_flops(&node->shape);
}

static tx_status prepare_transform(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    return tx_planner_add_transform(planner, n, TX_OBJECT_RFFTN, tx_planner_node(planner, n)->op == &op_rfftn, instruction);
}

static tx_node transform(tx_graph *graph, const tx_operation *op, tx_node x, tx_shape shape, bool weighted)
{
    tx_graph_node node = tx_graph_node_of(op, x, TX_NONE);
    node.shape = shape;
    node.attributes.weighted = weighted;
    return tx_graph_make(graph, &node, 1);
}

static void vjp_transform(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    const tx_operation *back = node->op == &op_rfftn ? &op_irfftn : &op_rfftn;
    cotangent[0] = transform(graph, back, dy, tx_node_shape(graph, node->input[0]), node->attributes.weighted != 0);
}

static tx_node jvp_first(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    tx_graph_node same = *node;
    same.input[0] = tangent[0];
    return tx_graph_make(graph, &same, 1);
}

static const tx_operation op_rfftn = {.name = "rfftn",
                                      .sharing = TX_SHARE_PARTS,
                                      .vjp = vjp_transform,
                                      .jvp = jvp_first,
                                      .flops = forward_flops,
                                      .prepare = prepare_transform};
static const tx_operation op_irfftn = {.name = "irfftn",
                                       .sharing = TX_SHARE_PARTS,
                                       .vjp = vjp_transform,
                                       .jvp = jvp_first,
                                       .flops = backward_flops,
                                       .prepare = prepare_transform};

/* ---- products; flip: with the conjugates ---- */

static double product_flops(const tx_graph_node *node, const tx_shape *input)
{
    (void)input;
    return 3 * (double)(node->shape.channels * node->shape.n[0]);
}

static void vjp_product(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    tx_graph_node adjoint = *node;
    adjoint.input[0] = dy;
    adjoint.attributes.flip = !node->attributes.flip;
    cotangent[0] = tx_graph_make(graph, &adjoint, 2);
}

static const tx_operation op_multiply_modes = {.name = "multiply_modes",
                                               .overwrites = 1,
                                               .alike = 1,
                                               .sharing = TX_SHARE_PARTS,
                                               .vjp = vjp_product,
                                               .jvp = jvp_first,
                                               .flops = product_flops};

/* ---- building ---- */

tx_node tx_rfftn(tx_graph *graph, tx_node x)
{
    const tx_shape shape = tx_node_shape(graph, x);
    if (x >= 0 && !shape.axes) {
        return tx_graph_fail(graph, "a Fourier transform needs a spatial axis");
    }
    return transform(graph, &op_rfftn, x, (tx_shape){.channels = shape.channels, .axes = 1, .n = {2 * tx_rfftn_modes(shape)}},
                     false);
}

tx_node tx_irfftn(tx_graph *graph, tx_node modes, tx_shape shape)
{
    const tx_shape given = tx_node_shape(graph, modes);
    shape.channels = given.channels;
    if (modes >= 0 && (!shape.axes || given.axes != 1 || given.n[0] != 2 * tx_rfftn_modes(shape))) {
        return tx_graph_fail(graph, "these are not the modes of so many points");
    }
    return transform(graph, &op_irfftn, modes, shape, true);
}

tx_node tx_multiply_modes(tx_graph *graph, tx_node modes, tx_node table)
{
    if (graph->error.status || modes < 0 || table < 0) {
        return tx_graph_fail(graph, "an operand of the tensor graph is missing");
    }
    const tx_shape shape = tx_node_shape(graph, modes);
    const tx_graph_node *numbers = tx_graph_at(graph, table);
    const int64_t tables = shape.axes == 1 ? numbers->attributes.size / shape.n[0] : 0;
    if (numbers->op != &tx_op_constant || tables * shape.n[0] != numbers->attributes.size ||
        (tables != 1 && tables != shape.channels)) {
        return tx_graph_fail(graph, "modes are multiplied with constants: a complex number for each, of one channel or of all");
    }
    tx_graph_node node = tx_graph_node_of(&op_multiply_modes, modes, table);
    node.shape = shape;
    node.attributes.convolution.groups = (int)tables;
    return tx_graph_make(graph, &node, 2);
}

const tx_operation *const tx_ops_fourier[] = {&op_rfftn, &op_irfftn, &op_multiply_modes, NULL};
