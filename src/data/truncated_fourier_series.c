/* exponax.ic.RandomTruncatedFourierSeries (0.1): random amplitudes and angles for all modes of a real transform, of which those
 * up to the cutoff on every axis are kept.
 *
 * The draws are exponax's to the bit. From there on we compute in double and round once: in double a few units in the last
 * place apart, in single precision nearer to the truth than the original. */
#include <math.h>

#include "base/memory.h"
#include "base/real.h"
#include "data/fourier.h"
#include "data/initial.h"
#include "data/options.h"

typedef struct series {
    tx_fourier *fourier;
    void *amplitudes, *angles; /* one a mode, in the run's precision */
} series;

static tx_status check_range(const tx_section *section, const char *name, tx_error *error)
{
    const double *range;
    const int count = tx_get_reals(section, name, &range);
    return count == 2 && range[0] <= range[1]
               ? TX_OK
               : tx_section_error(section, name, error, TX_INVALID, "a range is two numbers, the lower one first: [low, high]");
}

static tx_status check(const tx_initial *initial, tx_error *error)
{
    const tx_section *section = initial->section;
    if (initial->state.axes == 0) {
        return tx_section_error(section, NULL, error, TX_INVALID, "%s is for states with spatial axes; these have none",
                                tx_section_name(section));
    }
    if (tx_get_boolean(section, "std_one") && tx_get_boolean(section, "max_one")) {
        return tx_section_error(section, "max_one", error, TX_INVALID, "a state cannot have both std_one and max_one");
    }
    TX_TRY(check_range(section, "amplitude_range", error));
    TX_TRY(check_range(section, "angle_range", error));
    return check_range(section, "offset_range", error);
}

static tx_status create(tx_initial *initial, tx_error *error)
{
    const tx_shape *state = &initial->state;
    const size_t real = tx_real_bytes(initial->random.precision);
    TX_TRY(check(initial, error));
    initial->bytes = tx_fourier_bytes(state->axes, state->n) + (size_t)tx_shape_points(state) * real; /* a mode for two points */
    return TX_OK;
}

static tx_status prepare(tx_initial *initial, tx_error *error)
{
    const size_t real = tx_real_bytes(initial->random.precision);
    series *s;
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    initial->work = s;
    TX_TRY(tx_fourier_create(initial->state.axes, initial->state.n, error, &s->fourier));
    TX_TRY(tx_allocate_array((size_t)s->fourier->num_modes, real, error, &s->amplitudes));
    return tx_allocate_array((size_t)s->fourier->num_modes, real, error, &s->angles);
}

static void destroy(void *work)
{
    series *s = work;
    tx_fourier_destroy(s->fourier);
    tx_free(s->amplitudes);
    tx_free(s->angles);
}

static double drawn(const tx_initial *initial, const void *numbers, int64_t index)
{
    return tx_real_get(initial->random.precision, numbers, index);
}

static void draw_uniform(const tx_initial *initial, tx_key key, int which, const char *range, size_t count, void *out)
{
    const double *limits;
    tx_get_reals(initial->section, range, &limits);
    tx_random_uniform(initial->random, tx_key_split_at(initial->random, key, 3, (size_t)which), count, limits[0], limits[1], out);
}

/* What a mode's coefficient is multiplied with to have its amplitude in space, 0 beyond the cutoff: a product over the axes, of n
 * where the wave is its own conjugate (wavenumbers 0 and n / 2), else n / 2. */
static double scaling(const tx_shape *state, int64_t cutoff, int64_t mode)
{
    double factor = 1.0;
    for (int d = state->axes - 1; d >= 0; d--) {
        const int64_t n = state->n[d], count = d == state->axes - 1 ? n / 2 + 1 : n, index = mode % count;
        const int64_t wavenumber = index <= n / 2 ? index : n - index;
        factor *= wavenumber > cutoff ? 0.0 : wavenumber == 0 || 2 * wavenumber == n ? (double)n : 0.5 * (double)n;
        mode /= count;
    }
    return factor;
}

