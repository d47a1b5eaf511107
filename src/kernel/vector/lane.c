/* Sums over all cells of each sample, and products with one number a sample. A row is a sequence of segments of `period`
 * reals, in which real j belongs to sample j % b: sums are kept for each column of a segment, and lane scalars are repeated
 * over one. The period is a constant of b, so the order of a sum does not know the length of a vector. */
#include "kernel/vector/columns.h"
#include "kernel/vector/variant.h"

/* What is summed; b is a where there is one operand. */
typedef vec term_fn(vec a, vec b);
INLINE vec plain(vec a, vec b)
{
    return (void)b, a;
}
INLINE vec square_of_difference(vec a, vec b)
{
    return (a - b) * (a - b);
}
INLINE vec product(vec a, vec b)
{
    return a * b;
}

/* GROUP vectors of columns over `segments` segments. */
INLINE void sum_columns(const int VECTORS, term_fn *term, int64_t segments, int64_t period, const real *a, const real *b, real *sum)
{
    vec s[GROUP];
    UNROLL for (int v = 0; v < VECTORS; v++) s[v] = load(sum + v * VL);
    for (int64_t k = 0; k < segments; k++, a += period, b += period) {
        UNROLL for (int v = 0; v < VECTORS; v++) s[v] += term(load(a + v * VL), load(b + v * VL));
    }
    UNROLL for (int v = 0; v < VECTORS; v++) store(sum + v * VL, s[v]);
}

/* Fewer columns than a vector. */
INLINE void sum_few_columns(term_fn *term, int64_t n, int64_t segments, int64_t period, const real *a, const real *b, real *sum)
{
    vec s = load_exactly(sum, n);
    for (int64_t k = 0; k < segments; k++, a += period, b += period) {
        s += term(load_first(a, n), load_first(b, n));
    }
    store_first(sum, s, n);
}

INLINE void sum_segments(term_fn *term, int64_t columns, int64_t segments, int64_t period, const real *a, const real *b, real *sum)
{
    int64_t j = 0;
    for (; segments > 1 && j + GROUP * VL <= columns; j += GROUP * VL) {
        sum_columns(GROUP, term, segments, period, a + j, b + j, sum + j);
    }
    for (; j + VL <= columns; j += VL) {
        sum_columns(1, term, segments, period, a + j, b + j, sum + j);
    }
    if (j < columns) {
        sum_few_columns(term, columns - j, segments, period, a + j, b + j, sum + j);
    }
}

INLINE void scale_into(real alpha, int64_t n, const real *x, real *y)
{
    int64_t j = 0;
    for (; j + VL <= n; j += VL) {
        store(y + j, alpha * load(x + j));
    }
    if (j < n) {
        store_first(y + j, alpha * load(x + j), n - j);
    }
}

INLINE void lane_reduce(term_fn *term, double alpha, const tx_layout *lx, const real *x, const tx_layout *lz, const real *z,
                        real *s)
{
    real buffer[MOST_COLUMNS + VL] __attribute__((aligned(64)));
    const int64_t block = lx->block, period = lx->period, row = lx->row, columns = row < period ? row : period;
    real *sum = period == block ? s : buffer; /* a long block is its own segment */
    const int64_t segments = row / period, rest = row - segments * period;
    zero_reals(sum, columns);
    FOR_ROWS(lx)
    {
        const real *a = ROW(lx, x), *b = ROW(lz, z);
        if (segments) {
            sum_segments(term, period, segments, period, a, b, sum);
        }
        if (rest) {
            sum_segments(term, rest, 1, period, a + segments * period, b + segments * period, sum);
        }
    }
    if (sum == buffer) {
        sum_samples(block, columns, sum);
    }
    scale_into((real)alpha, block, sum, s);
}

void VARIANT(lane_sum)(double alpha, const tx_layout *lx, const void *x, void *s)
{
    lane_reduce(plain, alpha, lx, x, lx, x, s);
}

void VARIANT(lane_dot)(double alpha, const tx_layout *lx, const void *x, const tx_layout *lz, const void *z, void *s)
{
    lane_reduce(product, alpha, lx, x, lz, z, s);
}

void VARIANT(lane_square_error)(double alpha, const tx_layout *lx, const void *x, const tx_layout *lz, const void *z, void *s)
{
    lane_reduce(square_of_difference, alpha, lx, x, lz, z, s);
}

/* y = s * f(x, z, add) over a row: f of the vectors at a place, s the lane scalars times alpha */
typedef vec scaled_fn(vec s, vec x, vec z, vec add);
INLINE vec spread(vec s, vec x, vec z, vec add)
{
    return (void)x, (void)z, (void)add, s;
}
INLINE vec spread_add(vec s, vec x, vec z, vec add)
{
    return (void)x, (void)z, s + add;
}
INLINE vec scaled(vec s, vec x, vec z, vec add)
{
    return (void)z, (void)add, s * x;
}
INLINE vec scaled_add(vec s, vec x, vec z, vec add)
{
    return (void)z, s * x + add;
}
INLINE vec difference(vec s, vec x, vec z, vec add)
{
    return (void)add, s * (x - z);
}
INLINE vec difference_add(vec s, vec x, vec z, vec add)
{
    return s * (x - z) + add;
}

INLINE void scale_row(scaled_fn *f, vec alpha, const pattern *pattern, int64_t row, const real *x, const real *z, const real *add,
                      real *y)
{
    for (int64_t start = 0; start < row; start += pattern->period) {
        const int64_t n = row - start < pattern->period ? row - start : pattern->period;
        int64_t j = 0, p = start;
        for (; j + VL <= n; j += VL, p += VL) {
            store(y + p, f(alpha * load(pattern->s + j), load(x + p), load(z + p), load(add + p)));
        }
        if (j < n) {
            store_first(y + p, f(alpha * load(pattern->s + j), load(x + p), load(z + p), load(add + p)), n - j);
        }
    }
}

/* add: laid out as y. */
INLINE void scale_rows(scaled_fn *f, double alpha, const real *s, tx_tensor x, tx_tensor z, const real *add, tx_tensor y)
{
    const real *xs = x.data, *zs = z.data;
    real *ys = y.data;
    pattern pattern;
    repeat_lanes(s, y.layout, &pattern);
    FOR_ROWS(y.layout)
    scale_row(f, splat((real)alpha), &pattern, y.layout->row, ROW(x.layout, xs), ROW(z.layout, zs), ROW(y.layout, add),
              ROW(y.layout, ys));
}

void VARIANT(lane_scale)(double alpha, const void *s, tx_tensor x, const void *z, tx_tensor y)
{
    if (x.data && z) {
        scale_rows(scaled_add, alpha, s, x, x, z, y);
    } else if (x.data) {
        scale_rows(scaled, alpha, s, x, x, y.data, y);
    } else if (z) {
        scale_rows(spread_add, alpha, s, y, y, z, y);
    } else {
        scale_rows(spread, alpha, s, y, y, y.data, y);
    }
}

void VARIANT(square_error_gradient)(double alpha, const void *s, tx_tensor x, tx_tensor z, const void *add, tx_tensor dx)
{
    if (add) {
        scale_rows(difference_add, alpha, s, x, z, add, dx);
    } else {
        scale_rows(difference, alpha, s, x, z, dx.data, dx);
    }
}
