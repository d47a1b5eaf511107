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

/* Room for more of them: their node. */
static tx_node add_constants(tx_graph *graph, int64_t size)
{
    const tx_graph_node node = flat(&tx_op_constant, (int64_t)graph->num_constants, size);
    if (graph->error.status || tx_reserve(graph->num_constants + (size_t)size, sizeof *graph->constants, &graph->constant_capacity,
                                          &graph->error, &graph->constants)) {
        return TX_NONE;
    }
    graph->num_constants += (size_t)size;
    return tx_graph_append(graph, &node);
}

static bool is_late(const tx_graph *graph, int64_t offset)
{
    bool late = false;
    for (size_t k = 0; k < graph->num_late; k++) {
        late = late || graph->late[k].offset == (size_t)offset;
    }
    return late;
}

tx_node tx_constant(tx_graph *graph, const double *values, int64_t size)
{
    for (int n = 0; n < graph->count; n++) {
        const tx_attributes *a = &graph->nodes[n].attributes;
        if (graph->nodes[n].op == &tx_op_constant && a->size == size &&
            !memcmp(graph->constants + a->offset, values, (size_t)size * sizeof *values) && !is_late(graph, a->offset)) {
            return n;
        }
    }
    const tx_node node = add_constants(graph, size);
    if (node >= 0) {
        memcpy(graph->constants + graph->nodes[node].attributes.offset, values, (size_t)size * sizeof *values);
    }
    return node;
}

static const tx_operation op_fixed = {.name = "fixed", .traits = TX_OP_INPUT};

tx_node tx_fixed(tx_graph *graph, tx_shape shape, const double *values)
{
    tx_graph_node node = tx_graph_node_of(&op_fixed, tx_constant(graph, values, shape.channels * tx_shape_points(&shape)), TX_NONE);
    node.shape = shape;
    return tx_graph_make(graph, &node, 1);
}

double tx_late_value(const tx_late *late, int64_t channel)
{
    return late->inverse ? 1 / late->numbers[channel] : late->numbers[channel];
}

static tx_node find_late(const tx_graph *graph, const tx_late *late)
{
    for (size_t k = 0; k < graph->num_late; k++) {
        const tx_late *other = &graph->late[k];
        const bool same = other->numbers == late->numbers && other->inverse == late->inverse && other->points == late->points;
        for (int n = 0; same && n < graph->count; n++) {
            if (graph->nodes[n].op == &tx_op_constant && graph->nodes[n].attributes.offset == (int64_t)other->offset) {
                return n;
            }
        }
    }
    return TX_NONE;
}

static tx_node add_late(tx_graph *graph, const tx_late *late)
{
    if (tx_reserve(graph->num_late + 1, sizeof *late, &graph->late_capacity, &graph->error, &graph->late)) {
        return TX_NONE;
    }
    graph->late[graph->num_late] = *late;
    graph->late[graph->num_late++].offset = graph->num_constants;
    const tx_node node = add_constants(graph, late->channels * late->points);
    for (int64_t k = 0; node >= 0 && k < late->channels * late->points; k++) {
        graph->constants[graph->nodes[node].attributes.offset + k] = tx_late_value(late, k / late->points);
    }
    return node;
}

tx_node tx_channel_numbers(tx_graph *graph, tx_shape shape, const double *numbers, bool inverse)
{
    const tx_late late = {.numbers = numbers, .channels = shape.channels, .points = tx_shape_points(&shape), .inverse = inverse};
    const tx_node there = find_late(graph, &late);
    tx_graph_node node = tx_graph_node_of(&op_fixed, there < 0 ? add_late(graph, &late) : there, TX_NONE);
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
