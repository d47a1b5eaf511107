/* exp and its relatives on vectors, to about 1 ulp, NaN in and NaN out. v = k ln 2 + r with |r| <= ln 2 / 2; then
 * exp v = 2^k + 2^k (exp r - 1), the last factor by its Taylor series, whose first neglected term is below half an ulp. */
#pragma once

#include "kernel/vector/vector.h"

typedef struct power {
    vec scale, rest; /* 2^k, exp r - 1 */
} power;

INLINE power power_of(vec v)
{
#if TX_REAL_BITS == 32
    enum { TERMS = 6, MANTISSA = 23, BIAS = 127 };
    const real round = 12582912, ln2_high = (real)0.693359375, ln2_low = (real)-2.12194440054690583e-4;
    v = clamp(v, -87, 88);
#else
    enum { TERMS = 12, MANTISSA = 52, BIAS = 1023 };
    const real round = 6755399441055744.0, ln2_high = 0.69314718036912381649, ln2_low = 1.9082149292705877e-10;
    v = clamp(v, -708, 709);
#endif
    static const double inverse_factorial[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                               1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                               1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
    const vec t = v * (real)1.4426950408889634 + round; /* 1.5 * 2^MANTISSA: adding it rounds to an integer, in the low bits */
    const vec k = t - round;
    const vec r = (v - k * ln2_high) - k * ln2_low;
    vec p = splat((real)inverse_factorial[TERMS - 1]);
    UNROLL for (int n = TERMS - 2; n >= 0; n--) p = p * r + (real)inverse_factorial[n];
    const mask exponent = (mask)t - (mask)splat(round) + BIAS;
    return (power){(vec)(exponent << MANTISSA), p * (r * r) + r};
}

INLINE vec vector_exp(vec v)
{
    const power e = power_of(v);
    return e.scale * e.rest + e.scale;
}

/* 2^v = 2^k 2^f with |f| <= 1/2, both without rounding. The series of 2^f loses its last term to those before it by the
 * Chebyshev polynomial of its degree (x^7 = (112 x^5 - 56 x^3 + 7 x) / 64 to 1/64 on [-1, 1]) in single precision. */
INLINE vec vector_exp2(vec v)
{
#define LN2 0.69314718055994531
#define LN2_2 (LN2 * LN2)
#define LN2_4 (LN2_2 * LN2_2)
#if TX_REAL_BITS == 32
    enum { DEGREE = 6, MANTISSA = 23, BIAS = 127 };
    const real round = 12582912;
    v = clamp(v, -126, 126);
    static const double seventh = LN2_4 * LN2_2 * LN2 / 5040; /* times 2^-7 on [-1/2, 1/2] */
    static const double term[] = {1,
                                  LN2 + seventh * 7 / 4096,
                                  LN2_2 / 2,
                                  LN2_2 * LN2 / 6 - seventh * 56 / 1024,
                                  LN2_4 / 24,
                                  LN2_4 * LN2 / 120 + seventh * 112 / 256,
                                  LN2_4 * LN2_2 / 720};
#else
    enum { DEGREE = 13, MANTISSA = 52, BIAS = 1023 };
    const real round = 6755399441055744.0;
    v = clamp(v, -1022, 1022);
    static const double term[] = {1,
                                  LN2,
                                  LN2_2 / 2,
                                  LN2_2 * LN2 / 6,
                                  LN2_4 / 24,
                                  LN2_4 * LN2 / 120,
                                  LN2_4 * LN2_2 / 720,
                                  LN2_4 * LN2_2 * LN2 / 5040,
                                  LN2_4 * LN2_4 / 40320,
                                  LN2_4 * LN2_4 * LN2 / 362880,
                                  LN2_4 * LN2_4 * LN2_2 / 3628800,
                                  LN2_4 * LN2_4 * LN2_2 * LN2 / 39916800,
                                  LN2_4 * LN2_4 * LN2_4 / 479001600,
                                  LN2_4 * LN2_4 * LN2_4 * LN2 / 6227020800};
#endif
    const vec t = v + round, f = v - (t - round);
    vec p = splat((real)term[DEGREE]);
    UNROLL for (int n = DEGREE - 1; n >= 0; n--) p = p * f + (real)term[n];
    const mask bias = (mask)splat(round) - BIAS;
    return p * (vec)(((mask)t - bias) << MANTISSA);
}

INLINE vec vector_expm1(vec v)
{
    const power e = power_of(v);
    return e.scale * e.rest + (e.scale - 1);
}

INLINE vec with_sign_of(vec magnitude, vec v)
{
    const mask sign = (mask)splat((real)-0.0);
    return (vec)(((mask)magnitude & ~sign) | ((mask)v & sign));
}

/* tanh |v| = e / (e + 2) with e = exp(2 |v|) - 1, which loses nothing near zero. */
INLINE vec vector_tanh(vec v)
{
    const vec a = absolute(v), e = vector_expm1(a + a);
    return with_sign_of(e / (e + 2), v);
}

INLINE vec vector_sigmoid(vec v)
{
    return 1 / (1 + vector_exp(-v));
}

/* log(1 + t) for 0 <= t <= 1: 2 artanh(t / (2 + t)), or log 2 more than that of (t - 1) / 2 where t is large: |z| < 0.172 */
INLINE vec vector_log1p(vec t)
{
    enum { TERMS = TX_REAL_BITS == 32 ? 6 : 12 };
    const mask large = t > splat((real)0.41421356237309505);
    const vec z = blend(large, t - 1, t) / blend(large, t + 3, t + 2), w = z * z;
    vec p = splat((real)(1.0 / (2 * TERMS + 1)));
    UNROLL for (int n = TERMS - 1; n > 0; n--) p = p * w + (real)(1.0 / (2 * n + 1));
    return keep_if(large, splat((real)0.69314718055994531)) + (2 * z + 2 * z * (w * p));
}
