/* Making a truncated Fourier transform: stages, matrices, and how rows combine to modes. */
#include "kernel/vector/spectral.h"

#include <math.h>

#include "base/memory.h"
#include "kernel/vector/transpose.h"
#include "kernel/vector/variant.h"

enum { LINE = 64 / sizeof(real) };

static int64_t round_up(int64_t n, int64_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* cos(2 pi j / n): reduced exactly to an eighth of a turn, so that symmetric values are equal and zeros are zero. */
static double turn_cosine(int64_t j, int64_t n)
{
    int64_t quarters = (j % n + n) % n * 4; /* n to a quarter turn */
    quarters = quarters > 2 * n ? 4 * n - quarters : quarters;
    const double sign = quarters > n ? -1 : 1;
    quarters = quarters > n ? 2 * n - quarters : quarters;
    const double unit = M_PI / 2 / (double)n;
    return sign * (2 * quarters > n ? sin(unit * (double)(n - quarters)) : cos(unit * (double)quarters));
}

static double turn_sine(int64_t j, int64_t n)
{
    return turn_cosine(4 * (j % n) - n, 4 * n);
}

/* ---- matrices ---- */

/* Folding counts a point that is its own mirror image twice. */
static double repeated(const stage *s, int64_t column)
{
    return column == 0 || (s->parts == 4 && 4 * column == s->points) ? 0.5 : 1;
}

/* matrix [parts * rows][columns]; `halve`: for folded points, else for values to unfold. */
static void fill_matrix(const stage *s, bool halve, real *matrix)
{
    for (int64_t k = 0; k < s->wavenumbers; k++) {
        for (int64_t n = 0; n < s->columns; n++) {
            const double scale = halve ? repeated(s, n) : 1;
            const int64_t j = k * n % s->points;
            matrix[stage_row(s, false, k) * s->columns + n] = (real)(scale * turn_cosine(j, s->points));
            matrix[stage_row(s, true, k) * s->columns + n] = (real)(scale * turn_sine(j, s->points));
        }
    }
}

static tx_status make_packed(const tx_conv *conv, const real *matrix, tx_error *error, real **out)
{
    TX_TRY(tx_allocate_array(VARIANT(conv_packed_size)(conv) + VL, sizeof(real), error, out));
    VARIANT(conv_pack)(conv, matrix, *out);
    return TX_OK;
}

static tx_status make_products(const stage *s, strip_product *p, const real *halved, const real *plain, tx_error *error)
{
    const tx_shape columns = {.channels = s->parts * s->columns}, rows = {.channels = s->parts * s->rows};
    tx_conv_shape shape = {.x = tx_layout_make(sizeof(real), columns, (int)p->width, NULL, NULL),
                           .y = tx_layout_make(sizeof(real), rows, (int)p->width, NULL, NULL),
                           .groups = s->parts};
    shape.y.channel = s->pitch; /* some lanes of a wider tensor */
    p->fold_pitch = shape.x.channel;
    TX_TRY(VARIANT(conv_create)(&shape, error, &p->analyse));
    const tx_layout folded = shape.x;
    shape.x = shape.y;
    shape.y = folded;
    shape.flip = true;
    TX_TRY(VARIANT(conv_create)(&shape, error, &p->synthesise));
    TX_TRY(make_packed(p->analyse, halved, error, &p->to_rows));
    return make_packed(p->synthesise, plain, error, &p->to_columns);
}

static tx_status make_matrices(stage *s, tx_error *error)
{
    const size_t size = (size_t)(s->parts * s->rows * s->columns);
    real *halved, *plain = NULL;
    TX_TRY(tx_allocate_array(size, sizeof(real), error, &halved));
    tx_status status = tx_allocate_array(size, sizeof(real), error, &plain);
    if (status == TX_OK) {
        fill_matrix(s, true, halved);
        fill_matrix(s, false, plain);
    }
    for (int k = 0; k < 2 && status == TX_OK; k++) {
        status = s->strips[k].width ? make_products(s, &s->strips[k], halved, plain, error) : TX_OK;
    }
    tx_free(halved);
    tx_free(plain);
    return status;
}

/* ---- stages ---- */

/* Folded points of a strip stay in L1; strips are nearly equal. */
static void cut_strips(stage *s)
{
    const int64_t fit = 20480 / (int64_t)sizeof(real) / (s->parts * s->columns) / VL * VL;
    const int64_t most = fit < 2 * VL ? 2 * VL : fit > 8 * VL ? 8 * VL : fit;
    int64_t rest;
    s->together = 1;
    if (s->chunk > most) {
        const int64_t pieces = (s->chunk + most - 1) / most;
        s->strips[0].width = round_up((s->chunk + pieces - 1) / pieces, VL);
        rest = s->chunk % s->strips[0].width;
    } else {
        const int64_t strips = (s->count * s->chunk + most - 1) / most;
        s->together = (s->count + strips - 1) / strips;
        if (s->chunk == 1 && s->together > WIDE) {
            s->together = round_up(s->together, WIDE);
        }
        s->together = s->together < s->count ? s->together : s->count;
        s->strips[0].width = s->together * s->chunk;
        rest = s->count % s->together * s->chunk;
    }
    s->strips[1].width = rest;
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
    TX_TRY(make_matrices(s, error));
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
    int64_t folded = 0, straight = 0;
    for (stage *s = t->stages; s < end; s++) {
        s->result = take(t, s->parts * s->rows * s->pitch);
        for (int k = 0; k < 2; k++) {
            const int64_t size = s->parts * s->columns * s->strips[k].fold_pitch;
            folded = size > folded ? size : folded;
        }
        const int64_t size = s->points * round_up(s->strips[0].width, LINE);
        straight = s->chunk == 1 && size > straight ? size : straight;
    }
    t->spectrum_pitch = round_up(2 * t->last, WIDE);
    t->spectrum_lanes = last->count * last->chunk;
    t->spectrum = take(t, round_up(t->spectrum_lanes, WIDE) * t->spectrum_pitch);
    t->folded = take(t, folded);
    t->straight = take(t, straight);
    t->unused_row = take(t, last->pitch);
}

/* ---- the whole ---- */

static tx_status make(tx_spectral *t, const tx_spectral_shape *shape, tx_error *error)
{
    TX_TRY(make_first(t, shape, error));
    for (int d = 1; d < t->axes; d++) {
        TX_TRY(make_next(t, shape, d, error));
    }
    TX_TRY(make_runs(t, shape, error));
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
    t->channels = shape->x.shape.channels;
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
        for (strip_product *p = s->strips; p < s->strips + 2; p++) {
            VARIANT(conv_destroy)(p->analyse);
            VARIANT(conv_destroy)(p->synthesise);
            tx_free(p->to_rows);
            tx_free(p->to_columns);
        }
        tx_free(s->outer);
    }
    tx_free(t->runs);
    tx_free(t->weight);
    tx_free(t);
}

size_t VARIANT(spectral_scratch)(const tx_spectral *t)
{
    return (size_t)t->scratch;
}
