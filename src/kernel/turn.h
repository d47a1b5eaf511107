/* Cosines and sines of parts of a turn. */
#pragma once

#include <math.h>
#include <stdint.h>

/* cos(2 pi j / n): reduced exactly to an eighth of a turn, so that symmetric values are equal and zeros are zero. */
static inline double tx_turn_cosine(int64_t j, int64_t n)
{
    int64_t quarters = (j % n + n) % n * 4; /* n to a quarter turn */
    quarters = quarters > 2 * n ? 4 * n - quarters : quarters;
    const double sign = quarters > n ? -1 : 1;
    quarters = quarters > n ? 2 * n - quarters : quarters;
    const double unit = M_PI / 2 / (double)n;
    return sign * (2 * quarters > n ? sin(unit * (double)(n - quarters)) : cos(unit * (double)quarters));
}

static inline double tx_turn_sine(int64_t j, int64_t n)
{
    return tx_turn_cosine(4 * (j % n) - n, 4 * n);
}
