/* From a fused graph to a run list: who owns which buffer, how it is laid out, when it lives, and which steps run.
 *
 * Most nodes own one buffer. A pad is a view: it becomes the halo of what it pads, filled by a step after the producer; a
 * value padded in a second mode gets a padded copy. A fold works in place: the adjoint convolution writes the extended
 * rows into the buffer of the fold, whose halo cells are then added to their sources. Elementwise results take the place
 * of an operand that dies. Buffers are assigned first-fit by liveness. */
#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/program.h"

typedef struct value {
    tx_node owner;     /* the node whose buffer this is; TX_NONE: no buffer */
    const tx_layout *layout;
    bool copied;       /* pad or fold that has to copy its input first */
    /* of owners: */
    tx_shape base;     /* the buffer's interior */
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES];
    int mode;          /* how its halo is filled; -1: not at all */
    int last;          /* node after which nobody reads it */
    int64_t offset;    /* in the arena; -1: not placed yet */
} value;

typedef struct gap {
    int64_t offset, size;
} gap;

struct tx_planner {
    tx_program *program;
    const tx_graph *graph;
    value *values;
    int *readers;
    gap *gaps; /* free parts of the arena below `top`, by offset */
    size_t num_gaps, gap_capacity;
    int64_t top;
    tx_error *error;
};

static const tx_graph_node *node_at(const tx_planner *p, tx_node n) { return &p->graph->nodes[n]; }
static bool is_given(tx_op op) { return op == TX_OP_SEED || op == TX_OP_BATCH_SIZE; }
static bool has_buffer(tx_op op) { return op != TX_OP_PARAMETER && op != TX_OP_CONSTANT && !is_given(op) && !tx_op_is_effect(op); }

/* ---- 1: owners, halo widths and modes ---- */

static void widen(value *v, const int64_t *low, const int64_t *high)
{
    for (int d = 0; d < TX_MAX_AXES; d++) {
        v->low[d] = low[d] > v->low[d] ? low[d] : v->low[d];
        v->high[d] = high[d] > v->high[d] ? high[d] : v->high[d];
    }
}

static void place_pad(tx_planner *p, tx_node n)
{
    const tx_graph_node *node = node_at(p, n);
    value *v = &p->values[n], *x = &p->values[node->input[0]];
    if (x->owner == node->input[0] && !x->copied && (x->mode < 0 || x->mode == (int)node->attributes.mode)) {
        x->mode = (int)node->attributes.mode;
        widen(x, node->attributes.low, node->attributes.high);
        v->owner = x->owner;
    } else {
        v->copied = true;
        v->base = node_at(p, node->input[0])->shape;
        v->mode = (int)node->attributes.mode;
        widen(v, node->attributes.low, node->attributes.high);
    }
}

static void place_fold(tx_planner *p, tx_node n)
{
    const tx_graph_node *node = node_at(p, n);
    value *v = &p->values[n], *x = &p->values[node->input[0]];
    widen(v, node->attributes.low, node->attributes.high);
    const tx_graph_node *below = node_at(p, node->input[0]);
    if (x->owner == node->input[0] && p->readers[node->input[0]] == 1 && ((below->op == TX_OP_CONV && below->input[3] < 0 && below->input[4] < 0) || below->op == TX_OP_JOIN)) {
        x->owner = n;
    } else {
        v->copied = true;
    }
}

/* A copied fold is no view for its readers: only pads are. */
static void place_values(tx_planner *p)
{
    for (int n = 0; n < p->graph->count; n++) {
        const tx_graph_node *node = node_at(p, n);
        p->values[n] = (value){.owner = has_buffer(node->op) ? n : TX_NONE, .base = node->shape, .mode = -1, .last = -1, .offset = -1};
        if (node->op == TX_OP_PAD) {
            place_pad(p, n);
        } else if (node->op == TX_OP_FOLD) {
            place_fold(p, n);
        } else if (node->op == TX_OP_CHANNELS) {
            p->values[n].owner = p->values[node->input[0]].owner;
        }
    }
}

