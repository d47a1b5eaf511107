/* The steps of a program: what a node's kernel is given. What is special of an operation is prepared by the function that its
 * row of tx_operations names; objects of kernels (convolutions, halos, transforms) are made once for each shape. */
#include <string.h>

#include "base/memory.h"
#include "tensor/plan.h"

tx_operand tx_planner_operand(const tx_planner *p, tx_node n)
{
    const int64_t real = (int64_t)tx_real_bytes(p->program->options.precision);
    if (n < 0) {
        return (tx_operand){TX_SPACE_NONE, 0};
    }
    const tx_graph_node *node = tx_planner_node(p, n);
    if (node->op == TX_OP_PARAMETER || node->op == TX_OP_CONSTANT) {
        return (tx_operand){node->op == TX_OP_PARAMETER ? TX_SPACE_PARAMETERS : TX_SPACE_CONSTANTS, node->attributes.offset * real};
    }
    if (tx_op_is_given(node->op)) {
        return (tx_operand){TX_SPACE_LANES, node->op == TX_OP_SEED ? 0 : (int64_t)tx_lane_bytes(&p->program->options)};
    }
    if (tx_op_is_effect(node->op)) {
        return (tx_operand){TX_SPACE_GRADIENT, node->attributes.offset * real};
    }
    return (tx_operand){TX_SPACE_ARENA, p->values[p->values[n].owner].offset};
}

static tx_status append_step(tx_planner *p, const tx_step *step)
{
    tx_program *program = p->program;
    TX_TRY(tx_reserve(program->num_steps + 1, sizeof *program->steps, &program->step_capacity, p->error, &program->steps));
    program->steps[program->num_steps] = *step;
    program->steps[program->num_steps++].part = p->part;
    return TX_OK;
}

