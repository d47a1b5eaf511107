/* trainax.sample_data.advection_1d_periodic: truncated Fourier series, advected exactly (a shift in Fourier space).
 *
 * The original goes to Fourier space and back in every step; we stay there, in double. Found after 100 steps, in parts of the
 * largest value: 1e-14 apart in double; 6e-6 in single precision, where the original's own rounding is what differs. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "data/fourier.h"
#include "data/options.h"
#include "data/trajectory.h"

typedef struct wave { /* what a thread needs for a trajectory */
    tx_fourier *fourier;
    void *sine, *cosine; /* random amplitudes, in the run's precision */
    tx_complex *modes;   /* of the state */
} wave;

typedef struct advection {
    int64_t num_points, num_modes, highest_mode;
    double cfl;
    tx_key key;
    tx_complex *shift; /* what one step multiplies the modes with */
    int num_waves;
    wave *waves;
} advection;

/* The original computes in single precision there, rounding after every operation. */
static double rounded(tx_random random, double x)
{
    return tx_real_round(random.precision, x);
}

static double amplitude(tx_random random, const void *amplitudes, int64_t index)
{
    return tx_real_get(random.precision, amplitudes, index);
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

static tx_status make_wave(const advection *a, tx_error *error, wave *out)
{
    TX_TRY(tx_fourier_create(1, &a->num_points, error, &out->fourier));
    TX_TRY(tx_allocate_array((size_t)a->highest_mode, sizeof(double), error, &out->sine));
    TX_TRY(tx_allocate_array((size_t)a->highest_mode, sizeof(double), error, &out->cosine));
    return tx_allocate_array((size_t)a->num_modes, sizeof(tx_complex), error, &out->modes);
}

static size_t wave_bytes(const advection *a)
{
    return 2 * sizeof(double) * (size_t)a->highest_mode + tx_fourier_bytes(1, &a->num_points) +
           sizeof(tx_complex) * (size_t)a->num_modes;
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    advection *a;
    TX_TRY(tx_allocate(sizeof *a, error, &a));
    source->state = a;
    a->num_points = tx_get_integer(section, "num_points");
    a->num_modes = a->num_points / 2 + 1;
    a->highest_mode = tx_get_integer(section, "highest_init_mode");
    a->key = tx_key_from_spec(source->setup.random, tx_get_key(section, "key"));
    a->cfl = tx_get_real(section, "cfl");
    source->whole.num_trajectories = tx_get_integer(section, "num_samples");
    source->whole.num_levels = tx_get_integer(section, "temporal_horizon");
    source->whole.state = (tx_shape){.channels = 1, .axes = 1, .n = {a->num_points}};
    a->num_waves = source->together = tx_generator_threads(source, 1);
    source->working = (size_t)a->num_waves * wave_bytes(a) + sizeof(tx_complex) * (size_t)a->num_modes;
    return TX_OK;
}

static tx_status prepare(tx_data_source *source, tx_error *error)
{
    advection *a = source->state;
    TX_TRY(tx_allocate_array((size_t)a->num_modes, sizeof *a->shift, error, &a->shift));
    make_shift(a, source->setup.random);
    TX_TRY(tx_allocate_array((size_t)a->num_waves, sizeof *a->waves, error, &a->waves));
    for (int k = 0; k < a->num_waves; k++) {
        TX_TRY(make_wave(a, error, &a->waves[k]));
    }
    return TX_OK;
}

static void destroy(tx_data_source *source)
{
    advection *a = source->state;
    for (int k = 0; a && a->waves && k < a->num_waves; k++) {
        tx_fourier_destroy(a->waves[k].fourier);
        tx_free(a->waves[k].sine);
        tx_free(a->waves[k].cosine);
        tx_free(a->waves[k].modes);
    }
    if (a) {
        tx_free(a->waves);
        tx_free(a->shift);
    }
}

/* The initial state of a trajectory becomes the signal of its wave. */
static void draw_initial_state(const advection *a, const tx_data_source *source, int64_t trajectory, wave *w)
{
    const tx_random random = source->setup.random;
    const tx_key key = tx_key_split_at(random, a->key, (size_t)source->whole.num_trajectories, (size_t)trajectory);
    const size_t modes = (size_t)a->highest_mode;
    tx_random_uniform(random, tx_key_split_at(random, key, 3, 0), modes, -1.0, 1.0, w->sine);
    tx_random_uniform(random, tx_key_split_at(random, key, 3, 1), modes, -1.0, 1.0, w->cosine);
    const double spacing = rounded(random, rounded(random, 2.0 * M_PI) * rounded(random, 1.0 / (double)a->num_points));
    for (int64_t j = 0; j < a->num_points; j++) {
        const double x = rounded(random, (double)j * spacing);
        double sum = 0.0;
        for (int64_t i = 0; i < a->highest_mode; i++) {
            const double angle = rounded(random, (double)(i + 1) * x);
            const double s = rounded(random, amplitude(random, w->sine, i) * rounded(random, sin(angle)));
            const double c = rounded(random, amplitude(random, w->cosine, i) * rounded(random, cos(angle)));
            sum = rounded(random, sum + rounded(random, s + c));
        }
        w->fourier->signal[j] = sum;
    }
}

static void advance(const advection *a, wave *w)
{
    for (int64_t k = 0; k < a->num_modes; k++) {
        const tx_complex u = w->modes[k], turn = a->shift[k];
        w->modes[k] = (tx_complex){u.re * turn.re - u.im * turn.im, u.re * turn.im + u.im * turn.re};
    }
    if (a->num_points % 2 == 0) { /* the state is real: the original goes back to it after every step */
        w->modes[a->num_modes - 1].im = 0.0;
    }
}

/* The signal as the level at `index`. */
static void store(const advection *a, tx_random random, const wave *w, int64_t index, void *out)
{
    const int64_t n = a->num_points;
    for (int64_t j = 0; j < n; j++) {
        tx_real_put(random.precision, out, index * n + j, w->fourier->signal[j]);
    }
}

/* Always from the first level on: any part of a trajectory has the same bits, whoever computes it. */
static void compute(const advection *a, const tx_data_source *source, const tx_stretch *stretch, wave *w)
{
    draw_initial_state(a, source, stretch->trajectory, w);
    tx_fourier_forward(w->fourier);
    memcpy(w->modes, w->fourier->modes, (size_t)a->num_modes * sizeof *w->modes);
    for (int64_t level = 0; level < stretch->stop; level++) {
        if (level >= stretch->first) {
            if (level > 0) {
                memcpy(w->fourier->modes, w->modes, (size_t)a->num_modes * sizeof *w->modes);
                tx_fourier_backward(w->fourier);
            }
            store(a, source->setup.random, w, level - stretch->first, stretch->out);
        }
        advance(a, w);
    }
}

static tx_status generate(tx_data_source *source, int thread, const tx_stretch *stretches, int count, tx_error *error)
{
    (void)error;
    const advection *a = source->state;
    for (int k = 0; k < count; k++) {
        compute(a, source, &stretches[k], &a->waves[thread]);
    }
    return TX_OK;
}

static tx_status read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    return tx_generate_levels(source, generate, 1, first_level, num_levels, out, error);
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
