/* Walking over interiors row by row, and pointwise maps. */
#pragma once

#include "kernel/layout.h"
#include "kernel/vector/vector.h"

/* for (every row of the interior: channel c, outer positions i, j); ROW: the row's first real in a tensor of that shape. */
#define FOR_ROWS(layout) FOR_ROWS_OF(layout, 0, (layout)->shape.channels)
#define FOR_ROWS_OF(layout, first, end)                                                                                            \
    for (int64_t c = (first); c < (end); c++)                                                                                      \
        for (int64_t i = 0; i < (layout)->outer[0]; i++)                                                                           \
            for (int64_t j = 0; j < (layout)->outer[1]; j++)
#define ROW(layout, data)                                                                                                          \
    ((data) + (layout)->origin + c * (layout)->channel + i * (layout)->outer_stride[0] + j * (layout)->outer_stride[1])

/* f of the vectors of one or two operands and of constants k. */
typedef vec map_fn(vec a, vec b, const vec *k);

INLINE void map_row(map_fn *f, const vec *k, int64_t n, const real *a, const real *b, real *y)
{
    int64_t p = 0;
    for (; p + VL <= n; p += VL) {
        store(y + p, f(load(a + p), load(b + p), k));
    }
    if (p < n) {
        store_first(y + p, f(load(a + p), load(b + p), k), n - p);
    }
}

INLINE void map_rows(map_fn *f, const vec *k, const tx_layout *la, const real *a, const tx_layout *lb, const real *b,
                     const tx_layout *ly, real *y)
{
    FOR_ROWS(ly) map_row(f, k, ly->row, ROW(la, a), ROW(lb, b), ROW(ly, y));
}
