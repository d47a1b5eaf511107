/* What a plan is given: windows, numbers of trajectories, parameters, constants, seeds; and the end of what depends on them. */
#include <string.h>

#include "base/memory.h"
#include "tensor/instruction.h"

/* A window's level, and what lies before it of a sample. */
static tx_status prepare_load(tx_planner *planner, tx_node n, tx_instruction *instruction)
{
    const tx_attributes *a = &tx_planner_node(planner, n)->attributes;
    instruction->offset = a->offset;
    return TX_OK;
}

/* The tangent of a flat range is a range of the flat tangent, of a window's level the same from the tangents. */
static tx_node jvp_given(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent)
{
    (void)y, (void)tangent;
    tx_graph_node own = *node;
    own.attributes.source = TX_SOURCE_TANGENT;
    return tx_graph_append(graph, &own);
}

const tx_operation tx_op_load = {.name = "load", .traits = TX_OP_INPUT, .jvp = jvp_given, .prepare = prepare_load};
const tx_operation tx_op_parameter = {.name = "parameter", .traits = TX_OP_FLAT | TX_OP_SILENT, .jvp = jvp_given};
const tx_operation tx_op_constant = {.name = "constant", .traits = TX_OP_FLAT | TX_OP_SILENT};
const tx_operation tx_op_seed = {.name = "seed", .traits = TX_OP_GIVEN | TX_OP_SILENT, .shape = tx_shape_lane};
const tx_operation tx_op_batch_size = {.name = "batch_size", .traits = TX_OP_GIVEN | TX_OP_SILENT, .shape = tx_shape_lane};

static tx_node fuse_stop(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)fuser, (void)old;
    return node->input[0];
}
const tx_operation tx_op_stop = {
    .name = "stop_gradient", .traits = TX_OP_CUT | TX_OP_SILENT, .shape = tx_shape_as_first, .fuse = fuse_stop};

/* Numbers of each sample from a source of the run, from `offset` on. */
static tx_node load(tx_graph *graph, tx_source source, int64_t offset, tx_shape shape)
{
    tx_graph_node node = tx_graph_node_of(&tx_op_load, TX_NONE, TX_NONE);
    node.shape = shape;
    node.attributes.source = source;
    node.attributes.offset = offset;
    node.attributes.size = shape.channels * tx_shape_points(&shape);
    return tx_graph_append(graph, &node);
}

tx_node tx_window(tx_graph *graph, int level, tx_shape shape)
{
    return load(graph, TX_SOURCE_WINDOW, level * shape.channels * tx_shape_points(&shape), shape);
}

tx_node tx_numbers(tx_graph *graph, int64_t offset, tx_shape shape)
{
    return load(graph, TX_SOURCE_NUMBERS, offset, shape);
}

tx_node tx_graph_seed(tx_graph *graph, int64_t offset, tx_shape shape)
{
    return load(graph, TX_SOURCE_SEED, offset, shape);
}

tx_node tx_batch_size(tx_graph *graph)
{
    tx_graph_node node = tx_graph_node_of(&tx_op_batch_size, TX_NONE, TX_NONE);
    return tx_graph_make(graph, &node, 0);
}

static tx_graph_node flat(const tx_operation *op, int64_t offset, int64_t size)
{
    tx_graph_node node = tx_graph_node_of(op, TX_NONE, TX_NONE);
    node.shape = (tx_shape){.channels = size};
    node.attributes.offset = offset;
    node.attributes.size = size;
    return node;
}

tx_node tx_parameter(tx_graph *graph, int64_t offset, int64_t size)
{
    const tx_graph_node node = flat(&tx_op_parameter, offset, size);
    return tx_graph_append(graph, &node);
}

tx_node tx_constant(tx_graph *graph, const double *values, int64_t size)
{
    for (int n = 0; n < graph->count; n++) {
        const tx_attributes *a = &graph->nodes[n].attributes;
        if (graph->nodes[n].op == &tx_op_constant && a->size == size &&
            !memcmp(graph->constants + a->offset, values, (size_t)size * sizeof *values)) {
            return n;
        }
    }
    const tx_graph_node node = flat(&tx_op_constant, (int64_t)graph->num_constants, size);
    if (graph->error.status || tx_reserve(graph->num_constants + (size_t)size, sizeof *values, &graph->constant_capacity,
                                          &graph->error, &graph->constants)) {
        return TX_NONE;
    }
    memcpy(graph->constants + graph->num_constants, values, (size_t)size * sizeof *values);
    graph->num_constants += (size_t)size;
    return tx_graph_append(graph, &node);
}

static const tx_operation op_fixed = {.name = "fixed", .traits = TX_OP_INPUT};

tx_node tx_fixed(tx_graph *graph, tx_shape shape, const double *values)
{
    tx_graph_node node = tx_graph_node_of(&op_fixed, tx_constant(graph, values, shape.channels * tx_shape_points(&shape)), TX_NONE);
    node.shape = shape;
    return tx_graph_make(graph, &node, 1);
}

tx_node tx_stop_gradient(tx_graph *graph, tx_node x)
{
    tx_graph_node node = tx_graph_node_of(&tx_op_stop, x, TX_NONE);
    return tx_graph_make(graph, &node, 1);
}

const tx_operation *const tx_ops_given[] = {
    &tx_op_load, &tx_op_parameter, &tx_op_constant, &tx_op_batch_size, &tx_op_stop, &op_fixed, NULL};
