/* Register tiles of the transform along one axis: points are folded as they are loaded, and unfolded as they are stored, so
 * that only lanes of the source and rows of the result pass through memory. */
#pragma once

#include "kernel/vector/spectral.h"

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

/* Two parts of one vector of a column: both there are, or those of cosines (even under n -> -n), or those of sines. */
typedef enum pair { BOTH, COSINES, SINES, PAIRS } pair;

INLINE void fold_pair(const pair PAIR, const real *x, const int64_t *cell, vec *part)
{
    const vec a = fetch(x + cell[0]), b = fetch(x + cell[1]);
    if (PAIR == BOTH) {
        part[0] = a + b;
        part[1] = a - b;
        return;
    }
    const vec c = fetch(x + cell[2]), d = fetch(x + cell[3]);
    const vec near = PAIR == COSINES ? a + b : a - b, far = PAIR == COSINES ? c + d : d - c;
    part[0] = near + far;
    part[1] = near - far;
}

/* ROWS rows of both parts of a pair, VECTORS vectors of lanes: y[part][row] = sum over columns of w[column][part][row] x. */
INLINE void analyse_tile(const pair PAIR, const int ROWS, const int VECTORS, const stage *s, const real *x, int64_t stride,
                         const real *w, real *y)
{
    vec sum[2][STAGE_ROWS][STAGE_VECTORS];
    UNROLL for (int k = 0; k < 2 * ROWS; k++)
    {
        UNROLL for (int v = 0; v < VECTORS; v++) sum[k / ROWS][k % ROWS][v] = (vec){0};
    }
    for (int64_t n = 0; n < s->columns; n++, w += 2 * ROWS) {
        int64_t cell[4];
        vec part[STAGE_VECTORS][2];
        images(PAIR == BOTH ? 2 : 4, s, n, stride, cell);
        UNROLL for (int v = 0; v < VECTORS; v++) fold_pair(PAIR, x + v * VL, cell, part[v]);
        UNROLL for (int k = 0; k < 2 * ROWS; k++)
        {
            const vec weight = splat(w[k]);
            UNROLL for (int v = 0; v < VECTORS; v++) sum[k / ROWS][k % ROWS][v] += weight * part[v][k / ROWS];
        }
    }
    UNROLL for (int k = 0; k < 2 * ROWS; k++)
    {
        real *row = y + (k / ROWS * s->rows + k % ROWS) * s->pitch;
        UNROLL for (int v = 0; v < VECTORS; v++) store(row + v * VL, sum[k / ROWS][k % ROWS][v]);
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

/* COLUMNS columns from `first` on, one vector of lanes of which `left` are wanted: column = sum over rows of w[row][part][column]
 * x[part][row], unfolded to its images. Some images are one and the same cell: they get the same value. */
INLINE void synthesise_tile(const int PARTS, const int COLUMNS, const stage *s, const real *x, int64_t first, int64_t left,
                            int64_t stride, real *y)
{
    const real *w = s->to_columns + PARTS * s->rows * first;
    vec sum[4][STAGE_COLUMNS];
    UNROLL for (int k = 0; k < PARTS * COLUMNS; k++) sum[k / COLUMNS][k % COLUMNS] = (vec){0};
    for (int64_t r = 0; r < s->rows; r++, x += s->pitch, w += PARTS * COLUMNS) {
        UNROLL for (int p = 0; p < PARTS; p++)
        {
            const vec row = fetch(x + p * s->rows * s->pitch);
            UNROLL for (int c = 0; c < COLUMNS; c++) sum[p][c] += splat(w[p * COLUMNS + c]) * row;
        }
    }
    UNROLL for (int c = 0; c < COLUMNS; c++)
    {
        int64_t cell[4];
        images(PARTS, s, first + c, stride, cell);
        if (PARTS == 2) {
            store_up_to(y + cell[0], sum[0][c] + sum[1][c], left);
            store_up_to(y + cell[1], sum[0][c] - sum[1][c], left);
        } else {
            const vec even = sum[0][c] + sum[1][c], far_even = sum[0][c] - sum[1][c];
            const vec odd = sum[2][c] + sum[3][c], far_odd = sum[3][c] - sum[2][c];
            store_up_to(y + cell[0], even + odd, left);
            store_up_to(y + cell[1], even - odd, left);
            store_up_to(y + cell[2], far_even + far_odd, left);
            store_up_to(y + cell[3], far_even - far_odd, left);
        }
    }
}

typedef void analyse_fn(const stage *s, const real *x, int64_t stride, const real *w, real *y);
typedef void synthesise_fn(const stage *s, const real *x, int64_t first, int64_t left, int64_t stride, real *y);
#define ANALYSE_FUNCTION(PAIR, ROWS, VECTORS)                                                                                      \
    static void analyse_##PAIR##_##ROWS##_##VECTORS(const stage *s, const real *x, int64_t stride, const real *w, real *y)         \
    {                                                                                                                              \
        analyse_tile(PAIR, ROWS, VECTORS, s, x, stride, w, y);                                                                     \
    }
#define ANALYSE_ENTRY(PAIR, ROWS, VECTORS) [PAIR][ROWS - 1][VECTORS - 1] = analyse_##PAIR##_##ROWS##_##VECTORS,
#define SYNTHESISE_FUNCTION(PARTS, COLUMNS)                                                                                        \
    static void synthesise_##PARTS##_##COLUMNS(const stage *s, const real *x, int64_t first, int64_t left, int64_t stride,         \
                                               real *y)                                                                            \
    {                                                                                                                              \
        synthesise_tile(PARTS, COLUMNS, s, x, first, left, stride, y);                                                             \
    }
#define SYNTHESISE_ENTRY(PARTS, COLUMNS) [PARTS == 4][COLUMNS - 1] = synthesise_##PARTS##_##COLUMNS,

/* clang-format off */
#if TX_VECTOR_BYTES == 64
#define TILE_ROWS(F, P, V) F(P, 1, V) F(P, 2, V) F(P, 3, V) F(P, 4, V) F(P, 5, V) F(P, 6, V) F(P, 7, V)
#define TILE_COLUMNS(F, P) F(P, 1) F(P, 2) F(P, 3) F(P, 4) F(P, 5) F(P, 6)
#else
#define TILE_ROWS(F, P, V) F(P, 1, V) F(P, 2, V) F(P, 3, V)
#define TILE_COLUMNS(F, P) F(P, 1) F(P, 2) F(P, 3)
#endif
#define ANALYSES(F) TILE_ROWS(F, BOTH, 1) TILE_ROWS(F, COSINES, 1) TILE_ROWS(F, SINES, 1) \
                    TILE_ROWS(F, BOTH, 2) TILE_ROWS(F, COSINES, 2) TILE_ROWS(F, SINES, 2)
#define SYNTHESES(F) TILE_COLUMNS(F, 2) TILE_COLUMNS(F, 4)
/* clang-format on */
ANALYSES(ANALYSE_FUNCTION)
SYNTHESES(SYNTHESISE_FUNCTION)
static analyse_fn *const analyses[PAIRS][STAGE_ROWS][STAGE_VECTORS] = {ANALYSES(ANALYSE_ENTRY)};
static synthesise_fn *const syntheses[2][STAGE_COLUMNS] = {SYNTHESES(SYNTHESISE_ENTRY)};
