/* Transforms over all axes by lines: real ones along the last axis, gathered from a channel so that each lane of the vectors is
 * one; complex ones along the others, where neighbouring columns lie side by side. */
#include "kernel/vector/lines.h"

#include "base/memory.h"
#include "kernel/vector/line.h"

struct tx_lines {
    tx_layout x, points, modes; /* of the tensor; VL lines' points, and their modes, as tensors of so many samples */
    int64_t half, rows;         /* modes of a line of the last axis; lines of a sample */
    int64_t room;               /* vectors of either array of work */
    tx_line *line[TX_MAX_AXES];
};

/* ---- Creation ---- */

bool VARIANT(lines_exist)(const tx_shape *shape)
{
    bool all = true;
    for (int d = 0; d < shape->axes; d++) {
        all = all && VARIANT(line_exists)(shape->n[d]);
    }
    return all;
}

static tx_layout of_lines(int64_t n)
{
    return tx_layout_make(sizeof(real), (tx_shape){.channels = 1, .axes = 1, .n = {n}}, VL, NULL, NULL);
}

tx_status VARIANT(lines_create)(const tx_layout *x, tx_error *error, tx_lines **out)
{
    const int last = x->shape.axes - 1;
    const int64_t n = x->shape.n[last], half = n / 2 + 1;
    tx_lines *t;
    TX_TRY(tx_allocate(sizeof *t, error, &t));
    *t = (tx_lines){
        .x = *x, .points = of_lines(n), .modes = of_lines(2 * half), .half = half, .rows = tx_shape_points(&x->shape) / n};
    tx_status status = TX_OK;
    for (int d = 0; d <= last && status == TX_OK; d++) {
        const int64_t room = VARIANT(line_room)(x->shape.n[d]);
        t->room = room > t->room ? room : t->room;
        status = VARIANT(line_create)(x->shape.n[d], d == last, error, &t->line[d]);
    }
    if (status != TX_OK) {
        VARIANT(lines_destroy)(t);
        return status;
    }
    *out = t;
    return TX_OK;
}

void VARIANT(lines_destroy)(tx_lines *t)
{
    if (t) {
        for (int d = 0; d < TX_MAX_AXES; d++) {
            VARIANT(line_destroy)(t->line[d]);
        }
        tx_free(t);
    }
}

size_t VARIANT(lines_work)(const tx_lines *t)
{
    return (size_t)(2 * t->room * VL);
}

/* ---- Along the last axis: lines in the order in which their modes lie, sample by sample ---- */

/* Of line k: its first point; the next one is a block further. */
static int64_t line_at(const tx_lines *t, int64_t k)
{
    const int64_t row = k % t->rows;
    return row / t->x.outer[1] * t->x.outer_stride[0] + row % t->x.outer[1] * t->x.outer_stride[1] + k / t->rows;
}

/* Lines side by side already (one axis, samples innermost); each by itself; or whatever else. */
static void take_lines(const tx_lines *t, const real *x, int64_t first, int count, vec *work)
{
    const int64_t n = t->points.shape.n[0], b = t->x.block;
    const void *at[VL];
    for (int k = 0; k < count; k++) {
        at[k] = x + line_at(t, first + k);
    }
    if (t->rows == 1) {
        for (int64_t p = 0; p < n; p++) {
            const real *from = (const real *)at[0] + p * b;
            work[p] = count == VL ? load(from) : load_first(from, count);
        }
    } else if (b == 1) {
        VARIANT(load)(&t->points, at, 0, count, work);
    } else {
        for (int64_t j = 0; j < n * VL; j++) {
            ((real *)work)[j] = j % VL < count ? ((const real *)at[j % VL])[j / VL * b] : 0;
        }
    }
}

static void give_lines(const tx_lines *t, const vec *points, int64_t first, int count, real *x)
{
    const int64_t n = t->points.shape.n[0], b = t->x.block;
    void *at[VL];
    for (int k = 0; k < count; k++) {
        at[k] = x + line_at(t, first + k);
    }
    if (t->rows == 1) {
        for (int64_t p = 0; p < n; p++) {
            real *to = (real *)at[0] + p * b;
            if (count == VL) {
                store(to, points[p]);
            } else {
                store_first(to, points[p], count);
            }
        }
    } else if (b == 1) {
        VARIANT(store)(&t->points, points, at, 0, count);
    } else {
        for (int64_t j = 0; j < n * count; j++) {
            ((real *)at[j % count])[j / count * b] = points[j / count][j % count];
        }
    }
}

