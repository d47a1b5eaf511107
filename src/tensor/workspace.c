/* What running a plan takes, and how one block's instructions see it. */
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "kernel/function.h"
#include "tensor/run.h"
#include "tensor/team.h"

static size_t lanes_bytes(const tx_plan *plan)
{
    return 2 * tx_lane_bytes(&plan->options);
}

/* Where blocks run one by one, they do so in the same arena. */
static size_t arena_bytes(const tx_plan *plan, int blocks)
{
    return (plan->backend->class_->in_place ? 1 : (size_t)blocks) * plan->arena_bytes;
}

static size_t staged_bytes(const tx_plan *plan, int blocks)
{
    const size_t samples = (size_t)blocks * (size_t)plan->options.block;
    size_t bytes = (size_t)blocks * (lanes_bytes(plan) + (tx_plan_has_gradient(plan) ? tx_gradient_bytes(&plan->options) : 0));
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        bytes += samples * plan->given_bytes[k];
    }
    return bytes + samples * plan->result_offsets[plan->num_outputs] + (plan->sum ? plan->sum->sum_bytes : 0);
}

static size_t gathered_bytes(const tx_plan *plan, int blocks)
{
    size_t most = 0;
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        const size_t bytes = plan->given_bytes[k];
        most = bytes <= TX_GATHERED && bytes > most ? bytes : most;
    }
    return (size_t)blocks * (size_t)plan->options.block * most;
}

/* On the host, of a backend that has memory of its own. */
static size_t passing_bytes(const tx_plan *plan, int blocks)
{
    return (size_t)blocks * tx_lane_bytes(&plan->options) + gathered_bytes(plan, blocks);
}

/* The states of users' functions, and where they stand. */
static size_t states_bytes(const tx_plan *plan)
{
    size_t bytes = plan->num_functions * sizeof(void *);
    for (size_t k = 0; k < plan->num_functions; k++) {
        bytes += plan->functions[k]->state_bytes;
    }
    return bytes;
}

size_t tx_plan_workspace_bytes(const tx_plan *plan, int blocks)
{
    const size_t block = (size_t)plan->options.block, many = (size_t)blocks;
    const bool in_place = plan->backend->class_->in_place;
    return sizeof(tx_workspace) + sizeof(tx_buffer) + arena_bytes(plan, blocks) + many * lanes_bytes(plan) + states_bytes(plan) +
           block * (sizeof(void *) + (plan->given_bytes[TX_SOURCE_SEED] ? sizeof(void *) : 0)) + plan->given_bytes[TX_SOURCE_SEED] +
           (in_place ? 0 : staged_bytes(plan, blocks) + passing_bytes(plan, blocks));
}

size_t tx_plan_device_bytes(const tx_plan *plan, int blocks)
{
    return plan->backend->class_->in_place ? 0 : arena_bytes(plan, blocks) + staged_bytes(plan, blocks);
}

/* Of a block, what the inputs and the result of a user's function hold. */
static size_t called_bytes(const tx_plan *plan, const tx_instruction *i)
{
    int64_t reals = i->out_layout->size;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        reals += i->operand[k].space == TX_SPACE_ARENA ? i->layout[k]->size : 0;
    }
    return (size_t)reals * tx_real_bytes(plan->options.precision);
}

tx_traffic tx_plan_traffic(const tx_plan *plan, int blocks)
{
    const tx_plan_options *options = &plan->options;
    const size_t many = (size_t)blocks, samples = many * (size_t)options->block;
    tx_traffic traffic = {.to = many * lanes_bytes(plan) + (options->tangents ? 2 : 1) * tx_flat_bytes(options),
                          .from = samples * (tx_real_bytes(options->precision) + plan->result_offsets[plan->num_outputs])};
    if (plan->backend->class_->in_place) {
        return (tx_traffic){0};
    }
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        traffic.to += samples * plan->given_bytes[k];
    }
    traffic.from += !tx_plan_has_gradient(plan) ? 0 : plan->sum ? plan->sum->sum_bytes : many * tx_gradient_bytes(options);
    for (size_t k = 0; k < plan->num_instructions; k++) {
        traffic.calls += plan->instructions[k].function != NULL;
        traffic.called += plan->instructions[k].function ? many * called_bytes(plan, &plan->instructions[k]) : 0;
    }
    return traffic;
}

