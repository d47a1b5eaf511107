/* Making a plan of a graph, and what it costs. */
#include "tensor/plan.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "kernel/function.h"
#include "tensor/planner.h"

/* ---- what is planned ---- */

/* The loss (or TX_NONE), then the outputs, then their tangents. */
static tx_status list_outputs(tx_plan *plan, const tx_plan_options *options, tx_error *error, tx_node **out)
{
    plan->num_outputs = (options->tangents ? 2 : 1) * options->num_outputs;
    TX_TRY(tx_allocate_array((size_t)plan->num_outputs + 1, sizeof **out, error, out));
    (*out)[0] = options->loss >= 0 ? options->loss : TX_NONE;
    for (int k = 0; k < options->num_outputs; k++) {
        (*out)[k + 1] = options->outputs[k];
    }
    return TX_OK;
}

static tx_status add_derivatives(tx_graph *graph, const tx_plan_options *options, tx_node *outputs, tx_error *error)
{
    const int count = options->num_outputs;
    if (options->tangents) {
        TX_TRY(tx_graph_push_forward(graph, options->moved, outputs + 1, count, error, outputs + 1 + count));
    }
    return options->pulled                           ? tx_graph_pull_to_window(graph, options->seeded, outputs + 1, error)
           : options->seeded                         ? tx_graph_pull_back(graph, outputs + 1, count, error)
           : options->loss >= 0 && options->gradient ? tx_graph_differentiate(graph, options->loss, error)
                                                     : TX_OK;
}

static tx_status fuse(const tx_graph *graph, const tx_plan_options *options, tx_node *outputs, int num_outputs, tx_error *error,
                      tx_graph **out)
{
    tx_graph *work;
    TX_TRY(tx_graph_status(graph, error));
    TX_TRY(tx_graph_copy(graph, error, &work));
    tx_status status = add_derivatives(work, options, outputs, error);
    if (status == TX_OK) {
        status = tx_graph_fuse(work, outputs, num_outputs + 1, error, out);
    }
    tx_graph_destroy(work);
    return status;
}

/* ---- what a run is given and leaves ---- */

static void measure_given(tx_plan *plan, const tx_graph *graph)
{
    const size_t real = tx_real_bytes(plan->options.precision);
    for (tx_node n = 0; n < graph->count; n++) {
        const tx_attributes *a = &tx_graph_at(graph, n)->attributes;
        if (tx_graph_at(graph, n)->op == &tx_op_load) {
            const size_t end = (size_t)(a->offset + a->size) * real;
            plan->given_bytes[a->source] = end > plan->given_bytes[a->source] ? end : plan->given_bytes[a->source];
        }
    }
}

static tx_status measure_results(tx_plan *plan, const tx_graph *graph, const tx_node *outputs, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)plan->num_outputs + 1, sizeof *plan->result_offsets, error, &plan->result_offsets));
    for (int k = 0; k < plan->num_outputs; k++) {
        const tx_shape shape = tx_node_shape(graph, outputs[k + 1]);
        const size_t bytes = (size_t)(shape.channels * tx_shape_points(&shape)) * tx_real_bytes(plan->options.precision);
        plan->result_offsets[k + 1] = plan->result_offsets[k] + bytes;
    }
    return TX_OK;
}

/* The constants in the plan's precision. */
static tx_status make_constants(tx_plan *plan, const tx_graph *graph, tx_error *error)
{
    const tx_precision precision = plan->options.precision;
    TX_TRY(tx_allocate_array(graph->num_constants, tx_real_bytes(precision), error, &plan->constants));
    plan->constant_bytes = graph->num_constants * tx_real_bytes(precision);
    for (size_t k = 0; k < graph->num_constants; k++) {
        tx_real_put(precision, plan->constants, k, graph->constants[k]);
    }
    TX_TRY(tx_allocate_array(graph->num_late, sizeof *plan->late, error, &plan->late));
    if (graph->num_late) {
        memcpy(plan->late, graph->late, graph->num_late * sizeof *plan->late);
    }
    plan->num_late = graph->num_late;
    return TX_OK;
}

