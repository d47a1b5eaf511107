/* FFTW does the work: real transforms along the last axis, complex ones along the others. They are planned apart because of
 * what a backward transform must do with modes that are not those of a real field. */
#include "data/fourier.h"

#include <fftw3.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "trainax/shape.h"

/* FFTW's own words are "fftw-3.3.10-sse2-avx". */
void tx_fourier_library(char *text, size_t size)
{
    const char *version = fftw_version + strcspn(fftw_version, "0123456789");
    snprintf(text, size, "%.*s", (int)strcspn(version, "-"), version);
}

struct tx_fourier_plans {
    int64_t last, rows; /* points of the last axis, and how many lines of them */
    fftw_plan rows_forward, rows_backward;
    fftw_plan others_forward, others_backward; /* NULL: there is no other axis */
};

static int64_t count_rows(int axes, const int64_t *n)
{
    int64_t rows = 1;
    for (int d = 0; d < axes - 1; d++) {
        rows *= n[d];
    }
    return rows;
}

size_t tx_fourier_bytes(int axes, const int64_t *n)
{
    const size_t last = (size_t)n[axes - 1], rows = (size_t)count_rows(axes, n);
    return rows * (last * sizeof(double) + (last / 2 + 1) * sizeof(tx_complex));
}

static tx_status measure(tx_fourier *fourier, int axes, const int64_t *n, tx_error *error)
{
    struct tx_fourier_plans *plans = fourier->plans;
    plans->last = n[axes - 1];
    plans->rows = count_rows(axes, n);
    fourier->num_points = plans->rows * plans->last;
    fourier->num_modes = plans->rows * (plans->last / 2 + 1);
    return fourier->num_points <= INT_MAX ? TX_OK : tx_error_set(error, TX_FAILURE, "too many points for a Fourier transform");
}

/* Always this way, from arrays that are aligned alike: the plans, hence the bits, follow from the sizes alone. */
static tx_status make_plans(tx_fourier *fourier, int axes, const int64_t *n, tx_error *error)
{
    struct tx_fourier_plans *plans = fourier->plans;
    const int last = (int)plans->last, rows = (int)plans->rows, half = last / 2 + 1;
    fftw_complex *modes = (fftw_complex *)fourier->modes;
    int others[TX_MAX_AXES];
    plans->rows_forward = fftw_plan_many_dft_r2c(1, &last, rows, fourier->signal, NULL, 1, last, modes, NULL, 1, half,
                                                 FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
    plans->rows_backward =
        fftw_plan_many_dft_c2r(1, &last, rows, modes, NULL, 1, half, fourier->signal, NULL, 1, last, FFTW_ESTIMATE);
    for (int d = 0; d < axes - 1; d++) {
        others[d] = (int)n[d];
    }
    if (axes > 1) { /* in place, one transform for each mode of the last axis */
        plans->others_forward =
            fftw_plan_many_dft(axes - 1, others, half, modes, NULL, half, 1, modes, NULL, half, 1, FFTW_FORWARD, FFTW_ESTIMATE);
        plans->others_backward =
            fftw_plan_many_dft(axes - 1, others, half, modes, NULL, half, 1, modes, NULL, half, 1, FFTW_BACKWARD, FFTW_ESTIMATE);
    }
    const bool all =
        plans->rows_forward && plans->rows_backward && (axes == 1 || (plans->others_forward && plans->others_backward));
    return all ? TX_OK : tx_error_set(error, TX_FAILURE, "FFTW has no transform of lines of %d points", last);
}

static tx_status set_up(tx_fourier *fourier, int axes, const int64_t *n, tx_error *error)
{
    TX_TRY(tx_allocate(sizeof *fourier->plans, error, &fourier->plans));
    TX_TRY(measure(fourier, axes, n, error));
    TX_TRY(tx_allocate_array((size_t)fourier->num_points, sizeof *fourier->signal, error, &fourier->signal));
    TX_TRY(tx_allocate_array((size_t)fourier->num_modes, sizeof *fourier->modes, error, &fourier->modes));
    return make_plans(fourier, axes, n, error);
}

tx_status tx_fourier_create(int axes, const int64_t *n, tx_error *error, tx_fourier **out)
{
    tx_fourier *fourier;
    TX_TRY(tx_allocate(sizeof *fourier, error, &fourier));
    const tx_status status = set_up(fourier, axes, n, error);
    if (status != TX_OK) {
        tx_fourier_destroy(fourier);
        return status;
    }
    *out = fourier;
    return TX_OK;
}

static void destroy_plans(struct tx_fourier_plans *plans)
{
    if (plans) {
        fftw_destroy_plan(plans->rows_forward);
        fftw_destroy_plan(plans->rows_backward);
        fftw_destroy_plan(plans->others_forward);
        fftw_destroy_plan(plans->others_backward);
        tx_free(plans);
    }
}

void tx_fourier_destroy(tx_fourier *fourier)
{
    if (fourier) {
        destroy_plans(fourier->plans);
        tx_free(fourier->signal);
        tx_free(fourier->modes);
        tx_free(fourier);
    }
}

void tx_fourier_forward(tx_fourier *fourier)
{
    fftw_execute(fourier->plans->rows_forward);
    if (fourier->plans->others_forward) {
        fftw_execute(fourier->plans->others_forward);
    }
}

void tx_fourier_backward(tx_fourier *fourier)
{
    const int64_t last = fourier->plans->last, half = last / 2 + 1;
    if (fourier->plans->others_backward) {
        fftw_execute(fourier->plans->others_backward);
    }
    for (int64_t row = 0; row < fourier->plans->rows; row++) {
        tx_complex *line = fourier->modes + row * half;
        line[0].im = 0.0;
        line[half - 1].im = last % 2 == 0 ? 0.0 : line[half - 1].im;
    }
    fftw_execute(fourier->plans->rows_backward);
    for (int64_t j = 0; j < fourier->num_points; j++) {
        fourier->signal[j] /= (double)fourier->num_points;
    }
}

void tx_fourier_wavenumbers(int axes, const int64_t *n, int64_t mode, int64_t *k)
{
    for (int d = axes - 1; d >= 0; d--) {
        const int64_t count = d == axes - 1 ? n[d] / 2 + 1 : n[d], index = mode % count;
        k[d] = d < axes - 1 && index >= (n[d] + 1) / 2 ? index - n[d] : index;
        mode /= count;
    }
}

double tx_fourier_scaling(int axes, const int64_t *n, const int64_t *k)
{
    double factor = 1.0;
    for (int d = axes - 1; d >= 0; d--) {
        factor *= k[d] == 0 || 2 * imaxabs(k[d]) == n[d] ? (double)n[d] : 0.5 * (double)n[d];
    }
    return factor;
}

double tx_fourier_square(int axes, const int64_t *n, int64_t mode, double extent)
{
    const double unit = 2.0 * M_PI / extent;
    int64_t k[TX_MAX_AXES];
    double square = 0.0;
    tx_fourier_wavenumbers(axes, n, mode, k);
    for (int d = 0; d < axes; d++) {
        square += unit * (double)k[d] * (unit * (double)k[d]);
    }
    return square;
}
