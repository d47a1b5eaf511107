/* A user's C function as an operation. */
#include "tensor/instruction.h"

/* Scratch: samples of x, of what else it reads, and of the result, in the program's precision and in double. */
static tx_status prepare_call(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const tx_graph_node *node = tx_planner_node(planner, n);
    int64_t numbers = node->shape.channels * tx_shape_points(&node->shape);
    for (int k = 0; k < TX_MAX_INPUTS && node->input[k] >= 0; k++) {
        const tx_shape *shape = &tx_planner_node(planner, node->input[k])->shape;
        numbers += shape->channels * tx_shape_points(shape);
    }
    instruction->function = node->attributes.function;
    return tx_planner_add_samples(planner, (size_t)numbers, instruction);
}

/* A function of x and of something in its or its result's tangent space. */
static tx_node derivative(tx_graph *graph, const tx_operation *op, const tx_graph_node *call, tx_node d, tx_shape shape)
{
    tx_graph_node node = tx_graph_node_of(op, call->input[0], d);
    node.shape = shape;
    node.attributes.function = call->attributes.function;
    return tx_graph_make(graph, &node, 2);
}

static const tx_operation op_call_vjp = {.name = "call_vjp", .prepare = prepare_call};
static const tx_operation op_call_jvp = {.name = "call_jvp", .prepare = prepare_call};

static void vjp_call(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    const tx_function *function = node->attributes.function;
    if (function->vjp) {
        cotangent[0] = derivative(graph, &op_call_vjp, node, dy, tx_node_shape(graph, node->input[0]));
    } else {
        tx_graph_fail(graph, "%s has no vjp, so there is no gradient through it", function->name);
    }
}

static tx_node jvp_call(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    const tx_function *function = node->attributes.function;
    return function->jvp ? derivative(graph, &op_call_jvp, node, tangent[0], node->shape)
                         : tx_graph_fail(graph, "%s has no jvp, so there are no tangents through it", function->name);
}

static const tx_operation op_call = {.name = "call", .vjp = vjp_call, .jvp = jvp_call, .prepare = prepare_call};

tx_node tx_call(tx_graph *graph, tx_node x, tx_shape shape, const tx_function *function)
{
    tx_graph_node node = tx_graph_node_of(&op_call, x, TX_NONE);
    node.shape = shape;
    node.attributes.function = function;
    return tx_graph_make(graph, &node, 1);
}
