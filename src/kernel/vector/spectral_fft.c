/* Truncated Fourier transforms by whole ones, where there are so many modes that matrices of them take longer: all modes, of which
 * some are kept. */
#include "base/memory.h"
#include "kernel/vector/rfftn.h"
#include "kernel/vector/spectral.h"

struct spectral_fft {
    tx_rfft *rfftn;      /* of a channel */
    int64_t half, modes; /* that the last axis has, that a sample has */
    int64_t work;        /* where in the scratch the transform's begins */
};

static double matrix_flops(const tx_spectral_shape *shape)
{
    const tx_shape *x = &shape->x.shape;
    double flops = 0, lanes = (double)tx_shape_points(x);
    for (int d = 0; d < x->axes; d++) {
        const double rows = 2 * (double)shape->count[d] + (d < x->axes - 1);
        flops += lanes * rows * (x->n[d] % 2 ? 1 : 0.5);
        lanes *= rows / (double)x->n[d];
    }
    return flops;
}

static int64_t halvings(int64_t n)
{
    return 64 - __builtin_clzll((uint64_t)n);
}

/* Measured: on one axis products take a twelfth of the time of an FFT for each mode and halving of the points (with AVX-512). On
 * several, FFTW makes the same number of operations a second whatever the vectors, products VL / 3 times as many on two axes, on
 * three VL / 8. */
bool VARIANT(fft_is_faster)(const tx_spectral_shape *shape)
{
    const tx_shape *x = &shape->x.shape;
    const double points = (double)tx_shape_points(x), fft_flops = 2.5 * points * (double)halvings(tx_shape_points(x));
    return x->axes == 1 ? shape->count[0] >= 12 * halvings(x->n[0]) : matrix_flops(shape) * (x->axes == 2 ? 3 : 8) > VL * fft_flops;
}

tx_status VARIANT(fft_create)(tx_spectral *t, tx_error *error)
{
    const tx_shape *x = &t->x.shape;
    struct spectral_fft *fft;
    TX_TRY(tx_allocate(sizeof *fft, error, &fft));
    t->fft = fft;
    fft->half = x->n[x->axes - 1] / 2 + 1;
    fft->modes = tx_shape_points(x) / x->n[x->axes - 1] * fft->half;
    const tx_spectral_shape shape = {
        .x = tx_layout_channels(&t->x, 0, 1),
        .modes =
            tx_layout_make(sizeof(real), (tx_shape){.channels = 1, .axes = 1, .n = {2 * fft->modes}}, (int)t->samples, NULL, NULL)};
    t->scratch = 2 * fft->modes * t->samples;
    TX_TRY(VARIANT(rfftn_create)(&shape, error, &fft->rfftn));
    fft->work = (t->scratch + VL - 1) / VL * VL;
    t->scratch = fft->work + (int64_t)VARIANT(rfftn_work)(fft->rfftn);
    return TX_OK;
}

void VARIANT(fft_destroy)(struct spectral_fft *fft)
{
    if (fft) {
        VARIANT(rfftn_destroy)(fft->rfftn);
        tx_free(fft);
    }
}

/* Is it its own mirror image? */
static bool is_single(const tx_spectral *t, int64_t k)
{
    return k == 0 || 2 * k == t->x.shape.n[t->axes - 1];
}

/* Where a run of a channel's modes begins. */
static int64_t offset(const tx_spectral *t, const mode_run *r, int64_t channel)
{
    return run_offset(t, r) + 2 * channel * t->modes.channel;
}

/* What mode k of a run counts in the inverse transform. */
static real mode_weight(const tx_spectral *t, const mode_run *r, int64_t k)
{
    return t->weighted ? t->weight[(r - t->runs) * t->last + k] : 1;
}

static void pick(const tx_spectral *t, const mode_run *r, const real *spectrum, real *re)
{
    real *im = re + t->modes.channel;
    for (int64_t s = 0; s < t->samples; s++, re += t->num_modes, im += t->num_modes) {
        const real *from = spectrum + 2 * (s * t->fft->modes + r->line * t->fft->half);
        for (int64_t k = 0; k < t->last; k++) {
            re[k] = mode_weight(t, r, k) * from[2 * k];
            im[k] = mode_weight(t, r, k) * from[2 * k + 1];
        }
    }
}

/* Blocks of modes may overlap. An inverse transform counts those with a mirror image twice. */
static void put(const tx_spectral *t, const mode_run *r, const real *re, real *spectrum)
{
    const real *im = re + t->modes.channel;
    for (int64_t s = 0; s < t->samples; s++, re += t->num_modes, im += t->num_modes) {
        real *to = spectrum + 2 * (s * t->fft->modes + r->line * t->fft->half);
        for (int64_t k = 0; k < t->last; k++) {
            const real weight = mode_weight(t, r, k) / (is_single(t, k) ? 1 : 2);
            to[2 * k] += weight * re[k];
            to[2 * k + 1] += weight * im[k];
        }
    }
}

void VARIANT(fft_analyse)(const tx_spectral *t, tx_part part, const real *x, real *modes, real *scratch)
{
    const int64_t end = tx_part_end(part, t->x.shape.channels);
    for (int64_t channel = tx_part_begin(part, t->x.shape.channels); channel < end; channel++) {
        VARIANT(rfftn_to_modes)(t->fft->rfftn, x + t->x.origin + channel * t->x.channel, scratch, scratch + t->fft->work);
        for (const mode_run *r = t->runs; r < t->runs + t->num_runs; r++) {
            pick(t, r, scratch, modes + offset(t, r, channel));
        }
    }
}

void VARIANT(fft_synthesise)(const tx_spectral *t, tx_part part, const real *modes, real *x, real *scratch)
{
    const int64_t end = tx_part_end(part, t->x.shape.channels);
    for (int64_t channel = tx_part_begin(part, t->x.shape.channels); channel < end; channel++) {
        zero_reals(scratch, t->fft->work);
        for (const mode_run *r = t->runs; r < t->runs + t->num_runs; r++) {
            put(t, r, modes + offset(t, r, channel), scratch);
        }
        VARIANT(rfftn_from_modes)(t->fft->rfftn, scratch, x + t->x.origin + channel * t->x.channel, scratch + t->fft->work);
    }
}
