/* A user's function as a kernel: real lanes only, whole samples, contiguous, in a precision that it has. */
#include <string.h>

#include "kernel/cpu.h"
#include "kernel/function.h"

/* The next of the scratch, and what is done with it. */
typedef struct scratch {
    char *next;
    tx_precision program, called; /* precision of the program, of the call */
} scratch;

static void *take(scratch *s, size_t numbers)
{
    char *memory = s->next;
    s->next += numbers * sizeof(double);
    return memory;
}

static size_t shape_size(const tx_shape *shape)
{
    return (size_t)(shape->channels * tx_shape_points(shape));
}

static const tx_kernels *kernels_of(const tx_frame *frame)
{
    return frame->backend->context;
}

static scratch begin(const tx_instruction *i, const tx_frame *frame, tx_verb verb)
{
    const tx_precision program = frame->backend->precision;
    return (scratch){.next = tx_frame_at(frame, i->operand[TX_MAX_OPERANDS - 1]),
                     .program = program,
                     .called = tx_function_precision(i->function, verb, program)};
}

/* Numbers of one precision in the other one, or as they are. */
static void convert(tx_precision from, const void *numbers, size_t count, tx_precision precision, void *to)
{
    if (from == precision) {
        memcpy(to, numbers, count * tx_real_bytes(from));
        return;
    }
    for (size_t k = 0; k < count && from == TX_FLOAT32; k++) {
        ((double *)to)[k] = (double)((const float *)numbers)[k];
    }
    for (size_t k = 0; k < count && from == TX_FLOAT64; k++) {
        ((float *)to)[k] = (float)((const double *)numbers)[k];
    }
}

/* The samples of input n, contiguous, as the function wants them. */
static void *call_input(scratch *s, const tx_instruction *i, tx_frame *frame, int n)
{
    const size_t size = shape_size(&i->layout[n]->shape), count = (size_t)frame->count;
    char *reals = take(s, size * count);
    for (size_t k = 0; k < count; k++) {
        frame->scratch_samples[k] = reals + k * size * tx_real_bytes(s->program);
    }
    kernels_of(frame)->store(i->layout[n], tx_frame_at(frame, i->operand[n]), frame->scratch_samples, 0, frame->count);
    if (s->called == s->program) {
        return reals;
    }
    void *values = take(s, size * count);
    convert(s->program, reals, size * count, s->called, values);
    return values;
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
    scratch s = begin(i, frame, TX_FORWARD);
    const size_t x = shape_size(&i->layout[0]->shape), y = shape_size(&i->out_layout->shape) - (size_t)tx_tape_reals(i->function);
    char *called = tx_frame_at(frame, i->out);
    const tx_function_call call = call_of(i, frame, called);
    const void *input = call_input(&s, i, frame, 0);
    void *values = take(&s, y * (size_t)frame->count);
    const tx_function_samples samples = {.x = input, .result = values, .numbers = {x, 0, y}};
    tx_function_run(i->function, TX_FORWARD, s.called, &call, &samples, &frame->failed);
    convert(s.called, values, y * (size_t)frame->count, s.program, results(i, i->out_layout->block, called));
    return TX_OK;
}

tx_status tx_cpu_call_result(const tx_instruction *i, tx_frame *frame)
{
    spread(i, frame, results(i, i->out_layout->block, tx_frame_at(frame, i->operand[1])), NULL);
    return TX_OK;
}

/* A function of x, of something in its or its result's tangent space, and of the tape. */
static tx_status call_derivative(tx_verb verb, const tx_instruction *i, tx_frame *frame)
{
    scratch s = begin(i, frame, verb);
    const size_t sample = shape_size(&i->out_layout->shape), count = (size_t)frame->count * sample;
    const void *x = call_input(&s, i, frame, 0), *d = call_input(&s, i, frame, 1);
    const bool summand = i->operand[3].space != TX_SPACE_NONE;
    void *values = summand ? call_input(&s, i, frame, 3) : take(&s, count);
    void *result = s.called == s.program ? values : take(&s, count);
    const tx_function_call call = call_of(i, frame, tx_frame_at(frame, i->operand[2]));
    const tx_function_samples samples = {
        .x = x, .d = d, .result = values, .numbers = {shape_size(&i->layout[0]->shape), shape_size(&i->layout[1]->shape), sample}};
    if (!summand && verb == TX_VJP && i->function->vjp_adds) {
        memset(values, 0, count * sizeof(double));
    }
    tx_function_run(i->function, verb, s.called, &call, &samples, &frame->failed);
    if (result != values) {
        convert(s.called, values, count, s.program, result);
    }
    spread(i, frame, result, memset(take(&s, sample), 0, sample * sizeof(double)));
    return TX_OK;
}

tx_status tx_cpu_call_vjp(const tx_instruction *i, tx_frame *frame)
{
    return call_derivative(TX_VJP, i, frame);
}

tx_status tx_cpu_call_jvp(const tx_instruction *i, tx_frame *frame)
{
    return call_derivative(TX_JVP, i, frame);
}
