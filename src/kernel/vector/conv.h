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

/* Output channels. */
typedef struct conv_range {
    int begin, end;
} conv_range;

struct tx_conv {
    int groups, in, out, taps; /* channels of one group */
    int64_t kernel_taps;       /* of the weight array; `taps` of them are used */
    int64_t rows, length;      /* rows of a channel, reals in a row */
    int64_t x_channel, y_channel;
    conv_row *row;
    int64_t *tap;         /* [taps] offsets from a row of x */
    int64_t *tap_weight;  /* [taps] which tap of the weight array that is */
    int listed;           /* in * taps, or 0 where that is a very large number */
    int64_t *pair;        /* [listed] offsets of (input channel, tap) in x */
    int64_t *pair_weight; /* [listed] and in the weights of an output channel */
    int num_blocks;
    conv_block *block;
    int64_t strip; /* reals of a row that share a pass over the weights: their inputs stay in L1 */
    bool flip, masked, dense;
    bool narrow; /* dense, of few samples: blocks are of many channels, side by side in vectors */
    tx_activation activation;
    struct conv_winograd *winograd; /* computes the rows that are not in `row`; NULL: they are all there */
    struct tx_conv *next;           /* the next phase of y; NULL: none */
};

/* What a convolution reads and writes, from a first position on. */
typedef struct conv_arrays {
    const real *x, *packed, *bias, *m, *add; /* bias, mask and what is added may be NULL */
    real *y;
} conv_arrays;

/* The largest block where lanes are output channels. */
enum { NARROW_OUT = 8 * VL };
/* One block, n samples. */
void VARIANT(narrow_apply)(const tx_conv *conv, const conv_block *block, int64_t n, const conv_arrays *a);

/* What conv.c, apply.c and weights.c do for a convolution whose counts are set: makes its tables and cuts its channels into
 * blocks, where taps reach `rows` rows of each input channel and `span` reals beyond a strip; */
tx_status VARIANT(conv_tables)(tx_conv *conv, int64_t rows, int64_t span, tx_error *error);
void VARIANT(conv_free_tables)(tx_conv *conv);
/* pairs `first` to first + count - 1, from its taps; */
void VARIANT(conv_list_pairs)(const tx_conv *conv, int first, int count, int64_t *offset, int64_t *place);
/* reals of packed weights, all groups, of the rows that go tap by tap; */
size_t VARIANT(conv_direct_size)(const tx_conv *conv);
/* n reals of its one row, plain, to y; */
void VARIANT(conv_strips)(const tx_conv *conv, int64_t n, const real *x, const real *packed, real *y);
/* the gradients over n reals of its one row, of the output channels that a part has. */
conv_range VARIANT(conv_out_range)(const tx_conv *conv, tx_part part);
void VARIANT(conv_sums)(const tx_conv *conv, tx_part part, int64_t n, const real *x, const real *dy, real *dw);
