/* States of a simulation through a network: where they come from and go to, in blocks. */
#include <string.h>

#include "base/real.h"
#include "inference/field.h"
#include "inference/inference.h"

/* ---- where states lie ---- */

/* May kernels have its states where they lie? */
static bool in_place(const tx_inference *inference, const tx_field *field)
{
    return !inference->physical && tx_field_is_plain(field, &inference->state, inference->precision);
}

/* A state, or its cotangent, to the units that the network has or (back) to those of the program; rounded as data are. */
static void change_units(const tx_inference *inference, bool cotangent, bool back, void *plain)
{
    const tx_precision precision = inference->precision;
    const int64_t channels = inference->physical ? inference->state.channels : 0, points = tx_shape_points(&inference->state);
    for (int64_t c = 0; c < channels; c++) {
        const double std = inference->normalization[channels + c], shift = cotangent ? 0 : inference->normalization[c];
        for (int64_t k = c * points; k < (c + 1) * points; k++) {
            const double x = tx_real_get(precision, plain, k);
            tx_real_put(precision, plain, k,
                        back == cotangent ? tx_real_round(precision, x - shift) / std : tx_real_round(precision, x * std) + shift);
        }
    }
}

/* What a run reads or writes: states, their cotangents. */
typedef struct stream {
    const tx_field *field; /* NULL: none */
    tx_staging *staging;
    bool cotangent;
} stream;
enum { FROM, SEEDS, TO, NUM_STREAMS };

/* The samples `first` to first + count - 1, in place or in their room, where it is filled if they are `read`. */
static void stage(const tx_inference *inference, const stream *stream, bool read, int64_t first, int count)
{
    tx_staging *const staging = stream->staging;
    const tx_field *field = stream->field;
    const bool plain = in_place(inference, field);
    const int64_t stride = field->stride[0] * (int64_t)tx_real_bytes(field->precision);
    for (int k = 0; k < count; k++) {
        staging->sample[k] = plain ? (char *)field->data + (first + k) * stride : staging->room + (size_t)k * inference->bytes;
        if (!plain && read) {
            tx_field_read(field, &inference->state, first + k, inference->precision, staging->sample[k]);
            change_units(inference, stream->cotangent, false, staging->sample[k]);
        }
    }
}

static void give_back(const tx_inference *inference, const stream *stream, int64_t first, int count)
{
    const bool plain = in_place(inference, stream->field);
    for (int k = 0; k < count && !plain; k++) {
        void *const sample = stream->staging->sample[k];
        change_units(inference, stream->cotangent, true, sample);
        tx_field_write(stream->field, &inference->state, first + k, inference->precision, sample);
    }
}

/* ---- vectors of parameters ---- */

static tx_status check_vector(const tx_inference *inference, const tx_field *vector, tx_error *error)
{
    return !inference                               ? tx_error_set(error, TX_INVALID, "no network was given")
           : tx_inference_num_parameters(inference) ? tx_field_check(vector, error)
                                                    : TX_OK;
}

static int64_t vector_stride(const tx_field *vector)
{
    return vector->stride[0] ? vector->stride[0] : 1;
}

/* Numbers of the network's precision to a vector. */
static void give_numbers(const tx_inference *inference, const void *numbers, const tx_field *vector)
{
    const int64_t stride = vector_stride(vector);
    for (int64_t k = 0; k < tx_inference_num_parameters(inference); k++) {
        tx_real_put(vector->precision, vector->data, k * stride, tx_real_get(inference->precision, numbers, k));
    }
}

tx_status tx_inference_get_parameters(const tx_inference *inference, const tx_field *parameters, tx_error *error)
{
    TX_TRY(check_vector(inference, parameters, error));
    give_numbers(inference, inference->reals, parameters);
    return TX_OK;
}

tx_status tx_inference_set_parameters(tx_inference *inference, const tx_field *parameters, tx_error *error)
{
    TX_TRY(check_vector(inference, parameters, error));
    const int64_t stride = vector_stride(parameters);
    for (int64_t k = 0; k < tx_inference_num_parameters(inference); k++) {
        tx_real_put(inference->precision, inference->reals, k, tx_real_get(parameters->precision, parameters->data, k * stride));
    }
    tx_parameters_set(&inference->parameters, inference->reals);
    return TX_OK;
}

/* ---- stepping ---- */

static tx_status run(const tx_program *program, const void *const *x, const void *const *seeds, void *const *y, int count,
                     void *gradient, tx_error *error)
{
    void *const *const outputs[1] = {y};
    const tx_run_input input = {.windows = x, .seeds = seeds, .count = count, .batch_size = 1};
    tx_run_output output = {.outputs = outputs, .gradient = gradient};
    return tx_values_run(program->values, program->workspace, &input, &output, error);
}

