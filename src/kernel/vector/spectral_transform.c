/* Truncated Fourier transforms, there (analyse) and back (synthesise), which are transposes of each other but for the weights
 * of the modes. */
#include "base/memory.h"
#include "kernel/vector/spectral.h"
#include "kernel/vector/transpose.h"
#include "kernel/vector/variant.h"

/* ---- folding: points of the source <-> the parts whose products with cosines and sines are the transform ---- */

/* Where column n's points are: n and its mirror images -n, and (four parts) N/2 - n, N/2 + n. */
INLINE void images(const int PARTS, const stage *s, int64_t n, int64_t stride, int64_t *cell)
{
    cell[0] = n * stride;
    cell[1] = (n ? s->points - n : 0) * stride;
    if (PARTS == 4) {
        cell[2] = (s->points / 2 - n) * stride;
        cell[3] = (s->points / 2 + n) * stride;
    }
}

INLINE void store_up_to(real *y, vec v, int64_t n)
{
    if (n >= VL) {
        store(y, v);
    } else {
        store_first(y, v, n);
    }
}

#define FOLD(name) name
#define FOLD_VECTOR vec
#define FOLD_UNALIGNED unaligned_vec
#define FOLD_LANES VL
#define FOLD_STORE store_up_to
#include "kernel/vector/spectral_fold.h"
#undef FOLD
#undef FOLD_VECTOR
#undef FOLD_UNALIGNED
#undef FOLD_LANES
#undef FOLD_STORE

#if TX_VECTOR_BYTES == 64
INLINE void store_few(real *y, wide v, int64_t n)
{
#if TX_REAL_BITS == 32
    _mm256_mask_storeu_ps(y, (__mmask8)((1u << n) - 1), (__m256)v);
#else
    _mm256_mask_storeu_pd(y, (__mmask8)((1u << n) - 1), (__m256d)v);
#endif
}

#define FOLD(name) few_##name
#define FOLD_VECTOR wide
#define FOLD_UNALIGNED unaligned_wide
#define FOLD_LANES WIDE
#define FOLD_STORE store_few
#include "kernel/vector/spectral_fold.h"
#else
#define few_fold_run fold_run
#define few_unfold_run unfold_run
#endif

INLINE void fold_strip(const int PARTS, const stage *s, const real *x, int64_t stride, const int64_t *outer, int64_t count,
                       int64_t run, int64_t pitch, real *y)
{
    const int64_t part = s->columns * pitch;
    for (int64_t n = 0; n < s->columns; n++, y += pitch) {
        int64_t cell[4];
        images(PARTS, s, n, stride, cell);
        for (int64_t o = 0; run <= WIDE && o < count; o++) {
            few_fold_run(PARTS, x + outer[o], cell, WIDE, y + o * run, part);
        }
        for (int64_t o = 0; run > WIDE && o < count; o++) {
            fold_run(PARTS, x + outer[o], cell, run, y + o * run, part);
        }
    }
}

INLINE void unfold_strip(const int PARTS, const bool ADD, const stage *s, const real *x, int64_t pitch, int64_t stride,
                         const int64_t *outer, int64_t count, int64_t run, const real *add, real *y)
{
    const int64_t part = s->columns * pitch;
    for (int64_t n = 0; n < s->columns; n++, x += pitch) {
        int64_t cell[4];
        images(PARTS, s, n, stride, cell);
        for (int64_t o = 0; run <= WIDE && o < count; o++) {
            few_unfold_run(PARTS, ADD, x + o * run, part, cell, run, ADD ? add + outer[o] : NULL, y + outer[o]);
        }
        for (int64_t o = 0; run > WIDE && o < count; o++) {
            unfold_run(PARTS, ADD, x + o * run, part, cell, run, ADD ? add + outer[o] : NULL, y + outer[o]);
        }
    }
}

/* ---- where lanes are single reals (pieces of one real): points and lanes change places ---- */

/* to[k] = row k of the transpose of from[…], blocks of WIDE x WIDE; the last ones overlap those before. */
static void straighten(const stage *s, const real *x, const int64_t *outer, int64_t count, real *y, int64_t pitch)
{
    if (count < WIDE || s->points < WIDE) {
        for (int64_t n = 0; n < s->points; n++) {
            for (int64_t o = 0; o < count; o++) {
                y[n * pitch + o] = x[outer[o] + n];
            }
        }
        return;
    }
    const real *from[WIDE];
    real *to[WIDE];
    for (int64_t i = 0; i < count; i += WIDE) {
        const int64_t o = i + WIDE <= count ? i : count - WIDE;
        for (int64_t j = 0; j < s->points; j += WIDE) {
            const int64_t n = j + WIDE <= s->points ? j : s->points - WIDE;
            UNROLL for (int k = 0; k < WIDE; k++)
            {
                from[k] = x + outer[o + k] + n;
                to[k] = y + (n + k) * pitch + o;
            }
            transpose_wide(from, to);
        }
    }
}

