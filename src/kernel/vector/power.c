/* |x|^p and its derivative, for the exponents of losses: 1, 2, 1/2 and -1 exactly rounded, others by exp(p log |x|), whose
 * relative error is about p log|x| times half an ulp. */
#include <float.h>
#include <math.h>

#include "kernel/vector/exponential.h"
#include "kernel/vector/rows.h"
#include "kernel/vector/variant.h"

/* log of positive finite x: x = m 2^e with m around 1, log m = 2 artanh((m - 1) / (m + 1)), |argument| < 0.172. */
INLINE vec vector_log(vec x)
{
#if TX_REAL_BITS == 32
    enum { TERMS = 6, MANTISSA = 23, BIAS = 127 };
    const mask root_half = (mask)splat((real)0.70710678118654752);
#else
    enum { TERMS = 12, MANTISSA = 52, BIAS = 1023 };
    const mask root_half = (mask)splat(0.70710678118654752);
#endif
    const mask steps = ((mask)x - root_half) >> MANTISSA; /* e */
    const vec m = (vec)((mask)x - (steps << MANTISSA));
    const vec z = (m - 1) / (m + 1), w = z * z;
    vec p = splat((real)(1.0 / (2 * TERMS + 1)));
    UNROLL for (int n = TERMS - 1; n > 0; n--) p = p * w + (real)(1.0 / (2 * n + 1));
    return __builtin_convertvector(steps, vec) * (real)0.69314718055994531 + (2 * z + 2 * z * (w * p));
}

INLINE vec square_root(vec x)
{
    UNROLL for (int k = 0; k < VL; k++) x[k] = TX_REAL_BITS == 32 ? (real)__builtin_sqrtf((float)x[k]) : (real)__builtin_sqrt(x[k]);
    return x;
}

typedef vec power_fn(vec magnitude, real p);
INLINE vec first(vec a, real p)
{
    return (void)p, a;
}
INLINE vec second(vec a, real p)
{
    return (void)p, a * a;
}
INLINE vec root(vec a, real p)
{
    return (void)p, square_root(a);
}
INLINE vec inverse(vec a, real p)
{
    return (void)p, 1 / a;
}
INLINE vec zeroth(vec a, real p)
{
    return (void)p, blend(a == a, splat(1), a);
}
INLINE vec inverse_root(vec a, real p)
{
    return (void)p, 1 / square_root(a);
}
INLINE vec inverse_square(vec a, real p)
{
    return (void)p, 1 / (a * a);
}
/* Beyond the range of exp it is infinity or 0, not the bound to which exp clamps its argument. */
INLINE vec general(vec a, real p)
{
    const real most = TX_REAL_BITS == 32 ? 88 : 709, least = TX_REAL_BITS == 32 ? -87 : -708, size = p < 0 ? -p : p;
    const vec v = size * vector_log(a), infinity = splat((real)INFINITY);
    vec y = keep_if((a > (vec){0}) & (v >= splat(least)), vector_exp(v));
    y = blend((v > splat(most)) | (a == infinity), infinity, y);
    y = blend(a == a, y, a); /* NaN */
    return p < 0 ? 1 / y : y;
}

/* dy p |x|^(p - 1) sign(x), and 0 where x is 0: a norm is at its least there, whatever its exponent. To a root anything below
 * the least normal number is 0, as it is to JAX: nearer to it a slope may leave the range. Negative powers are infinite at 0. */
INLINE vec derivative(power_fn *f, vec x, vec d, real p)
{
    const real least_normal = TX_REAL_BITS == 32 ? (real)FLT_MIN : (real)DBL_MIN;
    const vec a = absolute(x), slope = p * f(a, p - 1);
    const mask at_zero = p < 0 ? (mask){0} : p < 1 ? a < splat(least_normal) : a == (vec){0};
    return keep_if(~at_zero, d * (slope * with_sign_of(splat(1), x)));
}

#define ROWS(name, of, below)                                                                                                      \
    static void name##_row(int64_t n, real p, const real *x, real *y)                                                              \
    {                                                                                                                              \
        int64_t k = 0;                                                                                                             \
        for (; k + VL <= n; k += VL)                                                                                               \
            store(y + k, of(absolute(load(x + k)), p));                                                                            \
        if (k < n)                                                                                                                 \
            store_first(y + k, of(absolute(load(x + k)), p), n - k);                                                               \
    }                                                                                                                              \
    static void name##_gradient_row(int64_t n, real p, const real *x, const real *d, real *y)                                      \
    {                                                                                                                              \
        int64_t k = 0;                                                                                                             \
        for (; k + VL <= n; k += VL)                                                                                               \
            store(y + k, derivative(below, load(x + k), load(d + k), p));                                                          \
        if (k < n)                                                                                                                 \
            store_first(y + k, derivative(below, load(x + k), load(d + k), p), n - k);                                             \
    }
ROWS(first, first, zeroth)
ROWS(second, second, first)
ROWS(root, root, inverse_root)
ROWS(inverse, inverse, inverse_square)
ROWS(general, general, general)

static const struct power_row {
    double p;
    void (*forward)(int64_t n, real p, const real *x, real *y);
    void (*backward)(int64_t n, real p, const real *x, const real *d, real *y);
} powers[] = {
    {1, first_row, first_gradient_row},      {2, second_row, second_gradient_row},   {0.5, root_row, root_gradient_row},
    {-1, inverse_row, inverse_gradient_row}, {0, general_row, general_gradient_row}, /* any other */
};

static const struct power_row *find(double p)
{
    const struct power_row *row = powers;
    while (row->p != p && row->p != 0) {
        row++;
    }
    return row;
}

void VARIANT(power)(double p, const tx_layout *lx, const void *x, const tx_layout *ly, void *y)
{
    const struct power_row *row = find(p);
    FOR_ROWS(ly) row->forward(ly->row, (real)p, ROW(lx, (const real *)x), ROW(ly, (real *)y));
}

void VARIANT(power_gradient)(double p, const tx_layout *lx, const void *x, const tx_layout *ldy, const void *dy,
                             const tx_layout *ldx, void *dx)
{
    const struct power_row *row = find(p);
    FOR_ROWS(ldx)
    row->backward(ldx->row, (real)p, ROW(lx, (const real *)x), ROW(ldy, (const real *)dy), ROW(ldx, (real *)dx));
}
