/* A user's C function as an operation: one node that calls it, whose value nobody but this kin reads (the samples' tapes and
 * results, kernel/backend.h), and one that makes a tensor of the results. */
#include "kernel/function.h"
#include "tensor/instruction.h"

static const tx_operation op_call, op_call_result, op_call_jvp;

static int64_t shape_numbers(const tx_shape *shape)
{
    return shape->channels * tx_shape_points(shape);
}

/* Scratch: samples of x, of what lies in a tangent space, and of what the function computes, as they are and in the other
 * precision. */
static tx_status prepare_call(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const tx_graph_node *node = tx_planner_node(planner, n);
    const bool derivative = node->op != &op_call;
    int64_t numbers = shape_numbers(&node->shape) - (derivative ? 0 : tx_tape_reals(node->attributes.function));
    for (int k = 0; k < (derivative ? 2 : 1); k++) { /* a summand lies where the result will */
        numbers += shape_numbers(&tx_planner_node(planner, node->input[k])->shape);
    }
    TX_TRY(tx_planner_function(planner, node->attributes.function, instruction));
    return tx_planner_add_samples(planner, (size_t)numbers, instruction);
}

static tx_status prepare_result(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    instruction->function = tx_planner_node(planner, n)->attributes.function;
    return TX_OK;
}

static tx_node make(tx_graph *graph, const tx_operation *op, const tx_function *function, const tx_node *input, tx_shape shape)
{
    tx_graph_node node = tx_graph_node_of(op, input[0], input[1]);
    node.input[2] = input[2];
    node.shape = shape;
    node.attributes.function = function;
    return tx_graph_make(graph, &node, input[1] == TX_NONE ? 1 : 2);
}

/* A function of x, of something in its or its result's tangent space, and of the tape. */
static tx_node derivative(tx_graph *graph, const tx_operation *op, const tx_graph_node *result, tx_node d, tx_shape shape)
{
    const tx_function *function = result->attributes.function;
    return make(graph, op, function, (tx_node[]){result->input[0], d, function->tape_bytes ? result->input[1] : TX_NONE}, shape);
}

static void vjp_result(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent)
{
    (void)y, (void)wanted;
    const tx_function *function = node->attributes.function;
    if (tx_function_can(function, TX_VJP)) {
        cotangent[0] = derivative(graph, &tx_op_call_vjp, node, dy, tx_node_shape(graph, node->input[0]));
    } else {
        tx_graph_fail(graph,
                      "%s has no vjp, so there is no gradient through it: diverted chains need none with `cut_div_chain: true`",
                      function->name);
    }
}

static tx_node jvp_result(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y;
    const tx_function *function = node->attributes.function;
    return tx_function_can(function, TX_JVP)
               ? derivative(graph, &op_call_jvp, node, tangent[0], node->shape)
               : tx_graph_fail(graph, "%s has no jvp, so there are no tangents through it", function->name);
}

static const tx_operation op_call = {.name = "call", .traits = TX_OP_CUT, .prepare = prepare_call};
static const tx_operation op_call_result = {.name = "call_result", .vjp = vjp_result, .jvp = jvp_result, .prepare = prepare_result};
const tx_operation tx_op_call_vjp = {.name = "call_vjp", .prepare = prepare_call};
static const tx_operation op_call_jvp = {.name = "call_jvp", .prepare = prepare_call};

tx_node tx_call(tx_graph *graph, tx_node x, tx_shape shape, const tx_function *function)
{
    const tx_shape bytes = {.channels = 1, .axes = 1, .n = {shape_numbers(&shape) + tx_tape_reals(function)}};
    const tx_node called = make(graph, &op_call, function, (tx_node[]){x, TX_NONE, TX_NONE}, bytes);
    return make(graph, &op_call_result, function, (tx_node[]){x, called, TX_NONE}, shape);
}
