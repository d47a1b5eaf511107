/* Forward and backward-data convolution. A tile of accumulators (output channels x vectors of one row) is held in registers
 * over all input channels and taps: one load of inputs for each column, one broadcast weight for each row. */
#include "kernel/vector/conv.h"
#include "kernel/vector/tile.h"
#include "kernel/vector/variant.h"
#include "kernel/vector/winograd.h"

typedef enum ending { PLAIN, POSITIVE, MASKED } ending;

/* Writes the first n reals of a tile's rows. */
INLINE void finish_tile(const int OUT, const int VECTORS, const ending ENDING, int64_t n, const real *m, real *y, int64_t channel,
                        vec (*sum)[TILE_VECTORS])
{
    const bool whole = n >= VECTORS * VL;
    UNROLL for (int o = 0; o < OUT; o++)
    {
        UNROLL for (int v = 0; v < VECTORS; v++)
        {
            const int64_t at = o * channel + v * VL;
            vec s = sum[o][v];
            s = ENDING == POSITIVE ? positive(s) : ENDING == MASKED ? keep_if(load(m + at) > (vec){0}, s) : s;
            if (v < VECTORS - 1 || whole) {
                store(y + at, s);
            } else {
                store_first(y + at, s, n - v * VL);
            }
        }
    }
}

/* n reals of a row, OUT channels, VECTORS at a time; taps come in runs of TAPS unrolled ones. */
INLINE void tile(const int OUT, const int VECTORS, const int TAPS, const tx_conv *conv, int64_t n, const conv_arrays *a)
{
    const real *const x = a->x, *const bias = a->bias, *const m = a->m, *const add = a->add;
    real *const y = a->y;
    const int64_t xs = conv->x_channel, ys = conv->y_channel;
    const bool relu = conv->activation == TX_RELU;
    for (int64_t p = 0; p < n; p += VECTORS * VL) {
        vec sum[TILE_OUT][TILE_VECTORS];
        const real *xi = x + p, *wt = a->packed;
        UNROLL for (int o = 0; o < OUT; o++)
        {
            UNROLL for (int v = 0; v < VECTORS; v++) sum[o][v] = bias ? splat(bias[o]) : (vec){0};
        }
        if (add) {
            UNROLL for (int o = 0; o < OUT; o++)
            {
                UNROLL for (int v = 0; v < VECTORS; v++) sum[o][v] += load(add + o * ys + p + v * VL);
            }
        }
        if (conv->rows > 1) {
            UNROLL for (int o = 0; o < OUT; o++) __builtin_prefetch((m ? m : y) + o * ys + p);
        }
        for (int i = 0; i < conv->in; i++, xi += xs) {
            for (const int64_t *tap = conv->tap, *end = tap + conv->taps; tap < end; tap += TAPS) {
                UNROLL for (int t = 0; t < TAPS; t++, wt += OUT)
                {
                    vec xv[TILE_VECTORS];
                    UNROLL for (int v = 0; v < VECTORS; v++) xv[v] =
                        OUT > 1 ? fetch(xi + tap[t] + v * VL) : load(xi + tap[t] + v * VL);
                    UNROLL for (int o = 0; o < OUT; o++)
                    {
                        const vec weight = splat(wt[o]);
                        UNROLL for (int v = 0; v < VECTORS; v++) sum[o][v] += weight * xv[v];
                    }
                }
            }
        }
        if (m) {
            finish_tile(OUT, VECTORS, MASKED, n - p, m + p, y + p, ys, sum);
        } else if (relu) {
            finish_tile(OUT, VECTORS, POSITIVE, n - p, NULL, y + p, ys, sum);
        } else {
            finish_tile(OUT, VECTORS, PLAIN, n - p, NULL, y + p, ys, sum);
        }
    }
}

typedef void tile_fn(const tx_conv *conv, int64_t n, const conv_arrays *a);