static void bend(const stage *s, const real *x, int64_t pitch, const int64_t *outer, int64_t count, real *y)
{
    if (count < WIDE || s->points < WIDE) {
        for (int64_t o = 0; o < count; o++) {
            for (int64_t n = 0; n < s->points; n++) {
                y[outer[o] + n] = x[n * pitch + o];
            }
        }
        return;
    }
    const real *from[WIDE];
    real *to[WIDE];
    for (int64_t i = 0; i < count; i += WIDE) {
        const int64_t o = i + WIDE <= count ? i : count - WIDE;
        for (int64_t j = 0; j < s->points; j += WIDE) {
            const int64_t n = j + WIDE <= s->points ? j : s->points - WIDE;
            UNROLL for (int k = 0; k < WIDE; k++)
            {
                from[k] = x + (n + k) * pitch + o;
                to[k] = y + outer[o + k] + n;
            }
            transpose_wide(from, to);
        }
    }
}

/* ---- one axis ---- */

/* A strip: `count` pieces from `first` on, `run` reals of each from `at` on; its lanes begin at `lane`. */
typedef struct strip {
    int64_t first, count, at, run, lane;
    const strip_product *product;
} strip;

/* The strip after this one; false at the end. Begins with run 0. */
INLINE bool next_strip(const stage *s, strip *p)
{
    if (p->run == 0) {
        *p = (strip){0};
    } else if (p->at + p->run < s->chunk) {
        p->at += p->run;
    } else {
        p->first += p->count;
        p->at = 0;
    }
    if (p->first >= s->count) {
        return false;
    }
    const int64_t width = s->strips[0].width, left = s->chunk - p->at, pieces = s->count - p->first;
    p->count = pieces < s->together ? pieces : s->together;
    p->run = s->chunk <= width ? s->chunk : left < width ? left : width;
    p->lane = p->first * s->chunk + p->at;
    p->product = &s->strips[p->count * p->run != width];
    return true;
}

static void analyse_axis(const tx_spectral *t, const stage *s, const real *x, real *scratch)
{
    const int64_t straight_pitch = (s->strips[0].width + VL - 1) / VL * VL;
    static const int64_t origin = 0;
    real *folded = scratch + t->folded, *straight = scratch + t->straight, *rows = scratch + s->result;
    for (strip p = {0}; next_strip(s, &p);) {
        const int64_t *outer = s->outer + p.first;
        const real *from = x + p.at;
        int64_t stride = s->stride, count = p.count, run = p.run;
        if (s->chunk == 1) {
            straighten(s, x, outer, p.count, straight, straight_pitch);
            from = straight, stride = straight_pitch, outer = &origin, run = p.count, count = 1;
        }
        if (s->parts == 4) {
            fold_strip(4, s, from, stride, outer, count, run, p.product->fold_pitch, folded);
        } else {
            fold_strip(2, s, from, stride, outer, count, run, p.product->fold_pitch, folded);
        }
        VARIANT(conv_apply)(p.product->analyse, tx_whole, folded, p.product->to_rows, NULL, NULL, NULL, rows + p.lane, NULL);
    }
}

INLINE void unfold(const bool ADD, const stage *s, const real *x, int64_t pitch, int64_t stride, const int64_t *outer,
                   int64_t count, int64_t run, const real *add, real *y)
{
    if (s->parts == 4) {
        unfold_strip(4, ADD, s, x, pitch, stride, outer, count, run, add, y);
    } else {
        unfold_strip(2, ADD, s, x, pitch, stride, outer, count, run, add, y);
    }
}

/* Rows that no wavenumber has would be read times zero: they must be numbers. `all`: those of sin 0 too. */
static void clear_unused(const stage *s, bool all, real *rows)
{
    const int64_t lanes = s->count * s->chunk;
    if (s->parts == 4 && s->wavenumbers % 2) {
        zero_reals(rows + (2 * s->rows - 1) * s->pitch, lanes);
        zero_reals(rows + (4 * s->rows - 1) * s->pitch, lanes);
    }
    if (all) {
        zero_reals(rows + stage_row(s, true, 0) * s->pitch, lanes);
    }
}