static tx_status stage(tx_workspace *workspace, tx_error *error)
{
    const tx_plan *plan = workspace->plan;
    const tx_backend_class *class_ = plan->backend->class_;
    const size_t blocks = (size_t)workspace->blocks, samples = blocks * (size_t)plan->options.block;
    const size_t gradient = tx_plan_has_gradient(plan) ? blocks * tx_gradient_bytes(&plan->options) : 0;
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        TX_TRY(class_->allocate(plan->backend, samples * plan->given_bytes[k], error, &workspace->given[k]));
    }
    TX_TRY(class_->allocate(plan->backend, blocks * lanes_bytes(plan), error, &workspace->staged_lanes));
    TX_TRY(class_->allocate(plan->backend, samples * plan->result_offsets[plan->num_outputs], error, &workspace->results));
    TX_TRY(class_->allocate(plan->backend, gradient, error, &workspace->gradient));
    TX_TRY(class_->allocate(plan->backend, plan->sum ? plan->sum->sum_bytes : 0, error, &workspace->sum));
    TX_TRY(tx_allocate(blocks * tx_lane_bytes(&plan->options), error, &workspace->losses));
    return tx_allocate(gathered_bytes(plan, workspace->blocks), error, &workspace->gathered);
}

static tx_status make_states(tx_workspace *workspace, tx_error *error)
{
    const tx_plan *plan = workspace->plan;
    TX_TRY(tx_allocate_array(plan->num_functions, sizeof(void *), error, &workspace->states));
    for (size_t k = 0; k < plan->num_functions; k++) {
        TX_TRY(tx_function_create(plan->functions[k], plan->options.block, error, &workspace->states[k]));
    }
    return TX_OK;
}

static void destroy_states(tx_workspace *workspace)
{
    for (size_t k = 0; workspace->states && k < workspace->plan->num_functions; k++) {
        tx_function_destroy(workspace->plan->functions[k], workspace->states[k]);
    }
    tx_free(workspace->states);
}

static tx_status make_room(tx_workspace *workspace, tx_error *error)
{
    const tx_plan *plan = workspace->plan;
    const tx_backend_class *class_ = plan->backend->class_;
    const size_t block = (size_t)plan->options.block, blocks = (size_t)workspace->blocks;
    if (!workspace->base) {
        TX_TRY(class_->allocate(plan->backend, arena_bytes(plan, workspace->blocks), error, &workspace->arena));
        workspace->base = workspace->arena->data;
    }
    TX_TRY(tx_allocate(blocks * lanes_bytes(plan), error, &workspace->lanes));
    TX_TRY(tx_allocate_array(block, sizeof(void *), error, &workspace->samples));
    if (plan->given_bytes[TX_SOURCE_SEED]) {
        TX_TRY(tx_allocate_array(block, sizeof(void *), error, &workspace->seeds));
        TX_TRY(tx_allocate(plan->given_bytes[TX_SOURCE_SEED], error, &workspace->no_seed));
    }
    TX_TRY(make_states(workspace, error));
    return class_->in_place ? TX_OK : stage(workspace, error);
}

static tx_status create(const tx_plan *plan, int blocks, char *arena, tx_error *error, tx_workspace **out)
{
    tx_workspace *workspace;
    TX_TRY(tx_allocate(sizeof *workspace, error, &workspace));
    workspace->plan = plan;
    workspace->blocks = blocks;
    workspace->base = arena;
    const tx_status status = make_room(workspace, error);
    if (status != TX_OK) {
        tx_workspace_destroy(workspace);
        return status;
    }
    *out = workspace;
    return TX_OK;
}

tx_status tx_workspace_create(const tx_plan *plan, int blocks, tx_error *error, tx_workspace **out)
{
    return create(plan, blocks, NULL, error, out);
}

tx_status tx_workspace_create_in(const tx_plan *plan, char *arena, tx_error *error, tx_workspace **out)
{
    return create(plan, 1, arena, error, out);
}

