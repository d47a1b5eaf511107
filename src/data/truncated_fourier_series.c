/* exponax.ic.RandomTruncatedFourierSeries (0.1): random amplitudes and angles for all modes of a real transform, of which those
 * up to the cutoff on every axis are kept.
 *
 * The draws are exponax's to the bit. From there on we compute in double and round once: in double a few units in the last
 * place apart, in single precision nearer to the truth than the original. */
#include <inttypes.h>
#include <math.h>

#include "data/initial.h"

static tx_status create(tx_condition *condition, tx_error *error)
{
    TX_TRY(tx_condition_check_axes(condition, TX_MAX_AXES, error));
    TX_TRY(tx_condition_check_unit(condition, error));
    TX_TRY(tx_condition_check_range(condition, "amplitude_range", error));
    TX_TRY(tx_condition_check_range(condition, "angle_range", error));
    TX_TRY(tx_condition_check_range(condition, "offset_range", error));
    condition->bytes = tx_fourier_bytes(condition->state.axes, condition->state.n);
    return TX_OK;
}

/* 0 beyond the cutoff. */
static double scaling(const tx_condition *condition, int64_t cutoff, int64_t mode)
{
    const tx_shape *state = &condition->state;
    int64_t k[TX_MAX_AXES];
    bool kept = true;
    tx_fourier_wavenumbers(state->axes, state->n, mode, k);
    for (int d = 0; d < state->axes; d++) {
        kept = kept && imaxabs(k[d]) <= cutoff;
    }
    return kept ? tx_fourier_scaling(state->axes, state->n, k) : 0.0;
}

static tx_status draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const tx_fourier *fourier = condition->work;
    const int64_t cutoff = tx_get_integer(condition->section, "cutoff"), count = fourier->num_modes;
    tx_complex *modes = fourier->modes;
    double *drawn = fourier->signal, offset; /* a mode has at least one point */
    tx_key key[3];
    (void)error;
    tx_key_split(condition->random, which->key, 3, key);
    tx_condition_uniform(condition, key[2], "offset_range", 1, 1, &offset);
    tx_condition_uniform(condition, key[0], "amplitude_range", 1, count, drawn);
    for (int64_t k = 0; k < count; k++) {
        modes[k].re = scaling(condition, cutoff, k) * drawn[k];
    }
    tx_condition_uniform(condition, key[1], "angle_range", 1, count, drawn);
    for (int64_t k = 0; k < count; k++) {
        const double amplitude = modes[k].re;
        modes[k] = amplitude == 0.0 ? (tx_complex){0} : (tx_complex){amplitude * cos(drawn[k]), amplitude * sin(drawn[k])};
    }
    modes[0] = (tx_complex){scaling(condition, cutoff, 0) * offset, 0.0};
    tx_condition_backward(condition, out);
    return TX_OK;
}

static const tx_condition_class series_class = {
    .create = create, .prepare = tx_condition_prepare_fourier, .draw = draw, .destroy = tx_condition_destroy_fourier};

static const tx_option options[] = {
    TX_OPTION_COUNT("cutoff", "5", "", 0, "highest wavenumber on each axis"),
    TX_OPTION_RANGE("amplitude_range", "[-1.0, 1.0]", "", "the waves' amplitudes are uniform in it"),
    TX_OPTION_RANGE("angle_range", "[0.0, 6.283185307179586]", "radians", "the waves' phases are uniform in it"),
    TX_OPTION_RANGE("offset_range", "[0.0, 0.0]", "", "the mean is uniform in it"),
    TX_OPTIONS_UNIT,
    {0},
};

const tx_component tx_initial_condition_random_truncated_fourier_series =
    TX_CONDITION("random_truncated_fourier_series",
                 "Fourier series with random amplitudes and phases up to a cutoff (exponax.ic.RandomTruncatedFourierSeries)",
                 options, &series_class);