typedef void *mode_lines[VL];

static void find_modes(const tx_lines *t, real *modes, int64_t first, int count, mode_lines at)
{
    for (int k = 0; k < count; k++) {
        at[k] = modes + 2 * t->half * (first + k);
    }
}

static int some(int64_t left)
{
    return left < VL ? (int)left : VL;
}

static void rows_to_modes(const tx_lines *t, const real *x, real *modes, vec *work, vec *spare)
{
    const int64_t count = t->rows * t->x.block;
    for (int64_t first = 0; first < count; first += VL) {
        const int lanes = some(count - first);
        mode_lines at;
        find_modes(t, modes, first, lanes, at);
        take_lines(t, x, first, lanes, work);
        VARIANT(store)(&t->modes, VARIANT(line_to_modes)(t->line[t->x.shape.axes - 1], work, spare), at, 0, lanes);
    }
}

static void rows_from_modes(const tx_lines *t, real *modes, real *x, vec *work, vec *spare)
{
    const int64_t count = t->rows * t->x.block;
    for (int64_t first = 0; first < count; first += VL) {
        const int lanes = some(count - first);
        mode_lines at;
        find_modes(t, modes, first, lanes, at);
        VARIANT(load)(&t->modes, (const void *const *)at, 0, lanes, work);
        give_lines(t, VARIANT(line_from_modes)(t->line[t->x.shape.axes - 1], work, spare), first, lanes, x);
    }
}

/* ---- Along another axis: complex columns ---- */

#if TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 2
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#elif TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 4
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#elif TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 8
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif

INLINE vec load_some(const real *p, int64_t n)
{
    return n >= VL ? load(p) : n > 0 ? load_first(p, n) : (vec){0};
}
INLINE void store_some(real *p, vec v, int64_t n)
{
    if (n >= VL) {
        store(p, v);
    } else if (n > 0) {
        store_first(p, v, n);
    }
}

/* `count` columns of n complex numbers, `stride` reals between these. */
static void transform_columns(const tx_line *line, bool backward, int64_t n, int64_t stride, int count, real *z, vec *work,
                              vec *spare)
{
    for (int64_t j = 0; j < n; j++) {
        const vec a = load_some(z + j * stride, 2 * count), b = load_some(z + j * stride + VL, 2 * count - VL);
        work[2 * j] = EVEN(a, b);
        work[2 * j + 1] = ODD(a, b);
    }
    const vec *result = VARIANT(line_complex)(line, backward, work, spare);
    for (int64_t j = 0; j < n; j++) {
        store_some(z + j * stride, LOW(result[2 * j], result[2 * j + 1]), 2 * count);
        store_some(z + j * stride + VL, HIGH(result[2 * j], result[2 * j + 1]), 2 * count - VL);
    }
}

/* Of one sample, all lines along axis d, between which lie `columns` others. */
static void transform_axis(const tx_lines *t, int d, int64_t columns, bool backward, real *modes, vec *work, vec *spare)
{
    const int64_t n = t->x.shape.n[d], size = n * columns, all = t->rows * t->half;
    for (int64_t first = 0; first < all; first += size) {
        for (int64_t c = 0; c < columns; c += VL) {
            transform_columns(t->line[d], backward, n, 2 * columns, some(columns - c), modes + 2 * (first + c), work, spare);
        }
    }
}

static void transform_others(const tx_lines *t, bool backward, real *modes, vec *work, vec *spare)
{
    for (int s = 0; s < t->x.block; s++, modes += 2 * t->rows * t->half) {
        int64_t columns = t->half;
        for (int d = t->x.shape.axes - 2; d >= 0; d--) {
            transform_axis(t, d, columns, backward, modes, work, spare);
            columns *= t->x.shape.n[d];
        }
    }
}

/* ---- Both ---- */

void VARIANT(lines_to_modes)(const tx_lines *t, const real *x, real *modes, void *work)
{
    vec *const spare = (vec *)work + t->room;
    rows_to_modes(t, x, modes, work, spare);
    transform_others(t, false, modes, work, spare);
}

void VARIANT(lines_from_modes)(const tx_lines *t, real *modes, real *x, void *work)
{
    vec *const spare = (vec *)work + t->room;
    transform_others(t, true, modes, work, spare);
    rows_from_modes(t, modes, x, work, spare);
}
