/* What a step does when it runs: one short function an operation, and the table of all operations. */
#include <string.h>

#include "tensor/program.h"

static inline void *at(const tx_frame *frame, tx_operand operand) { return frame->base[operand.space] + operand.offset; }
static inline void *optional(const tx_frame *frame, tx_operand operand)
{
    return operand.space == TX_SPACE_NONE ? NULL : at(frame, operand);
}
#define IN(k) at(frame, step->operand[k])
#define OUT at(frame, step->out)
#define LAYOUT(k) step->layout[k]

static void run_load(const tx_step *step, tx_frame *frame)
{
    frame->kernels->load(step->out_layout, frame->input->windows, step->offset, frame->input->count, OUT);
}

void tx_run_store(const tx_step *step, tx_frame *frame)
{
    if (frame->outputs && frame->outputs[step->offset]) {
        frame->kernels->store(LAYOUT(0), IN(0), frame->outputs[step->offset], 0, frame->input->count);
    }
}

void tx_run_halo(const tx_step *step, tx_frame *frame) { frame->kernels->halo(step->halo, OUT); }
void tx_run_copy(const tx_step *step, tx_frame *frame) { frame->kernels->copy(LAYOUT(0), IN(0), step->out_layout, OUT); }
static void run_fold(const tx_step *step, tx_frame *frame) { frame->kernels->fold(step->halo, OUT); }

/* Every part has its own scratch. */
static void *conv_scratch(const tx_step *step, tx_frame *frame)
{
    const size_t bytes = frame->kernels->conv_scratch(step->conv) * tx_real_bytes(frame->kernels->precision);
    return bytes ? (char *)IN(TX_MAX_OPERANDS - 1) + (size_t)frame->part.index * tx_whole_lines(bytes) : NULL;
}

/* operand 1: packed weights, 2: bias, 3: mask, 4: what is added */
static void run_conv(const tx_step *step, tx_frame *frame)
{
    frame->kernels->conv_apply(step->conv, frame->part, IN(0), IN(1), optional(frame, step->operand[2]), optional(frame, step->operand[3]),
                               optional(frame, step->operand[4]), OUT, conv_scratch(step, frame));
}

static void run_conv_weights(const tx_step *step, tx_frame *frame)
{
    frame->kernels->conv_weights(step->conv, frame->part, IN(0), IN(1), OUT, conv_scratch(step, frame));
}

static void run_bias_gradient(const tx_step *step, tx_frame *frame) { frame->kernels->bias_gradient(LAYOUT(0), IN(0), OUT); }

static void run_activate(const tx_step *step, tx_frame *frame)
{
    frame->kernels->activate((tx_activation)step->mode, LAYOUT(0), IN(0), step->out_layout, OUT);
}

static void run_activate_gradient(const tx_step *step, tx_frame *frame)
{
    frame->kernels->activate_gradient((tx_activation)step->mode, LAYOUT(1), IN(1), LAYOUT(0), IN(0), step->out_layout, OUT);
}

static void run_add(const tx_step *step, tx_frame *frame)
{
    frame->kernels->axpby(step->alpha, LAYOUT(0), IN(0), step->beta, LAYOUT(1), IN(1), step->out_layout, OUT);
}

static void run_scale(const tx_step *step, tx_frame *frame)
{
    frame->kernels->axpby(step->alpha, LAYOUT(0), IN(0), 0, NULL, NULL, step->out_layout, OUT);
}

static void run_multiply(const tx_step *step, tx_frame *frame)
{
    frame->kernels->multiply(LAYOUT(0), IN(0), LAYOUT(1), IN(1), step->out_layout, OUT);
}

static void run_power(const tx_step *step, tx_frame *frame)
{
    frame->kernels->power(step->alpha, LAYOUT(0), IN(0), step->out_layout, OUT);
}

static void run_power_gradient(const tx_step *step, tx_frame *frame)
{
    frame->kernels->power_gradient(step->alpha, LAYOUT(1), IN(1), LAYOUT(0), IN(0), step->out_layout, OUT);
}

