/* Copies and linear pointwise operations. */
#include "kernel/vector/rows.h"

#include "kernel/vector/variant.h"

INLINE vec zero_of(vec a, vec b, const vec *k)
{
    return (void)a, (void)b, (void)k, (vec){0};
}
INLINE vec same_of(vec a, vec b, const vec *k)
{
    return (void)b, (void)k, a;
}
INLINE vec product_of(vec a, vec b, const vec *k)
{
    return (void)k, a * b;
}
INLINE vec scaled_of(vec a, vec b, const vec *k)
{
    return (void)b, k[0] * a;
}
INLINE vec combination_of(vec a, vec b, const vec *k)
{
    return k[0] * a + k[1] * b;
}

void VARIANT(zero)(const tx_layout *ly, void *y)
{
    map_rows(zero_of, NULL, ly, y, ly, y, ly, y);
}

void VARIANT(copy)(const tx_layout *lx, const void *x, const tx_layout *ly, void *y)
{
    map_rows(same_of, NULL, lx, x, lx, x, ly, y);
}

/* Every b-th real of each row. */
static void take_row(const real *x, int64_t b, int64_t n, real *y)
{
    for (int64_t k = 0; k < n; k++) {
        y[k] = x[k * b];
    }
}

void VARIANT(take_lane)(int lane, const tx_layout *lx, const void *x, const tx_layout *ly, void *y)
{
    FOR_ROWS(ly) take_row(ROW(lx, (const real *)x) + lane, lx->block, ly->row, ROW(ly, (real *)y));
}

void VARIANT(multiply)(const tx_layout *la, const void *a, const tx_layout *lb, const void *b, const tx_layout *ly, void *y)
{
    map_rows(product_of, NULL, la, a, lb, b, ly, y);
}

void VARIANT(axpby)(double alpha, const tx_layout *la, const void *a, double beta, const tx_layout *lb, const void *b,
                    const tx_layout *ly, void *y)
{
    const vec k[2] = {splat((real)alpha), splat((real)beta)};
    if (b) {
        map_rows(combination_of, k, la, a, lb, b, ly, y);
    } else {
        map_rows(scaled_of, k, la, a, la, a, ly, y);
    }
}

/* A place in a tensor in C order: `left` reals from `at` lie in one row. */
typedef struct cursor {
    const tx_layout *layout;
    int64_t c, i, j, at, left;
} cursor;

static cursor cursor_at_start(const tx_layout *layout)
{
    return (cursor){.layout = layout, .at = layout->origin, .left = layout->row};
}

static void cursor_advance(cursor *cursor, int64_t n)
{
    const tx_layout *layout = cursor->layout;
    cursor->at += n;
    cursor->left -= n;
    if (cursor->left == 0) {
        if (++cursor->j == layout->outer[1]) {
            cursor->j = 0;
            if (++cursor->i == layout->outer[0]) {
                cursor->i = 0;
                cursor->c++;
            }
        }
        const int64_t c = cursor->c, i = cursor->i, j = cursor->j;
        cursor->at = ROW(layout, (int64_t)0);
        cursor->left = layout->row;
    }
}

void VARIANT(reshape)(const tx_layout *lx, const void *x, const tx_layout *ly, void *y)
{
    cursor from = cursor_at_start(lx), to = cursor_at_start(ly);
    while (from.c < lx->shape.channels && to.c < ly->shape.channels) {
        const int64_t n = from.left < to.left ? from.left : to.left;
        copy_reals((real *)y + to.at, (const real *)x + from.at, n);
        cursor_advance(&from, n);
        cursor_advance(&to, n);
    }
}