void tx_plan_take_constants(tx_plan *plan)
{
    for (size_t k = 0; k < plan->num_late; k++) {
        const tx_late *late = &plan->late[k];
        for (int64_t j = 0; j < late->channels * late->points; j++) {
            tx_real_put(plan->options.precision, plan->constants, late->offset + (size_t)j, tx_late_value(late, j / late->points));
        }
    }
}

/* Large blocks are given in pages or not, as the process has used memory before: what a plan takes is its own affair. */
static size_t in_pages(size_t bytes)
{
    enum { PAGE = 4096, OWN = 256 }; /* of the allocator, at most */
    return (bytes + OWN + PAGE - 1) / PAGE * PAGE - OWN;
}

/* The list no longer than it has to be: there may be thousands for a long rollout. */
static tx_status trim(tx_plan *plan, tx_error *error)
{
    tx_instruction *instructions;
    TX_TRY(tx_allocate(in_pages(plan->num_instructions * sizeof *instructions), error, &instructions));
    if (plan->num_instructions) {
        memcpy(instructions, plan->instructions, plan->num_instructions * sizeof *instructions);
    }
    tx_free(plan->instructions);
    plan->instructions = instructions;
    plan->instruction_capacity = plan->num_instructions;
    return TX_OK;
}

/* ---- creating ---- */

static tx_status choose_backend(tx_plan *plan, const tx_plan_options *options, tx_error *error)
{
    const tx_backend_options own = {.isa = options->isa, .precision = options->precision};
    plan->backend = options->backend;
    return plan->backend ? TX_OK : tx_backend_open(NULL, &own, error, &plan->backend);
}

static tx_status make(tx_plan *plan, const tx_graph *graph, const tx_plan_options *options, tx_node *outputs, tx_error *error)
{
    tx_graph *fused;
    TX_TRY(fuse(graph, options, outputs, plan->num_outputs, error, &fused));
    measure_given(plan, fused);
    tx_status status;
    if ((status = measure_results(plan, fused, outputs, error)) == TX_OK &&
        (status = tx_plan_fit(plan, fused, outputs, error)) == TX_OK && (status = tx_plan_add_sum(plan, error)) == TX_OK &&
        (status = trim(plan, error)) == TX_OK) {
        status = make_constants(plan, fused, error);
    }
    tx_graph_destroy(fused);
    return status;
}