static void run_lane_scale(const tx_step *step, tx_frame *frame)
{
    frame->kernels->lane_scale(step->alpha, IN(1), LAYOUT(0), IN(0), NULL, step->out_layout, OUT);
}

static void run_broadcast(const tx_step *step, tx_frame *frame)
{
    frame->kernels->lane_scale(step->alpha, IN(0), NULL, NULL, NULL, step->out_layout, OUT);
}

static void run_sum(const tx_step *step, tx_frame *frame) { frame->kernels->lane_sum(step->alpha, LAYOUT(0), IN(0), OUT); }

static void run_dot(const tx_step *step, tx_frame *frame)
{
    frame->kernels->lane_dot(step->alpha, LAYOUT(0), IN(0), LAYOUT(1), IN(1), OUT);
}

static void run_square_error(const tx_step *step, tx_frame *frame)
{
    frame->kernels->lane_square_error(step->alpha, LAYOUT(0), IN(0), LAYOUT(1), IN(1), OUT);
}

static void run_square_error_gradient(const tx_step *step, tx_frame *frame)
{
    frame->kernels->square_error_gradient(step->alpha, IN(2), LAYOUT(0), IN(0), LAYOUT(1), IN(1), optional(frame, step->operand[3]),
                                          step->out_layout, OUT);
}

static void run_reshape(const tx_step *step, tx_frame *frame) { frame->kernels->reshape(LAYOUT(0), IN(0), step->out_layout, OUT); }

static void run_concatenate(const tx_step *step, tx_frame *frame)
{
    const int64_t first = LAYOUT(0)->shape.channels, second = LAYOUT(1)->shape.channels;
    const tx_layout a = tx_layout_channels(step->out_layout, 0, first), b = tx_layout_channels(step->out_layout, first, second);
    frame->kernels->copy(LAYOUT(0), IN(0), &a, OUT);
    frame->kernels->copy(LAYOUT(1), IN(1), &b, OUT);
}

static void run_split(const tx_step *step, tx_frame *frame)
{
    frame->kernels->split(step->stride, step->low, LAYOUT(0), IN(0), step->out_layout, OUT);
}

static void run_join(const tx_step *step, tx_frame *frame)
{
    frame->kernels->join(step->stride, LAYOUT(0), IN(0), step->out_layout, OUT);
}

static void run_group_statistics(const tx_step *step, tx_frame *frame)
{
    frame->kernels->group_statistics(step->groups, step->alpha, LAYOUT(0), IN(0), step->out_layout, OUT);
}

static void run_group_norm(const tx_step *step, tx_frame *frame)
{
    frame->kernels->group_norm(step->groups, (tx_activation)step->mode, LAYOUT(0), IN(0), LAYOUT(1), IN(1), IN(2), IN(3), LAYOUT(4),
                               optional(frame, step->operand[4]), step->out_layout, OUT);
}

static void run_group_moments(const tx_step *step, tx_frame *frame)
{
    frame->kernels->group_moments(step->groups, LAYOUT(0), IN(0), LAYOUT(1), IN(1), LAYOUT(2), IN(2), step->out_layout, OUT);
}

static void run_group_pull(const tx_step *step, tx_frame *frame)
{
    frame->kernels->group_pull(step->groups, step->alpha, LAYOUT(0), IN(0), LAYOUT(1), IN(1), IN(2), step->out_layout, OUT);
}

static void run_group_norm_gradient(const tx_step *step, tx_frame *frame)
{
    frame->kernels->group_norm_gradient(step->groups, step->mode == TX_RELU, LAYOUT(0), IN(0), LAYOUT(1), IN(1), LAYOUT(2), IN(2), IN(3),
                                        LAYOUT(4), optional(frame, step->operand[4]), step->out_layout, OUT);
}

