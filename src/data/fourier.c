/* A recursive mixed-radix transform (decimation in time): the n points are p interleaved signals of n / p points, whose
 * transforms are combined by p-point sums; p is the smallest prime factor. */
#include "data/fourier.h"

#include <math.h>

#include "base/memory.h"

struct tx_fourier {
    int64_t n;
    tx_complex *roots; /* exp(-2 pi i k / n) */
    tx_complex *in, *out, *column;
};

tx_status tx_fourier_create(int64_t n, tx_error *error, tx_fourier **out)
{
    tx_fourier *fourier;
    TX_TRY(tx_allocate(sizeof *fourier, error, &fourier));
    *fourier = (tx_fourier){.n = n};
    if (tx_allocate_array((size_t)n, 4 * sizeof(tx_complex), error, &fourier->roots) != TX_OK) {
        tx_free(fourier);
        return TX_FAILURE;
    }
    fourier->in = fourier->roots + n;
    fourier->out = fourier->in + n;
    fourier->column = fourier->out + n;
    for (int64_t k = 0; k < n; k++) {
        const double angle = 2.0 * M_PI * (double)k / (double)n;
        fourier->roots[k] = (tx_complex){cos(angle), -sin(angle)};
    }
    *out = fourier;
    return TX_OK;
}

void tx_fourier_destroy(tx_fourier *fourier)
{
    if (fourier) {
        tx_free(fourier->roots);
        tx_free(fourier);
    }
}

static int64_t smallest_factor(int64_t n)
{
    for (int64_t p = 2; p * p <= n; p++) {
        if (n % p == 0) {
            return p;
        }
    }
    return n;
}

/* out[k] = sum over r of column[r] * root^(r k stride), for the p values k = first, first + m, … */
static void combine(const tx_fourier *fourier, int64_t p, int64_t m, int64_t first, int64_t stride, tx_complex *out)
{
    const int64_t n = fourier->n;
    for (int64_t r = 0; r < p; r++) {
        fourier->column[r] = out[first + r * m];
    }
    for (int64_t k = first; k < p * m; k += m) {
        const int64_t turn = k * stride; /* < n */
        tx_complex sum = fourier->column[0];
        for (int64_t r = 1, root = turn; r < p; r++) {
            const tx_complex c = fourier->column[r], w = fourier->roots[root];
            sum.re += c.re * w.re - c.im * w.im;
            sum.im += c.re * w.im + c.im * w.re;
            root += turn;
            root -= root >= n ? n : 0;
        }
        out[k] = sum;
    }
}

/* The transform of the `size` numbers in[0], in[stride], …; size * stride == n. */
static void transform(const tx_fourier *fourier, int64_t size, int64_t stride, const tx_complex *in, tx_complex *out)
{
    if (size == 1) {
        *out = *in;
        return;
    }
    const int64_t p = smallest_factor(size), m = size / p;
    for (int64_t r = 0; r < p; r++) {
        transform(fourier, m, stride * p, in + r * stride, out + r * m);
    }
    for (int64_t k = 0; k < m; k++) {
        combine(fourier, p, m, k, stride, out);
    }
}

void tx_fourier_forward(tx_fourier *fourier, const double *signal, tx_complex *modes)
{
    for (int64_t j = 0; j < fourier->n; j++) {
        fourier->in[j] = (tx_complex){signal[j], 0.0};
    }
    transform(fourier, fourier->n, 1, fourier->in, fourier->out);
    for (int64_t k = 0; k <= fourier->n / 2; k++) {
        modes[k] = fourier->out[k];
    }
}

void tx_fourier_backward(tx_fourier *fourier, const tx_complex *modes, double *signal)
{
    const int64_t n = fourier->n;
    for (int64_t k = 0; k <= n / 2; k++) { /* conjugated: the backward transform by the forward one */
        fourier->in[k] = (tx_complex){modes[k].re, -modes[k].im};
        if (k && k < n - k) {
            fourier->in[n - k] = modes[k];
        }
    }
    fourier->in[0].im = 0.0;
    if (n % 2 == 0) {
        fourier->in[n / 2].im = 0.0;
    }
    transform(fourier, n, 1, fourier->in, fourier->out);
    for (int64_t j = 0; j < n; j++) {
        signal[j] = fourier->out[j].re / (double)n;
    }
}