static void synthesise_axis(const tx_spectral *t, const stage *s, const real *add, real *y, real *scratch)
{
    const int64_t straight_pitch = (s->strips[0].width + VL - 1) / VL * VL;
    static const int64_t origin = 0;
    real *folded = scratch + t->folded, *straight = scratch + t->straight;
    const real *rows = scratch + s->result;
    for (strip p = {0}; next_strip(s, &p);) {
        const int64_t *outer = s->outer + p.first, pitch = p.product->fold_pitch;
        VARIANT(conv_apply)(p.product->synthesise, tx_whole, rows + p.lane, p.product->to_columns, NULL, NULL, NULL, folded, NULL);
        if (s->chunk == 1 && add) {
            straighten(s, add, outer, p.count, straight, straight_pitch);
            unfold(true, s, folded, pitch, straight_pitch, &origin, 1, p.count, straight, straight);
        } else if (s->chunk == 1) {
            unfold(false, s, folded, pitch, straight_pitch, &origin, 1, p.count, NULL, straight);
        } else if (add) {
            unfold(true, s, folded, pitch, s->stride, outer, p.count, p.run, add + p.at, y + p.at);
        } else {
            unfold(false, s, folded, pitch, s->stride, outer, p.count, p.run, NULL, y + p.at);
        }
        if (s->chunk == 1) {
            bend(s, straight, straight_pitch, outer, p.count, y);
        }
    }
}

/* ---- rows of the last axis <-> its spectrum, wavenumbers innermost ---- */

/* Rows of cos 0 …, sin 0 …, then (up to a whole block) one that nobody needs. */
INLINE real *spectrum_row(const tx_spectral *t, real *scratch, int64_t column)
{
    const stage *s = &t->stages[t->axes - 1];
    if (column >= 2 * t->last) {
        return scratch + t->unused_row;
    }
    const bool sine = column >= t->last;
    return scratch + s->result + stage_row(s, sine, column - (sine ? t->last : 0)) * s->pitch;
}

INLINE void turn_spectrum(const tx_spectral *t, const bool TO_ROWS, real *scratch)
{
    real *spectrum = scratch + t->spectrum;
    for (int64_t column = 0; column < t->spectrum_pitch; column += WIDE) {
        real *row[WIDE], *of_lane[WIDE];
        UNROLL for (int k = 0; k < WIDE; k++) row[k] = spectrum_row(t, scratch, column + k);
        for (int64_t lane = 0; lane < t->spectrum_lanes; lane += WIDE) {
            UNROLL for (int k = 0; k < WIDE; k++) of_lane[k] = spectrum + (lane + k) * t->spectrum_pitch + column;
            if (TO_ROWS) {
                transpose_wide((const real *const *)of_lane, row);
            } else {
                transpose_wide((const real *const *)row, of_lane);
            }
            UNROLL for (int k = 0; k < WIDE; k++) row[k] += WIDE;
        }
    }
}

/* ---- spectrum <-> modes ---- */

/* (first + sign[1] second) and (sign[2] third + sign[3] fourth) of a run, at one vector of cosines or sines. */
INLINE vec even_part(const int AXES, const mode_run *r, const real *const *z, int64_t at)
{
    const vec first = load(z[0] + at);
    return AXES == 3 ? first + r->sign[1] * load(z[1] + at) : first;
}
INLINE vec odd_part(const int AXES, const mode_run *r, const real *const *z, int64_t at)
{
    const vec third = AXES > 1 ? r->sign[2] * load(z[2] + at) : (vec){0};
    return AXES == 3 ? third + r->sign[3] * load(z[3] + at) : third;
}

/* Offsets of a run's combinations in the spectrum and of its modes, for the first channel and sample. */
INLINE void run_offsets(const tx_spectral *t, const mode_run *r, int64_t *z, int64_t *real_part)
{
    const int64_t lanes = t->channels * t->samples;
    for (int j = 0; j < 4; j++) {
        z[j] = r->combination[j] * lanes * t->spectrum_pitch;
    }
    *real_part = t->modes.origin + r->group * t->channels * 2 * t->modes.channel + r->at;
}