/* The last operand: scratch. */
static void run_spectral_analyse(const tx_step *step, tx_frame *frame)
{
    frame->kernels->spectral_analyse(step->spectral, IN(0), OUT, IN(TX_MAX_OPERANDS - 1));
}

static void run_spectral_synthesise(const tx_step *step, tx_frame *frame)
{
    frame->kernels->spectral_synthesise(step->spectral, IN(0), OUT, IN(TX_MAX_OPERANDS - 1));
}

static void run_spectral_multiply(const tx_step *step, tx_frame *frame)
{
    frame->kernels->spectral_multiply(step->mode != 0, step->groups, LAYOUT(0), IN(0), IN(1), IN(2), step->out_layout, OUT);
}

static void run_spectral_weights(const tx_step *step, tx_frame *frame)
{
    frame->kernels->spectral_weights(step->mode != 0, step->groups, LAYOUT(0), IN(0), LAYOUT(1), IN(1), OUT);
}

/* ---- a user's function: real lanes only, whole samples in double ---- */

static size_t shape_size(const tx_shape *shape) { return (size_t)(shape->channels * tx_shape_points(shape)); }

/* Scratch of a call: for each of x, dy and the result, b samples (and one of zeros) in the program's precision and in double. */
size_t tx_call_scratch(const tx_graph_node *node, const tx_shape *input, tx_precision precision, int block)
{
    const size_t numbers = 2 * shape_size(input) + 2 * shape_size(&node->shape);
    return numbers * ((size_t)block + 1) * (tx_real_bytes(precision) + sizeof(double));
}

/* Takes the next `numbers` doubles and reals from the scratch. */
typedef struct scratch {
    char *next;
    tx_precision precision;
} scratch;
static double *take(scratch *s, size_t bytes)
{
    char *memory = s->next;
    s->next += bytes;
    return (double *)memory;
}

/* The samples of a tensor, contiguous, in double. */
static double *call_input(scratch *s, tx_frame *frame, const tx_layout *layout, const void *x)
{
    const size_t size = shape_size(&layout->shape), count = (size_t)frame->input->count;
    double *values = take(s, size * count * sizeof *values);
    char *reals = s->precision == TX_FLOAT64 ? (char *)values : (char *)take(s, size * count * sizeof(double));
    for (size_t k = 0; k < count; k++) {
        frame->samples[k] = reals + k * size * tx_real_bytes(s->precision);
    }
    frame->kernels->store(layout, x, frame->samples, 0, frame->input->count);
    for (size_t k = 0; s->precision == TX_FLOAT32 && k < size * count; k++) {
        values[k] = (double)((const float *)(const void *)reals)[k];
    }
    return values;
}

/* Padding lanes repeat a real result, but a cotangent is zero there: `zeros` (a sample of them) stands in. */
static void call_output(scratch *s, tx_frame *frame, double *values, const void *zeros, const tx_layout *layout, void *y)
{
    const size_t size = shape_size(&layout->shape), count = (size_t)frame->input->count;
    float *narrow = (float *)(void *)values; /* in place: each float lies at or before its double */
    for (size_t k = 0; s->precision == TX_FLOAT32 && k < size * count; k++) {
        const float value = (float)values[k];
        memcpy(&narrow[k], &value, sizeof value);
    }
    for (size_t k = 0; k < count; k++) {
        frame->samples[k] = (char *)values + k * size * tx_real_bytes(s->precision);
    }
    for (int k = frame->input->count; zeros && k < layout->block; k++) {
        frame->samples[k] = (void *)zeros;
    }
    frame->kernels->load(layout, (const void *const *)frame->samples, 0, zeros ? layout->block : frame->input->count, y);
}

static void run_call(const tx_step *step, tx_frame *frame)
{
    scratch s = {.next = at(frame, step->operand[TX_MAX_OPERANDS - 1]), .precision = frame->kernels->precision};
    const double *x = call_input(&s, frame, LAYOUT(0), IN(0));
    double *y = take(&s, shape_size(&step->out_layout->shape) * (size_t)frame->input->count * sizeof *y);
    frame->failed |= step->function->forward(step->function->user, frame->input->count, x, y) != 0;
    call_output(&s, frame, y, NULL, step->out_layout, OUT);
}

