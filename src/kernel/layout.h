/* How one tensor of a block of samples lies in memory: (C, *N, b), channels outermost, the b samples of a block innermost.
 *
 * A shift along the last axis is a shift by b reals, so every kernel runs on whole vectors for every N and b. Around the
 * interior every axis has a halo of low[d] cells before and high[d] after it, so that a stencil tap is one constant
 * offset. Channels are an odd number of cache lines apart, which spreads them over the sets of the first-level cache.
 * Behind each channel's last cell there is slack of at least one 64-byte vector: kernels READ whole vectors past the end of
 * a row (and drop what they find there), but WRITE the cells of the interior only.
 * Whatever lies in halo and slack may be anything (NaN too) unless the tensor's halo was filled. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/shape.h"

/* All lengths and offsets in reals, except low and high (cells). Made by the functions below only. */
typedef struct tx_layout {
    tx_shape shape;
    int block;                                   /* b */
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES]; /* halo cells */
    int64_t stride[TX_MAX_AXES];                 /* between neighbours along an axis; the last axis: b */
    int64_t channel;                             /* between channels */
    int64_t origin;                              /* of the first interior cell of channel 0, on a 64-byte boundary unless a view */
    int64_t size;                                /* to allocate; a multiple of 64 bytes */
    /* The interior of a channel as kernels walk it: outer[0] x outer[1] contiguous rows. */
    int64_t row;             /* reals in a row: N_last * b, or b without axes */
    int64_t outer[2];        /* rows along the other axes, the slower one first; 1 where there is none */
    int64_t outer_stride[2]; /* between them */
    int64_t period;          /* columns of partial sums in lane sums: a multiple of b and of 64 bytes, a constant of b */
} tx_layout;

/* block >= 1, n >= 1, halos >= 0 (NULL: none). The size of the result is that of the allocation. */
tx_layout tx_layout_make(size_t real_bytes, tx_shape shape, int block, const int64_t low[TX_MAX_AXES],
                         const int64_t high[TX_MAX_AXES]);

/* The same memory, but an interior that is larger by before[d] and after[d] cells along each axis (they come out of the
 * halo), or smaller where negative (they go into it). Used with the tensor's own pointer: a padded tensor is the view that
 * takes in the halo; a crop is a `copy` out of a smaller view; backward-data under a reflecting halo writes such a view. */
tx_layout tx_layout_view(const tx_layout *layout, const int64_t before[TX_MAX_AXES], const int64_t after[TX_MAX_AXES]);

/* The same memory, but channels first … first + count - 1 only: concatenation copies into such parts. */
tx_layout tx_layout_channels(const tx_layout *layout, int64_t first, int64_t count);