static tx_status run_block(tx_inference *inference, const tx_program *program, const stream streams[NUM_STREAMS], int64_t first,
                           int count, tx_error *error)
{
    void *const *samples[NUM_STREAMS] = {NULL};
    for (int k = 0; k < NUM_STREAMS; k++) {
        if (streams[k].field) {
            stage(inference, &streams[k], k != TO, first, count);
            samples[k] = streams[k].staging->sample;
        }
    }
    TX_TRY(run(program, (const void *const *)samples[FROM], (const void *const *)samples[SEEDS], samples[TO], count,
               inference->gradient, error));
    if (streams[TO].field) {
        give_back(inference, &streams[TO], first, count);
    }
    return TX_OK;
}

static void add_gradient(const tx_inference *inference)
{
    const tx_precision precision = inference->precision;
    char *const sum = inference->gradient + inference->parameter_bytes;
    for (int64_t k = 0; k < tx_inference_num_parameters(inference); k++) {
        tx_real_put(precision, sum, k, tx_real_get(precision, sum, k) + tx_real_get(precision, inference->gradient, k));
    }
}

/* Block after block. gradient: NULL: not wanted. */
static tx_status run_many(tx_inference *inference, const tx_program *program, int64_t count, const stream streams[NUM_STREAMS],
                          const tx_field *gradient, tx_error *error)
{
    if (gradient) {
        memset(inference->gradient + inference->parameter_bytes, 0, inference->parameter_bytes);
    }
    for (int64_t first = 0; first < count; first += inference->block) {
        const int part = count - first < inference->block ? (int)(count - first) : inference->block;
        TX_TRY(run_block(inference, program, streams, first, part, error));
        if (gradient) {
            add_gradient(inference);
        }
    }
    if (gradient) {
        give_numbers(inference, inference->gradient + inference->parameter_bytes, gradient);
    }
    return TX_OK;
}

static tx_status check(const tx_inference *inference, int64_t count, const tx_field *x, const tx_field *y, tx_error *error)
{
    if (!inference) {
        return tx_error_set(error, TX_INVALID, "no network was given");
    }
    if (count < 0) {
        return tx_error_set(error, TX_INVALID, "%lld states cannot be stepped", (long long)count);
    }
    TX_TRY(count ? tx_field_check(x, error) : TX_OK);
    return count ? tx_field_check(y, error) : TX_OK;
}

tx_status tx_inference_step_many(tx_inference *inference, int64_t count, const tx_field *x, const tx_field *y, tx_error *error)
{
    TX_TRY(check(inference, count, x, y, error));
    const stream streams[NUM_STREAMS] = {
        [FROM] = {.field = x, .staging = &inference->x}, [TO] = {.field = y, .staging = &inference->y}};
    return run_many(inference, inference->many.plan ? &inference->many : &inference->one, count, streams, NULL, error);
}

tx_status tx_inference_step(tx_inference *inference, const void *x, void *y, tx_error *error)
{
    if (!inference || !x || !y) {
        return tx_error_set(error, TX_INVALID, "no network was given, or no state");
    }
    if (inference->physical) {
        const tx_field from = tx_inference_field(inference, x, inference->precision),
                       to = tx_inference_field(inference, y, inference->precision);
        const stream streams[NUM_STREAMS] = {
            [FROM] = {.field = &from, .staging = &inference->x}, [TO] = {.field = &to, .staging = &inference->y}};
        return run_block(inference, &inference->one, streams, 0, 1, error);
    }
    return run(&inference->one, &x, NULL, &y, 1, NULL, error);
}

tx_status tx_inference_vjp(tx_inference *inference, int64_t count, const tx_field *x, const tx_field *dy, const tx_field *dx,
                           const tx_field *gradient, tx_error *error)
{
    TX_TRY(check(inference, count, x, dy, error));
    TX_TRY(dx ? check(inference, count, x, dx, error) : TX_OK);
    TX_TRY(gradient ? check_vector(inference, gradient, error) : TX_OK);
    if (!inference->adjoint.plan || (gradient && !inference->gradient)) {
        return tx_error_set(error, TX_INVALID, "this inference was made without `%s` among its options",
                            inference->adjoint.plan ? "gradient" : "vjp");
    }
    const stream streams[NUM_STREAMS] = {[FROM] = {.field = x, .staging = &inference->x},
                                         [SEEDS] = {.field = dy, .staging = &inference->seeds, .cotangent = true},
                                         [TO] = {.field = dx, .staging = &inference->y, .cotangent = true}};
    return run_many(inference, &inference->adjoint, count, streams, gradient, error);
}
