/* The running mean of the parameters. */
#include "training/average.h"

#include "base/finite.h"
#include "base/memory.h"
#include "base/real.h"

static const char path[] = "/ema";

bool tx_average_is_wanted(const tx_section *trainer)
{
    return tx_get_section(trainer, "ema") != NULL;
}

tx_status tx_average_plan(const tx_problem *problem, tx_error *error, tx_average *out)
{
    const tx_section *ema = tx_get_section(problem->trainer, "ema");
    const double decay = ema ? tx_get_real(ema, "decay") : 0;
    if (decay >= 1) {
        return tx_section_error(ema, "decay", error, TX_INVALID, "must be below 1, not %.16g", decay);
    }
    *out = ema ? (tx_average){.precision = problem->random.precision,
                              .count = problem->network->num_parameters,
                              .decay = decay,
                              .made = -1}
               : (tx_average){0};
    return TX_OK;
}

size_t tx_average_bytes(const tx_average *average)
{
    return 2 * (size_t)average->count * tx_real_bytes(average->precision);
}

tx_status tx_average_allocate(tx_average *average, tx_error *error)
{
    const size_t bytes = tx_average_bytes(average) / 2;
    TX_TRY(bytes ? tx_allocate(bytes, error, &average->mean) : TX_OK);
    return bytes ? tx_allocate(bytes, error, &average->value) : TX_OK;
}

void tx_average_destroy(tx_average *average)
{
    tx_free(average->mean);
    tx_free(average->value);
}

#define ARITHMETIC(real)                                                                                                           \
    static void add_##real(const tx_average *average, const real *theta)                                                           \
    {                                                                                                                              \
        const real decay = (real)average->decay, share = (real)(1 - average->decay);                                               \
        real *restrict mean = average->mean;                                                                                       \
        for (int64_t i = 0; i < average->count; i++) {                                                                             \
            mean[i] = share * theta[i] + decay * mean[i];                                                                          \
        }                                                                                                                          \
    }                                                                                                                              \
    static void divide_##real(const tx_average *average, double weights)                                                           \
    {                                                                                                                              \
        const real *mean = average->mean;                                                                                          \
        real *restrict value = average->value;                                                                                     \
        for (int64_t i = 0; i < average->count; i++) {                                                                             \
            value[i] = mean[i] / (real)weights;                                                                                    \
        }                                                                                                                          \
    }
ARITHMETIC(float)
ARITHMETIC(double)

void tx_average_add(tx_average *average, const void *parameters, int64_t updates)
{
    if (average->precision == TX_FLOAT32) {
        add_float(average, parameters);
    } else {
        add_double(average, parameters);
    }
    average->updates = updates;
}

/* Without libm, whose last bit differs between systems. */
static long double power(long double base, int64_t exponent)
{
    long double product = 1;
    for (; exponent; exponent /= 2, base *= base) {
        product *= exponent % 2 ? base : 1;
    }
    return product;
}

/* 1 - decay^updates: what the weights of all updates add up to. */
static double weights(const tx_average *average)
{
    const long double left = power((long double)tx_real_round(average->precision, average->decay), average->updates);
    return average->precision == TX_FLOAT32 ? (double)(1 - (float)left) : 1 - (double)left;
}

const void *tx_average_of(tx_average *average, const void *parameters)
{
    if (!average->count || average->updates == 0) {
        return parameters;
    }
    if (average->made != average->updates) {
        const double sum = weights(average);
        average->precision == TX_FLOAT32 ? divide_float(average, sum) : divide_double(average, sum);
        average->made = average->updates;
    }
    return average->value;
}

/* ---- In checkpoints ---- */

tx_status tx_average_put(const tx_average *average, tx_file *file, tx_error *error)
{
    return average->count ? tx_file_refer_reals(file, path, 1, &average->count, average->precision, average->mean, error) : TX_OK;
}

tx_status tx_average_get(tx_average *average, const tx_file *file, tx_error *error)
{
    if (!average->count) {
        return TX_OK;
    }
    TX_TRY(tx_file_read_reals(file, path, 1, &average->count, average->precision, average->mean, error));
    return tx_any_nan(average->precision, average->mean, average->count)
               ? tx_error_set(error, TX_BAD_DATA, "'%s' is damaged: %s holds NaN", tx_file_path(file), path)
               : TX_OK;
}

tx_status tx_average_share(tx_average *average, tx_parallel *parallel, int64_t updates, tx_error *error)
{
    average->updates = updates;
    average->made = -1;
    return average->count ? tx_parallel_broadcast(parallel, average->mean, tx_average_bytes(average) / 2, error) : TX_OK;
}
