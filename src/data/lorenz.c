/* trainax.sample_data.lorenz_rk4: the Lorenz system by the classical Runge-Kutta scheme.
 *
 * The system is chaotic: a last bit becomes a first digit within the default 1,500 steps. So this does to the bit what XLA's
 * compiler makes of the original, fused multiply-adds included. */
#include <math.h>

#include "base/memory.h"
#include "data/options.h"
#include "data/trajectory.h"

typedef struct lorenz {
    int64_t num_warmup_steps;
    double dt, sigma, rho, beta;
    void *initial; /* (num_trajectories, 3) */
} lorenz;

/* One step in place, per precision. The stages are u + c k; the last slope of x is never rounded by itself. */
#define DEFINE_STEP(name, real, fused)                                                                                             \
    static void name##_slope(const real *u, real sigma, real rho, real beta, real *k)                                              \
    {                                                                                                                              \
        k[0] = (u[1] - u[0]) * sigma;                                                                                              \
        k[1] = fused(u[0], rho - u[2], -u[1]);                                                                                     \
        k[2] = fused(u[0], u[1], -(beta * u[2]));                                                                                  \
    }                                                                                                                              \
    static void name(const lorenz *l, real *u)                                                                                     \
    {                                                                                                                              \
        const real sigma = (real)l->sigma, rho = (real)l->rho, beta = (real)l->beta;                                               \
        const real stage[3] = {(real)(0.5 * l->dt), (real)(0.5 * l->dt), (real)l->dt}, last = (real)(l->dt / 6.0);                 \
        real k[4][3], v[3] = {u[0], u[1], u[2]};                                                                                   \
        for (int s = 0; s < 3; s++) {                                                                                              \
            name##_slope(v, sigma, rho, beta, k[s]);                                                                               \
            for (int c = 0; c < 3; c++) {                                                                                          \
                v[c] = fused(k[s][c], stage[s], u[c]);                                                                             \
            }                                                                                                                      \
        }                                                                                                                          \
        name##_slope(v, sigma, rho, beta, k[3]);                                                                                   \
        for (int c = 0; c < 3; c++) {                                                                                              \
            const real sum = fused(k[2][c], (real)2, fused(k[1][c], (real)2, k[0][c]));                                            \
            u[c] = fused(c ? sum + k[3][c] : fused(v[1] - v[0], sigma, sum), last, u[c]);                                          \
        }                                                                                                                          \
    }
DEFINE_STEP(step32, float, fmaf)
DEFINE_STEP(step64, double, fma)

/* Draws the initial states. */
static tx_status prepare(tx_data_source *source, tx_error *error)
{
    lorenz *l = source->state;
    const tx_random random = source->setup.random;
    const size_t count = 3 * (size_t)source->whole.num_trajectories;
    const double deviation = tx_get_real(source->section, "init_std");
    TX_TRY(tx_allocate_array(count, tx_real_bytes(random.precision), error, &l->initial));
    tx_random_normal(random, tx_key_from_spec(random, tx_get_key(source->section, "key")), count, l->initial);
    for (size_t i = 0; i < count; i++) {
        if (random.precision == TX_FLOAT32) {
            ((float *)l->initial)[i] *= (float)deviation;
        } else {
            ((double *)l->initial)[i] *= deviation;
        }
    }
    return TX_OK;
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    lorenz *l;
    TX_TRY(tx_allocate(sizeof *l, error, &l));
    source->state = l;
    *l = (lorenz){.num_warmup_steps = tx_get_integer(section, "num_warmup_steps"),
                  .dt = tx_get_real(section, "dt"),
                  .sigma = tx_get_real(section, "sigma"),
                  .rho = tx_get_real(section, "rho"),
                  .beta = tx_get_real(section, "beta")};
    source->whole.num_trajectories = tx_get_integer(section, "num_samples");
    source->whole.num_levels = tx_get_integer(section, "temporal_horizon");
    source->whole.state = (tx_shape){.channels = 3};
    source->together = tx_generator_threads(source, 1);
    source->working = 3 * (size_t)source->whole.num_trajectories * tx_real_bytes(source->setup.random.precision);
    return TX_OK;
}

static void destroy(tx_data_source *source)
{
    lorenz *l = source->state;
    if (l) {
        tx_free(l->initial);
    }
}

enum { LEVELS_A_LOOK = 1 << 14 };

#define DEFINE_ROLLOUT(name, real, step)                                                                                           \
    static tx_status name(const tx_data_source *source, const tx_stretch *stretch, tx_error *error)                                \
    {                                                                                                                              \
        const lorenz *l = source->state;                                                                                           \
        const real *initial = (const real *)l->initial + 3 * stretch->trajectory;                                                  \
        real u[3] = {initial[0], initial[1], initial[2]}, *out = stretch->out;                                                     \
        for (int64_t level = -l->num_warmup_steps, stop; level < stretch->stop;) {                                                 \
            TX_TRY(tx_generator_attend(source, error));                                                                            \
            stop = stretch->stop - level < LEVELS_A_LOOK ? stretch->stop : level + LEVELS_A_LOOK;                                  \
            for (; level < stop; level++) {                                                                                        \
                for (int c = 0; c < 3 && level >= stretch->first; c++) {                                                           \
                    *out++ = u[c];                                                                                                 \
                }                                                                                                                  \
                step(l, u);                                                                                                        \
            }                                                                                                                      \
        }                                                                                                                          \
        return TX_OK;                                                                                                              \
    }
DEFINE_ROLLOUT(rollout32, float, step32)
DEFINE_ROLLOUT(rollout64, double, step64)

static tx_status generate(tx_data_source *source, int thread, const tx_stretch *stretches, int count, tx_error *error)
{
    (void)thread;
    for (int k = 0; k < count; k++) {
        TX_TRY((source->setup.random.precision == TX_FLOAT32 ? rollout32 : rollout64)(source, &stretches[k], error));
    }
    return TX_OK;
}

static tx_status read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    return tx_generate_levels(source, generate, 1, first_level, num_levels, out, error);
}

static const tx_data_class lorenz_class = {.create = create, .prepare = prepare, .read = read, .destroy = destroy};

static const tx_option options[] = {
    TX_OPTION_COUNT("num_samples", "20", "trajectories", 1, "trajectories, each from its own initial state"),
    TX_OPTION_COUNT("temporal_horizon", "1000", "levels", 1, "stored time levels, the first one included"),
    {.name = "dt", .type = TX_TYPE_REAL, .initial = "0.01", .unit = "", .above_minimum = true, .text = "time between two levels"},
    TX_OPTION_COUNT("num_warmup_steps", "500", "steps", 0, "steps from the random initial state to the first stored level"),
    TX_OPTION_NUMBER("sigma", "10.0", "", "the Prandtl number"),
    TX_OPTION_NUMBER("rho", "28.0", "", "the relative Rayleigh number"),
    TX_OPTION_NUMBER("beta", "2.6666666666666665", "", "the geometric factor"),
    TX_OPTION_NUMBER("init_std", "1.0", "", "standard deviation of the random initial states"),
    TX_OPTION_DATA_KEY("random key of the initial states"),
    {0},
};

const tx_component tx_data_lorenz_rk4 = {
    .kind = TX_KIND_DATA,
    .name = "lorenz_rk4",
    .summary = "the Lorenz system by a fourth-order Runge-Kutta scheme, states (3,) (Trainax's sample data)",
    .options = options,
    .implementation = &lorenz_class,
};