/* Kernels want some operands laid out exactly as their result: the masks and the summands of these. */
static bool level_widths(tx_planner *p)
{
    bool changed = false;
    for (int n = 0; n < p->graph->count; n++) {
        const tx_graph_node *node = node_at(p, n);
        const bool like_result = node->op == TX_OP_CONV || node->op == TX_OP_SQUARE_ERROR_GRADIENT || node->op == TX_OP_SPECTRAL_SYNTHESISE;
        for (int k = 3; k < TX_MAX_INPUTS && like_result; k++) {
            if (node->input[k] < 0) {
                continue;
            }
            value *y = &p->values[p->values[n].owner], *m = &p->values[p->values[node->input[k]].owner];
            const value before[2] = {*y, *m};
            widen(y, m->low, m->high);
            widen(m, y->low, y->high);
            changed |= memcmp(before[0].low, y->low, 2 * sizeof y->low) || memcmp(before[1].low, m->low, 2 * sizeof m->low);
        }
    }
    return changed;
}

/* ---- 2: layouts ---- */

static bool equal_layouts(const tx_layout *a, const tx_layout *b)
{
    bool equal = tx_shape_equal(&a->shape, &b->shape) && a->block == b->block && a->channel == b->channel && a->origin == b->origin &&
                 a->size == b->size;
    for (int d = 0; equal && d < a->shape.axes; d++) {
        equal = a->low[d] == b->low[d] && a->high[d] == b->high[d] && a->stride[d] == b->stride[d];
    }
    return equal;
}

