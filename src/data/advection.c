/* trainax.sample_data.advection_1d_periodic: truncated Fourier series, advected exactly (a shift in Fourier space).
 *
 * The original goes to Fourier space and back in every step; we stay there, in double. Found after 100 steps, in parts of the
 * largest value: 1e-14 apart in double; 6e-6 in single precision, where the original's own rounding is what differs. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/fourier.h"
#include "data/options.h"
#include "trainax/data.h"

typedef struct advection {
    int64_t num_points, num_modes, highest_mode;
    double cfl;
    tx_key key;
    tx_fourier *fourier;
    double *signal;            /* one level: the transform's own */
    void *sine, *cosine;       /* random amplitudes, in the run's precision */
    tx_complex *modes, *shift; /* of the state; what one step multiplies them with */
} advection;

/* The original computes in single precision there, rounding after every operation. */
static double rounded(tx_random random, double x)
{
    return random.precision == TX_FLOAT32 ? (double)(float)x : x;
}

static double amplitude(tx_random random, const void *amplitudes, int64_t index)
{
    return random.precision == TX_FLOAT32 ? (double)((const float *)amplitudes)[index] : ((const double *)amplitudes)[index];
}

/* exp(-2 pi i k cfl / N), with the phase as XLA rounds it, and the growth by a step there: the rounded 1 / N of the backward
 * transform times N. Both are systematic: in single precision they leave a trace of 1e-5 in 100 steps. */
static void make_shift(advection *a, tx_random random)
{
    const double speed = rounded(random, a->cfl / (double)a->num_points), turn = rounded(random, 2.0 * M_PI);
    const double growth = random.precision == TX_FLOAT32 ? (double)(1.0f / (float)a->num_points) * (double)a->num_points : 1.0;
    for (int64_t k = 0; k < a->num_modes; k++) {
        const double phase = rounded(random, rounded(random, (double)k * turn) * speed);
        a->shift[k] = (tx_complex){growth * rounded(random, cos(phase)), growth * rounded(random, -sin(phase))};
    }
}

static tx_status make_room(advection *a, tx_error *error)
{
    TX_TRY(tx_fourier_create(1, &a->num_points, error, &a->fourier));
    a->signal = a->fourier->signal;
    TX_TRY(tx_allocate_array((size_t)a->highest_mode, sizeof(double), error, &a->sine));
    TX_TRY(tx_allocate_array((size_t)a->highest_mode, sizeof(double), error, &a->cosine));
    TX_TRY(tx_allocate_array((size_t)a->num_modes, sizeof(tx_complex), error, &a->modes));
    return tx_allocate_array((size_t)a->num_modes, sizeof(tx_complex), error, &a->shift);
}

static tx_status create(const tx_section *section, tx_random random, tx_error *error, tx_data_source *source)
{
    advection *a;
    TX_TRY(tx_allocate(sizeof *a, error, &a));
    source->state = a;
    a->num_points = tx_get_integer(section, "num_points");
    a->num_modes = a->num_points / 2 + 1;
    a->highest_mode = tx_get_integer(section, "highest_init_mode");
    a->key = tx_key_from_spec(random, tx_get_key(section, "key"));
    a->cfl = tx_get_real(section, "cfl");
    source->shape.num_trajectories = tx_get_integer(section, "num_samples");
    source->shape.num_levels = tx_get_integer(section, "temporal_horizon");
    source->shape.state = (tx_shape){.channels = 1, .axes = 1, .n = {a->num_points}};
    source->working = 2 * sizeof(double) * (size_t)a->highest_mode + tx_fourier_bytes(1, &a->num_points) +
                      2 * sizeof(tx_complex) * (size_t)a->num_modes;
    return TX_OK;
}

static tx_status prepare(tx_data_source *source, tx_error *error)
{
    advection *a = source->state;
    TX_TRY(make_room(a, error));
    make_shift(a, source->random);
    return TX_OK;
}

static void destroy(tx_data_source *source)
{
    advection *a = source->state;
    if (a) {
        tx_fourier_destroy(a->fourier);
        tx_free(a->sine);
        tx_free(a->cosine);
        tx_free(a->modes);
        tx_free(a->shift);
    }
}

