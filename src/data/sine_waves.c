/* exponax.ic.SineWaves1d and RandomSineWaves1d: sums of sine waves on one axis. */
#include <math.h>

#include "base/memory.h"
#include "data/initial.h"

static void fill(const tx_condition *condition, double offset, double *out)
{
    for (int64_t j = 0; j < condition->state.n[0]; j++) {
        out[j] = offset;
    }
}

static void add_wave(const tx_condition *condition, double amplitude, double wavenumber, double phase, double *out)
{
    const double extent = tx_get_real(condition->section, "domain_extent"), factor = wavenumber * (2.0 * M_PI / extent);
    for (int64_t j = 0; j < condition->state.n[0]; j++) {
        double x[TX_MAX_AXES];
        tx_condition_place(condition, j, extent, x);
        out[j] += amplitude * sin(factor * x[0] + phase);
    }
}

/* ---- Given ones ---- */

static tx_status create(tx_condition *condition, tx_error *error)
{
    const double *numbers;
    const int count = tx_get_reals(condition->section, "amplitudes", &numbers);
    TX_TRY(tx_condition_check_axes(condition, 1, error));
    condition->keyless = true;
    for (int k = 0; k < 2; k++) {
        const char *name = k ? "phases" : "wavenumbers";
        const int other = tx_get_reals(condition->section, name, &numbers);
        if (other != count) {
            return tx_section_error(condition->section, name, error, TX_INVALID, "%d number%s, but there are %d amplitudes", other,
                                    other == 1 ? "" : "s", count);
        }
    }
    return tx_condition_check_unit(condition, error);
}

static tx_status draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const double *amplitudes, *wavenumbers, *phases;
    const int count = tx_get_reals(condition->section, "amplitudes", &amplitudes);
    (void)which;
    (void)error;
    tx_get_reals(condition->section, "wavenumbers", &wavenumbers);
    tx_get_reals(condition->section, "phases", &phases);
    fill(condition, tx_get_real(condition->section, "offset"), out);
    for (int k = 0; k < count; k++) {
        add_wave(condition, amplitudes[k], wavenumbers[k], phases[k], out);
    }
    tx_condition_settle(condition, out);
    return TX_OK;
}

static const tx_condition_class given_class = {.create = create, .draw = draw};

static const tx_option given_options[] = {
    TX_OPTION_EXTENT(NULL),
    TX_OPTION_RANGE("amplitudes", NULL, "", "of the waves"),
    TX_OPTION_RANGE("wavenumbers", NULL, "", "of the waves: periods in domain_extent"),
    TX_OPTION_RANGE("phases", NULL, "radians", "of the waves"),
    TX_OPTION_NUMBER("offset", "0.0", "", "what is added"),
    TX_OPTIONS_UNIT,
    {0},
};
const tx_component tx_initial_condition_sine_waves_1d =
    TX_CONDITION("sine_waves_1d", "given sine waves on one axis (exponax.ic.SineWaves1d)", given_options, &given_class);

/* ---- Random ones ---- */

static tx_status create_random(tx_condition *condition, tx_error *error)
{
    TX_TRY(tx_condition_check_axes(condition, 1, error));
    TX_TRY(tx_condition_check_unit(condition, error));
    TX_TRY(tx_condition_check_range(condition, "amplitude_range", error));
    TX_TRY(tx_condition_check_range(condition, "phase_range", error));
    TX_TRY(tx_condition_check_range(condition, "offset_range", error));
    condition->bytes = 2 * (size_t)tx_get_integer(condition->section, "cutoff") * sizeof(double);
    return TX_OK;
}

static tx_status prepare(tx_condition *condition, tx_error *error)
{
    return tx_allocate(condition->bytes, error, &condition->work);
}

static tx_status draw_random(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const int64_t cutoff = tx_get_integer(condition->section, "cutoff");
    double *amplitudes = condition->work, *phases = amplitudes + cutoff, offset;
    tx_key key[3];
    (void)error;
    tx_key_split(condition->random, which->key, 3, key);
    tx_condition_uniform(condition, key[0], "amplitude_range", 1, cutoff, amplitudes);
    tx_condition_uniform(condition, key[1], "phase_range", 1, cutoff, phases);
    tx_condition_uniform(condition, key[2], "offset_range", 1, 1, &offset);
    fill(condition, offset, out);
    for (int64_t k = 0; k < cutoff; k++) {
        add_wave(condition, amplitudes[k], (double)(k + 1), phases[k], out);
    }
    tx_condition_settle(condition, out);
    return TX_OK;
}

static const tx_condition_class random_class = {.create = create_random, .prepare = prepare, .draw = draw_random};

static const tx_option random_options[] = {
    TX_OPTION_EXTENT("1.0"),
    TX_OPTION_COUNT("cutoff", "5", "", 1, "highest wavenumber"),
    TX_OPTION_RANGE("amplitude_range", "[-1.0, 1.0]", "", "the waves' amplitudes are uniform in it"),
    TX_OPTION_RANGE("phase_range", "[0.0, 6.283185307179586]", "radians", "the waves' phases are uniform in it"),
    TX_OPTION_RANGE("offset_range", "[0.0, 0.0]", "", "what is added is uniform in it"),
    TX_OPTIONS_UNIT,
    {0},
};
const tx_component tx_initial_condition_random_sine_waves_1d =
    TX_CONDITION("random_sine_waves_1d", "random sine waves on one axis, wavenumbers 1 to a cutoff (exponax.ic.RandomSineWaves1d)",
                 random_options, &random_class);
