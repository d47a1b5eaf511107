/* Norms over the Fourier coefficients of a channel. */
#include <fftw3.h>
#include <math.h>

#include "base/memory.h"
#include "metric/quantity.h"

/* Below this a coefficient is taken for rounding. */
static const double negligible = 1e-5;

struct tx_spectrum {
    int64_t modes;
    fftw_plan plan;
};

static tx_status make_plan(tx_spectrum *spectrum, int axes, int64_t n, tx_error *error)
{
    const int size[TX_MAX_AXES] = {(int)n, (int)n, (int)n};
    double *values;
    fftw_complex *coefficients;
    int64_t points = n;
    spectrum->modes = n / 2 + 1;
    for (int d = 1; d < axes; d++) {
        points *= n;
        spectrum->modes *= n;
    }
    TX_TRY(tx_allocate_array((size_t)points, sizeof *values, error, &values));
    const tx_status status = tx_allocate_array((size_t)spectrum->modes, sizeof *coefficients, error, &coefficients);
    if (status == TX_OK) {
        /* Always this way: the plan, hence the bits, follow from the shape alone. */
        spectrum->plan = fftw_plan_dft_r2c(axes, size, values, coefficients, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
        tx_free(coefficients);
    }
    tx_free(values);
    TX_TRY(status);
    return spectrum->plan ? TX_OK : tx_error_set(error, TX_FAILURE, "FFTW has no transform of %d axes of %d points", axes, (int)n);
}

tx_status tx_spectrum_create(int axes, int64_t n, tx_error *error, tx_spectrum **out)
{
    tx_spectrum *spectrum;
    TX_TRY(tx_allocate(sizeof *spectrum, error, &spectrum));
    const tx_status status = make_plan(spectrum, axes, n, error);
    if (status != TX_OK) {
        tx_spectrum_destroy(spectrum);
        return status;
    }
    *out = spectrum;
    return TX_OK;
}

void tx_spectrum_destroy(tx_spectrum *spectrum)
{
    if (spectrum) {
        fftw_destroy_plan(spectrum->plan);
        tx_free(spectrum);
    }
}

int64_t tx_spectrum_modes(const tx_spectrum *spectrum)
{
    return spectrum->modes;
}

void tx_spectrum_transform(const tx_spectrum *spectrum, tx_metric_range range, const double *values, double *work, double *modes)
{
    fftw_complex *const coefficients = (fftw_complex *)work;
    fftw_execute_dft_r2c(spectrum->plan, (double *)values, coefficients); /* keeps its input */
    for (int64_t k = 0; k < spectrum->modes; k++) {
        const double magnitude = hypot(coefficients[k][0], coefficients[k][1]);
        modes[k] = magnitude < negligible ? 0 : magnitude <= range.huge ? magnitude : __builtin_nan("");
    }
}

/* ---- Sums over modes ---- */

typedef struct band {
    const tx_quantity *quantity;
    const tx_metric_channel *channel;
    const double *factors; /* along the axis of the derivative; NULL: none is taken */
    int axis;              /* of it */
} band;

/* |k| of entry i of a full (not halved) axis. */
static int64_t wavenumber(int64_t i, int64_t n)
{
    return i <= n / 2 ? i : n - i;
}

/* How often a mode counts: the halved axis stands for its mirror image too, except at 0 and at the Nyquist mode. */
static double multiplicity(int64_t k, int64_t n)
{
    return k == 0 || 2 * k == n ? 1 : 2;
}

/* A row along the last axis; others: the largest wavenumber of the other axes; factor: of a derivative along one of them. */
static double sum_row(band *band, const double *row, int64_t others, double factor)
{
    const int64_t n = band->channel->n, low = band->quantity->low, high = band->quantity->high;
    const tx_metric_range range = band->channel->range;
    const double *factors = band->factors && band->axis == band->channel->axes - 1 ? band->factors : NULL;
    double sum = 0;
    for (int64_t k = 0; k <= n / 2; k++) {
        const int64_t largest = k > others ? k : others;
        /* A mode outside is multiplied by zero, so that nan stays. */
        const double inside = largest >= low && largest <= high, scaled = row[k] * inside * (factors ? factors[k] : factor);
        const double term = tx_metric_fit(range, band->quantity->class_->power == 1 ? scaled : scaled * scaled);
        sum += term * multiplicity(k, n);
    }
    return sum;
}

/* Over the rows, of which there are n^(axes - 1). */
static double sum_modes(band *band, const double *modes)
{
    const int64_t n = band->channel->n;
    const int outer = band->channel->axes - 1;
    const int64_t rows = outer == 0 ? 1 : outer == 1 ? n : n * n;
    double sum = 0;
    for (int64_t row = 0; row < rows; row++) {
        const int64_t k[2] = {wavenumber(outer == 2 ? row / n : row, n), outer == 2 ? wavenumber(row % n, n) : 0};
        const int64_t others = outer == 0 ? 0 : k[0] > k[1] ? k[0] : k[1];
        const double factor = band->factors && band->axis < outer ? band->factors[k[band->axis]] : 1;
        sum += sum_row(band, modes + row * (n / 2 + 1), others, factor);
    }
    return sum * band->channel->scale; /* the original divides by n^axes or half of it */
}

static double aggregate(const tx_quantity *quantity, const tx_metric_channel *channel, const double *modes, const double *factors)
{
    double sum = 0;
    for (int axis = 0; axis < (factors ? channel->axes : 1); axis++) {
        band band = {.quantity = quantity, .channel = channel, .factors = factors, .axis = axis};
        sum += tx_metric_norm(quantity, channel, sum_modes(&band, modes));
    }
    return tx_metric_fit(channel->range, sum);
}

static double measure(const tx_quantity *quantity, const tx_metric_channel *channel, const double *factors)
{
    const double difference = aggregate(quantity, channel, channel->difference_modes, factors);
    return quantity->class_->scaling == TX_METRIC_ABSOLUTE
               ? difference
               : tx_metric_fit(channel->range, difference / aggregate(quantity, channel, channel->reference_modes, factors));
}

double tx_metric_fourier(const tx_quantity *quantity, const tx_metric_channel *channel)
{
    return measure(quantity, channel, quantity->factors);
}

double tx_metric_h1(const tx_quantity *quantity, const tx_metric_channel *channel)
{
    return measure(quantity, channel, NULL) + measure(quantity, channel, quantity->factors);
}
