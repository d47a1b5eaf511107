/* Symmetries of grids as tables: of each axis, what its places add to the place in the old state. */
#include "data/symmetry.h"

#include <string.h>

#include "base/memory.h"

static int64_t stride_of(const tx_shape *state, int axis)
{
    int64_t stride = 1;
    for (int a = axis + 1; a < state->axes; a++) {
        stride *= state->n[a];
    }
    return stride;
}

tx_status tx_symmetry_create(tx_shape state, tx_error *error, tx_symmetry *out)
{
    int64_t points = 0, most = 0;
    for (int a = 0; a < state.axes; a++) {
        points += state.n[a];
        most = state.n[a] > most ? state.n[a] : most;
    }
    int64_t *at;
    TX_TRY(tx_allocate_array((size_t)(points + most + 2 * state.channels) + 1, sizeof *at, error, &at));
    *out = (tx_symmetry){.state = state, .spare = at};
    at += most;
    for (int a = 0; a < state.axes; a++) {
        out->from[a] = at;
        at += state.n[a];
    }
    out->channel = at;
    out->sign = (double *)(void *)(at + state.channels);
    tx_symmetry_reset(out);
    return TX_OK;
}

void tx_symmetry_destroy(tx_symmetry *symmetry)
{
    tx_free(symmetry->spare);
    *symmetry = (tx_symmetry){0};
}

void tx_symmetry_reset(tx_symmetry *symmetry)
{
    for (int a = 0; a < symmetry->state.axes; a++) {
        const int64_t stride = stride_of(&symmetry->state, a);
        for (int64_t i = 0; i < symmetry->state.n[a]; i++) {
            symmetry->from[a][i] = i * stride;
        }
    }
    for (int64_t c = 0; c < symmetry->state.channels; c++) {
        symmetry->channel[c] = c;
        symmetry->sign[c] = 1;
    }
}

void tx_symmetry_roll(tx_symmetry *symmetry, int axis, int64_t by)
{
    const int64_t n = symmetry->state.n[axis];
    int64_t *from = symmetry->from[axis], *spare = symmetry->spare;
    memcpy(spare, from, (size_t)n * sizeof *from);
    memcpy(from + by, spare, (size_t)(n - by) * sizeof *from);
    memcpy(from, spare + n - by, (size_t)by * sizeof *from);
}

static void turn_pseudoscalars(tx_symmetry *symmetry, const tx_tensors *tensors)
{
    for (int k = 0; k < tensors->num_pseudoscalars; k++) {
        symmetry->sign[tensors->pseudoscalars[k]] *= -1;
    }
}

void tx_symmetry_flip(tx_symmetry *symmetry, int axis, const tx_tensors *tensors)
{
    const int64_t n = symmetry->state.n[axis];
    int64_t *from = symmetry->from[axis];
    for (int64_t i = 0; i < n / 2; i++) {
        const int64_t first = from[i];
        from[i] = from[n - 1 - i];
        from[n - 1 - i] = first;
    }
    for (int k = 0; k < tensors->count; k++) {
        symmetry->sign[tensors->vectors[k * symmetry->state.axes + axis]] *= -1;
    }
    turn_pseudoscalars(symmetry, tensors);
}

int tx_permutation_sign(const int *order, int count)
{
    int sign = 1;
    for (int a = 0; a < count; a++) {
        for (int b = a + 1; b < count; b++) {
            sign *= order[a] > order[b] ? -1 : 1;
        }
    }
    return sign;
}

void tx_symmetry_permute(tx_symmetry *symmetry, const int *order, const tx_tensors *tensors)
{
    const int axes = symmetry->state.axes;
    int64_t *from[TX_MAX_AXES];
    memcpy(from, symmetry->from, sizeof from);
    for (int a = 0; a < axes; a++) {
        symmetry->from[a] = from[order[a]];
    }
    for (int k = 0; k < tensors->count; k++) {
        const int64_t *vector = &tensors->vectors[k * axes];
        int64_t channel[TX_MAX_AXES];
        double sign[TX_MAX_AXES];
        for (int a = 0; a < axes; a++) {
            channel[a] = symmetry->channel[vector[order[a]]];
            sign[a] = symmetry->sign[vector[order[a]]];
        }
        for (int a = 0; a < axes; a++) {
            symmetry->channel[vector[a]] = channel[a];
            symmetry->sign[vector[a]] = sign[a];
        }
    }
    if (tx_permutation_sign(order, axes) < 0) {
        turn_pseudoscalars(symmetry, tensors);
    }
}

/* ---- Numbers ---- */

#define GATHER(real)                                                                                                               \
    static void gather_line_##real(const int64_t *index, int64_t count, real sign, const real *from, real *restrict out)           \
    {                                                                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                                                      \
            out[i] = sign * from[index[i]];                                                                                        \
        }                                                                                                                          \
    }                                                                                                                              \
    static real *gather_##real(const tx_symmetry *symmetry, int axis, real sign, const real *from, real *out)                      \
    {                                                                                                                              \
        const int64_t n = symmetry->state.n[axis];                                                                                 \
        if (axis + 1 == symmetry->state.axes) {                                                                                    \
            gather_line_##real(symmetry->from[axis], n, sign, from, out);                                                          \
            return out + n;                                                                                                        \
        }                                                                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                                                          \
            out = gather_##real(symmetry, axis + 1, sign, from + symmetry->from[axis][i], out);                                    \
        }                                                                                                                          \
        return out;                                                                                                                \
    }
GATHER(float)
GATHER(double)

static void gather(const tx_symmetry *symmetry, tx_precision precision, double sign, const void *from, void *out)
{
    if (precision == TX_FLOAT32) {
        (void)gather_float(symmetry, 0, (float)sign, from, out);
    } else {
        (void)gather_double(symmetry, 0, sign, from, out);
    }
}

void tx_symmetry_apply(const tx_symmetry *symmetry, tx_precision precision, const void *from, void *out)
{
    const size_t channel = (size_t)tx_shape_points(&symmetry->state) * tx_real_bytes(precision);
    for (int64_t c = 0; c < symmetry->state.channels; c++) {
        gather(symmetry, precision, symmetry->sign[c], (const char *)from + (size_t)symmetry->channel[c] * channel,
               (char *)out + (size_t)c * channel);
    }
}

void tx_symmetry_apply_scalar(const tx_symmetry *symmetry, tx_precision precision, const void *from, void *out)
{
    gather(symmetry, precision, 1, from, out);
}
