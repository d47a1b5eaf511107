/* Truncated Fourier transforms of one axis by FFTW, where there are so many modes that matrices of them take longer. Plans are
 * estimates, so that they do not depend on what a machine has to do besides. */
#include <fftw3.h>

#include "base/memory.h"
#include "kernel/vector/spectral.h"
#include "kernel/vector/variant.h"

#if TX_REAL_BITS == 32
#define FFTW(name) fftwf_##name
#else
#define FFTW(name) fftw_##name
#endif

struct spectral_fft {
    FFTW(plan) analyse, synthesise; /* the samples of a channel */
};

/* Products take a twelfth of the time of an FFT for each mode and halving of the points (measured with AVX-512). */
bool VARIANT(fft_is_faster)(const tx_spectral_shape *shape)
{
    return shape->x.shape.axes == 1 && shape->count[0] >= 12 * (64 - __builtin_clzll((uint64_t)shape->x.shape.n[0]));
}

static int64_t coefficients(const tx_spectral *t)
{
    return t->x.shape.n[0] / 2 + 1;
}

static tx_status make_plans(tx_spectral *t, real *x, FFTW(complex) * spectrum, tx_error *error)
{
    const int n = (int)t->x.shape.n[0], samples = (int)t->samples, stride = (int)t->x.stride[0], next = (int)coefficients(t);
    t->fft->analyse = FFTW(plan_many_dft_r2c)(1, &n, samples, x, NULL, stride, 1, spectrum, NULL, 1, next,
                                              FFTW_ESTIMATE | FFTW_UNALIGNED | FFTW_PRESERVE_INPUT);
    t->fft->synthesise =
        FFTW(plan_many_dft_c2r)(1, &n, samples, spectrum, NULL, 1, next, x, NULL, stride, 1, FFTW_ESTIMATE | FFTW_UNALIGNED);
    return t->fft->analyse && t->fft->synthesise ? TX_OK : tx_error_set(error, TX_FAILURE, "FFTW has no transform of %d points", n);
}

tx_status VARIANT(fft_create)(tx_spectral *t, tx_error *error)
{
    real *x = NULL;
    FFTW(complex) *spectrum = NULL;
    t->scratch = 2 * t->samples * coefficients(t);
    tx_status status = tx_allocate(sizeof *t->fft, error, &t->fft);
    if (status == TX_OK) {
        status = tx_allocate_array((size_t)t->x.channel, sizeof *x, error, &x);
    }
    if (status == TX_OK) {
        status = tx_allocate_array((size_t)t->scratch, sizeof(real), error, &spectrum);
    }
    if (status == TX_OK) {
        status = make_plans(t, x, spectrum, error);
    }
    tx_free(spectrum);
    tx_free(x);
    return status;
}

void VARIANT(fft_destroy)(struct spectral_fft *fft)
{
    if (fft) {
        FFTW(destroy_plan)(fft->analyse);
        FFTW(destroy_plan)(fft->synthesise);
        tx_free(fft);
    }
}

/* Is it its own mirror image? */
static bool is_single(const tx_spectral *t, int64_t k)
{
    return k == 0 || 2 * k == t->x.shape.n[0];
}

/* What a mode counts in the inverse transform. */
static real mode_weight(const tx_spectral *t, int64_t k)
{
    return t->weighted ? (real)(is_single(t, k) ? 1 : 2) / (real)t->x.shape.n[0] : 1;
}

void VARIANT(fft_analyse)(const tx_spectral *t, const real *x, real *modes, real *scratch)
{
    for (int64_t channel = 0; channel < t->x.shape.channels; channel++) {
        real *re = modes + t->modes.origin + 2 * channel * t->modes.channel, *im = re + t->modes.channel;
        const real *from = scratch;
        FFTW(execute_dft_r2c)(t->fft->analyse, (real *)x + t->x.origin + channel * t->x.channel, (FFTW(complex) *)scratch);
        for (int64_t s = 0; s < t->samples; s++, re += t->last, im += t->last, from += 2 * coefficients(t)) {
            for (int64_t k = 0; k < t->last; k++) {
                re[k] = mode_weight(t, k) * from[2 * k];
                im[k] = mode_weight(t, k) * from[2 * k + 1];
            }
        }
    }
}

/* FFTW counts modes with a mirror image twice. */
void VARIANT(fft_synthesise)(const tx_spectral *t, const real *modes, real *x, real *scratch)
{
    for (int64_t channel = 0; channel < t->x.shape.channels; channel++) {
        const real *re = modes + t->modes.origin + 2 * channel * t->modes.channel, *im = re + t->modes.channel;
        real *to = scratch;
        for (int64_t s = 0; s < t->samples; s++, re += t->last, im += t->last, to += 2 * coefficients(t)) {
            for (int64_t k = 0; k < t->last; k++) {
                const real weight = mode_weight(t, k) / (is_single(t, k) ? 1 : 2);
                to[2 * k] = weight * re[k];
                to[2 * k + 1] = weight * im[k];
            }
            zero_reals(to + 2 * t->last, 2 * (coefficients(t) - t->last));
        }
        FFTW(execute_dft_c2r)(t->fft->synthesise, (FFTW(complex) *)scratch, x + t->x.origin + channel * t->x.channel);
    }
}