/* TILES(T, taps): T(out, vectors, taps) for every tile of tile.h. */
/* clang-format off */
#if TX_VECTOR_BYTES == 64
#define TILES(T, K) \
    T(1, 1, K) T(1, 2, K) T(1, 3, K) T(1, 4, K) T(1, 5, K) T(1, 6, K) T(1, 7, K) T(1, 8, K) T(1, 9, K) T(1, 10, K) \
        T(1, 11, K) T(1, 12, K) \
    T(2, 1, K) T(2, 2, K) T(2, 3, K) T(2, 4, K) T(2, 5, K) T(2, 6, K) T(2, 7, K) T(2, 8, K) T(2, 9, K) T(2, 10, K) \
    T(3, 1, K) T(3, 2, K) T(3, 3, K) T(3, 4, K) T(3, 5, K) T(3, 6, K) T(3, 7, K) T(3, 8, K) \
    T(4, 1, K) T(4, 2, K) T(4, 3, K) T(4, 4, K) T(4, 5, K) T(4, 6, K) \
    T(5, 1, K) T(5, 2, K) T(5, 3, K) T(5, 4, K) T(5, 5, K) \
    T(6, 1, K) T(6, 2, K) T(6, 3, K) T(6, 4, K) \
    T(7, 1, K) T(7, 2, K) T(7, 3, K) \
    T(8, 1, K) T(8, 2, K) T(8, 3, K) \
    T(9, 1, K) T(9, 2, K) T(10, 1, K) T(10, 2, K) T(11, 1, K) T(11, 2, K) T(12, 1, K) T(12, 2, K) T(13, 1, K) T(13, 2, K) T(14, 1, K) T(14, 2, K)
#else
#define TILES(T, K) \
    T(1, 1, K) T(1, 2, K) T(1, 3, K) T(1, 4, K) T(1, 5, K) T(1, 6, K) T(1, 7, K) T(1, 8, K) \
    T(2, 1, K) T(2, 2, K) T(2, 3, K) T(2, 4, K) T(2, 5, K) \
    T(3, 1, K) T(3, 2, K) T(3, 3, K) \
    T(4, 1, K) T(4, 2, K) T(4, 3, K) \
    T(5, 1, K) T(5, 2, K) \
    T(6, 1, K) T(6, 2, K)
#endif
/* clang-format on */
#define TILE_FUNCTION(OUT, VECTORS, TAPS)                                                                                          \
    static void tile_##OUT##_##VECTORS##_##TAPS(const tx_conv *conv, int64_t n, const conv_arrays *a)                              \
    {                                                                                                                              \
        tile(OUT, VECTORS, TAPS, conv, n, a);                                                                                      \
    }
#define TILE_ENTRY(OUT, VECTORS, TAPS) [OUT - 1][VECTORS - 1] = tile_##OUT##_##VECTORS##_##TAPS,

TILES(TILE_FUNCTION, 1)
static tile_fn *const single_taps[TILE_OUT][TILE_VECTORS] = {TILES(TILE_ENTRY, 1)};
#if TX_VECTOR_BYTES != 64
TILES(TILE_FUNCTION, 3)
static tile_fn *const triple_taps[TILE_OUT][TILE_VECTORS] = {TILES(TILE_ENTRY, 3)};
#else
#define triple_taps single_taps
#endif

/* The same so many reals further in x, and in y and what lies as it does. */
INLINE conv_arrays move(const conv_arrays *a, int64_t x, int64_t y)
{
    return (conv_arrays){a->x + x, a->packed, a->bias, a->m ? a->m + y : NULL, a->add ? a->add + y : NULL, a->y + y};
}

/* One block of output channels, n reals of a row: whole tiles, then one as narrow as what is left. */
INLINE void apply_block(const tx_conv *conv, const conv_block *block, int64_t n, const conv_arrays *a)
{
    const int width = tile_vectors(block->count);
    const int64_t whole = n / (width * VL) * (width * VL), rest = n - whole;
    tile_fn *const *tiles = (UNROLLED_TAPS == 3 && conv->taps % 3 == 0 ? triple_taps : single_taps)[block->count - 1];
    if (whole) {
        tiles[width - 1](conv, whole, a);
    }
    if (rest) {
        const conv_arrays behind = move(a, whole, whole);
        tiles[(rest + VL - 1) / VL - 1](conv, rest, &behind);
    }
}

