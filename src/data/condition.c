/* What initial conditions have in common: checks of their options, draws, coordinates, mean and size. */
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "data/initial.h"

/* ---- Checks ---- */

tx_status tx_condition_check_axes(const tx_condition *condition, int most, tx_error *error)
{
    const int axes = condition->state.axes;
    const char *name = tx_section_name(condition->section);
    if (!axes) {
        return tx_section_error(condition->section, NULL, error, TX_INVALID, "%s is for states with spatial axes; these have none",
                                name);
    }
    return axes <= most ? TX_OK
                        : tx_section_error(condition->section, NULL, error, TX_INVALID,
                                           "%s is for states with one spatial axis; these have %d", name, axes);
}

tx_status tx_condition_check_range(const tx_condition *condition, const char *name, tx_error *error)
{
    const double *range;
    const int count = tx_get_reals(condition->section, name, &range);
    return count == 2 && range[0] <= range[1] ? TX_OK
                                              : tx_section_error(condition->section, name, error, TX_INVALID,
                                                                 "a range is two numbers, the lower one first: [low, high]");
}

static bool has(const tx_condition *condition, const char *name)
{
    return tx_knows(condition->section, name) && tx_get_boolean(condition->section, name);
}

tx_status tx_condition_check_unit(const tx_condition *condition, tx_error *error)
{
    return has(condition, "std_one") && has(condition, "max_one")
               ? tx_section_error(condition->section, "max_one", error, TX_INVALID, "a state cannot have both std_one and max_one")
               : TX_OK;
}

tx_status tx_condition_vector(const tx_condition *condition, const tx_section *section, const char *name, tx_error *error,
                              double out[TX_MAX_AXES])
{
    const double *numbers;
    const int count = tx_get_reals(section, name, &numbers), axes = condition->state.axes;
    if (count != 1 && count != axes) {
        return tx_section_error(section, name, error, TX_INVALID, "%d numbers, but the states have %d spatial ax%s", count, axes,
                                axes == 1 ? "is" : "es");
    }
    for (int a = 0; a < axes; a++) {
        out[a] = numbers[count == 1 ? 0 : a];
    }
    return TX_OK;
}

/* ---- Mean and size ---- */

static double mean_of(const double *channel, int64_t points)
{
    double mean = 0.0;
    for (int64_t j = 0; j < points; j++) {
        mean += channel[j] / (double)points;
    }
    return mean;
}

static double deviation_of(const double *channel, int64_t points)
{
    const double mean = mean_of(channel, points);
    double square = 0.0;
    for (int64_t j = 0; j < points; j++) {
        square += (channel[j] - mean) * (channel[j] - mean) / (double)points;
    }
    return sqrt(square);
}

static double largest_of(const double *channel, int64_t points)
{
    double most = 0.0;
    for (int64_t j = 0; j < points; j++) {
        most = fmax(most, fabs(channel[j]));
    }
    return most;
}

void tx_condition_settle(const tx_condition *condition, double *channel)
{
    const int64_t points = tx_shape_points(&condition->state);
    const double mean = has(condition, "zero_mean") ? mean_of(channel, points) : 0.0;
    for (int64_t j = 0; j < points; j++) {
        channel[j] -= mean;
    }
    const double unit = has(condition, "std_one")   ? deviation_of(channel, points)
                        : has(condition, "max_one") ? largest_of(channel, points)
                                                    : 1.0;
    for (int64_t j = 0; j < points; j++) {
        channel[j] /= unit;
    }
}

/* ---- Transforms ---- */

tx_status tx_condition_prepare_fourier(tx_condition *condition, tx_error *error)
{
    tx_fourier *fourier;
    TX_TRY(tx_fourier_create(condition->state.axes, condition->state.n, error, &fourier));
    condition->work = fourier;
    return TX_OK;
}

void tx_condition_destroy_fourier(void *work)
{
    tx_fourier_destroy(work);
}

void tx_condition_backward(const tx_condition *condition, double *out)
{
    tx_fourier *fourier = condition->work;
    tx_fourier_backward(fourier);
    memcpy(out, fourier->signal, (size_t)fourier->num_points * sizeof *out);
    tx_condition_settle(condition, out);
}

/* ---- Draws ---- */

/* In place, from the last one on: numbers of the run's precision stand where doubles shall be. */
static void widen(tx_precision precision, double *numbers, int64_t count)
{
    for (int64_t k = count - 1; precision == TX_FLOAT32 && k >= 0; k--) {
        float number;
        memcpy(&number, (const char *)numbers + (size_t)k * sizeof number, sizeof number);
        numbers[k] = (double)number;
    }
}

void tx_condition_normal(const tx_condition *condition, tx_key key, int64_t count, double *out)
{
    tx_random_normal(condition->random, key, (size_t)count, out);
    widen(condition->random.precision, out, count);
}

void tx_condition_between(const tx_condition *condition, tx_key key, double low, double high, int64_t count, double *out)
{
    tx_random_uniform(condition->random, key, (size_t)count, low, high, out);
    widen(condition->random.precision, out, count);
}

void tx_condition_uniform(const tx_condition *condition, tx_key key, const char *range, double unit, int64_t count, double *out)
{
    const double *limits;
    tx_get_reals(condition->section, range, &limits);
    tx_condition_between(condition, key, limits[0] * unit, limits[1] * unit, count, out);
}

void tx_condition_place(const tx_condition *condition, int64_t point, double extent, double x[TX_MAX_AXES])
{
    for (int a = condition->state.axes - 1; a >= 0; a--) {
        const int64_t n = condition->state.n[a];
        x[a] = extent * ((double)(point % n) / (double)n);
        point /= n;
    }
}
