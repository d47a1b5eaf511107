/* Running blocks: one by one in the host's memory, or all at once on a backend that has its own. */
#include "tensor/run.h"

#include <string.h>

/* ---- in place, block by block ---- */

static const void *const *from_sample(const void *const *samples, int first)
{
    return samples ? samples + first : NULL;
}

/* The block of the run whose samples begin at `first`. */
static tx_status run_block(const tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                           int first, tx_error *error)
{
    const tx_plan *plan = values->plan;
    const int b = plan->options.block;
    const tx_run_input part = {.windows = from_sample(input->windows, first),
                               .tangents = from_sample(input->tangents, first),
                               .numbers = from_sample(input->numbers, first),
                               .seeds = from_sample(input->seeds, first),
                               .count = input->count - first < b ? input->count - first : b,
                               .batch_size = input->batch_size};
    tx_run_output result = {.outputs = output->outputs};
    if (tx_plan_has_gradient(plan)) {
        result.gradient = (char *)output->gradient + (size_t)(first / b) * tx_gradient_bytes(&plan->options);
    }
    tx_frame frame = tx_workspace_begin(workspace, values, &part, &result, error);
    frame.first = first;
    TX_TRY(tx_run_instructions(plan, &frame));
    if (output->losses) {
        tx_workspace_read_losses(workspace, &frame, output->losses + first);
    }
    tx_note_failed(&output->failed, &frame.failed);
    return TX_OK;
}

static tx_status run_blocks(const tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                            tx_error *error)
{
    for (int first = 0; first < input->count; first += values->plan->options.block) {
        TX_TRY(run_block(values, workspace, input, output, first, error));
    }
    return TX_OK;
}

/* ---- staged ---- */

/* Short ones, as a transfer takes as long whatever it carries: side by side first. */
static tx_status upload_gathered(const tx_workspace *workspace, tx_buffer *buffer, const void *const *samples, size_t bytes,
                                 int count, tx_error *error)
{
    for (int k = 0; k < count; k++) {
        memcpy(workspace->gathered + (size_t)k * bytes, samples[k], bytes);
    }
    return workspace->plan->backend->class_->upload(buffer, 0, workspace->gathered, (size_t)count * bytes, error);
}

static tx_status upload_samples(const tx_workspace *workspace, tx_source source, const void *const *samples, int count,
                                tx_error *error)
{
    const size_t bytes = workspace->plan->given_bytes[source];
    tx_buffer *buffer = workspace->given[source];
    const tx_backend_class *class_ = workspace->plan->backend->class_;
    if (source == TX_SOURCE_SEED) {
        TX_TRY(class_->clear(buffer, 0, buffer->bytes, error)); /* padding lanes have none */
    }
    if (bytes && bytes <= TX_GATHERED) {
        return upload_gathered(workspace, buffer, samples, bytes, count, error);
    }
    for (int k = 0; bytes && k < count; k++) {
        TX_TRY(class_->upload(buffer, (size_t)k * bytes, samples[k], bytes, error));
    }
    return TX_OK;
}

static tx_status upload(tx_workspace *workspace, const tx_run_input *input, int blocks, tx_error *error)
{
    const tx_plan *plan = workspace->plan;
    const tx_backend_class *class_ = plan->backend->class_;
    const void *const *const samples[TX_SOURCE_COUNT] = {[TX_SOURCE_WINDOW] = input->windows,
                                                         [TX_SOURCE_TANGENT] = input->tangents,
                                                         [TX_SOURCE_NUMBERS] = input->numbers,
                                                         [TX_SOURCE_SEED] = input->seeds};
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        TX_TRY(upload_samples(workspace, (tx_source)k, samples[k], input->count, error));
    }
    tx_workspace_set_lanes(workspace, input->count, input->batch_size);
    TX_TRY(class_->upload(workspace->staged_lanes, 0, workspace->lanes, (size_t)blocks * 2 * tx_lane_bytes(&plan->options), error));
    return tx_plan_has_gradient(plan)
               ? class_->clear(workspace->gradient, 0, (size_t)blocks * tx_gradient_bytes(&plan->options), error)
               : TX_OK;
}

