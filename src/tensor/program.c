/* Programs and workspaces: making, running, counting. */
#include "tensor/program.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* The graph as planned: differentiated and fused. outputs[0] is the loss. */
static tx_status prepare_graph(const tx_graph *graph, const tx_program_options *options, tx_node *outputs, tx_error *error, tx_graph **out)
{
    tx_graph *work;
    TX_TRY(tx_graph_status(graph, error));
    TX_TRY(tx_graph_copy(graph, error, &work));
    tx_status status = TX_OK;
    if (options->loss >= 0 && options->gradient) {
        status = tx_graph_differentiate(work, options->loss, error);
    }
    if (status == TX_OK) {
        status = tx_graph_fuse(work, outputs, options->num_outputs + 1, error, out);
    }
    tx_graph_destroy(work);
    return status;
}

tx_status tx_program_create(const tx_graph *graph, const tx_program_options *options, tx_error *error, tx_program **out)
{
    tx_program *program;
    tx_graph *fused = NULL;
    tx_node *outputs = NULL;
    TX_TRY(tx_allocate(sizeof *program, error, &program));
    program->options = *options;
    program->options.outputs = NULL;
    program->kernels = tx_kernels_get(options->isa < 0 ? tx_isa_count() - 1 : options->isa, options->precision);
    tx_status status = TX_OK;
    if (!program->kernels) {
        status = tx_error_set(error, TX_FAILURE, "this machine cannot run instruction set %d", options->isa);
    }
    if (status || (status = tx_allocate_array((size_t)options->num_outputs + 1, sizeof *outputs, error, &outputs))) {
        goto done;
    }
    outputs[0] = options->loss >= 0 ? options->loss : TX_NONE;
    for (int k = 0; k < options->num_outputs; k++) {
        outputs[k + 1] = options->outputs[k];
    }
    if ((status = prepare_graph(graph, options, outputs, error, &fused)) || (status = tx_program_fit(program, fused, outputs, error)) ||
        (status = tx_program_finish(program, fused, error))) {
        goto done;
    }
    *out = program;
    program = NULL;
done:
    tx_graph_destroy(fused);
    tx_free(outputs);
    tx_program_destroy(program);
    return status;
}

void tx_program_destroy(tx_program *program)
{
    if (!program) {
        return;
    }
    for (size_t k = 0; k < program->num_convs; k++) {
        program->kernels->conv_destroy(program->convs[k].conv);
    }
    for (size_t k = 0; k < program->num_halos; k++) {
        tx_halo_destroy(program->halos[k].halo);
    }
    for (size_t k = 0; k < program->num_spectrals; k++) {
        program->kernels->spectral_destroy(program->spectrals[k].spectral);
    }
    for (size_t k = 0; k < program->num_layouts; k++) {
        tx_free(program->layouts[k]);
    }
    tx_free(program->convs);
    tx_free(program->halos);
    tx_free(program->spectrals);
    tx_free(program->layouts);
    tx_free(program->packs);
    tx_free(program->packed);
    tx_free(program->constants);
    tx_free(program->steps);
    tx_free(program);
}

/* The tables of transforms, and room for weights in the kernels' orders: those that never change are packed for good. */
static tx_status make_room(tx_program *program, tx_error *error)
{
    if (program->packed) {
        return TX_OK;
    }
    for (; program->num_prepared < program->num_spectrals; program->num_prepared++) {
        TX_TRY(program->kernels->spectral_prepare(program->spectrals[program->num_prepared].spectral, error));
    }
    TX_TRY(tx_allocate(program->packed_bytes, error, &program->packed));
    tx_program_pack(program, TX_SPACE_CONSTANTS, program->constants);
    return TX_OK;
}

static size_t room_bytes(const tx_program *program)
{
    size_t bytes = program->packed_bytes;
    for (size_t k = 0; k < program->num_spectrals; k++) {
        bytes += program->kernels->spectral_bytes(program->spectrals[k].spectral);
    }
    return bytes;
}

static size_t workspace_bytes(const tx_program *program)
{
    return sizeof(tx_workspace) + program->arena_bytes + 2 * tx_lane_bytes(&program->options) +
           (size_t)program->options.block * sizeof(void *);
}

tx_status tx_workspace_create(tx_program *program, tx_error *error, tx_workspace **out)
{
    const size_t block = (size_t)program->options.block;
    tx_workspace *workspace;
    tx_status status;
    TX_TRY(make_room(program, error));
    TX_TRY(tx_allocate(sizeof *workspace, error, &workspace));
    workspace->arena_bytes = program->arena_bytes;
    if ((status = tx_allocate(program->arena_bytes, error, &workspace->arena)) ||
        (status = tx_allocate(2 * tx_lane_bytes(&program->options), error, &workspace->lanes)) ||
        (status = tx_allocate_array(block, sizeof(void *), error, &workspace->samples))) {
        tx_workspace_destroy(workspace);
        return status;
    }
    *out = workspace;
    return TX_OK;
}

void tx_workspace_destroy(tx_workspace *workspace)
{
    if (workspace) {
        tx_free(workspace->arena);
        tx_free(workspace->lanes);
        tx_free(workspace->samples);
        tx_free(workspace);
    }
}