static tx_status find_halo(tx_planner *p, const tx_layout *layout, tx_padding_mode mode, const tx_halo **out)
{
    tx_program *program = p->program;
    for (size_t k = 0; k < program->num_halos; k++) {
        if (program->halos[k].layout == layout && program->halos[k].mode == mode) {
            *out = program->halos[k].halo;
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(program->num_halos + 1, sizeof *program->halos, &program->halo_capacity, p->error, &program->halos));
    tx_halo *halo;
    TX_TRY(tx_halo_create(layout, mode, p->error, &halo));
    program->halos[program->num_halos++] = (tx_halo_entry){layout, mode, halo};
    *out = halo;
    return TX_OK;
}

static tx_status find_conv(tx_planner *p, const tx_conv_shape *shape, const tx_conv **out)
{
    tx_program *program = p->program;
    for (size_t k = 0; k < program->num_convs; k++) {
        if (!memcmp(&program->convs[k].shape, shape, sizeof *shape)) {
            *out = program->convs[k].conv;
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(program->num_convs + 1, sizeof *program->convs, &program->conv_capacity, p->error, &program->convs));
    tx_conv *conv;
    TX_TRY(program->kernels->conv_create(shape, p->error, &conv));
    memcpy(&program->convs[program->num_convs].shape, shape, sizeof *shape);
    program->convs[program->num_convs++].conv = conv;
    *out = conv;
    return TX_OK;
}

static tx_status find_pack(tx_planner *p, const tx_conv *conv, tx_operand weight, tx_operand *out)
{
    tx_program *program = p->program;
    size_t *bucket = &program->pack_buckets[((uint64_t)weight.offset * 0x9E3779B97F4A7C15u) % TX_PACK_BUCKETS];
    for (size_t k = *bucket; k; k = program->packs[k - 1].next) {
        const tx_pack *pack = &program->packs[k - 1];
        if (pack->conv == conv && pack->weight.space == weight.space && pack->weight.offset == weight.offset) {
            *out = (tx_operand){TX_SPACE_PACKED, pack->offset};
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(program->num_packs + 1, sizeof *program->packs, &program->pack_capacity, p->error, &program->packs));
    *out = (tx_operand){TX_SPACE_PACKED, (int64_t)program->packed_bytes};
    program->packs[program->num_packs++] = (tx_pack){conv, weight, (int64_t)program->packed_bytes, *bucket};
    *bucket = program->num_packs;
    program->packed_bytes += (size_t)tx_round_to_line((int64_t)(program->kernels->conv_packed_size(conv) * tx_real_bytes(program->options.precision)));
    return TX_OK;
}

/* Of the phases of a padded dy, those of dy itself. */
static void crop_phases(const tx_graph_node *effect, tx_layout *layout)
{
    int64_t before[TX_MAX_AXES] = {0}, after[TX_MAX_AXES] = {0};
    for (int d = 0; d < layout->shape.axes; d++) {
        before[d] = -effect->attributes.high[d];
        after[d] = effect->shape.n[d] - layout->shape.n[d] - before[d];
    }
    const tx_layout crop = tx_layout_view(layout, before, after);
    memcpy(layout, &crop, sizeof crop);
}

/* Room for the length of one step, as its last operand. */
static tx_status add_scratch(tx_planner *p, size_t bytes, tx_step *step)
{
    const int64_t size = tx_round_to_line((int64_t)bytes), offset = tx_arena_take(&p->arena, size);
    step->operand[TX_MAX_OPERANDS - 1] = (tx_operand){TX_SPACE_ARENA, offset};
    return tx_arena_give(&p->arena, offset, size, p->error);
}

/* A convolution over the (padded) layout of its input; `gradient` is the layout of dy for the weights' gradient. */
tx_status tx_prepare_conv(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    const bool weights = node->op == TX_OP_CONV_WEIGHTS;
    tx_conv_shape shape;
    memset(&shape, 0, sizeof shape); /* compared bytewise */
    memcpy(&shape.x, p->values[node->input[0]].layout, sizeof shape.x);
    memcpy(&shape.y, p->values[weights ? node->input[1] : n].layout, sizeof shape.y);
    memcpy(shape.kernel, node->attributes.convolution.kernel, sizeof shape.kernel);
    memcpy(shape.dilation, node->attributes.convolution.dilation, sizeof shape.dilation);
    memcpy(shape.shift, node->attributes.low, sizeof shape.shift);
    memcpy(node->attributes.transposed ? shape.y_phases : shape.x_phases, node->attributes.convolution.stride, sizeof shape.x_phases);
    if (weights && node->attributes.transposed) {
        crop_phases(node, &shape.y);
    }
    shape.groups = node->attributes.convolution.groups;
    shape.flip = node->attributes.flip != 0;
    shape.activation = (tx_activation)node->attributes.activation;
    shape.masked = !weights && node->input[3] >= 0;
    TX_TRY(find_conv(p, &shape, &step->conv));
    if (!weights) {
        TX_TRY(find_pack(p, step->conv, tx_planner_operand(p, node->input[1]), &step->operand[1]));
    }
    if (shape.flip) {
        step->operand[2] = (tx_operand){TX_SPACE_NONE, 0};
    }
    const tx_program_options *options = &p->program->options;
    const size_t scratch = p->program->kernels->conv_scratch(step->conv) * tx_real_bytes(options->precision);
    return scratch ? add_scratch(p, (size_t)(options->threads > 1 ? options->threads : 1) * tx_whole_lines(scratch), step) : TX_OK;
}

static tx_status find_spectral(tx_planner *p, const tx_spectral_shape *shape, const tx_spectral **out)
{
    tx_program *program = p->program;
    for (size_t k = 0; k < program->num_spectrals; k++) {
        if (!memcmp(&program->spectrals[k].shape, shape, sizeof *shape)) {
            *out = program->spectrals[k].spectral;
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(program->num_spectrals + 1, sizeof *program->spectrals, &program->spectral_capacity, p->error, &program->spectrals));
    tx_spectral *spectral;
    TX_TRY(program->kernels->spectral_create(shape, p->error, &spectral));
    memcpy(&program->spectrals[program->num_spectrals].shape, shape, sizeof *shape);
    program->spectrals[program->num_spectrals++].spectral = spectral;
    *out = spectral;
    return TX_OK;
}

/* A transform between a tensor and its modes, and scratch for it. */
tx_status tx_prepare_spectral(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    const bool forward = node->op == TX_OP_SPECTRAL_ANALYSE;
    tx_spectral_shape shape;
    memset(&shape, 0, sizeof shape); /* compared bytewise */
    memcpy(&shape.x, p->values[forward ? node->input[0] : n].layout, sizeof shape.x);
    memcpy(&shape.modes, p->values[forward ? n : node->input[0]].layout, sizeof shape.modes);
    memcpy(shape.count, node->attributes.convolution.kernel, sizeof shape.count);
    shape.weighted = node->attributes.mode != 0;
    TX_TRY(find_spectral(p, &shape, &step->spectral));
    const size_t reals = p->program->kernels->spectral_scratch(step->spectral);
    return add_scratch(p, reals * tx_real_bytes(p->program->options.precision), step);
}

tx_status tx_prepare_call(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    const tx_program_options *options = &p->program->options;
    const tx_shape *input = &tx_planner_node(p, node->input[node->op == TX_OP_CALL_VJP ? 1 : 0])->shape;
    step->function = node->attributes.function;
    return add_scratch(p, tx_call_scratch(node, input, options->precision, options->block), step);
}

static tx_status add_halo_step(tx_planner *p, tx_node n, const tx_layout *layout, tx_padding_mode mode)
{
    tx_step step = {.run = tx_run_halo, .name = "halo", .out = tx_planner_operand(p, n), .out_layout = layout};
    TX_TRY(find_halo(p, layout, mode, &step.halo));
    return append_step(p, &step);
}

/* The part of a fold's buffer that its input covers, seen as halo: the widths of the fold alone. */
static tx_layout fold_layout(const tx_planner *p, tx_node n)
{
    tx_layout layout = *p->values[n].layout;
    memcpy(layout.low, tx_planner_node(p, n)->attributes.low, sizeof layout.low);
    memcpy(layout.high, tx_planner_node(p, n)->attributes.high, sizeof layout.high);
    return layout;
}

static tx_status add_copy(tx_planner *p, tx_node n, const tx_layout *target)
{
    const tx_node x = tx_planner_node(p, n)->input[0];
    const tx_step step = {.run = tx_run_copy, .name = "copy", .operand = {tx_planner_operand(p, x)}, .layout = {p->values[x].layout},
                          .out = tx_planner_operand(p, n), .out_layout = target};
    return append_step(p, &step);
}

/* A padded copy: its interior, then its halo. */
static tx_status add_pad(tx_planner *p, tx_node n)
{
    const tx_value *v = &p->values[n];
    const tx_layout whole = tx_layout_make(tx_real_bytes(p->program->options.precision), v->base, p->program->options.block, v->low, v->high);
    const tx_layout *layout;
    TX_TRY(tx_planner_intern(p, &whole, &layout));
    TX_TRY(add_copy(p, n, layout));
    return add_halo_step(p, n, layout, (tx_padding_mode)v->mode);
}

tx_status tx_prepare_fold(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    const tx_layout narrow = fold_layout(p, n);
    const tx_layout *layout;
    TX_TRY(tx_planner_intern(p, &narrow, &layout));
    if (p->values[n].copied) {
        const tx_layout view = tx_layout_view(p->values[n].layout, node->attributes.low, node->attributes.high);
        const tx_layout *target;
        TX_TRY(tx_planner_intern(p, &view, &target));
        TX_TRY(add_copy(p, n, target));
    }
    return find_halo(p, layout, (tx_padding_mode)node->attributes.mode, &step->halo);
}

/* Of all channels, or of a part of them. */
tx_status tx_prepare_bias_gradient(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_attributes *a = &tx_planner_node(p, n)->attributes;
    const tx_layout part = tx_layout_channels(step->layout[0], a->mode, a->size);
    return tx_planner_intern(p, &part, &step->layout[0]);
}

tx_status tx_prepare_spectral_multiply(tx_planner *p, tx_node n, tx_step *step)
{
    step->mode = (int)tx_planner_node(p, n)->attributes.flip;
    return TX_OK;
}

tx_status tx_prepare_phases(tx_planner *p, tx_node n, tx_step *step)
{
    memcpy(step->stride, tx_planner_node(p, n)->attributes.convolution.stride, sizeof step->stride);
    memcpy(step->low, tx_planner_node(p, n)->attributes.low, sizeof step->low);
    return TX_OK;
}

tx_status tx_prepare_load(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    step->offset = node->attributes.offset * node->shape.channels * tx_shape_points(&node->shape);
    return TX_OK;
}

static double node_flops(const tx_planner *p, tx_node n)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    const tx_shape *input = node->input[0] >= 0 ? &tx_planner_node(p, node->input[0])->shape : &node->shape;
    return tx_operations[node->op].flops ? tx_operations[node->op].flops(node, input)
                                         : (double)node->shape.channels * (double)tx_shape_points(&node->shape);
}

/* The step of node n, and the filling of its halo where somebody reads that. */
static tx_status add_step(tx_planner *p, tx_node n)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    const tx_operation *operation = &tx_operations[node->op];
    tx_step step = {.run = operation->run, .sharing = operation->sharing, .name = operation->name, .alpha = node->attributes.alpha, .beta = node->attributes.beta,
                    .mode = (int)node->attributes.mode, .groups = node->attributes.convolution.groups, .out = tx_planner_operand(p, n), .out_layout = p->values[n].layout};
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        step.operand[k] = tx_planner_operand(p, node->input[k]);
        step.layout[k] = node->input[k] >= 0 ? p->values[node->input[k]].layout : NULL;
    }
    if (operation->prepare) {
        TX_TRY(operation->prepare(p, n, &step));
    }
    step.flops = p->program->options.block * node_flops(p, n);
    p->program->flops += step.flops;
    TX_TRY(append_step(p, &step));
    const tx_value *v = &p->values[n];
    return v->owner == n && v->mode >= 0 ? add_halo_step(p, n, v->layout, (tx_padding_mode)v->mode) : TX_OK;
}

static tx_status add_stores(tx_planner *p, tx_node n, const tx_node *outputs)
{
    for (int k = 0; k < p->program->options.num_outputs; k++) {
        if (outputs[k + 1] == n) {
            const tx_step step = {.run = tx_run_store, .name = "store", .operand = {tx_planner_operand(p, n)}, .layout = {p->values[n].layout}, .offset = k};
            TX_TRY(append_step(p, &step));
        }
    }
    return TX_OK;
}

tx_status tx_planner_add_steps(tx_planner *p, tx_node n, const tx_node *outputs)
{
    const char *part = tx_planner_node(p, n)->context.part;
    p->part = part ? part : "";
    if (tx_operations[tx_planner_node(p, n)->op].run) {
        TX_TRY(add_step(p, n));
    } else if (p->values[n].copied) {
        TX_TRY(add_pad(p, n));
    }
    return add_stores(p, n, outputs);
}