static void run_call_vjp(const tx_step *step, tx_frame *frame)
{
    scratch s = {.next = at(frame, step->operand[TX_MAX_OPERANDS - 1]), .precision = frame->kernels->precision};
    const double *x = call_input(&s, frame, LAYOUT(0), IN(0)), *dy = call_input(&s, frame, LAYOUT(1), IN(1));
    double *dx = take(&s, shape_size(&step->out_layout->shape) * (size_t)frame->input->count * sizeof *dx);
    frame->failed |= step->function->vjp(step->function->user, frame->input->count, x, dy, dx) != 0;
    const size_t sample = shape_size(&step->out_layout->shape) * sizeof *dx;
    call_output(&s, frame, dx, memset(take(&s, sample), 0, sample), step->out_layout, OUT);
}

/* Two operations for each weight and output point; of a stride's phases, each tap reads or writes one. */
static double conv_flops(const tx_graph_node *node, const tx_shape *input)
{
    double taps = 2.0 * (double)input->channels * (double)node->shape.channels / node->attributes.convolution.groups;
    for (int d = 0; d < node->shape.axes; d++) {
        const int64_t stride = node->attributes.convolution.stride[d];
        taps *= (double)node->attributes.convolution.kernel[d] / (double)(stride > 1 ? stride : 1);
    }
    return taps * (double)tx_shape_points(&node->shape);
}

/* Axis by axis, first to last, products with cosines and sines, an eighth of them thanks to their symmetries. */
static double transform_flops(const tx_graph_node *node, const tx_shape *x, int64_t channels)
{
    double flops = 0, lanes = (double)(channels * tx_shape_points(x));
    for (int d = 0; d < x->axes; d++) {
        const double rows = 2 * (double)node->attributes.convolution.kernel[d] + (d < x->axes - 1);
        flops += lanes * rows * (x->n[d] % 2 ? 1 : 0.5);
        lanes *= rows / (double)x->n[d];
    }
    return flops;
}
static double analyse_flops(const tx_graph_node *node, const tx_shape *input) { return transform_flops(node, input, input->channels); }
static double synthesise_flops(const tx_graph_node *node, const tx_shape *input)
{
    (void)input;
    return transform_flops(node, &node->shape, node->shape.channels);
}

static double mode_flops(const tx_graph_node *node, const tx_shape *input)
{
    const double channels = (double)input->channels * (double)node->shape.channels / 4;
    return (node->op == TX_OP_SPECTRAL_MULTIPLY ? 8 : 4) * channels / node->attributes.convolution.groups * (double)input->n[0];
}

