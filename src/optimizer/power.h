/* decay^count without libm, whose last bit differs between systems: by squaring, in extended precision. */
#pragma once

#include <stdint.h>

static inline long double tx_power(long double base, int64_t count)
{
    long double power = 1;
    for (; count > 0; count >>= 1) {
        if (count & 1) {
            power *= base;
        }
        base *= base;
        if (base < 1e-40L && count > 1) {
            return 0; /* nothing is left of it beside 1; also keeps clear of slow denormal numbers */
        }
    }
    return power;
}
