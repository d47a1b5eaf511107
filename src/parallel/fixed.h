/* Gradients as fixed point: a leaf's element x becomes round(x * 2^scale) in an int64, and in double what that leaves,
 * times 2^low_bits, in a second one. Sums of such limbs do not depend on the order.
 *
 * All of it is exact but for one rounding each, by adding 1.5 * 2^52 (no instruction between int64 and double is needed, AVX2
 * has none), so neither the instruction set nor contraction to fused multiply-add can change a bit. */
#pragma once

#include <stdint.h>

#include "trainax/status.h"

enum {
    TX_SCALE_LIMIT = 1021,  /* 2^scale and 2^-scale are normal doubles */
    TX_FIXED_BITS = 51,     /* |x * 2^scale| < 2^51 at most: the reach of the magic number */
    TX_FIXED_LOW_BITS = 50, /* at most */
};

typedef struct tx_fixed_format {
    int scale;
    int low_bits;
} tx_fixed_format;

/* "top": the largest |x| as the bits of a double (order of doubles = order of their bits; NaN and inf are the largest). */
typedef struct tx_fixed {
    int limbs;
    int64_t (*top)(int64_t n, const void *x);
    /* high[k], low[k] = (theirs & keep) + x[k]; keep: all ones to add, 0 to start a sum. low: two limbs only. Returns the
     * top; where it breaks the bound or is not finite, the limbs are of no use. */
    int64_t (*add)(int64_t n, const void *x, tx_fixed_format format, int64_t keep, int64_t *high, int64_t *low);
    /* x[k] = the sum, rounded once (twice where it is subnormal in double) */
    void (*get)(int64_t n, const int64_t *high, const int64_t *low, tx_fixed_format format, void *x);
} tx_fixed;

/* The widest that this machine has; level 0 (any machine), 1, 2 for one of them (tests), NULL if it does not have it. */
const tx_fixed *tx_fixed_best(tx_precision precision);
const tx_fixed *tx_fixed_at(tx_precision precision, int level);