void tx_program_pack(tx_program *program, tx_space space, const void *base)
{
    for (size_t k = 0; k < program->num_packs; k++) {
        const tx_pack *pack = &program->packs[k];
        if (pack->weight.space == space) {
            program->kernels->conv_pack(pack->conv, (const char *)base + pack->weight.offset, program->packed + pack->offset);
        }
    }
}

void tx_program_set_parameters(tx_program *program, const void *parameters)
{
    program->parameters = parameters;
    tx_program_pack(program, TX_SPACE_PARAMETERS, parameters);
}

static void write_real(tx_precision precision, void *reals, int index, double value)
{
    if (precision == TX_FLOAT32) {
        ((float *)reals)[index] = (float)value;
    } else {
        ((double *)reals)[index] = value;
    }
}

/* The seed is 1 / batch size in the real lanes and 0 in the padding ones; the batch size is the same in all. */
static void set_lanes(const tx_program *program, tx_workspace *workspace, const tx_block_input *input)
{
    const tx_precision precision = program->options.precision;
    if (workspace->count == input->count && workspace->batch_size == input->batch_size) {
        return;
    }
    workspace->count = input->count;
    workspace->batch_size = input->batch_size;
    for (int k = 0; k < program->options.block; k++) {
        write_real(precision, workspace->lanes, k, k < input->count ? 1 / (double)input->batch_size : 0);
        write_real(precision, workspace->lanes + tx_lane_bytes(&program->options), k, (double)input->batch_size);
    }
}

static double read_real(tx_precision precision, const void *reals, int index)
{
    return precision == TX_FLOAT32 ? (double)((const float *)reals)[index] : ((const double *)reals)[index];
}

tx_frame tx_program_frame(const tx_program *program, tx_workspace *workspace, const tx_block_input *input, void *gradient,
                          void *const *const *outputs)
{
    tx_frame frame = {.kernels = program->kernels, .part = tx_whole, .input = input, .outputs = outputs, .samples = workspace->samples};
    frame.base[TX_SPACE_ARENA] = workspace->arena;
    frame.base[TX_SPACE_PACKED] = program->packed;
    frame.base[TX_SPACE_PARAMETERS] = (char *)program->parameters;
    frame.base[TX_SPACE_CONSTANTS] = program->constants;
    frame.base[TX_SPACE_GRADIENT] = gradient;
    frame.base[TX_SPACE_LANES] = workspace->lanes;
    return frame;
}

tx_frame tx_program_begin(const tx_program *program, tx_workspace *workspace, const tx_block_input *input, void *gradient,
                          void *const *const *outputs)
{
#ifdef TX_DEBUG
    memset(workspace->arena, 0xff, workspace->arena_bytes); /* NaN: whatever is read before it is written shows */
#endif
    set_lanes(program, workspace, input);
    if (program->options.gradient) {
        memset(gradient, 0, (size_t)program->options.num_parameters * tx_real_bytes(program->options.precision));
    }
    return tx_program_frame(program, workspace, input, gradient, outputs);
}

void tx_program_read_loss(const tx_program *program, const tx_frame *frame, double *loss)
{
    for (int k = 0; program->loss.space != TX_SPACE_NONE && k < frame->input->count; k++) {
        loss[k] = read_real(program->options.precision, frame->base[program->loss.space] + program->loss.offset, k);
    }
}

bool tx_program_run(const tx_program *program, tx_workspace *workspace, const tx_block_input *input, double *loss, void *gradient,
                    void *const *const *outputs)
{
    tx_frame frame = tx_program_begin(program, workspace, input, gradient, outputs);
    for (const tx_step *step = program->steps, *end = step + program->num_steps; step < end; step++) {
        step->run(step, &frame);
    }
    if (loss) {
        tx_program_read_loss(program, &frame, loss);
    }
    return !frame.failed;
}

tx_program_cost tx_program_get_cost(const tx_program *program)
{
    return (tx_program_cost){.arena_bytes = program->arena_bytes,
                             .shared_bytes = tx_program_shared_bytes(program),
                             .workspace_bytes = workspace_bytes(program),
                             .room_bytes = room_bytes(program),
                             .flops = program->flops,
                             .num_steps = (int)program->num_steps,
                             .everything = program->everything,
                             .states = program->states,
                             .fits = program->fits};
}

tx_status tx_program_describe(const tx_program *program, tx_error *error, char **out)
{
    enum { LINE = 128 };
    static const char *const spaces[TX_SPACE_COUNT] = {"-", "arena", "packed", "parameters", "constants", "gradient", "lanes"};
    char *text;
    TX_TRY(tx_allocate(program->num_steps * LINE + 1, error, &text));
    size_t at = 0;
    for (size_t k = 0; k < program->num_steps; k++) {
        const tx_step *step = &program->steps[k];
        at += (size_t)snprintf(text + at, LINE, "%s", step->name);
        for (int j = 0; j < TX_MAX_INPUTS; j++) {
            if (step->operand[j].space != TX_SPACE_NONE) {
                at += (size_t)snprintf(text + at, LINE / 5, " %.4s:%ld", spaces[step->operand[j].space], (long)step->operand[j].offset);
            }
        }
        at += (size_t)snprintf(text + at, LINE / 5, " -> %.4s:%ld\n", spaces[step->out.space], (long)step->out.offset);
    }
    *out = text;
    return TX_OK;
}
