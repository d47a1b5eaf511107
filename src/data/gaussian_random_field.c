/* exponax.ic.GaussianRandomField: normal modes whose power falls with a power of the wavenumber. */
#include <math.h>

#include "data/initial.h"

static tx_status create(tx_condition *condition, tx_error *error)
{
    TX_TRY(tx_condition_check_axes(condition, TX_MAX_AXES, error));
    condition->bytes = tx_fourier_bytes(condition->state.axes, condition->state.n);
    return tx_condition_check_unit(condition, error);
}

/* The coefficient of a wave whose amplitude is |2 pi k / L|^(-exponent / 2). */
static double coefficient(const tx_condition *condition, int64_t mode, double extent, double exponent)
{
    const tx_shape *state = &condition->state;
    int64_t k[TX_MAX_AXES];
    tx_fourier_wavenumbers(state->axes, state->n, mode, k);
    return (mode ? pow(tx_fourier_square(state->axes, state->n, mode, extent), -0.25 * exponent) : 1.0) *
           tx_fourier_scaling(state->axes, state->n, k);
}

static tx_status draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const tx_section *section = condition->section;
    const double extent = tx_get_real(section, "domain_extent"), exponent = tx_get_real(section, "powerlaw_exponent");
    tx_fourier *fourier = condition->work;
    double *drawn = fourier->signal; /* a mode has at least one point */
    tx_key key[2];
    (void)error;
    tx_key_split(condition->random, which->key, 2, key);
    tx_condition_normal(condition, key[0], fourier->num_modes, drawn);
    for (int64_t k = 0; k < fourier->num_modes; k++) {
        fourier->modes[k].re = drawn[k];
    }
    tx_condition_normal(condition, key[1], fourier->num_modes, drawn);
    for (int64_t k = 0; k < fourier->num_modes; k++) {
        const double factor = coefficient(condition, k, extent, exponent);
        fourier->modes[k] = (tx_complex){fourier->modes[k].re * factor, drawn[k] * factor};
    }
    tx_condition_backward(condition, out);
    return TX_OK;
}

static const tx_condition_class field_class = {
    .create = create, .prepare = tx_condition_prepare_fourier, .draw = draw, .destroy = tx_condition_destroy_fourier};

static const tx_option options[] = {
    TX_OPTION_EXTENT("1.0"),
    TX_OPTION_NUMBER("powerlaw_exponent", "3.0", "", "the power of a wavenumber falls with this power of it"),
    TX_OPTION_ZERO_MEAN("true"),
    TX_OPTIONS_UNIT,
    {0},
};

const tx_component tx_initial_condition_gaussian_random_field = TX_CONDITION(
    "gaussian_random_field", "normal modes whose power falls with a power of the wavenumber (exponax.ic.GaussianRandomField)",
    options, &field_class);