void tx_workspace_destroy(tx_workspace *workspace)
{
    if (!workspace) {
        return;
    }
    const tx_backend_class *class_ = workspace->plan->backend->class_;
    if (class_->forget) {
        class_->forget(workspace->recording);
    }
    class_->free(workspace->arena);
    class_->free(workspace->staged_lanes);
    class_->free(workspace->results);
    class_->free(workspace->gradient);
    class_->free(workspace->sum);
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        class_->free(workspace->given[k]);
    }
    tx_free(workspace->lanes);
    tx_free(workspace->samples);
    tx_free(workspace->seeds);
    tx_free(workspace->no_seed);
    tx_free(workspace->losses);
    tx_free(workspace->gathered);
    destroy_states(workspace);
    tx_free(workspace);
}

void tx_workspace_set_lanes(tx_workspace *workspace, int count, int64_t batch_size)
{
    const tx_plan_options *options = &workspace->plan->options;
    const size_t lane = tx_lane_bytes(options);
    if (workspace->count == count && workspace->batch_size == batch_size) {
        return;
    }
    workspace->count = count;
    workspace->batch_size = batch_size;
    for (int first = 0, block = 0; first < count; first += options->block, block++) {
        char *seeds = workspace->lanes + (size_t)block * 2 * lane;
        for (int k = 0; k < options->block; k++) {
            tx_real_put(options->precision, seeds, k, first + k < count ? 1 / (double)batch_size : 0);
            tx_real_put(options->precision, seeds + lane, k, (double)batch_size);
        }
    }
}

/* The seeds of a block, with zeros for its padding lanes. */
static void pad_seeds(tx_workspace *workspace, const tx_run_input *input)
{
    for (int k = 0; workspace->seeds && k < workspace->plan->options.block; k++) {
        workspace->seeds[k] = k < input->count ? input->seeds[k] : workspace->no_seed;
    }
}

tx_frame tx_workspace_frame(tx_workspace *workspace, const tx_values *values, const tx_run_input *input,
                            const tx_run_output *output, tx_error *error)
{
    tx_frame frame = {.backend = workspace->plan->backend,
                      .part = tx_whole,
                      .count = input->count,
                      .outputs = output->outputs,
                      .scratch_samples = workspace->samples,
                      .states = workspace->states,
                      .error = error,
                      .samples = {[TX_SOURCE_WINDOW] = input->windows,
                                  [TX_SOURCE_TANGENT] = input->tangents,
                                  [TX_SOURCE_NUMBERS] = input->numbers,
                                  [TX_SOURCE_SEED] = workspace->seeds},
                      .base = {[TX_SPACE_ARENA] = workspace->base,
                               [TX_SPACE_PACKED] = values->packed->data,
                               [TX_SPACE_PARAMETERS] = (char *)values->parameters->reals,
                               [TX_SPACE_TANGENTS] = values->tangent ? (char *)values->tangent->reals : NULL,
                               [TX_SPACE_CONSTANTS] = workspace->plan->constants,
                               [TX_SPACE_GRADIENT] = output->gradient,
                               [TX_SPACE_LANES] = workspace->lanes}};
    return frame;
}

void tx_workspace_clear(tx_workspace *workspace, const tx_run_input *input, const tx_run_output *output)
{
    const tx_plan *plan = workspace->plan;
#ifdef TX_DEBUG
    memset(workspace->base, 0xff, plan->arena_bytes); /* NaN: whatever is read before it is written shows */
#endif
    pad_seeds(workspace, input);
    if (tx_plan_has_gradient(plan)) {
        memset(output->gradient, 0, tx_gradient_bytes(&plan->options));
    }
}

tx_frame tx_workspace_begin(tx_workspace *workspace, const tx_values *values, const tx_run_input *input,
                            const tx_run_output *output, tx_error *error)
{
    tx_workspace_set_lanes(workspace, input->count, input->batch_size);
    tx_workspace_clear(workspace, input, output);
    return tx_workspace_frame(workspace, values, input, output, error);
}

void tx_workspace_read_losses(const tx_workspace *workspace, const tx_frame *frame, double *losses)
{
    const tx_operand loss = workspace->plan->loss;
    for (int k = 0; loss.space != TX_SPACE_NONE && k < frame->count; k++) {
        losses[k] = tx_real_get(workspace->plan->options.precision, frame->base[loss.space] + loss.offset, k);
    }
}
