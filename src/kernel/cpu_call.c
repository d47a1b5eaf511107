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

/* The samples of a result, from double, contiguous from `to` on (which may be `values`: each float lies at or before its double).
 */
static void put(const scratch *s, const double *values, size_t count, char *to)
{
    for (size_t k = 0; s->precision == TX_FLOAT32 && k < count; k++) {
        const float value = (float)values[k];
        memcpy(to + k * sizeof value, &value, sizeof value);
    }
    if (s->precision == TX_FLOAT64) {
        memmove(to, values, count * sizeof *values);
    }
}

/* Contiguous samples into the tensor of the result. Padding lanes repeat a real one, but a cotangent or a tangent is zero there:
 * `zeros` (a sample of them) stands in. */
static void spread(const tx_instruction *i, tx_frame *frame, char *samples, void *zeros)
{
    const tx_layout *layout = i->out_layout;
    const size_t bytes = shape_size(&layout->shape) * tx_real_bytes(frame->backend->precision);
    for (int k = 0; k < layout->block; k++) {
        frame->scratch_samples[k] = k < frame->count ? samples + (size_t)k * bytes : zeros;
    }
    kernels_of(frame)->load(layout, (const void *const *)frame->scratch_samples, 0, zeros ? layout->block : frame->count,
                            tx_frame_at(frame, i->out));
}

static tx_function_call call_of(const tx_instruction *i, const tx_frame *frame, void *tape)
{
    const tx_function *function = i->function;
    return (tx_function_call){.user = function->user,
                              .state = frame->states[i->state],
                              .num_samples = frame->count,
                              .tape = function->tape_bytes ? tape : NULL};
}

/* Where the results of a call lie: behind the tapes of its block. */
static char *results(const tx_instruction *i, int block, char *called)
{
    return called + (size_t)block * (size_t)tx_tape_reals(i->function) * sizeof(float);
}

tx_status tx_cpu_call(const tx_instruction *i, tx_frame *frame)
{
    scratch s = begin(i, frame);
    const size_t count = (size_t)frame->count * (shape_size(&i->out_layout->shape) - (size_t)tx_tape_reals(i->function));
    const double *x = call_input(&s, i, frame, 0);
    double *y = take(&s, count * sizeof *y);
    char *called = tx_frame_at(frame, i->out);
    const tx_function_call call = call_of(i, frame, called);
    tx_note_failed(&frame->failed, i->function, i->function->forward(&call, x, y));
    put(&s, y, count, results(i, i->out_layout->block, called));
    return TX_OK;
}

tx_status tx_cpu_call_result(const tx_instruction *i, tx_frame *frame)
{
    spread(i, frame, results(i, i->out_layout->block, tx_frame_at(frame, i->operand[1])), NULL);
    return TX_OK;
}

/* A function of x, of something in its or its result's tangent space, and of the tape. */
static tx_status call_derivative(int (*derivative)(const tx_function_call *, const double *, const double *, double *),
                                 const tx_instruction *i, tx_frame *frame)
{
    scratch s = begin(i, frame);
    const size_t sample = shape_size(&i->out_layout->shape), count = (size_t)frame->count * sample;
    const double *x = call_input(&s, i, frame, 0), *d = call_input(&s, i, frame, 1);
    double *result = take(&s, count * sizeof *result);
    const tx_function_call call = call_of(i, frame, tx_frame_at(frame, i->operand[2]));
    tx_note_failed(&frame->failed, i->function, derivative(&call, x, d, result));
    put(&s, result, count, (char *)result);
    spread(i, frame, (char *)result, memset(take(&s, sample * sizeof *result), 0, sample * sizeof *result));
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