static tx_staged stage(const tx_workspace *workspace, const tx_values *values, int count, int blocks)
{
    const tx_plan *plan = workspace->plan;
    tx_staged staged = {.block = plan->options.block,
                        .blocks = blocks,
                        .total = count,
                        .place = {[TX_SPACE_ARENA] = {workspace->arena, 0, plan->arena_bytes},
                                  [TX_SPACE_PACKED] = {values->packed, 0, 0},
                                  [TX_SPACE_PARAMETERS] = {values->flat[0], 0, 0},
                                  [TX_SPACE_TANGENTS] = {values->flat[1], 0, 0},
                                  [TX_SPACE_CONSTANTS] = {values->constants, 0, 0},
                                  [TX_SPACE_GRADIENT] = {workspace->gradient, 0, tx_gradient_bytes(&plan->options)},
                                  [TX_SPACE_LANES] = {workspace->staged_lanes, 0, 2 * tx_lane_bytes(&plan->options)}},
                        .sum = {workspace->sum, 0, 0},
                        .results = {workspace->results, 0, (size_t)plan->options.block * plan->result_offsets[plan->num_outputs]},
                        .result_offsets = plan->result_offsets,
                        .num_results = plan->num_outputs};
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        staged.given[k] = (tx_place){workspace->given[k], 0, (size_t)plan->options.block * plan->given_bytes[k]};
        staged.given_bytes[k] = plan->given_bytes[k];
    }
    return staged;
}

static tx_status download_losses(const tx_workspace *workspace, int count, int blocks, double *losses, tx_error *error)
{
    const tx_plan *plan = workspace->plan;
    const size_t bytes = (size_t)plan->options.block * tx_real_bytes(plan->options.precision);
    if (plan->loss.space != TX_SPACE_ARENA) {
        return TX_OK;
    }
    TX_TRY(plan->backend->class_->download_rows(workspace->arena, (size_t)plan->loss.offset, plan->arena_bytes, workspace->losses,
                                                bytes, (size_t)blocks, error));
    for (int k = 0; k < count; k++) {
        losses[k] = tx_real_get(plan->options.precision, workspace->losses, k);
    }
    return TX_OK;
}

static tx_status download_outputs(const tx_workspace *workspace, int count, void *const *const *outputs, tx_error *error)
{
    const tx_plan *plan = workspace->plan;
    const size_t *offsets = plan->result_offsets, sample = offsets[plan->num_outputs];
    for (int k = 0; outputs && k < plan->num_outputs; k++) {
        for (int i = 0; outputs[k] && i < count; i++) {
            TX_TRY(plan->backend->class_->download(workspace->results, (size_t)i * sample + offsets[k], outputs[k][i],
                                                   offsets[k + 1] - offsets[k], error));
        }
    }
    return TX_OK;
}

static tx_status download(const tx_workspace *workspace, tx_frame *frame, const tx_run_output *output)
{
    const tx_plan *plan = workspace->plan;
    const int count = frame->staged->total;
    const size_t bytes = (size_t)frame->staged->blocks * tx_gradient_bytes(&plan->options);
    TX_TRY(output->sum ? plan->backend->class_->add_gradients(frame, plan->sum, output->sum)
                       : plan->backend->class_->synchronise(plan->backend, frame->error));
    TX_TRY(output->losses ? download_losses(workspace, count, frame->staged->blocks, output->losses, frame->error) : TX_OK);
    TX_TRY(download_outputs(workspace, count, output->outputs, frame->error));
    return tx_plan_has_gradient(plan) && !output->sum
               ? plan->backend->class_->download(workspace->gradient, 0, output->gradient, bytes, frame->error)
               : TX_OK;
}

tx_status tx_workspace_stage(tx_workspace *workspace, const tx_values *values, const tx_run_input *input, tx_error *error,
                             tx_staged *staged, tx_frame *out)
{
    const int blocks = (input->count + values->plan->options.block - 1) / values->plan->options.block;
    TX_TRY(upload(workspace, input, blocks, error));
    *staged = stage(workspace, values, input->count, blocks);
    *out = (tx_frame){.backend = values->plan->backend,
                      .part = tx_whole,
                      .scratch_samples = workspace->samples,
                      .states = workspace->states,
                      .staged = staged,
                      .error = error};
    return TX_OK;
}

static tx_status run_instructions(tx_workspace *workspace, tx_frame *frame)
{
    const tx_plan *plan = workspace->plan;
    const tx_backend_class *class_ = plan->backend->class_;
    return class_->run ? class_->run(plan->instructions, plan->num_instructions, frame, &workspace->recording)
                       : tx_run_instructions(plan, frame);
}

static tx_status run_staged(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                            tx_error *error)
{
    tx_staged staged;
    tx_frame frame;
    TX_TRY(tx_workspace_stage(workspace, values, input, error, &staged, &frame));
    TX_TRY(run_instructions(workspace, &frame));
    tx_note_failed(&output->failed, &frame.failed);
    return download(workspace, &frame, output);
}

tx_status tx_values_run(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                        tx_error *error)
{
    TX_TRY(tx_values_refresh(values, error));
    return values->plan->backend->class_->in_place ? run_blocks(values, workspace, input, output, error)
                                                   : run_staged(values, workspace, input, output, error);
}
