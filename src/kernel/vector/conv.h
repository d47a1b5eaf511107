/* One convolution's tables: rows, taps, and how channels are cut into register tiles. */
#pragma once

#include "kernel/kernel.h"
#include "kernel/vector/vector.h"

/* A block of output channels of one group, which share a pass over the inputs. */
typedef struct conv_block {
    int start, count; /* output channels */
    int64_t packed;   /* offset of its weights */
} conv_block;

typedef struct conv_row {
    int64_t x, y; /* offsets of a row's first real in channel 0 */
} conv_row;

/* What a part has of n things. */
static inline int64_t part_begin(tx_part part, int64_t n)
{
    return n * part.index / part.count;
}
static inline int64_t part_end(tx_part part, int64_t n)
{
    return n * (part.index + 1) / part.count;
}

struct tx_conv {
    int groups, in, out, taps; /* channels of one group */
    int64_t kernel_taps;       /* of the weight array; `taps` of them are used */
    int64_t rows, length;      /* rows of a channel, reals in a row */
    int64_t x_channel, y_channel;
    conv_row *row;
    int64_t *tap;         /* [taps] offsets from a row of x */
    int64_t *tap_weight;  /* [taps] which tap of the weight array that is */
    int64_t *pair;        /* [in * taps] offsets of (input channel, tap) in x */
    int64_t *pair_weight; /* [in * taps] and in the weights of an output channel */
    int num_blocks;
    conv_block *block;
    int64_t strip; /* reals of a row that share a pass over the weights: their inputs stay in L1 */
    bool flip, masked, dense;
    tx_activation activation;
    struct tx_conv *next; /* the next phase of y; NULL: none */
};
