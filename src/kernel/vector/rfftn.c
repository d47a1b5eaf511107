/* The real Fourier transform over all axes and back, with all its modes: lines along the last axis, then complex transforms over
 * the other axes. Apart, because on the way back the imaginary parts that nobody may see are dropped between the two.
 *
 * By our own transforms of many lines at once (lines.h), where all axes have them; else by FFTW. Its plans are estimates, made for
 * arrays that are aligned as those of every call are: nothing but shapes decides on the bits. */
#include "kernel/vector/rfftn.h"

#include <fftw3.h>

#include "base/memory.h"
#include "kernel/vector/lines.h"

#if TX_REAL_BITS == 32
#define FFTW(name) fftwf_##name
#else
#define FFTW(name) fftw_##name
#endif

enum { LINE = 64 / sizeof(real) };

struct tx_rfft {
    tx_layout x, modes;
    bool weighted;
    int64_t half, rows;             /* modes of a line of the last axis; lines of a channel, of all its samples */
    tx_lines *own;                  /* NULL: there are none, it is FFTW that transforms: */
    FFTW(plan) lines, lines_back;   /* x -> modes, scratch -> x */
    FFTW(plan) others, others_back; /* in modes, in the scratch; NULL: there are no other axes */
};

/* ---- Plans ---- */

/* Along axis d: between neighbours in x and in the modes (complex numbers). */
static FFTW(iodim64) along(const tx_rfft *t, int d)
{
    FFTW(iodim64) dim = {.n = t->x.shape.n[d], .is = t->x.stride[d], .os = 1};
    for (int e = d + 1; e < t->x.shape.axes; e++) {
        dim.os *= e == t->x.shape.axes - 1 ? t->half : t->x.shape.n[e];
    }
    return dim;
}

static FFTW(iodim64) reversed(FFTW(iodim64) dim)
{
    return (FFTW(iodim64)){.n = dim.n, .is = dim.os, .os = dim.is};
}

static FFTW(iodim64) within_modes(FFTW(iodim64) dim)
{
    return (FFTW(iodim64)){.n = dim.n, .is = dim.os, .os = dim.os};
}