static tx_status intern_layout(tx_planner *p, const tx_layout *layout, const tx_layout **out)
{
    tx_program *program = p->program;
    for (size_t k = 0; k < program->num_layouts; k++) {
        if (equal_layouts(program->layouts[k], layout)) {
            *out = program->layouts[k];
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(program->num_layouts + 1, sizeof *program->layouts, &program->layout_capacity, p->error, &program->layouts));
    tx_layout *copy;
    TX_TRY(tx_allocate(sizeof *copy, p->error, &copy));
    memcpy(copy, layout, sizeof *copy);
    *out = program->layouts[program->num_layouts++] = copy;
    return TX_OK;
}

static tx_status make_layouts(tx_planner *p)
{
    for (int n = 0; n < p->graph->count; n++) {
        const tx_graph_node *node = node_at(p, n);
        if (p->values[n].owner < 0 && !is_given(node->op)) {
            continue;
        }
        const value *owner = &p->values[is_given(node->op) ? n : p->values[n].owner];
        const tx_layout whole = tx_layout_make(tx_real_bytes(p->program->options.precision), owner->base, p->program->options.block,
                                               owner->low, owner->high);
        tx_layout layout = whole;
        if (node->op == TX_OP_CHANNELS) {
            layout = tx_layout_channels(p->values[node->input[0]].layout, node->attributes.offset, node->shape.channels);
        } else if (node->op == TX_OP_PAD) {
            layout = tx_layout_view(&whole, node->attributes.low, node->attributes.high);
        } else if (owner != &p->values[n]) { /* the input of a fold */
            const tx_attributes *fold = &node_at(p, p->values[n].owner)->attributes;
            layout = tx_layout_view(&whole, fold->low, fold->high);
        }
        TX_TRY(intern_layout(p, &layout, &p->values[n].layout));
    }
    return TX_OK;
}

/* ---- 3: lifetimes and places ---- */

static void find_last_readers(tx_planner *p, const tx_node *outputs)
{
    for (int n = 0; n < p->graph->count; n++) {
        for (int k = 0; k < TX_MAX_INPUTS; k++) {
            const tx_node input = node_at(p, n)->input[k];
            if (input >= 0 && p->values[input].owner >= 0) {
                p->values[p->values[input].owner].last = n;
            }
        }
        if (p->values[n].owner >= 0 && p->values[p->values[n].owner].last < n) {
            p->values[p->values[n].owner].last = n;
        }
    }
    if (outputs[0] >= 0 && p->values[outputs[0]].owner >= 0) {
        p->values[p->values[outputs[0]].owner].last = INT_MAX; /* the loss is read after the run; stores are steps */
    }
}

static tx_status take_place(tx_planner *p, int64_t size, int64_t *out)
{
    size_t best = p->num_gaps;
    for (size_t k = 0; k < p->num_gaps; k++) {
        if (p->gaps[k].size >= size && (best == p->num_gaps || p->gaps[k].size < p->gaps[best].size)) {
            best = k;
        }
    }
    if (best == p->num_gaps) {
        *out = p->top;
        p->top += size;
        return TX_OK;
    }
    *out = p->gaps[best].offset;
    p->gaps[best].offset += size;
    p->gaps[best].size -= size;
    if (!p->gaps[best].size) {
        memmove(p->gaps + best, p->gaps + best + 1, (--p->num_gaps - best) * sizeof *p->gaps);
    }
    return TX_OK;
}

static tx_status give_place(tx_planner *p, int64_t offset, int64_t size)
{
    TX_TRY(tx_reserve(p->num_gaps + 1, sizeof *p->gaps, &p->gap_capacity, p->error, &p->gaps));
    size_t k = 0;
    while (k < p->num_gaps && p->gaps[k].offset < offset) {
        k++;
    }
    memmove(p->gaps + k + 1, p->gaps + k, (p->num_gaps++ - k) * sizeof *p->gaps);
    p->gaps[k] = (gap){offset, size};
    if (k + 1 < p->num_gaps && offset + size == p->gaps[k + 1].offset) {
        p->gaps[k].size += p->gaps[k + 1].size;
        memmove(p->gaps + k + 1, p->gaps + k + 2, (--p->num_gaps - k - 1) * sizeof *p->gaps);
    }
    if (k && p->gaps[k - 1].offset + p->gaps[k - 1].size == p->gaps[k].offset) {
        p->gaps[k - 1].size += p->gaps[k].size;
        memmove(p->gaps + k, p->gaps + k + 1, (--p->num_gaps - k) * sizeof *p->gaps);
    }
    return TX_OK;
}

static int64_t round_to_line(int64_t bytes) { return (bytes + 63) / 64 * 64; }
static int64_t buffer_bytes(const tx_planner *p, tx_node n)
{
    return round_to_line(p->values[n].layout->size * (int64_t)tx_real_bytes(p->program->options.precision));
}

/* The place of a new buffer: that of an operand that dies here, or a free one. */
static tx_status place_buffer(tx_planner *p, tx_node n)
{
    value *owner = &p->values[p->values[n].owner];
    if (owner->offset >= 0) {
        return TX_OK; /* a fold whose convolution has placed it, or a view */
    }
    const tx_graph_node *node = node_at(p, n);
    for (int k = 0; k < TX_MAX_INPUTS && p->values[n].owner == n; k++) {
        const tx_node input = node->input[k];
        if (!(tx_operations[node->op].overwrites >> k & 1) || input < 0 || p->values[input].owner != input) {
            continue;
        }
        value *dying = &p->values[input];
        if (dying->last == n && dying->layout == p->values[n].layout && dying->offset >= 0) {
            owner->offset = dying->offset;
            dying->last = INT_MAX; /* nobody frees it: it goes on as n */
            return TX_OK;
        }
    }
    return take_place(p, buffer_bytes(p, n), &owner->offset);
}

static tx_status free_buffers(tx_planner *p, tx_node n)
{
    tx_node owners[TX_MAX_INPUTS + 1];
    int count = 0;
    for (int k = -1; k < TX_MAX_INPUTS; k++) {
        const tx_node read = k < 0 ? n : node_at(p, n)->input[k];
        const tx_node owner = read >= 0 ? p->values[read].owner : TX_NONE;
        bool seen = owner < 0 || p->values[owner].last != n;
        for (int j = 0; j < count; j++) {
            seen |= owners[j] == owner;
        }
        if (!seen) {
            owners[count++] = owner;
            TX_TRY(give_place(p, p->values[owner].offset, buffer_bytes(p, owner)));
        }
    }
    return TX_OK;
}

/* ---- 4: steps ---- */

static tx_operand operand_of(const tx_planner *p, tx_node n)
{
    const int64_t real = (int64_t)tx_real_bytes(p->program->options.precision);
    if (n < 0) {
        return (tx_operand){TX_SPACE_NONE, 0};
    }
    const tx_graph_node *node = node_at(p, n);
    if (node->op == TX_OP_PARAMETER || node->op == TX_OP_CONSTANT) {
        return (tx_operand){node->op == TX_OP_PARAMETER ? TX_SPACE_PARAMETERS : TX_SPACE_CONSTANTS, node->attributes.offset * real};
    }
    if (is_given(node->op)) {
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
    program->steps[program->num_steps++] = *step;
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
    for (size_t k = 0; k < program->num_packs; k++) {
        if (program->packs[k].conv == conv && program->packs[k].weight.space == weight.space &&
            program->packs[k].weight.offset == weight.offset) {
            *out = (tx_operand){TX_SPACE_PACKED, program->packs[k].offset};
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(program->num_packs + 1, sizeof *program->packs, &program->pack_capacity, p->error, &program->packs));
    *out = (tx_operand){TX_SPACE_PACKED, (int64_t)program->packed_bytes};
    program->packs[program->num_packs++] = (tx_pack){conv, weight, (int64_t)program->packed_bytes};
    program->packed_bytes += (size_t)round_to_line((int64_t)(program->kernels->conv_packed_size(conv) * tx_real_bytes(program->options.precision)));
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

/* A convolution over the (padded) layout of its input; `gradient` is the layout of dy for the weights' gradient. */
static tx_status add_conv(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = node_at(p, n);
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
        TX_TRY(find_pack(p, step->conv, operand_of(p, node->input[1]), &step->operand[1]));
    }
    if (shape.flip) {
        step->operand[2] = (tx_operand){TX_SPACE_NONE, 0};
    }
    return TX_OK;
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
static tx_status add_spectral(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = node_at(p, n);
    const bool forward = node->op == TX_OP_SPECTRAL_ANALYSE;
    tx_spectral_shape shape;
    memset(&shape, 0, sizeof shape); /* compared bytewise */
    memcpy(&shape.x, p->values[forward ? node->input[0] : n].layout, sizeof shape.x);
    memcpy(&shape.modes, p->values[forward ? n : node->input[0]].layout, sizeof shape.modes);
    memcpy(shape.count, node->attributes.convolution.kernel, sizeof shape.count);
    shape.weighted = node->attributes.mode != 0;
    TX_TRY(find_spectral(p, &shape, &step->spectral));
    const size_t reals = p->program->kernels->spectral_scratch(step->spectral);
    const int64_t bytes = round_to_line((int64_t)(reals * tx_real_bytes(p->program->options.precision)));
    int64_t offset;
    TX_TRY(take_place(p, bytes, &offset));
    step->operand[TX_MAX_OPERANDS - 1] = (tx_operand){TX_SPACE_ARENA, offset};
    return give_place(p, offset, bytes);
}

/* Scratch for the length of one step. */
static tx_status add_call(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = node_at(p, n);
    const tx_program_options *options = &p->program->options;
    const tx_shape *input = &node_at(p, node->input[node->op == TX_OP_CALL_VJP ? 1 : 0])->shape;
    const int64_t bytes = round_to_line((int64_t)tx_call_scratch(node, input, options->precision, options->block));
    int64_t offset;
    step->function = node->attributes.function;
    TX_TRY(take_place(p, bytes, &offset));
    step->operand[TX_MAX_OPERANDS - 1] = (tx_operand){TX_SPACE_ARENA, offset};
    return give_place(p, offset, bytes);
}

static tx_status add_halo_step(tx_planner *p, tx_node n, const tx_layout *layout, tx_padding_mode mode)
{
    tx_step step = {.run = tx_run_halo, .name = "halo", .out = operand_of(p, n), .out_layout = layout};
    TX_TRY(find_halo(p, layout, mode, &step.halo));
    return append_step(p, &step);
}

/* The part of a fold's buffer that its input covers, seen as halo: the widths of the fold alone. */
static tx_layout fold_layout(const tx_planner *p, tx_node n)
{
    tx_layout layout = *p->values[n].layout;
    memcpy(layout.low, node_at(p, n)->attributes.low, sizeof layout.low);
    memcpy(layout.high, node_at(p, n)->attributes.high, sizeof layout.high);
    return layout;
}

static tx_status add_copy(tx_planner *p, tx_node n, const tx_layout *target)
{
    const tx_node x = node_at(p, n)->input[0];
    const tx_step step = {.run = tx_run_copy, .name = "copy", .operand = {operand_of(p, x)}, .layout = {p->values[x].layout},
                          .out = operand_of(p, n), .out_layout = target};
    return append_step(p, &step);
}

/* A padded copy: its interior, then its halo. */
static tx_status add_pad(tx_planner *p, tx_node n)
{
    const value *v = &p->values[n];
    const tx_layout whole = tx_layout_make(tx_real_bytes(p->program->options.precision), v->base, p->program->options.block, v->low, v->high);
    const tx_layout *layout;
    TX_TRY(intern_layout(p, &whole, &layout));
    TX_TRY(add_copy(p, n, layout));
    return add_halo_step(p, n, layout, (tx_padding_mode)v->mode);
}

static tx_status add_fold(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_graph_node *node = node_at(p, n);
    const tx_layout narrow = fold_layout(p, n);
    const tx_layout *layout;
    TX_TRY(intern_layout(p, &narrow, &layout));
    if (p->values[n].copied) {
        const tx_layout view = tx_layout_view(p->values[n].layout, node->attributes.low, node->attributes.high);
        const tx_layout *target;
        TX_TRY(intern_layout(p, &view, &target));
        TX_TRY(add_copy(p, n, target));
    }
    return find_halo(p, layout, (tx_padding_mode)node->attributes.mode, &step->halo);
}

/* Of all channels, or of a part of them. */
static tx_status add_bias_gradient(tx_planner *p, tx_node n, tx_step *step)
{
    const tx_attributes *a = &node_at(p, n)->attributes;
    const tx_layout part = tx_layout_channels(step->layout[0], a->mode, a->size);
    return intern_layout(p, &part, &step->layout[0]);
}

static tx_status add_special(tx_planner *p, tx_node n, tx_step *step)
{
    switch (node_at(p, n)->op) {
    case TX_OP_CONV:
    case TX_OP_CONV_WEIGHTS: return add_conv(p, n, step);
    case TX_OP_CALL:
    case TX_OP_CALL_VJP: return add_call(p, n, step);
    case TX_OP_FOLD: return add_fold(p, n, step);
    case TX_OP_SPECTRAL_ANALYSE:
    case TX_OP_SPECTRAL_SYNTHESISE: return add_spectral(p, n, step);
    case TX_OP_SPECTRAL_MULTIPLY: step->mode = (int)node_at(p, n)->attributes.flip; return TX_OK;
    case TX_OP_BIAS_GRADIENT: return add_bias_gradient(p, n, step);
    case TX_OP_SPLIT:
    case TX_OP_JOIN:
        memcpy(step->stride, node_at(p, n)->attributes.convolution.stride, sizeof step->stride);
        memcpy(step->low, node_at(p, n)->attributes.low, sizeof step->low);
        return TX_OK;
    case TX_OP_WINDOW:
        step->offset = node_at(p, n)->attributes.offset * node_at(p, n)->shape.channels * tx_shape_points(&node_at(p, n)->shape);
        return TX_OK;
    default: return TX_OK;
    }
}

static double node_flops(const tx_planner *p, tx_node n)
{
    const tx_graph_node *node = node_at(p, n);
    const tx_shape *input = node->input[0] >= 0 ? &node_at(p, node->input[0])->shape : &node->shape;
    return tx_operations[node->op].flops ? tx_operations[node->op].flops(node, input)
                                         : (double)node->shape.channels * (double)tx_shape_points(&node->shape);
}

/* The step of node n, and the filling of its halo where somebody reads that. */
static tx_status add_step(tx_planner *p, tx_node n)
{
    const tx_graph_node *node = node_at(p, n);
    const tx_operation *operation = &tx_operations[node->op];
    tx_step step = {.run = operation->run, .name = operation->name, .alpha = node->attributes.alpha, .beta = node->attributes.beta,
                    .mode = (int)node->attributes.mode, .groups = node->attributes.convolution.groups, .out = operand_of(p, n), .out_layout = p->values[n].layout};
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        step.operand[k] = operand_of(p, node->input[k]);
        step.layout[k] = node->input[k] >= 0 ? p->values[node->input[k]].layout : NULL;
    }
    TX_TRY(add_special(p, n, &step));
    TX_TRY(append_step(p, &step));
    p->program->flops += p->program->options.block * node_flops(p, n);
    const value *v = &p->values[n];
    return v->owner == n && v->mode >= 0 ? add_halo_step(p, n, v->layout, (tx_padding_mode)v->mode) : TX_OK;
}

static tx_status add_stores(tx_planner *p, tx_node n, const tx_node *outputs)
{
    for (int k = 0; k < p->program->options.num_outputs; k++) {
        if (outputs[k + 1] == n) {
            const tx_step step = {.run = tx_run_store, .name = "store", .operand = {operand_of(p, n)}, .layout = {p->values[n].layout}, .offset = k};
            TX_TRY(append_step(p, &step));
        }
    }
    return TX_OK;
}

static tx_status add_steps(tx_planner *p, const tx_node *outputs)
{
    for (int n = 0; n < p->graph->count; n++) {
        if (p->values[n].owner >= 0) {
            TX_TRY(place_buffer(p, n));
        }
        if (tx_operations[node_at(p, n)->op].run) {
            TX_TRY(add_step(p, n));
        } else if (p->values[n].copied) {
            TX_TRY(add_pad(p, n));
        }
        TX_TRY(add_stores(p, n, outputs));
        TX_TRY(free_buffers(p, n));
    }
    return TX_OK;
}

static void count_readers(tx_planner *p, const tx_node *outputs)
{
    for (int n = 0; n < p->graph->count; n++) {
        for (int k = 0; k < TX_MAX_INPUTS; k++) {
            if (node_at(p, n)->input[k] >= 0) {
                p->readers[node_at(p, n)->input[k]]++;
            }
        }
    }
    for (int k = 0; k <= p->program->options.num_outputs; k++) {
        if (outputs[k] >= 0) {
            p->readers[outputs[k]]++;
        }
    }
}

/* The constants in the program's precision, and the weights among them packed for good. */
static tx_status make_constants(tx_program *program, const tx_graph *graph, tx_error *error)
{
    const tx_precision precision = program->options.precision;
    TX_TRY(tx_allocate_array(graph->num_constants, tx_real_bytes(precision), error, &program->constants));
    for (size_t k = 0; k < graph->num_constants; k++) {
        if (precision == TX_FLOAT32) {
            ((float *)(void *)program->constants)[k] = (float)graph->constants[k];
        } else {
            ((double *)(void *)program->constants)[k] = graph->constants[k];
        }
    }
    tx_program_pack(program, TX_SPACE_CONSTANTS, program->constants);
    return TX_OK;
}

/* The owner of node n of a repeated graph; `fused` is that of its origin. copies: the latest of each node of the fused graph. */
static tx_node follow_owner(const tx_planner *p, const value *followed, const int *origin, const tx_node *copies, tx_node n, tx_node fused)
{
    if (fused < 0 || fused == origin[n]) {
        return fused < 0 ? TX_NONE : n;
    }
    return fused < origin[n] ? followed[node_at(p, n)->input[0]].owner /* a view */ : copies[fused] /* the input of a fold */;
}

/* A repeated node is laid out as its origin: who reads it now must not change a bit. */
static tx_status follow_values(tx_planner *p, const tx_repeated *repeated)
{
    const size_t fused_count = (size_t)p->graph->count;
    value *followed;
    tx_node *copies;
    TX_TRY(tx_allocate_array((size_t)repeated->graph->count, sizeof *followed, p->error, &followed));
    const tx_status status = tx_allocate_array(fused_count, sizeof *copies, p->error, &copies);
    if (status) {
        tx_free(followed);
        return status;
    }
    p->graph = repeated->graph;
    for (int n = 0; n < p->graph->count; n++) {
        copies[repeated->origin[n]] = n;
    }
    for (int n = 0; n < p->graph->count; n++) {
        followed[n] = p->values[repeated->origin[n]];
        followed[n].owner = follow_owner(p, followed, repeated->origin, copies, n, followed[n].owner);
    }
    tx_free(copies);
    tx_free(p->values);
    p->values = followed;
    return TX_OK;
}

static void restart(tx_program *program)
{
    program->num_steps = 0;
    program->flops = 0;
}

/* Room for the steps of most graphs at once: growing by doubling would touch twice the memory. */
static tx_status reserve_steps(tx_planner *p)
{
    const size_t count = (size_t)p->graph->count;
    return tx_reserve(count + count / 8, sizeof(tx_step), &p->program->step_capacity, p->error, &p->program->steps);
}

tx_status tx_program_finish(tx_program *program, const tx_graph *graph, tx_error *error)
{
    tx_step *steps; /* no longer than it has to be: thousands for a long rollout */
    TX_TRY(tx_allocate_array(program->num_steps, sizeof *steps, error, &steps));
    if (program->num_steps) {
        memcpy(steps, program->steps, program->num_steps * sizeof *steps);
    }
    tx_free(program->steps);
    program->steps = steps;
    program->step_capacity = program->num_steps;
    TX_TRY(tx_allocate(program->packed_bytes, error, &program->packed));
    return make_constants(program, graph, error);
}

tx_status tx_program_plan(tx_program *program, const tx_graph *graph, const tx_node *outputs, const tx_repeated *repeated, tx_error *error)
{
    tx_planner p = {.program = program, .graph = graph, .error = error};
    tx_status status;
    if ((status = tx_allocate_array((size_t)graph->count, sizeof *p.values, error, &p.values)) ||
        (status = tx_allocate_array((size_t)graph->count, sizeof *p.readers, error, &p.readers))) {
        goto done;
    }
    count_readers(&p, outputs);
    place_values(&p);
    while (level_widths(&p)) {
    }
    if (repeated) {
        outputs = repeated->outputs;
        status = follow_values(&p, repeated);
    }
    if (status || (status = make_layouts(&p))) {
        goto done;
    }
    restart(program);
    if ((status = reserve_steps(&p))) {
        goto done;
    }
    find_last_readers(&p, outputs);
    if ((status = add_steps(&p, outputs))) {
        goto done;
    }
    program->arena_bytes = (size_t)p.top;
    program->loss = operand_of(&p, outputs[0]);
done:
    tx_free(p.gaps);
    tx_free(p.readers);
    tx_free(p.values);
    return status;
}
