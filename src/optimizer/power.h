/* decay^count without libm, whose last bit differs between systems: in extended precision, by a table of the powers of each
 * hexadecimal digit of count, so that a power costs a multiplication a digit and no branch that depends on count. */
#pragma once

#include <stdint.h>

#include "trainax/random.h"

enum { TX_POWER_DIGITS = 15 };
typedef struct tx_power {
    int digits; /* base^(16^digits) is nothing beside 1: taken as 0, clear of slow denormal numbers */
    long double powers[TX_POWER_DIGITS][16];
} tx_power;

/* base: as a number of the run's precision */
static inline void tx_power_prepare(tx_power *power, double base, tx_precision precision)
{
    long double unit = precision == TX_FLOAT32 ? (long double)(float)base : (long double)base;
    power->digits = 0;
    while (power->digits < TX_POWER_DIGITS && (power->digits == 0 || unit >= 1e-40L)) {
        long double *powers = power->powers[power->digits++];
        powers[0] = 1;
        for (int k = 1; k < 16; k++) {
            powers[k] = powers[k - 1] * unit;
        }
        unit *= powers[15];
    }
}

static inline long double tx_power_at(const tx_power *power, int64_t count)
{
    long double product = power->powers[0][count & 15];
    if (count >> (4 * power->digits)) {
        return 0;
    }
    for (int k = 1; count >>= 4; k++) {
        product *= power->powers[k][count & 15];
    }
    return product;
}

/* 1 / (1 - base^count), each operation in the run's precision. */
static inline double tx_bias_correction(const tx_power *power, tx_precision precision, int64_t count)
{
    const long double value = tx_power_at(power, count);
    return precision == TX_FLOAT32 ? (double)(1 / (1 - (float)value)) : 1 / (1 - (double)value);
}