static void fill_modes(const tx_initial *initial, tx_key key)
{
    const series *s = initial->work;
    const int64_t cutoff = tx_get_integer(initial->section, "cutoff"), modes = s->fourier->num_modes;
    draw_uniform(initial, key, 2, "offset_range", 1, s->amplitudes);
    const double offset = drawn(initial, s->amplitudes, 0);
    draw_uniform(initial, key, 0, "amplitude_range", (size_t)modes, s->amplitudes);
    draw_uniform(initial, key, 1, "angle_range", (size_t)modes, s->angles);
    for (int64_t k = 0; k < modes; k++) {
        const double factor = scaling(&initial->state, cutoff, k), angle = drawn(initial, s->angles, k);
        const double amplitude = factor == 0.0 ? 0.0 : factor * drawn(initial, s->amplitudes, k);
        s->fourier->modes[k] = (tx_complex){amplitude * cos(angle), amplitude * sin(angle)};
    }
    s->fourier->modes[0] = (tx_complex){scaling(&initial->state, cutoff, 0) * offset, 0.0};
}

static double largest(const tx_fourier *fourier)
{
    double most = 0.0;
    for (int64_t j = 0; j < fourier->num_points; j++) {
        most = fmax(most, fabs(fourier->signal[j]));
    }
    return most;
}

static double deviation(const tx_fourier *fourier)
{
    const double count = (double)fourier->num_points;
    double mean = 0.0, square = 0.0;
    for (int64_t j = 0; j < fourier->num_points; j++) {
        mean += fourier->signal[j] / count;
    }
    for (int64_t j = 0; j < fourier->num_points; j++) {
        const double d = fourier->signal[j] - mean;
        square += d * d / count;
    }
    return sqrt(square);
}

static void draw(const tx_initial *initial, tx_key key, void *out)
{
    const tx_fourier *fourier = ((const series *)initial->work)->fourier;
    fill_modes(initial, key);
    tx_fourier_backward(((series *)initial->work)->fourier);
    const double unit = tx_get_boolean(initial->section, "std_one")   ? deviation(fourier)
                        : tx_get_boolean(initial->section, "max_one") ? largest(fourier)
                                                                      : 1.0;
    for (int64_t j = 0; j < fourier->num_points; j++) {
        const double value = fourier->signal[j] / unit;
        tx_real_put(initial->random.precision, out, j, value);
    }
}

static const tx_initial_class series_class = {.create = create, .prepare = prepare, .draw = draw, .destroy = destroy};

#define OPTION_RANGE(name_, initial_, unit_, text_)                                                                                \
    {                                                                                                                              \
        .name = (name_), .type = TX_TYPE_REALS, .initial = (initial_), .unit = (unit_), .text = (text_)                            \
    }
#define OPTION_SWITCH(name_, text_)                                                                                                \
    {                                                                                                                              \
        .name = (name_), .type = TX_TYPE_BOOLEAN, .initial = "false", .unit = "", .text = (text_)                                  \
    }

static const tx_option options[] = {
    TX_OPTION_COUNT("cutoff", "5", "", 0, "highest wavenumber on each axis"),
    OPTION_RANGE("amplitude_range", "[-1.0, 1.0]", "", "the waves' amplitudes are uniform in it"),
    OPTION_RANGE("angle_range", "[0.0, 6.283185307179586]", "radians", "the waves' phases are uniform in it"),
    OPTION_RANGE("offset_range", "[0.0, 0.0]", "", "the mean is uniform in it"),
    OPTION_SWITCH("std_one",
                  "divide a state by its standard deviation (exponax 0.1.0 refuses that for the offset (0, 0) by mistake)"),
    OPTION_SWITCH("max_one", "divide a state by its largest absolute value"),
    {0},
};

const tx_component tx_initial_condition_random_truncated_fourier_series = {
    .kind = TX_KIND_INITIAL_CONDITION,
    .name = "random_truncated_fourier_series",
    .summary = "Fourier series with random amplitudes and phases up to a cutoff (exponax.ic.RandomTruncatedFourierSeries)",
    .options = options,
    .implementation = &series_class,
};
