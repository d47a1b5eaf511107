/* Truncated Fourier transforms, there (analyse) and back (synthesise), which are transposes of each other but for the weights
 * of the modes. */
#include "base/memory.h"
#include "kernel/vector/spectral_tile.h"
#include "kernel/vector/transpose.h"
#include "kernel/vector/variant.h"

/* ---- where lanes are single reals, points side by side: they change places ---- */

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

/* ---- where pieces are shorter than a vector ---- */

#if TX_VECTOR_BYTES == 64
INLINE void store_few(real *y, wide v, int64_t n)
{
#if TX_REAL_BITS == 32
    _mm256_mask_storeu_ps(y, (__mmask8)((1u << n) - 1), (__m256)v);
#else
    _mm256_mask_storeu_pd(y, (__mmask8)((1u << n) - 1), (__m256d)v);
#endif
}
#else
#define store_few store_up_to
#endif

/* Whole vectors are stored: what is beyond a piece is overwritten by the next, or room. */
static void gather(const stage *s, const real *x, const int64_t *outer, int64_t count, real *y)
{
    const int64_t pitch = straight_pitch(s);
    if (s->chunk == 1 && s->stride == 1) {
        straighten(s, x, outer, count, y, pitch);
        return;
    }
    for (int64_t n = 0; n < s->points; n++, x += s->stride, y += pitch) {
        for (int64_t o = 0; s->chunk <= WIDE && o < count; o++) {
            *(unaligned_wide *)(y + o * s->chunk) = *(const unaligned_wide *)(x + outer[o]);
        }
        for (int64_t o = 0; s->chunk > WIDE && o < count; o++) {
            store(y + o * s->chunk, load(x + outer[o]));
        }
    }
}

static void scatter(const stage *s, const real *x, const int64_t *outer, int64_t count, real *y)
{
    const int64_t pitch = straight_pitch(s);
    if (s->chunk == 1 && s->stride == 1) {
        bend(s, x, pitch, outer, count, y);
        return;
    }
    for (int64_t n = 0; n < s->points; n++, x += pitch, y += s->stride) {
        for (int64_t o = 0; s->chunk <= WIDE && o < count; o++) {
            store_few(y + outer[o], *(const unaligned_wide *)(x + o * s->chunk), s->chunk);
        }
        for (int64_t o = 0; s->chunk > WIDE && o < count; o++) {
            store_first(y + outer[o], load(x + o * s->chunk), s->chunk);
        }
    }
}

/* ---- one axis ---- */

/* `run` lanes of all points to rows; whole vectors are stored, so runs come in order. */
static void analyse_run(const stage *s, const real *x, int64_t stride, int64_t run, real *rows)
{
    for (int64_t v = 0, vectors; v < run; v += vectors * VL) {
        const real *w = s->to_rows;
        vectors = run - v > VL ? 2 : 1;
        for (int64_t part = 0; part < s->parts; part += 2) {
            for (int64_t b = 0; b < num_cuts(s->rows, STAGE_ROWS); b++) {
                const int64_t r = cut(s->rows, STAGE_ROWS, b), count = cut(s->rows, STAGE_ROWS, b + 1) - r;
                analyses[s->parts == 2 ? BOTH
                         : part        ? SINES
                                : COSINES][count - 1][vectors - 1](s, x + v, stride, w, rows + (part * s->rows + r) * s->pitch + v);
                w += 2 * count * s->columns;
            }
        }
    }
}

static void synthesise_run(const stage *s, const real *rows, int64_t stride, int64_t run, real *y)
{
    for (int64_t v = 0; v < run; v += VL) {
        for (int64_t b = 0; b < num_cuts(s->columns, STAGE_COLUMNS); b++) {
            const int64_t n = cut(s->columns, STAGE_COLUMNS, b), count = cut(s->columns, STAGE_COLUMNS, b + 1) - n;
            syntheses[s->parts == 4][count - 1](s, rows + v, n, run - v, stride, y + v);
        }
    }
}

static void analyse_axis(const tx_spectral *t, const stage *s, const real *x, real *scratch)
{
    real *straight = scratch + t->straight, *rows = scratch + s->result;
    for (int64_t o = 0; s->chunk >= VL && o < s->count; o++) {
        analyse_run(s, x + s->outer[o], s->stride, s->chunk, rows + o * s->chunk);
    }
    for (int64_t o = 0; s->chunk < VL && o < s->count; o += s->together) {
        const int64_t count = s->count - o < s->together ? s->count - o : s->together;
        gather(s, x, s->outer + o, count, straight);
        analyse_run(s, straight, straight_pitch(s), count * s->chunk, rows + o * s->chunk);
    }
}

