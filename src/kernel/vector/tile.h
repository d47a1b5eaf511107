/* Register tiles of conv_apply: OUT output channels x VECTORS vectors of one row are accumulated at once. */
#pragma once

#include "kernel/vector/vector.h"

/* The tallest tile; TILE_WIDTHS: the most vectors for 1, 2, … output channels. The accumulators, one vector of inputs for
 * each column and one weight fill the registers: 32 with AVX-512, else 16. */
#if TX_VECTOR_BYTES == 64
enum { TILE_OUT = 14, TILE_VECTORS = 12, UNROLLED_TAPS = 1 }; /* 24 multiplications hide the loop over taps as it is */
#define TILE_WIDTHS                                                                                                                \
    {                                                                                                                              \
        12, 10, 8, 6, 5, 4, 3, 3, 2, 2, 2, 2, 2, 2                                                                                 \
    }
#else
enum { TILE_OUT = 6, TILE_VECTORS = 8, UNROLLED_TAPS = 3 };
#define TILE_WIDTHS                                                                                                                \
    {                                                                                                                              \
        8, 5, 3, 3, 2, 2                                                                                                           \
    }
#endif

static const int8_t tile_widths[] = TILE_WIDTHS;

static inline int tile_vectors(int out)
{
    return tile_widths[out - 1];
}

/* Time of a tile for one input channel and tap, in multiplications: they need registers to hide their latency, and loads. */
static inline int64_t tile_cost(int64_t out, int64_t vectors)
{
    const int64_t latency = 8, loads = out + vectors, least = loads > latency ? loads : latency, work = out * vectors;
    return (work > least ? work : least) + 2 + (TX_VECTOR_BYTES == 64 ? vectors : 0); /* loads of x cross lines */
}

static inline int64_t block_cost(int out, int64_t vectors)
{
    const int64_t width = tile_vectors(out), rest = vectors % width;
    return vectors / width * tile_cost(out, width) + (rest ? tile_cost(out, rest) : 0);
}

/* Of `out` channels in so many blocks of nearly equal size. */
static inline int64_t blocks_cost(int out, int blocks, int64_t vectors)
{
    const int small = out / blocks, larger = out % blocks;
    return (blocks - larger) * block_cost(small, vectors) + (larger ? larger * block_cost(small + 1, vectors) : 0);
}

/* Into how many blocks of nearly equal size to cut `out` channels, where a row has `vectors` vectors: few, since each block
 * reads all inputs. */
static inline int tile_blocks(int out, int64_t vectors)
{
    const int least = (out + TILE_OUT - 1) / TILE_OUT;
    int best = least;
    int64_t best_cost = INT64_MAX;
    for (int blocks = least; blocks <= out && blocks <= least + 1; blocks++) {
        const int64_t cost = blocks_cost(out, blocks, vectors);
        if (cost < best_cost) {
            best_cost = cost;
            best = blocks;
        }
    }
    return best;
}