/* Draws the initial state of a trajectory into a->signal. */
static void draw_initial_state(advection *a, tx_random random, int64_t num_trajectories, int64_t trajectory)
{
    const tx_key key = tx_key_split_at(random, a->key, (size_t)num_trajectories, (size_t)trajectory);
    const size_t modes = (size_t)a->highest_mode;
    tx_random_uniform(random, tx_key_split_at(random, key, 3, 0), modes, -1.0, 1.0, a->sine);
    tx_random_uniform(random, tx_key_split_at(random, key, 3, 1), modes, -1.0, 1.0, a->cosine);
    const double spacing = rounded(random, rounded(random, 2.0 * M_PI) * rounded(random, 1.0 / (double)a->num_points));
    for (int64_t j = 0; j < a->num_points; j++) {
        const double x = rounded(random, (double)j * spacing);
        double sum = 0.0;
        for (int64_t i = 0; i < a->highest_mode; i++) {
            const double angle = rounded(random, (double)(i + 1) * x);
            const double s = rounded(random, amplitude(random, a->sine, i) * rounded(random, sin(angle)));
            const double c = rounded(random, amplitude(random, a->cosine, i) * rounded(random, cos(angle)));
            sum = rounded(random, sum + rounded(random, s + c));
        }
        a->signal[j] = sum;
    }
}

static void advance(advection *a)
{
    for (int64_t k = 0; k < a->num_modes; k++) {
        const tx_complex u = a->modes[k], w = a->shift[k];
        a->modes[k] = (tx_complex){u.re * w.re - u.im * w.im, u.re * w.im + u.im * w.re};
    }
    if (a->num_points % 2 == 0) { /* the state is real: the original goes back to it after every step */
        a->modes[a->num_modes - 1].im = 0.0;
    }
}

static void store(const advection *a, tx_random random, int64_t level, void *out)
{
    const int64_t n = a->num_points;
    for (int64_t j = 0; j < n; j++) {
        if (random.precision == TX_FLOAT32) {
            ((float *)out)[level * n + j] = (float)a->signal[j];
        } else {
            ((double *)out)[level * n + j] = a->signal[j];
        }
    }
}

/* Always from the first level on: any part of a trajectory has the same bits, whoever computes it. */
static tx_status read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    (void)error;
    advection *a = source->state;
    const int64_t levels = source->shape.num_levels, end = first_level + num_levels;
    for (int64_t trajectory = first_level / levels; trajectory * levels < end; trajectory++) {
        draw_initial_state(a, source->random, source->shape.num_trajectories, trajectory);
        tx_fourier_forward(a->fourier);
        memcpy(a->modes, a->fourier->modes, (size_t)a->num_modes * sizeof *a->modes);
        for (int64_t level = trajectory * levels; level < end && level < (trajectory + 1) * levels; level++) {
            if (level >= first_level) {
                if (level > trajectory * levels) {
                    memcpy(a->fourier->modes, a->modes, (size_t)a->num_modes * sizeof *a->modes);
                    tx_fourier_backward(a->fourier);
                }
                store(a, source->random, level - first_level, out);
            }
            advance(a);
        }
    }
    return TX_OK;
}

static const tx_data_class advection_class = {.create = create, .prepare = prepare, .read = read, .destroy = destroy};

static const tx_option options[] = {
    TX_OPTION_COUNT("num_points", "30", "points", 1, "grid points on the periodic domain"),
    TX_OPTION_COUNT("num_samples", "20", "trajectories", 1, "trajectories, each from its own initial state"),
    TX_OPTION_NUMBER("cfl", "0.75", "", "Courant number: grid cells that the signal moves to the right in a step"),
    TX_OPTION_COUNT("highest_init_mode", "5", "", 1, "highest Fourier mode of an initial state; exact below num_points / 2"),
    TX_OPTION_COUNT("temporal_horizon", "100", "levels", 1, "stored time levels, the initial state included"),
    TX_OPTION_DATA_KEY("random key of the initial states"),
    {0},
};

const tx_component tx_data_advection_1d_periodic = {
    .kind = TX_KIND_DATA,
    .name = "advection_1d_periodic",
    .summary = "exact advection of random Fourier series in 1D (Trainax's sample data)",
    .options = options,
    .implementation = &advection_class,
};