static void synthesise_axis(const tx_spectral *t, const stage *s, real *y, real *scratch)
{
    real *straight = scratch + t->straight, *rows = scratch + s->result;
    for (int64_t o = 0; s->chunk >= VL && o < s->count; o++) {
        synthesise_run(s, rows + o * s->chunk, s->stride, s->chunk, y + s->outer[o]);
    }
    for (int64_t o = 0; s->chunk < VL && o < s->count; o += s->together) {
        const int64_t count = s->count - o < s->together ? s->count - o : s->together;
        synthesise_run(s, rows + o * s->chunk, straight_pitch(s), count * s->chunk, straight);
        scatter(s, straight, s->outer + o, count, y);
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
    *real_part = run_offset(t, r);
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

/* The transpose: each combination is a sum over the modes that were made of it. Whole vectors are stored: what lies beyond the
 * end is overwritten by the sines after the cosines, and by the next lane. */
static void scatter_modes(const tx_spectral *t, const real *modes, real *spectrum)
{
    for (int64_t c = 0; c < t->num_combinations; c++) {
        const mode_share *first = t->shares + t->first_share[c], *end = t->shares + t->first_share[c + 1];
        for (int64_t lane = 0; lane < t->channels * t->samples; lane++, spectrum += t->spectrum_pitch) {
            const real *x = modes + lane / t->samples * 2 * t->modes.channel + lane % t->samples * t->num_modes;
            for (int part = 0; part < 2; part++) {
                for (int64_t v = 0; v < t->last; v += VL) {
                    vec sum = {0};
                    for (const mode_share *s = first; s < end; s++) {
                        const vec weight = t->weighted ? load(t->weight + s->weight + v) : splat(1);
                        sum += s->factor[part] * weight * load(x + s->offset[part] + v);
                    }
                    store(spectrum + part * t->last + v, sum);
                }
            }
        }
    }
}

/* ---- the whole ---- */

static void analyse_slice(const tx_spectral *t, const real *x, real *modes, real *scratch)
{
    for (int d = 0; d < t->axes; d++) {
        analyse_axis(t, &t->stages[d], d ? scratch + t->stages[d - 1].result : x, scratch);
    }
    turn_spectrum(t, false, scratch);
    switch (t->axes) {
    case 1:
        gather_modes(1, t, scratch + t->spectrum, modes);
        break;
    case 2:
        gather_modes(2, t, scratch + t->spectrum, modes);
        break;
    default:
        gather_modes(3, t, scratch + t->spectrum, modes);
    }
}

static void synthesise_slice(const tx_spectral *t, const real *modes, real *x, real *scratch)
{
    scatter_modes(t, modes, scratch + t->spectrum);
    turn_spectrum(t, true, scratch);
    for (int d = t->axes - 1; d >= 0; d--) {
        clear_unused(&t->stages[d], d < t->axes - 1, scratch + t->stages[d].result);
        synthesise_axis(t, &t->stages[d], d ? scratch + t->stages[d - 1].result : x, scratch);
    }
}

void VARIANT(spectral_analyse)(const tx_spectral *t, tx_part part, const void *x, void *modes, void *scratch)
{
    if (t->fft) {
        VARIANT(fft_analyse)(t, part, x, modes, scratch);
        return;
    }
    const int64_t end = tx_part_end(part, t->slices) * t->channels;
    for (int64_t k = tx_part_begin(part, t->slices) * t->channels; k < end; k += t->channels) {
        analyse_slice(t, (const real *)x + k * t->x.channel, (real *)modes + 2 * k * t->modes.channel, scratch);
    }
}

void VARIANT(spectral_synthesise)(const tx_spectral *t, tx_part part, const void *modes, void *x, void *scratch)
{
    if (t->fft) {
        VARIANT(fft_synthesise)(t, part, modes, x, scratch);
        return;
    }
    const int64_t end = tx_part_end(part, t->slices) * t->channels;
    for (int64_t k = tx_part_begin(part, t->slices) * t->channels; k < end; k += t->channels) {
        synthesise_slice(t, (const real *)modes + 2 * k * t->modes.channel, (real *)x + k * t->x.channel, scratch);
    }
}
