/* What instructions need: kernels, operands, layouts, objects of the backend (one a shape), packed weights, scratch. */
#include <string.h>

#include "base/memory.h"
#include "tensor/planner.h"

const tx_graph_node *tx_planner_node(const tx_planner *p, tx_node n)
{
    return tx_graph_at(p->graph, n);
}

tx_operand tx_planner_operand(const tx_planner *p, tx_node n)
{
    if (n < 0) {
        return (tx_operand){TX_SPACE_NONE, 0};
    }
    const tx_graph_node *node = tx_planner_node(p, n);
    const int64_t offset = node->attributes.offset * (int64_t)tx_planner_real(p);
    if (tx_has_trait(node, TX_OP_FLAT)) {
        const bool tangent = node->attributes.source == TX_SOURCE_TANGENT;
        return (tx_operand){node->op == &tx_op_constant ? TX_SPACE_CONSTANTS
                            : tangent                   ? TX_SPACE_TANGENTS
                                                        : TX_SPACE_PARAMETERS,
                            offset};
    }
    if (tx_has_trait(node, TX_OP_GIVEN)) {
        return (tx_operand){TX_SPACE_LANES, node->op == &tx_op_seed ? 0 : (int64_t)tx_lane_bytes(&p->plan->options)};
    }
    return tx_has_trait(node, TX_OP_EFFECT) ? (tx_operand){TX_SPACE_GRADIENT, offset}
                                            : (tx_operand){TX_SPACE_ARENA, p->values[p->values[n].owner].offset};
}

/* ---- layouts, objects ---- */

static bool equal_layouts(const tx_layout *a, const tx_layout *b)
{
    bool equal = tx_shape_equal(&a->shape, &b->shape) && a->block == b->block && a->channel == b->channel &&
                 a->origin == b->origin && a->size == b->size;
    for (int d = 0; equal && d < a->shape.axes; d++) {
        equal = a->low[d] == b->low[d] && a->high[d] == b->high[d] && a->stride[d] == b->stride[d];
    }
    return equal;
}

