/* Making a truncated Fourier transform: stages, matrices, and how rows combine to modes. */
#include "kernel/vector/spectral.h"

#include "base/memory.h"
#include "kernel/turn.h"
#include "kernel/vector/transpose.h"
#include "kernel/vector/variant.h"

enum { LINE = 64 / sizeof(real) };

static int64_t round_up(int64_t n, int64_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* ---- matrices ---- */

/* Folding counts a point that is its own mirror image twice. */
static double repeated(const stage *s, int64_t column)
{
    return column == 0 || (s->parts == 4 && 4 * column == s->points) ? 0.5 : 1;
}

/* The factor of row r of a part at a column; a part's last row may have no wavenumber. */
static double factor(const stage *s, int64_t part, int64_t r, int64_t n)
{
    const bool sine = s->parts == 4 ? part >= 2 : part == 1;
    const int64_t k = s->parts == 4 ? 2 * r + part % 2 : r, j = k * n % s->points;
    return k >= s->wavenumbers ? 0 : sine ? tx_turn_sine(j, s->points) : tx_turn_cosine(j, s->points);
}

static void fill_to_rows(const stage *s, real *w)
{
    for (int64_t part = 0; part < s->parts; part += 2) {
        for (int64_t b = 0; b < num_cuts(s->rows, STAGE_ROWS); b++) {
            for (int64_t n = 0; n < s->columns; n++) {
                for (int64_t p = part; p < part + 2; p++) {
                    for (int64_t r = cut(s->rows, STAGE_ROWS, b); r < cut(s->rows, STAGE_ROWS, b + 1); r++) {
                        *w++ = (real)(repeated(s, n) * factor(s, p, r, n));
                    }
                }
            }
        }
    }
}

static void fill_to_columns(const stage *s, real *w)
{
    for (int64_t b = 0; b < num_cuts(s->columns, STAGE_COLUMNS); b++) {
        for (int64_t r = 0; r < s->rows; r++) {
            for (int64_t p = 0; p < s->parts; p++) {
                for (int64_t n = cut(s->columns, STAGE_COLUMNS, b); n < cut(s->columns, STAGE_COLUMNS, b + 1); n++) {
                    *w++ = (real)factor(s, p, r, n);
                }
            }
        }
    }
}

static size_t matrix_size(const stage *s)
{
    return (size_t)(s->parts * s->rows * s->columns);
}

static tx_status make_matrices(stage *s, tx_error *error)
{
    const size_t size = matrix_size(s);
    TX_TRY(tx_allocate_array(size, sizeof(real), error, &s->to_rows));
    TX_TRY(tx_allocate_array(size, sizeof(real), error, &s->to_columns));
    fill_to_rows(s, s->to_rows);
    fill_to_columns(s, s->to_columns);
    return TX_OK;
}

/* ---- stages ---- */

/* All points of a strip stay in L1; strips are nearly equal, and where they are transposed, whole blocks of that. */
static void cut_strips(stage *s)
{
    const int64_t fit = 20480 / (int64_t)sizeof(real) / s->points, widest = 8 * VL, narrowest = 2 * VL;
    const int64_t most = fit < narrowest ? narrowest : fit > widest ? widest : fit;
    const int64_t strips = (s->count * s->chunk + most - 1) / most;
    s->together = (s->count + strips - 1) / strips;
    if (s->chunk == 1 && s->together > WIDE) {
        s->together = round_up(s->together, WIDE);
    }
    s->together = s->together < s->count ? s->together : s->count;
}

/* What axis d has of wavenumbers: of both signs but for the last axis. */
static int64_t wavenumbers(const tx_spectral_shape *shape, int d)
{
    return shape->count[d] + (d < shape->x.shape.axes - 1);
}

static tx_status size_stage(stage *s, int64_t points, int64_t wavenumbers, int64_t count, tx_error *error)
{
    s->points = points;
    s->wavenumbers = wavenumbers;
    s->parts = points % 2 ? 2 : 4;
    s->columns = points % 2 ? (points + 1) / 2 : points / 4 + 1;
    s->rows = points % 2 ? wavenumbers : (wavenumbers + 1) / 2;
    s->count = count;
    s->pitch = round_up(count * s->chunk + LINE, LINE);
    cut_strips(s);
    return tx_allocate_array((size_t)count, sizeof *s->outer, error, &s->outer);
}

/* The first axis is read from the tensor: its pieces are rows, or for one axis the samples of a point. */
static tx_status make_first(tx_spectral *t, const tx_spectral_shape *shape, tx_error *error)
{
    stage *s = &t->stages[0];
    const tx_layout *x = &shape->x;
    const int axes = t->axes;
    const int64_t rows = axes == 3 ? x->shape.n[1] : 1;
    s->stride = x->stride[0];
    s->chunk = axes == 1 ? x->block : x->row;
    TX_TRY(size_stage(s, x->shape.n[0], wavenumbers(shape, 0), t->channels * rows, error));
    for (int64_t k = 0; k < s->count; k++) {
        s->outer[k] = x->origin + k / rows * x->channel + (axes == 3 ? k % rows * x->stride[1] : 0);
    }
    return TX_OK;
}

/* Combination r of a stage's used rows: cos of 0 … K - 1, then sin of 1 … K - 1. */
static int64_t used_row(const stage *s, int64_t r)
{
    return r < s->wavenumbers ? stage_row(s, false, r) : stage_row(s, true, r - s->wavenumbers + 1);
}

/* Axis d is read from the result of axis d - 1: pieces are (its row, the combinations and channels before). */
static tx_status make_next(tx_spectral *t, const tx_spectral_shape *shape, int d, tx_error *error)
{
    stage *s = &t->stages[d];
    const stage *before = &t->stages[d - 1];
    int64_t inner = shape->x.block;
    for (int e = d + 1; e < t->axes; e++) {
        inner *= shape->x.shape.n[e];
    }
    const int64_t points = shape->x.shape.n[d], pieces = before->count * before->chunk / (points * inner);
    const int64_t used = 2 * before->wavenumbers - 1;
    s->stride = s->chunk = inner;
    TX_TRY(size_stage(s, points, wavenumbers(shape, d), used * pieces, error));
    for (int64_t k = 0; k < s->count; k++) {
        s->outer[k] = used_row(before, k / pieces) * before->pitch + k % pieces * points * inner;
    }
    return TX_OK;
}

/* ---- modes ---- */

/* The used row of |k|, cos or sin; where there is no sine, any, with factor 0. */
static int64_t used_index(const stage *s, bool sine, int64_t k, real *factor)
{
    const bool none = sine && k == 0;
    *factor = none ? 0 : *factor;
    return sine && !none ? s->wavenumbers + k - 1 : k;
}

static int64_t wavenumber(int64_t group, int d, int64_t index, int64_t count)
{
    return group >> d & 1 ? index - count : index;
}

/* The run of `lead` (indices of all axes but the last). (C0 - i s0 S0)(C1 - i s1 S1) = (C0 C1 - s0 s1 S0 S1) - i (s0 S0 C1 + s1 C0
 * S1) */
static mode_run make_run(const tx_spectral *t, const tx_spectral_shape *shape, int64_t group, const int64_t *lead)
{
    static const bool sine[4][2] = {{false, false}, {true, true}, {true, false}, {false, true}};
    mode_run run = {.group = group, .sign = {1, 0, 0, 0}};
    real sign[2] = {0, 0};
    int64_t k[2] = {0, 0};
    for (int d = 0; d < t->axes - 1; d++) {
        run.at = run.at * shape->count[d] + lead[d];
        k[d] = wavenumber(group, d, lead[d], shape->count[d]);
        run.line = run.line * shape->x.shape.n[d] + (k[d] < 0 ? k[d] + shape->x.shape.n[d] : k[d]);
        sign[d] = k[d] < 0 ? -1 : 1;
        k[d] = k[d] < 0 ? -k[d] : k[d];
    }
    run.at *= t->last;
    run.sign[1] = -sign[0] * sign[1];
    run.sign[2] = sign[0];
    run.sign[3] = sign[1];
    for (int j = 0; j < 4; j++) {
        for (int d = t->axes - 2; d >= 0; d--) {
            const int64_t size = 2 * t->stages[d].wavenumbers - 1;
            run.combination[j] = run.combination[j] * size + used_index(&t->stages[d], sine[j][d], k[d], &run.sign[j]);
        }
    }
    return run;
}

/* The blocks of low and high wavenumbers overlap where there are many: the original writes the later group over the earlier. */
static bool overwritten(const tx_spectral_shape *shape, int64_t group, const int64_t *lead)
{
    for (int d = 0; d < shape->x.shape.axes - 1; d++) {
        if (!(group >> d & 1) && lead[d] >= shape->x.shape.n[d] - shape->count[d]) {
            return true;
        }
    }
    return false;
}

/* Modes with a mirror image count twice in the inverse. */
static void weigh_run(const tx_spectral *t, const tx_spectral_shape *shape, bool lost, real *weight)
{
    const int64_t points = shape->x.shape.n[t->axes - 1];
    const double unit = 1 / (double)tx_shape_points(&shape->x.shape);
    for (int64_t k = 0; k < t->last; k++) {
        weight[k] = (real)(lost ? 0 : k == 0 || 2 * k == points ? unit : 2 * unit);
    }
}

static tx_status make_runs(tx_spectral *t, const tx_spectral_shape *shape, tx_error *error)
{
    const int64_t groups = (int64_t)1 << (t->axes - 1), leads = t->num_modes / t->last;
    t->num_runs = groups * leads;
    TX_TRY(tx_allocate_array((size_t)t->num_runs, sizeof *t->runs, error, &t->runs));
    TX_TRY(tx_allocate_array((size_t)(t->num_runs * t->last + VL), sizeof(real), error, &t->weight));
    for (int64_t r = 0; r < t->num_runs; r++) {
        int64_t lead[TX_MAX_AXES] = {0}, rest = r % leads;
        for (int d = t->axes - 2; d >= 0; rest /= shape->count[d], d--) {
            lead[d] = rest % shape->count[d];
        }
        t->runs[r] = make_run(t, shape, r / leads, lead);
        weigh_run(t, shape, overwritten(shape, r / leads, lead), t->weight + r * t->last);
    }
    return TX_OK;
}

/* (first + sign[1] second) - i (sign[2] third + sign[3] fourth), times cos - i sin: what combination j of the run gets back. */
static mode_share make_share(const tx_spectral *t, const mode_run *run, int j)
{
    const bool odd = j >= 2;
    const int64_t at = run_offset(t, run), imaginary = t->modes.channel;
    return (mode_share){.offset = {at + (odd ? imaginary : 0), at + (odd ? 0 : imaginary)},
                        .factor = {odd ? -run->sign[j] : run->sign[j], -run->sign[j]},
                        .weight = (run - t->runs) * t->last};
}

static tx_status make_shares(tx_spectral *t, tx_error *error)
{
    t->num_combinations = 1;
    for (int d = 0; d < t->axes - 1; d++) {
        t->num_combinations *= 2 * t->stages[d].wavenumbers - 1;
    }
    TX_TRY(tx_allocate_array((size_t)(4 * t->num_runs), sizeof *t->shares, error, &t->shares));
    TX_TRY(tx_allocate_array((size_t)(t->num_combinations + 1), sizeof *t->first_share, error, &t->first_share));
    int64_t count = 0;
    for (int64_t c = 0; c < t->num_combinations; c++) {
        for (int64_t k = 0; k < 4 * t->num_runs; k++) {
            const mode_run *run = &t->runs[k / 4];
            if (run->combination[k % 4] == c && run->sign[k % 4] != 0) {
                t->shares[count++] = make_share(t, run, (int)(k % 4));
            }
        }
        t->first_share[c + 1] = count;
    }
    return TX_OK;
}

/* ---- scratch ---- */

static int64_t take(tx_spectral *t, int64_t reals)
{
    const int64_t at = t->scratch;
    t->scratch += round_up(reals + LINE, LINE);
    return at;
}

static void place_scratch(tx_spectral *t)
{
    const stage *end = t->stages + t->axes, *last = end - 1;
    int64_t straight = 0;
    for (stage *s = t->stages; s < end; s++) {
        s->result = take(t, s->parts * s->rows * s->pitch);
        const int64_t size = s->points * straight_pitch(s);
        straight = s->chunk < VL && size > straight ? size : straight;
    }
    t->spectrum_pitch = round_up(2 * t->last, WIDE);
    t->spectrum_lanes = last->count * last->chunk;
    t->spectrum = take(t, round_up(t->spectrum_lanes, WIDE) * t->spectrum_pitch);
    t->straight = take(t, straight);
    t->unused_row = take(t, last->pitch);
}

/* ---- the whole ---- */

/* Slices of equal size that stay in the second-level cache with what becomes of them, or single channels. */
static int64_t count_slices(const tx_layout *x)
{
    enum { FIT = 196608 / sizeof(real) };
    int64_t slices = 1;
    while (slices < x->shape.channels && (x->shape.channels % slices || x->shape.channels / slices * x->channel > FIT)) {
        slices++;
    }
    return slices;
}

static tx_status make(tx_spectral *t, const tx_spectral_shape *shape, tx_error *error)
{
    if (VARIANT(fft_is_faster)(shape)) {
        TX_TRY(make_runs(t, shape, error));
        return VARIANT(fft_create)(t, error);
    }
    TX_TRY(make_first(t, shape, error));
    for (int d = 1; d < t->axes; d++) {
        TX_TRY(make_next(t, shape, d, error));
    }
    TX_TRY(make_runs(t, shape, error));
    TX_TRY(make_shares(t, error));
    place_scratch(t);
    return TX_OK;
}

tx_status VARIANT(spectral_create)(const tx_spectral_shape *shape, tx_error *error, tx_spectral **out)
{
    tx_spectral *t;
    TX_TRY(tx_allocate(sizeof *t, error, &t));
    t->axes = shape->x.shape.axes;
    t->weighted = shape->weighted;
    t->x = shape->x;
    t->modes = shape->modes;
    t->slices = count_slices(&shape->x);
    t->channels = shape->x.shape.channels / t->slices;
    t->samples = shape->x.block;
    t->last = shape->count[t->axes - 1];
    t->num_modes = shape->modes.shape.n[0];
    const tx_status status = make(t, shape, error);
    if (status != TX_OK) {
        VARIANT(spectral_destroy)(t);
        return status;
    }
    *out = t;
    return TX_OK;
}

void VARIANT(spectral_destroy)(tx_spectral *t)
{
    if (!t) {
        return;
    }
    for (stage *s = t->stages; s < t->stages + TX_MAX_AXES; s++) {
        tx_free(s->to_rows);
        tx_free(s->to_columns);
        tx_free(s->outer);
    }
    VARIANT(fft_destroy)(t->fft);
    tx_free(t->runs);
    tx_free(t->shares);
    tx_free(t->first_share);
    tx_free(t->weight);
    tx_free(t);
}

size_t VARIANT(spectral_bytes)(const tx_spectral *t)
{
    size_t reals = 0;
    for (int d = 0; d < t->axes && !t->fft; d++) {
        reals += 2 * matrix_size(&t->stages[d]);
    }
    return reals * sizeof(real);
}

tx_status VARIANT(spectral_prepare)(tx_spectral *t, tx_error *error)
{
    for (int d = 0; d < t->axes && !t->fft; d++) {
        TX_TRY(make_matrices(&t->stages[d], error));
    }
    return TX_OK;
}

size_t VARIANT(spectral_scratch)(const tx_spectral *t)
{
    return (size_t)t->scratch;
}