static void plan_lines(tx_rfft *t, real *x, FFTW(complex) * modes)
{
    const int others = t->x.shape.axes - 1;
    FFTW(iodim64) last = along(t, others), back = reversed(last), many[TX_MAX_AXES], many_back[TX_MAX_AXES];
    many[others] = (FFTW(iodim64)){.n = t->x.block, .is = 1, .os = t->modes.row / t->x.block / 2};
    for (int d = 0; d < others; d++) {
        many[d] = along(t, d);
    }
    for (int d = 0; d <= others; d++) {
        many_back[d] = reversed(many[d]);
    }
    t->lines = FFTW(plan_guru64_dft_r2c)(1, &last, others + 1, many, x, modes, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
    t->lines_back = FFTW(plan_guru64_dft_c2r)(1, &back, others + 1, many_back, modes, x, FFTW_ESTIMATE);
}

static void plan_others(tx_rfft *t, FFTW(complex) * modes)
{
    const int others = t->x.shape.axes - 1;
    const int64_t sample = t->modes.row / t->x.block / 2;
    FFTW(iodim64) dims[TX_MAX_AXES];
    const FFTW(iodim64) many[] = {{.n = t->half, .is = 1, .os = 1}, {.n = t->x.block, .is = sample, .os = sample}};
    for (int d = 0; d < others; d++) {
        dims[d] = within_modes(along(t, d));
    }
    t->others = FFTW(plan_guru64_dft)(others, dims, 2, many, modes, modes, FFTW_FORWARD, FFTW_ESTIMATE);
    t->others_back = FFTW(plan_guru64_dft)(others, dims, 2, many, modes, modes, FFTW_BACKWARD, FFTW_ESTIMATE);
}

/* Estimates do not look at arrays, only at where they begin. */
static tx_status make_plans(tx_rfft *t, tx_error *error)
{
    const bool single = t->x.shape.axes == 1;
    real *place;
    TX_TRY(tx_allocate_array(4 * LINE, sizeof *place, error, &place));
    plan_lines(t, place + t->x.origin % LINE, (FFTW(complex) *)(place + 2 * LINE));
    if (!single) {
        plan_others(t, (FFTW(complex) *)(place + 2 * LINE));
    }
    tx_free(place);
    return t->lines && t->lines_back && (single || (t->others && t->others_back))
               ? TX_OK
               : tx_error_set(error, TX_FAILURE, "FFTW has no transform of lines of %ld points",
                              (long)t->x.shape.n[t->x.shape.axes - 1]);
}

/* In libtrainax-inference.a FFTW's names are weak: a program that has no such transforms is linked without it. */
static tx_status find_fftw(tx_error *error)
{
    void (*volatile there)(void) = (void (*)(void))FFTW(plan_guru64_dft);
    return there ? TX_OK
                 : tx_error_set(error, TX_INVALID,
                                "the network transforms by FFTW: link the program with its shared libraries, "
                                "-Wl,--no-as-needed -lfftw3f -lfftw3");
}

static tx_status make_either(tx_rfft *t, tx_error *error)
{
    if (VARIANT(lines_exist)(&t->x.shape)) {
        return VARIANT(lines_create)(&t->x, error, &t->own);
    }
    TX_TRY(find_fftw(error));
    return make_plans(t, error);
}

tx_status VARIANT(rfftn_create)(const tx_spectral_shape *shape, tx_error *error, tx_rfft **out)
{
    const tx_layout *x = &shape->x;
    tx_rfft *t;
    TX_TRY(tx_allocate(sizeof *t, error, &t));
    *t = (tx_rfft){.x = *x, .modes = shape->modes, .weighted = shape->weighted, .half = x->shape.n[x->shape.axes - 1] / 2 + 1};
    t->rows = x->block * tx_shape_points(&x->shape) / x->shape.n[x->shape.axes - 1];
    const tx_status status = make_either(t, error);
    if (status != TX_OK) {
        VARIANT(rfftn_destroy)(t);
        return status;
    }
    *out = t;
    return TX_OK;
}

static void destroy_plan(FFTW(plan) plan)
{
    if (plan) { /* a program that has none may be linked without FFTW */
        FFTW(destroy_plan)(plan);
    }
}

void VARIANT(rfftn_destroy)(tx_rfft *t)
{
    if (t) {
        VARIANT(lines_destroy)(t->own);
        destroy_plan(t->lines);
        destroy_plan(t->lines_back);
        destroy_plan(t->others);
        destroy_plan(t->others_back);
        tx_free(t);
    }
}

size_t VARIANT(rfftn_work)(const tx_rfft *t)
{
    return t->own ? VARIANT(lines_work)(t->own) : 0;
}

size_t VARIANT(rfftn_scratch)(const tx_rfft *t)
{
    return (size_t)((t->modes.row + LINE - 1) / LINE * LINE) + VARIANT(rfftn_work)(t);
}

/* ---- Runs ---- */

/* to = from along all lines of the last axis, times `edge` at the wavenumbers that are their own mirror images, else `middle`; to
 * may be from. */
static void scale_lines(const tx_rfft *t, const real *from, real edge, real middle, real *to)
{
    const int64_t reals = 2 * t->half;
    const bool even = t->x.shape.n[t->x.shape.axes - 1] % 2 == 0;
    for (int64_t row = 0; row < t->rows; row++, from += reals, to += reals) {
        const real first[] = {from[0], from[1]}, last[] = {from[reals - 2], from[reals - 1]};
        int64_t k = 0;
        for (; k + VL <= reals; k += VL) {
            store(to + k, middle * load(from + k));
        }
        for (; k < reals; k++) {
            to[k] = middle * from[k];
        }
        to[0] = edge * first[0], to[1] = edge * first[1];
        if (even) {
            to[reals - 2] = edge * last[0], to[reals - 1] = edge * last[1];
        }
    }
}

/* Without the imaginary parts that a real line cannot have. */
static void drop_imaginary(const tx_rfft *t, real *modes)
{
    const int64_t reals = 2 * t->half;
    const bool even = t->x.shape.n[t->x.shape.axes - 1] % 2 == 0;
    for (int64_t row = 0; row < t->rows; row++, modes += reals) {
        modes[1] = 0;
        modes[reals - 1] = even ? 0 : modes[reals - 1];
    }
}

void VARIANT(rfftn_to_modes)(const tx_rfft *t, const real *x, real *modes, void *work)
{
    if (t->own) {
        VARIANT(lines_to_modes)(t->own, x, modes, work);
        return;
    }
    FFTW(execute_dft_r2c)(t->lines, (real *)x, (FFTW(complex) *)modes);
    if (t->others) {
        FFTW(execute_dft)(t->others, (FFTW(complex) *)modes, (FFTW(complex) *)modes);
    }
}

void VARIANT(rfftn_from_modes)(const tx_rfft *t, real *modes, real *x, void *work)
{
    if (t->own) {
        VARIANT(lines_from_modes)(t->own, modes, x, work);
        return;
    }
    if (t->others) {
        FFTW(execute_dft)(t->others_back, (FFTW(complex) *)modes, (FFTW(complex) *)modes);
    }
    drop_imaginary(t, modes);
    FFTW(execute_dft_c2r)(t->lines_back, (FFTW(complex) *)modes, x);
}

void VARIANT(rfftn_forward)(const tx_rfft *t, tx_part part, const void *x, void *modes, void *scratch)
{
    const int64_t channels = t->x.shape.channels;
    const real share = (real)(1 / (double)tx_shape_points(&t->x.shape));
    for (int64_t c = tx_part_begin(part, channels); c < tx_part_end(part, channels); c++) {
        real *to = (real *)modes + t->modes.origin + c * t->modes.channel;
        VARIANT(rfftn_to_modes)(t, (const real *)x + t->x.origin + c * t->x.channel, to, scratch);
        if (t->weighted) {
            scale_lines(t, to, share, 2 * share, to);
        }
    }
}

void VARIANT(rfftn_backward)(const tx_rfft *t, tx_part part, const void *modes, void *x, void *scratch)
{
    const int64_t channels = t->x.shape.channels;
    real *const work = (real *)scratch + VARIANT(rfftn_scratch)(t) - VARIANT(rfftn_work)(t);
    const real share = t->weighted ? (real)(1 / (double)tx_shape_points(&t->x.shape)) : 1;
    for (int64_t c = tx_part_begin(part, channels); c < tx_part_end(part, channels); c++) {
        scale_lines(t, (const real *)modes + t->modes.origin + c * t->modes.channel, share, t->weighted ? share : share / 2,
                    scratch);
        VARIANT(rfftn_from_modes)(t, scratch, (real *)x + t->x.origin + c * t->x.channel, work);
    }
}

/* ---- What happens to modes ---- */

#if TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 2
#define PICK(v, a, b) __builtin_shufflevector(v, v, a, b)
#elif TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 4
#define PICK(v, a, b) __builtin_shufflevector(v, v, a, b, 2 + a, 2 + b)
#elif TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 8
#define PICK(v, a, b) __builtin_shufflevector(v, v, a, b, 2 + a, 2 + b, 4 + a, 4 + b, 6 + a, 6 + b)
#else
#define PICK(v, a, b)                                                                                                              \
    __builtin_shufflevector(v, v, a, b, 2 + a, 2 + b, 4 + a, 4 + b, 6 + a, 6 + b, 8 + a, 8 + b, 10 + a, 10 + b, 12 + a, 12 + b,    \
                            14 + a, 14 + b)
#endif

/* Pairs of reals as complex numbers: x t, or x conj(t). */
INLINE vec complex_product(vec x, vec t, bool conjugate)
{
    lane k[VL];
    UNROLL for (int j = 0; j < VL; j++) k[j] = j % 2 == (conjugate ? 0 : 1) ? 1 : -1;
    mask sign;
    __builtin_memcpy(&sign, k, sizeof sign);
    const vec crossed = PICK(x, 1, 0) * PICK(t, 1, 1);
    return x * PICK(t, 0, 0) + __builtin_convertvector(sign, vec) * crossed;
}

INLINE void multiply_row(const bool CONJUGATE, const real *x, const real *table, int64_t n, real *y)
{
    int64_t k = 0;
    for (; k + VL <= n; k += VL) {
        store(y + k, complex_product(load(x + k), load(table + k), CONJUGATE));
    }
    if (k < n) {
        store_first(y + k, complex_product(load_first(x + k, n - k), load_exactly(table + k, n - k), CONJUGATE), n - k);
    }
}

void VARIANT(multiply_modes)(tx_part part, bool conjugate, int64_t tables, const tx_layout *lx, const void *x, const void *table,
                             const tx_layout *ly, void *y)
{
    const int64_t n = ly->row / ly->block, rows = ly->shape.channels * ly->block;
    for (int64_t k = tx_part_begin(part, rows); k < tx_part_end(part, rows); k++) {
        const int64_t c = k / ly->block, at = k % ly->block * n;
        const real *from = (const real *)x + lx->origin + c * lx->channel + at, *t = (const real *)table + (tables > 1 ? c * n : 0);
        real *to = (real *)y + ly->origin + c * ly->channel + at;
        if (conjugate) {
            multiply_row(true, from, t, n, to);
        } else {
            multiply_row(false, from, t, n, to);
        }
    }
}
