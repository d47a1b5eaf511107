/* Strided grids as phases: every s-th cell of a row side by side, so that convolutions find them in whole vectors. A cell is
 * a piece of b reals. Pieces are copied by the next larger constant size: what is too much is overwritten by the piece that
 * follows, so only the last ones of a row are copied exactly. */
#include "kernel/vector/variant.h"

/* How many of `count` pieces side by side leave room for WIDE bytes from their start on. */
INLINE int64_t roomy(int64_t wide, int64_t bytes, int64_t count)
{
    const int64_t pieces = count - (wide + bytes - 1) / bytes + 1;
    return pieces > 0 ? pieces : 0;
}

/* y: count pieces side by side; x: the same `step` reals apart. */
INLINE void gather_wide(const int WIDE, real *y, const real *x, int64_t step, int64_t block, int64_t count)
{
    const int64_t whole = roomy(WIDE, block * (int64_t)sizeof(real), count);
    for (int64_t k = 0; k < whole; k++) {
        __builtin_memcpy(y + k * block, x + k * step, (size_t)WIDE);
    }
    for (int64_t k = whole; k < count; k++) {
        copy_reals(y + k * block, x + k * step, block);
    }
}

static void gather(real *y, const real *x, int64_t step, int64_t block, int64_t count)
{
    const int64_t bytes = block * (int64_t)sizeof(real);
    if (block == 1 && step == 2) { /* a constant: the compiler shuffles vectors */
        for (int64_t k = 0; k < count; k++) {
            y[k] = x[2 * k];
        }
    } else if (block == 1) {
        for (int64_t k = 0; k < count; k++) {
            y[k] = x[k * step];
        }
    } else if (bytes <= 16) {
        gather_wide(16, y, x, step, block, count);
    } else if (bytes <= 32) {
        gather_wide(32, y, x, step, block, count);
    } else if (bytes <= 64) {
        gather_wide(64, y, x, step, block, count);
    } else {
        for (int64_t k = 0; k < count; k++) {
            copy_reals(y + k * block, x + k * step, block);
        }
    }
}

/* x: stride * count pieces side by side, from `stride` phases that are `phase` reals apart. */
INLINE void scatter_wide(const int WIDE, real *x, const real *p, int64_t phase, int64_t stride, int64_t block, int64_t count)
{
    const int64_t whole = roomy(WIDE, block * (int64_t)sizeof(real), stride * count) / stride;
    for (int64_t q = 0; q < whole; q++) {
        for (int64_t r = 0; r < stride; r++, x += block) {
            __builtin_memcpy(x, p + q * block + r * phase, (size_t)WIDE);
        }
    }
    for (int64_t q = whole; q < count; q++) {
        for (int64_t r = 0; r < stride; r++, x += block) {
            copy_reals(x, p + q * block + r * phase, block);
        }
    }
}

static void scatter(real *x, const real *p, int64_t phase, int64_t stride, int64_t block, int64_t count)
{
    const int64_t bytes = block * (int64_t)sizeof(real);
    if (block == 1 && stride == 2) {
        for (int64_t q = 0; q < count; q++) {
            x[2 * q] = p[q];
            x[2 * q + 1] = p[q + phase];
        }
    } else if (bytes <= 16) {
        scatter_wide(16, x, p, phase, stride, block, count);
    } else if (bytes <= 32) {
        scatter_wide(32, x, p, phase, stride, block, count);
    } else if (bytes <= 64) {
        scatter_wide(64, x, p, phase, stride, block, count);
    } else {
        for (int64_t k = 0; k < stride * count; k++) {
            copy_reals(x + k * block, p + k / stride * block + k % stride * phase, block);
        }
    }
}

/* Both tensors seen with three axes: what is missing has one cell, no phases and no distance. */
typedef struct grid {
    int64_t n[3], p[3];                 /* cells of x and of a phase */
    int64_t stride[3], low[3];          /* cell s q + r - low of x is cell q of phase r */
    int64_t x_step[3], p_step[3];       /* reals between cells */
    int64_t phases, x_channel, p_phase; /* phases in all; reals between channels */
    int64_t block;
} grid;

