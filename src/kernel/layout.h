/* How one tensor of a block of samples lies in memory: (C, *N, b), channels outermost, the b samples of a block innermost.
 *
 * A shift along the last axis is a shift by b reals, so every kernel runs on whole vectors for every N and b. Around the
 * interior every axis has a halo of low[d] cells before and high[d] after it, so that a stencil tap is one constant
 * offset. Channels are an odd number of cache lines apart, which spreads them over the sets of the first-level cache.
 * Behind each channel's last cell there is slack of at least one 64-byte vector: kernels may write whole vectors past the
 * end of a row only into slack or into cells that are written later (the halo, by tx_kernels.halo).
 * Whatever lies in halo and slack may be anything (NaN too) unless the tensor's halo was filled. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/shape.h"

/* All in reals. */
typedef struct tx_layout {
    tx_shape shape;
    int block;                                /* b */
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES]; /* halo cells */
    int64_t stride[TX_MAX_AXES];              /* between neighbours along an axis; the last axis: b */
    int64_t channel;                          /* between channels */
    int64_t origin;                           /* of the first interior cell of channel 0, on a 64-byte boundary */
    int64_t size;                             /* to allocate */
} tx_layout;

tx_layout tx_layout_make(size_t real_bytes, tx_shape shape, int block, const int64_t low[TX_MAX_AXES], const int64_t high[TX_MAX_AXES]);