tx_status tx_plan_create(const tx_graph *graph, const tx_plan_options *options, tx_error *error, tx_plan **out)
{
    tx_plan *plan;
    tx_node *outputs = NULL;
    TX_TRY(tx_allocate(sizeof *plan, error, &plan));
    plan->options = *options;
    plan->options.outputs = NULL;
    tx_status status;
    if ((status = choose_backend(plan, options, error)) == TX_OK &&
        (status = list_outputs(plan, options, error, &outputs)) == TX_OK) {
        status = make(plan, graph, options, outputs, error);
    }
    tx_free(outputs);
    plan->options.leaf_sizes = NULL;
    if (status != TX_OK) {
        tx_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return TX_OK;
}

void tx_plan_destroy(tx_plan *plan)
{
    if (!plan) {
        return;
    }
    for (size_t k = 0; k < plan->num_objects; k++) {
        plan->backend->class_->destroy(plan->backend, plan->objects[k].object);
        tx_free(plan->objects[k].shape);
    }
    for (size_t k = 0; k < plan->num_layouts; k++) {
        tx_free(plan->layouts[k]);
    }
    tx_free(plan->objects);
    tx_free(plan->layouts);
    tx_free(plan->functions);
    tx_free(plan->packs);
    tx_free(plan->result_offsets);
    tx_free(plan->constants);
    tx_free(plan->late);
    tx_free(plan->instructions);
    tx_backend_close(plan->options.backend ? NULL : plan->backend);
    tx_free(plan);
}

/* ---- what it costs ---- */

static size_t room_bytes(const tx_plan *plan)
{
    const size_t flat = (plan->options.tangents ? 2 : 1) * tx_flat_bytes(&plan->options);
    size_t bytes = plan->packed_bytes + (plan->backend->class_->in_place ? 0 : plan->constant_bytes + flat);
    for (size_t k = 0; k < plan->num_objects; k++) {
        bytes += plan->objects[k].object->table_bytes;
    }
    return bytes;
}

int64_t tx_plan_numbers(const tx_plan *plan)
{
    return plan ? (int64_t)(plan->given_bytes[TX_SOURCE_NUMBERS] / tx_real_bytes(plan->options.precision)) : 0;
}

tx_plan_cost tx_plan_get_cost(const tx_plan *plan)
{
    return (tx_plan_cost){.arena_bytes = plan->arena_bytes,
                          .shared_bytes = tx_plan_shared_bytes(plan),
                          .workspace_bytes = tx_plan_workspace_bytes(plan, 1),
                          .block_bytes = tx_plan_workspace_bytes(plan, 2) - tx_plan_workspace_bytes(plan, 1),
                          .room_bytes = room_bytes(plan),
                          .device_bytes = tx_plan_device_bytes(plan, 1),
                          .more_device = tx_plan_device_bytes(plan, 2) - tx_plan_device_bytes(plan, 1),
                          .flops = plan->flops,
                          .num_instructions = (int)plan->num_instructions,
                          .everything = plan->everything,
                          .states = plan->states,
                          .fits = plan->fits};
}

int tx_plan_blocks_at_once(const tx_plan *plan, int64_t blocks)
{
    return plan->backend->class_->in_place ? 1 : (int)blocks;
}

bool tx_plan_sums(const tx_plan *plan)
{
    return plan->sum != NULL;
}

static bool has_joint_calls(const tx_plan *plan)
{
    size_t k = 0;
    while (k < plan->num_functions && !tx_function_is_joint(plan->functions[k])) {
        k++;
    }
    return k < plan->num_functions;
}

/* An instruction must, on average, take much longer than waiting for the others. Who waits for them takes no part in a joint call.
 */
int tx_plan_most_threads(const tx_plan *plan)
{
    if (has_joint_calls(plan)) {
        return 1;
    }
    const double enough = 1e6 /* operations of a thread */, threads = plan->flops / (enough * (double)plan->num_instructions);
    return plan->backend->class_->in_place && threads >= 2 ? (int)(threads < INT_MAX ? threads : INT_MAX) : 1;
}

tx_status tx_plan_describe(const tx_plan *plan, tx_error *error, char **out)
{
    enum { LINE = 128 };
    static const char *const spaces[TX_SPACE_COUNT] = {"-",        "arena",     "packed",   "parameters",
                                                       "tangents", "constants", "gradient", "lanes"};
    char *text;
    TX_TRY(tx_allocate(plan->num_instructions * LINE + 1, error, &text));
    size_t at = 0;
    for (size_t k = 0; k < plan->num_instructions; k++) {
        const tx_instruction *i = &plan->instructions[k];
        at += (size_t)snprintf(text + at, LINE, "%s", i->kernel->name);
        for (int j = 0; j < TX_MAX_INPUTS; j++) {
            if (i->operand[j].space != TX_SPACE_NONE) {
                at += (size_t)snprintf(text + at, LINE / 5, " %.4s:%ld", spaces[i->operand[j].space], (long)i->operand[j].offset);
            }
        }
        at += (size_t)snprintf(text + at, LINE / 5, " -> %.4s:%ld\n", spaces[i->out.space], (long)i->out.offset);
    }
    *out = text;
    return TX_OK;
}