static grid grid_make(const int64_t *stride, const int64_t *low, const tx_layout *lx, const tx_layout *lp)
{
    const int axes = lx->shape.axes;
    grid g = {.phases = 1, .x_channel = lx->channel, .p_phase = lp->channel, .block = lx->block};
    for (int k = 0; k < 3; k++) {
        const int d = axes - 3 + k;
        g.n[k] = d < 0 ? 1 : lx->shape.n[d];
        g.p[k] = d < 0 ? 1 : lp->shape.n[d];
        g.stride[k] = d < 0 || stride[d] < 1 ? 1 : stride[d];
        g.low[k] = d < 0 || !low ? 0 : low[d];
        g.x_step[k] = d < 0 ? 0 : lx->stride[d];
        g.p_step[k] = d < 0 ? 0 : lp->stride[d];
        g.phases *= g.stride[k];
    }
    return g;
}

/* Row `p` of a phase: cells of x's row from `at` on (which may be before its first), `stride` apart; zero where x has none. */
static void split_row(const grid *g, int64_t at, const real *x, real *p)
{
    const int64_t s = g->stride[2], count = g->p[2], b = g->block;
    int64_t first = at < 0 ? (-at + s - 1) / s : 0, end = at >= g->n[2] ? 0 : (g->n[2] - at + s - 1) / s;
    end = end < count ? end : count;
    first = first < end ? first : end;
    zero_reals(p, first * b);
    if (first < end) {
        gather(p + first * b, x + (at + first * s) * b, s * b, b, end - first);
    }
    zero_reals(p + end * b, (count - end) * b);
}

/* One phase of one channel. */
static void split_phase(const grid *g, const int64_t phase[3], const real *x, real *p)
{
    for (int64_t i = 0; i < g->p[0]; i++) {
        for (int64_t j = 0; j < g->p[1]; j++) {
            const int64_t a = g->stride[0] * i + phase[0] - g->low[0], b = g->stride[1] * j + phase[1] - g->low[1];
            real *row = p + i * g->p_step[0] + j * g->p_step[1];
            if (a < 0 || a >= g->n[0] || b < 0 || b >= g->n[1]) {
                zero_reals(row, g->p[2] * g->block);
            } else {
                split_row(g, phase[2] - g->low[2], x + a * g->x_step[0] + b * g->x_step[1], row);
            }
        }
    }
}

void VARIANT(split)(const int64_t stride[TX_MAX_AXES], const int64_t low[TX_MAX_AXES], const tx_layout *lx, const void *x,
                    const tx_layout *lp, void *p)
{
    const grid g = grid_make(stride, low, lx, lp);
    const real *from = (const real *)x + lx->origin;
    real *to = (real *)p + lp->origin;
    for (int64_t c = 0; c < lx->shape.channels; c++, from += g.x_channel) {
        for (int64_t r = 0; r < g.phases; r++, to += g.p_phase) {
            split_phase(&g, (const int64_t[3]){r / g.stride[2] / g.stride[1], r / g.stride[2] % g.stride[1], r % g.stride[2]}, from,
                        to);
        }
    }
}

/* A row of x from the rows of the last axis' phases. */
static void join_row(const grid *g, const real *p, real *x)
{
    const int64_t s = g->stride[2], b = g->block, count = g->n[2] / s;
    scatter(x, p, g->p_phase, s, b, count);
    for (int64_t k = s * count; k < g->n[2]; k++) {
        copy_reals(x + k * b, p + count * b + (k - s * count) * g->p_phase, b);
    }
}

void VARIANT(join)(const int64_t stride[TX_MAX_AXES], const tx_layout *lp, const void *p, const tx_layout *lx, void *x)
{
    const grid g = grid_make(stride, NULL, lx, lp);
    const real *from = (const real *)p + lp->origin;
    real *to = (real *)x + lx->origin;
    for (int64_t c = 0; c < lx->shape.channels; c++, from += g.phases * g.p_phase, to += g.x_channel) {
        for (int64_t i = 0; i < g.n[0]; i++) {
            for (int64_t j = 0; j < g.n[1]; j++) {
                const int64_t r = (i % g.stride[0] * g.stride[1] + j % g.stride[1]) * g.stride[2];
                join_row(&g, from + r * g.p_phase + i / g.stride[0] * g.p_step[0] + j / g.stride[1] * g.p_step[1],
                         to + i * g.x_step[0] + j * g.x_step[1]);
            }
        }
    }
}
