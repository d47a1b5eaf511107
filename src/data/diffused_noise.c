/* exponax.ic.DiffusedNoise: normal numbers after one unit of time of diffusion. */
#include <math.h>

#include "data/initial.h"

static tx_status create(tx_condition *condition, tx_error *error)
{
    TX_TRY(tx_condition_check_axes(condition, TX_MAX_AXES, error));
    condition->bytes = tx_fourier_bytes(condition->state.axes, condition->state.n);
    return tx_condition_check_unit(condition, error);
}

static tx_status draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const tx_section *section = condition->section;
    const double extent = tx_get_real(section, "domain_extent"), intensity = tx_get_real(section, "intensity");
    const tx_shape *state = &condition->state;
    tx_fourier *fourier = condition->work;
    (void)error;
    tx_condition_normal(condition, which->key, fourier->num_points, fourier->signal);
    tx_fourier_forward(fourier);
    for (int64_t k = 0; k < fourier->num_modes; k++) {
        const double factor = exp(-intensity * tx_fourier_square(state->axes, state->n, k, extent));
        fourier->modes[k] = (tx_complex){fourier->modes[k].re * factor, fourier->modes[k].im * factor};
    }
    tx_condition_backward(condition, out);
    return TX_OK;
}

static const tx_condition_class noise_class = {
    .create = create, .prepare = tx_condition_prepare_fourier, .draw = draw, .destroy = tx_condition_destroy_fourier};

static const tx_option options[] = {
    TX_OPTION_EXTENT("1.0"),
    TX_OPTION_NUMBER("intensity", "0.001", "", "diffusivity, for one unit of time"),
    TX_OPTION_ZERO_MEAN("true"),
    TX_OPTIONS_UNIT,
    {0},
};

const tx_component tx_initial_condition_diffused_noise = TX_CONDITION(
    "diffused_noise", "normal numbers after one unit of time of diffusion (exponax.ic.DiffusedNoise)", options, &noise_class);
