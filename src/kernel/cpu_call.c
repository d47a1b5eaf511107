/* A user's function as a kernel: real lanes only, whole samples, contiguous, in double. */
#include <string.h>

#include "kernel/cpu.h"

/* The next of the scratch. */
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

static size_t shape_size(const tx_shape *shape)
{
    return (size_t)(shape->channels * tx_shape_points(shape));
}

static const tx_kernels *kernels_of(const tx_frame *frame)
{
    return frame->backend->context;
}

static scratch begin(const tx_instruction *i, const tx_frame *frame)
{
    return (scratch){.next = tx_frame_at(frame, i->operand[TX_MAX_OPERANDS - 1]), .precision = frame->backend->precision};
}

/* The samples of input n, contiguous, in double. */
static double *call_input(scratch *s, const tx_instruction *i, tx_frame *frame, int n)
{
    const size_t size = shape_size(&i->layout[n]->shape), count = (size_t)frame->count;
    double *values = take(s, size * count * sizeof *values);
    char *reals = s->precision == TX_FLOAT64 ? (char *)values : (char *)take(s, size * count * sizeof(double));
    for (size_t k = 0; k < count; k++) {
        frame->scratch_samples[k] = reals + k * size * tx_real_bytes(s->precision);
    }
    kernels_of(frame)->store(i->layout[n], tx_frame_at(frame, i->operand[n]), frame->scratch_samples, 0, frame->count);
    for (size_t k = 0; s->precision == TX_FLOAT32 && k < size * count; k++) {
        values[k] = (double)((const float *)(const void *)reals)[k];
    }
    return values;
}

/* Padding lanes repeat a real result, but a cotangent or a tangent is zero there: `zeros` (a sample of them) stands in. */
static void call_output(const scratch *s, const tx_instruction *i, tx_frame *frame, double *values, const void *zeros)
{
    const tx_layout *layout = i->out_layout;
    const size_t size = shape_size(&layout->shape), count = (size_t)frame->count;
    float *narrow = (float *)(void *)values; /* in place: each float lies at or before its double */
    for (size_t k = 0; s->precision == TX_FLOAT32 && k < size * count; k++) {
        const float value = (float)values[k];
        memcpy(&narrow[k], &value, sizeof value);
    }
    for (size_t k = 0; k < count; k++) {
        frame->scratch_samples[k] = (char *)values + k * size * tx_real_bytes(s->precision);
    }
    for (int k = frame->count; zeros && k < layout->block; k++) {
        frame->scratch_samples[k] = (void *)zeros;
    }
    kernels_of(frame)->load(layout, (const void *const *)frame->scratch_samples, 0, zeros ? layout->block : frame->count,
                            tx_frame_at(frame, i->out));
}

static double *room_for_result(scratch *s, const tx_instruction *i, const tx_frame *frame)
{
    return take(s, shape_size(&i->out_layout->shape) * (size_t)frame->count * sizeof(double));
}

tx_status tx_cpu_call(const tx_instruction *i, tx_frame *frame)
{
    scratch s = begin(i, frame);
    const double *x = call_input(&s, i, frame, 0);
    double *y = room_for_result(&s, i, frame);
    frame->failed |= i->function->forward(i->function->user, frame->count, x, y) != 0;
    call_output(&s, i, frame, y, NULL);
    return TX_OK;
}

/* A function of x and something in its or its result's tangent space. */
static tx_status call_derivative(int (*derivative)(void *, int64_t, const double *, const double *, double *),
                                 const tx_instruction *i, tx_frame *frame)
{
    scratch s = begin(i, frame);
    const double *x = call_input(&s, i, frame, 0), *d = call_input(&s, i, frame, 1);
    double *result = room_for_result(&s, i, frame);
    frame->failed |= derivative(i->function->user, frame->count, x, d, result) != 0;
    const size_t sample = shape_size(&i->out_layout->shape) * sizeof *result;
    call_output(&s, i, frame, result, memset(take(&s, sample), 0, sample));
    return TX_OK;
}

tx_status tx_cpu_call_vjp(const tx_instruction *i, tx_frame *frame)
{
    return call_derivative(i->function->vjp, i, frame);
}

tx_status tx_cpu_call_jvp(const tx_instruction *i, tx_frame *frame)
{
    return call_derivative(i->function->jvp, i, frame);
}
