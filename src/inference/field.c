/* States that lie anyhow, number by number. */
#include "inference/field.h"

#include <string.h>

#include "base/real.h"

tx_field tx_field_plain(const tx_shape *state, const void *data, tx_precision precision)
{
    tx_field field = {.data = (void *)data, .precision = precision};
    int64_t stride = 1;
    for (int d = state->axes - 1; d >= 0; d--) {
        field.stride[2 + d] = stride;
        stride *= state->n[d];
    }
    field.stride[1] = stride;
    field.stride[0] = stride * state->channels;
    return field;
}

bool tx_field_is_plain(const tx_field *field, const tx_shape *state, tx_precision precision)
{
    const tx_field plain = tx_field_plain(state, field->data, precision);
    bool same = field->precision == precision && (state->channels == 1 || field->stride[1] == plain.stride[1]);
    for (int d = 0; d < state->axes; d++) {
        same = same && (state->n[d] == 1 || field->stride[2 + d] == plain.stride[2 + d]);
    }
    return same;
}

tx_status tx_field_check(const tx_field *field, tx_error *error)
{
    return field && field->data && (field->precision == TX_FLOAT32 || field->precision == TX_FLOAT64)
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "a field was not given, has no data, or a precision that is none");
}

typedef void mover(const tx_field *field, int64_t at, tx_precision precision, void *plain, int64_t k);

static void read_number(const tx_field *field, int64_t at, tx_precision precision, void *plain, int64_t k)
{
    tx_real_put(precision, plain, k, tx_real_get(field->precision, field->data, at));
}

static void write_number(const tx_field *field, int64_t at, tx_precision precision, void *plain, int64_t k)
{
    tx_real_put(field->precision, field->data, at, tx_real_get(precision, plain, k));
}

static inline void move(mover *number, const tx_field *field, const tx_shape *state, int64_t sample, tx_precision precision,
                        void *plain)
{
    int64_t n[TX_MAX_AXES] = {1, 1, 1}, k = 0;
    memcpy(n, state->n, (size_t)state->axes * sizeof *n);
    for (int64_t c = 0; c < state->channels; c++) {
        for (int64_t i = 0; i < n[0]; i++) {
            for (int64_t j = 0; j < n[1]; j++) {
                const int64_t at = sample * field->stride[0] + c * field->stride[1] + i * field->stride[2] + j * field->stride[3];
                for (int64_t l = 0; l < n[2]; l++) {
                    number(field, at + l * field->stride[4], precision, plain, k++);
                }
            }
        }
    }
}

void tx_field_read(const tx_field *field, const tx_shape *state, int64_t sample, tx_precision precision, void *plain)
{
    move(read_number, field, state, sample, precision, plain);
}

void tx_field_write(const tx_field *field, const tx_shape *state, int64_t sample, tx_precision precision, const void *plain)
{
    move(write_number, field, state, sample, precision, (void *)plain);
}
