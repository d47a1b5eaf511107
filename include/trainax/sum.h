/* The exact sum of gradients over blocks, as whoever adds them leaves it: each element x of a leaf as round(x * 2^scale), and in
 * double what that leaves, times 2^low_bits, in a second integer. Integers add up to the same bits in any order. */
#pragma once

#include <stdint.h>

/* Of a leaf that has been zero so far. */
#define TX_SCALE_UNSET INT64_MIN

typedef struct tx_gradient_sum {
    const int64_t *scales; /* one a leaf; where it is unset, the leaf's integers are of no use */
    int low_bits;
    int64_t *words; /* one a parameter; in double as many more behind them */
    int64_t *tops;  /* one a leaf: bits of its largest magnitude as a double; not below infinity's: not finite */
} tx_gradient_sum;