tx_status tx_planner_intern(tx_planner *p, const tx_layout *layout, const tx_layout **out)
{
    tx_plan *plan = p->plan;
    for (size_t k = 0; k < plan->num_layouts; k++) {
        if (equal_layouts(plan->layouts[k], layout)) {
            *out = plan->layouts[k];
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(plan->num_layouts + 1, sizeof *plan->layouts, &plan->layout_capacity, p->error, &plan->layouts));
    tx_layout *copy;
    TX_TRY(tx_allocate(sizeof *copy, p->error, &copy));
    memcpy(copy, layout, sizeof *copy);
    *out = plan->layouts[plan->num_layouts++] = copy;
    return TX_OK;
}

tx_status tx_planner_object(tx_planner *p, tx_object_kind kind, const void *shape, size_t bytes, const tx_object **out)
{
    tx_plan *plan = p->plan;
    for (size_t k = 0; k < plan->num_objects; k++) {
        const tx_made *made = &plan->objects[k];
        if (made->kind == kind && !memcmp(made->shape, shape, bytes)) {
            *out = made->object;
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(plan->num_objects + 1, sizeof *plan->objects, &plan->object_capacity, p->error, &plan->objects));
    tx_made *made = &plan->objects[plan->num_objects];
    *made = (tx_made){.kind = kind, .bytes = bytes};
    TX_TRY(tx_allocate(bytes, p->error, &made->shape));
    plan->num_objects++;
    memcpy(made->shape, shape, bytes);
    TX_TRY(plan->backend->class_->create(plan->backend, kind, shape, p->error, &made->object));
    *out = made->object;
    return TX_OK;
}

/* By itself in its kind: its shape is not compared. */
tx_status tx_plan_add_sum(tx_plan *plan, tx_error *error)
{
    const tx_plan_options *options = &plan->options;
    const tx_sum_shape shape = {options->leaf_sizes, options->num_leaves};
    tx_planner planner = {.plan = plan, .error = error};
    if (!plan->backend->class_->add_gradients || !tx_plan_has_gradient(plan) || options->apart || !options->num_leaves) {
        return TX_OK;
    }
    return tx_planner_object(&planner, TX_OBJECT_SUM, &shape, sizeof shape, &plan->sum);
}

tx_status tx_planner_add_transform(tx_planner *p, tx_node n, tx_object_kind kind, bool forward, tx_instruction *instruction)
{
    const tx_attributes *attributes = &tx_planner_node(p, n)->attributes;
    tx_spectral_shape shape;
    memset(&shape, 0, sizeof shape); /* compared bytewise */
    memcpy(&shape.x, forward ? instruction->layout[0] : instruction->out_layout, sizeof shape.x);
    memcpy(&shape.modes, forward ? instruction->out_layout : instruction->layout[0], sizeof shape.modes);
    memcpy(shape.count, attributes->convolution.kernel, sizeof shape.count);
    shape.weighted = attributes->weighted != 0;
    TX_TRY(tx_planner_object(p, kind, &shape, sizeof shape, &instruction->object));
    return tx_planner_add_scratch(p, instruction);
}

/* ---- packed weights ---- */

static tx_status find_kernel(const tx_planner *p, const char *name, tx_instruction *instruction)
{
    const tx_backend *backend = p->plan->backend;
    instruction->kernel = backend->class_->find(backend, name);
    if (!instruction->kernel) {
        return tx_error_set(p->error, TX_INVALID, "the backend %s has no kernel for %s", backend->class_->name, name);
    }
    instruction->run = instruction->kernel->run;
    return TX_OK;
}

static bool is_pack_of(const tx_instruction *pack, const tx_object *object, tx_operand weight)
{
    return pack->object == object && pack->operand[0].space == weight.space && pack->operand[0].offset == weight.offset;
}

tx_status tx_planner_pack(tx_planner *p, const tx_object *object, tx_operand weight, tx_operand *out)
{
    tx_plan *plan = p->plan;
    int *bucket = &plan->pack_buckets[((uint64_t)weight.offset * 0x9E3779B97F4A7C15u) % TX_PACK_BUCKETS];
    for (int k = *bucket; k; k = plan->packs[k - 1].next) {
        if (is_pack_of(&plan->packs[k - 1].instruction, object, weight)) {
            *out = plan->packs[k - 1].instruction.out;
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(plan->num_packs + 1, sizeof *plan->packs, &plan->pack_capacity, p->error, &plan->packs));
    tx_instruction pack = {.object = object, .operand = {weight}, .out = {TX_SPACE_PACKED, (int64_t)plan->packed_bytes}};
    TX_TRY(find_kernel(p, "pack", &pack));
    plan->packs[plan->num_packs++] = (tx_pack){pack, *bucket};
    *bucket = (int)plan->num_packs;
    plan->packed_bytes += tx_whole_lines(object->packed_bytes);
    *out = pack.out;
    return TX_OK;
}

/* ---- users' functions ---- */

tx_status tx_planner_function(tx_planner *p, const tx_function *function, tx_instruction *instruction)
{
    tx_plan *plan = p->plan;
    size_t k = 0;
    while (k < plan->num_functions && plan->functions[k] != function) {
        k++;
    }
    if (k == plan->num_functions) {
        TX_TRY(tx_reserve(k + 1, sizeof *plan->functions, &plan->function_capacity, p->error, &plan->functions));
        plan->functions[plan->num_functions++] = function;
    }
    instruction->function = function;
    instruction->state = (int)k;
    return TX_OK;
}

/* ---- scratch ---- */

static tx_status add_bytes(tx_planner *p, size_t bytes, tx_instruction *instruction)
{
    const int64_t size = tx_round_to_line((int64_t)bytes), offset = tx_arena_take(&p->arena, size);
    instruction->operand[TX_MAX_OPERANDS - 1] = (tx_operand){TX_SPACE_ARENA, offset};
    return tx_arena_give(&p->arena, offset, size, p->error);
}

tx_status tx_planner_add_scratch(tx_planner *p, tx_instruction *instruction)
{
    const size_t threads = p->plan->options.threads > 1 ? (size_t)p->plan->options.threads : 1,
                 bytes = instruction->object->scratch_bytes;
    return bytes ? add_bytes(p, threads * tx_whole_lines(bytes), instruction) : TX_OK;
}

tx_status tx_planner_add_samples(tx_planner *p, size_t numbers, tx_instruction *instruction)
{
    return add_bytes(p, 2 * sizeof(double) * numbers * ((size_t)p->plan->options.block + 1), instruction);
}

/* ---- instructions ---- */

tx_status tx_planner_append(tx_planner *p, const char *kernel, tx_instruction *instruction)
{
    tx_plan *plan = p->plan;
    instruction->part = p->part;
    TX_TRY(find_kernel(p, kernel, instruction));
    TX_TRY(tx_reserve(plan->num_instructions + 1, sizeof *plan->instructions, &plan->instruction_capacity, p->error,
                      &plan->instructions));
    plan->instructions[plan->num_instructions++] = *instruction;
    return TX_OK;
}

tx_status tx_planner_copy_first(tx_planner *p, tx_node n, const tx_layout *target)
{
    const tx_node x = tx_planner_node(p, n)->input[0];
    if (!p->values[n].copied) {
        return TX_OK;
    }
    tx_instruction copy = {.operand = {tx_planner_operand(p, x)}, .layout = {p->values[x].layout}, .out = tx_planner_operand(p, n)};
    TX_TRY(tx_planner_intern(p, target, &copy.out_layout));
    return tx_planner_append(p, "copy", &copy);
}