/* (even - i odd) (cos - i sin) */
INLINE void gather_modes(const int AXES, const tx_spectral *t, const real *spectrum, real *modes)
{
    for (int64_t j = 0; j < t->num_runs; j++) {
        const mode_run *r = &t->runs[j];
        int64_t offset[4], to;
        run_offsets(t, r, offset, &to);
        for (int64_t lane = 0; lane < t->channels * t->samples; lane++) {
            const real *z[4];
            for (int k = 0; k < 4; k++) {
                z[k] = spectrum + offset[k] + lane * t->spectrum_pitch;
            }
            real *y = modes + to + lane / t->samples * 2 * t->modes.channel + lane % t->samples * t->num_modes;
            for (int64_t v = 0; v < t->last; v += VL) {
                vec re = even_part(AXES, r, z, v), im = -even_part(AXES, r, z, t->last + v);
                if (AXES > 1) {
                    re -= odd_part(AXES, r, z, t->last + v);
                    im -= odd_part(AXES, r, z, v);
                }
                const vec weight = t->weighted ? load(t->weight + j * t->last + v) : splat(1);
                store_up_to(y + v, re * weight, t->last - v);
                store_up_to(y + t->modes.channel + v, im * weight, t->last - v);
            }
        }
    }
}

INLINE void add_up_to(real *y, vec v, int64_t n)
{
    store_up_to(y, load(y) + v, n);
}

/* The transpose: cotangents of a mode's parts go to all combinations that it was made of. */
INLINE void scatter_run(const int AXES, const mode_run *r, vec re, vec im, int64_t last, int64_t v, real *const *z)
{
    const int64_t n = last - v;
    if (AXES == 1) {
        store_up_to(z[0] + v, re, n);
        store_up_to(z[0] + last + v, -im, n);
        return;
    }
    add_up_to(z[0] + v, re, n);
    add_up_to(z[0] + last + v, -im, n);
    add_up_to(z[2] + v, -r->sign[2] * im, n);
    add_up_to(z[2] + last + v, -r->sign[2] * re, n);
    if (AXES == 3) {
        add_up_to(z[1] + v, r->sign[1] * re, n);
        add_up_to(z[1] + last + v, -r->sign[1] * im, n);
        add_up_to(z[3] + v, -r->sign[3] * im, n);
        add_up_to(z[3] + last + v, -r->sign[3] * re, n);
    }
}

INLINE void scatter_modes(const int AXES, const tx_spectral *t, const real *modes, real *spectrum)
{
    if (AXES > 1) {
        zero_reals(spectrum, t->spectrum_lanes * t->spectrum_pitch);
    }
    for (int64_t j = 0; j < t->num_runs; j++) {
        const mode_run *r = &t->runs[j];
        int64_t offset[4], from;
        run_offsets(t, r, offset, &from);
        for (int64_t lane = 0; lane < t->channels * t->samples; lane++) {
            real *z[4];
            for (int k = 0; k < 4; k++) {
                z[k] = spectrum + offset[k] + lane * t->spectrum_pitch;
            }
            const real *x = modes + from + lane / t->samples * 2 * t->modes.channel + lane % t->samples * t->num_modes;
            for (int64_t v = 0; v < t->last; v += VL) {
                const vec weight = t->weighted ? load(t->weight + j * t->last + v) : splat(1);
                scatter_run(AXES, r, load(x + v) * weight, load(x + t->modes.channel + v) * weight, t->last, v, z);
            }
        }
    }
}

/* ---- the whole ---- */

void VARIANT(spectral_analyse)(const tx_spectral *t, const void *x, void *modes, void *scratch)
{
    real *work = scratch;
    for (int d = 0; d < t->axes; d++) {
        analyse_axis(t, &t->stages[d], d ? work + t->stages[d - 1].result : (const real *)x, work);
    }
    turn_spectrum(t, false, work);
    switch (t->axes) {
    case 1:
        gather_modes(1, t, work + t->spectrum, modes);
        break;
    case 2:
        gather_modes(2, t, work + t->spectrum, modes);
        break;
    default:
        gather_modes(3, t, work + t->spectrum, modes);
    }
}

void VARIANT(spectral_synthesise)(const tx_spectral *t, const void *modes, const void *add, void *x, void *scratch)
{
    real *work = scratch;
    switch (t->axes) {
    case 1:
        scatter_modes(1, t, modes, work + t->spectrum);
        break;
    case 2:
        scatter_modes(2, t, modes, work + t->spectrum);
        break;
    default:
        scatter_modes(3, t, modes, work + t->spectrum);
    }
    turn_spectrum(t, true, work);
    for (int d = t->axes - 1; d >= 0; d--) {
        clear_unused(&t->stages[d], d < t->axes - 1, work + t->stages[d].result);
        synthesise_axis(t, &t->stages[d], d ? NULL : add, d ? work + t->stages[d - 1].result : (real *)x, work);
    }
}