const tx_operation tx_operations[TX_OP_COUNT] = {
    [TX_OP_WINDOW] = {"load", run_load, 0, NULL, tx_prepare_load},
    [TX_OP_PARAMETER] = {"parameter", NULL, 0, NULL, NULL},
    [TX_OP_CONSTANT] = {"constant", NULL, 0, NULL, NULL},
    [TX_OP_SEED] = {"seed", NULL, 0, NULL, NULL},
    [TX_OP_BATCH_SIZE] = {"batch_size", NULL, 0, NULL, NULL},
    [TX_OP_STOP] = {"stop_gradient", NULL, 0, NULL, NULL},
    [TX_OP_PAD] = {"pad", NULL, 0, NULL, NULL},
    [TX_OP_FOLD] = {"fold", run_fold, 0, NULL, tx_prepare_fold},
    [TX_OP_CONV] = {"conv", run_conv, 1u << 3 | 1u << 4, conv_flops, tx_prepare_conv, TX_SHARE_PARTS},
    [TX_OP_CONV_WEIGHTS] = {"conv_weights", run_conv_weights, 0, conv_flops, tx_prepare_conv, TX_SHARE_PARTS},
    [TX_OP_BIAS_GRADIENT] = {"bias_gradient", run_bias_gradient, 0, NULL, tx_prepare_bias_gradient},
    [TX_OP_ACTIVATE] = {"activate", run_activate, 1, NULL, NULL, TX_SHARE_CHANNELS},
    [TX_OP_ACTIVATE_GRADIENT] = {"activate_gradient", run_activate_gradient, 3, NULL, NULL, TX_SHARE_CHANNELS},
    [TX_OP_ADD] = {"add", run_add, 3, NULL, NULL, TX_SHARE_CHANNELS},
    [TX_OP_SCALE] = {"scale", run_scale, 1, NULL, NULL, TX_SHARE_CHANNELS},
    [TX_OP_MULTIPLY] = {"multiply", run_multiply, 3, NULL, NULL, TX_SHARE_CHANNELS},
    [TX_OP_POWER] = {"power", run_power, 1, NULL, NULL, TX_SHARE_CHANNELS},
    [TX_OP_POWER_GRADIENT] = {"power_gradient", run_power_gradient, 3, NULL, NULL, TX_SHARE_CHANNELS},
    [TX_OP_LANE_SCALE] = {"lane_scale", run_lane_scale, 1, NULL, NULL},
    [TX_OP_BROADCAST] = {"broadcast", run_broadcast, 0, NULL, NULL},
    [TX_OP_SUM] = {"sum", run_sum, 0, NULL, NULL},
    [TX_OP_DOT] = {"dot", run_dot, 0, NULL, NULL},
    [TX_OP_SQUARE_ERROR] = {"square_error", run_square_error, 0, NULL, NULL},
    [TX_OP_SQUARE_ERROR_GRADIENT] = {"square_error_gradient", run_square_error_gradient, 1 | 2 | 1u << 3, NULL, NULL},
    [TX_OP_FLATTEN] = {"flatten", run_reshape, 0, NULL, NULL},
    [TX_OP_UNFLATTEN] = {"unflatten", run_reshape, 0, NULL, NULL},
    [TX_OP_CALL] = {"call", run_call, 0, NULL, tx_prepare_call},
    [TX_OP_CALL_VJP] = {"call_vjp", run_call_vjp, 0, NULL, tx_prepare_call},
    [TX_OP_CONCATENATE] = {"concatenate", run_concatenate, 0, NULL, NULL},
    [TX_OP_CHANNELS] = {"channels", NULL, 0, NULL, NULL},
    [TX_OP_SPLIT] = {"split", run_split, 0, NULL, tx_prepare_phases},
    [TX_OP_JOIN] = {"join", run_join, 0, NULL, tx_prepare_phases},
    [TX_OP_SPECTRAL_ANALYSE] = {"spectral_analyse", run_spectral_analyse, 0, analyse_flops, tx_prepare_spectral},
    [TX_OP_SPECTRAL_SYNTHESISE] = {"spectral_synthesise", run_spectral_synthesise, 0, synthesise_flops, tx_prepare_spectral},
    [TX_OP_SPECTRAL_MULTIPLY] = {"spectral_multiply", run_spectral_multiply, 0, mode_flops, tx_prepare_spectral_multiply},
    [TX_OP_SPECTRAL_WEIGHTS] = {"spectral_weights", run_spectral_weights, 0, mode_flops, NULL},
    [TX_OP_GROUP_STATISTICS] = {"group_statistics", run_group_statistics, 0, NULL, NULL},
    [TX_OP_GROUP_NORM] = {"group_norm", run_group_norm, 1 | 1u << 4, NULL, NULL},
    [TX_OP_GROUP_MOMENTS] = {"group_moments", run_group_moments, 0, NULL, NULL},
    [TX_OP_GROUP_PULL] = {"group_pull", run_group_pull, 0, NULL, NULL},
    [TX_OP_GROUP_NORM_GRADIENT] = {"group_norm_gradient", run_group_norm_gradient, 3 | 1u << 4, NULL, NULL},
};