/* Other activations than relu go over what a block has just written. */
INLINE void finish_block(const tx_conv *conv, const conv_block *block, int64_t n, real *y)
{
    if (conv->activation != TX_IDENTITY && conv->activation != TX_RELU) {
        for (int o = 0; o < block->count; o++) {
            VARIANT(activate_row)(conv->activation, n, y + o * conv->y_channel, y + o * conv->y_channel);
        }
    }
}

/* n reals of a row, all blocks from `first` to `last`. */
INLINE void apply_blocks(const tx_conv *conv, const conv_block *first, const conv_block *last, int64_t n, const conv_arrays *a)
{
    for (const conv_block *block = first; block < last; block++) {
        conv_arrays own = move(a, 0, block->start * conv->y_channel);
        own.packed += block->packed;
        own.bias = a->bias ? a->bias + block->start : NULL;
        if (conv->narrow) {
            VARIANT(narrow_apply)(conv, block, n, &own);
        } else {
            apply_block(conv, block, n, &own);
            finish_block(conv, block, n, own.y);
        }
    }
}

/* A part is some of the strips of all rows, or, where there are too few, some of the blocks. */
INLINE void apply_group(const tx_conv *conv, tx_part part, const conv_arrays *a)
{
    const int64_t strips = (conv->length + conv->strip - 1) / conv->strip, all = conv->rows * strips;
    const tx_part of_strips = all >= part.count ? part : tx_whole, of_blocks = all >= part.count ? tx_whole : part;
    const conv_block *first = conv->block + tx_part_begin(of_blocks, conv->num_blocks),
                     *last = conv->block + tx_part_end(of_blocks, conv->num_blocks);
    for (int64_t k = tx_part_begin(of_strips, all); k < tx_part_end(of_strips, all); k++) {
        const conv_row *row = conv->row + k / strips;
        const int64_t p = k % strips * conv->strip, n = conv->length - p < conv->strip ? conv->length - p : conv->strip;
        const conv_arrays of_row = move(a, row->x + p, row->y + p);
        apply_blocks(conv, first, last, n, &of_row);
    }
}

void VARIANT(conv_strips)(const tx_conv *conv, int64_t n, const real *x, const real *packed, real *y)
{
    for (int64_t p = 0; p < n; p += conv->strip) {
        const conv_arrays a = {.x = x + p, .packed = packed, .y = y + p};
        apply_blocks(conv, conv->block, conv->block + conv->num_blocks, n - p < conv->strip ? n - p : conv->strip, &a);
    }
}

/* Of group g. */
static conv_arrays arrays_of(const tx_conv *conv, int g, const tx_conv_operands *o)
{
    const int64_t out = (int64_t)g * conv->out, at = out * conv->y_channel;
    return (conv_arrays){.x = (const real *)o->x + (int64_t)g * conv->in * conv->x_channel,
                         .bias = o->bias && !conv->flip ? (const real *)o->bias + out : NULL,
                         .m = conv->masked ? (const real *)o->m + at : NULL,
                         .add = o->add ? (const real *)o->add + at : NULL,
                         .y = (real *)o->y + at};
}

void VARIANT(conv_apply)(const tx_conv *conv, tx_part part, const tx_conv_operands *operands)
{
    const real *weights = operands->packed;
    for (; conv; conv = conv->next) {
        const int64_t direct_size = (int64_t)VARIANT(conv_direct_size)(conv) / conv->groups,
                      winograd_size = (int64_t)VARIANT(winograd_packed_size)(conv) / conv->groups;
        const real *winograd_weights = weights + conv->groups * direct_size;
        for (int g = 0; g < conv->groups; g++) {
            conv_arrays a = arrays_of(conv, g, operands);
            a.packed = weights + g * direct_size;
            apply_group(conv, part, &a);
            if (conv->winograd) {
                a.packed = winograd_weights + g * winograd_size;
                VARIANT(winograd_apply)(conv, part, &a, operands->scratch);
            }
        }
        weights = winograd_weights + conv->groups * winograd_size;
    }
}
