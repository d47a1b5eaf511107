/* jax.random.normal: sqrt(2) erf_inv(uniform), with the approximations, the order of operations and the fused
 * multiply-adds of XLA's CPU compiler, so that the bits agree where fma does.
 *
 * erf_inv: M. Giles, Approximating the erfinv function. GPU Computing Gems, Jade edition (2012): polynomials in
 * w = -log(1 - x^2), one per range of w, times x. log1p and the single precision logarithm are Cephes' (S. Moshier). */
#include "trainax/random.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* What is fused stands written as fma; nothing else may be. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* Coefficients from the highest power down. */
static inline float horner32(int count, const float *c, float x)
{
    float sum = c[0];
    for (int k = 1; k < count; k++) {
        sum = fmaf(sum, x, c[k]);
    }
    return sum;
}

static inline double horner64(int count, const double *c, double x)
{
    double sum = c[0];
    for (int k = 1; k < count; k++) {
        sum = fma(sum, x, c[k]);
    }
    return sum;
}

/* log1p(x) = x - x^2 / 2 + x^3 P(x) / Q(x) for |x| < sqrt(2) - 1. */
static const double log1p_p[] = {4.52700008624452e-5, 0.49854102823193375, 6.578732594206104, 29.911919328553072,
                                 60.94966798098779,   57.11296359058554,   20.039553499201283};
static const double log1p_q[] = {
    1.0, 15.062909083469192, 83.04756596796722, 221.76239823732857, 309.09872225312057, 216.42788614495947, 60.11866049760384};
static const double log1p_bound = 0.41421356237309503;

static const float log_a[] = {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f};
static const float log_b[] = {-1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f};
static const float log_c[] = {2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f};

/* The logarithm of a normal number. */
static float log32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t half = (bits & 0x007FFFFFu) | 0x3F000000u;
    float m, e = (float)((int32_t)(bits >> 23) - 127) + 1.0f;
    memcpy(&m, &half, sizeof m); /* x = m 2^e, 1/2 <= m < 1 */
    const bool low = m < 0.70710677f;
    m = (m - 1.0f) + (low ? m : 0.0f);
    e -= low ? 1.0f : 0.0f;
    const float square = m * m, cube = square * m;
    float sum = fmaf(horner32(3, log_a, m), cube, horner32(3, log_b, m));
    sum = fmaf(sum, cube, horner32(3, log_c, m));
    sum = fmaf(sum, cube, e * -2.12194440e-4f); /* ln 2 in two parts */
    return fmaf(e, 0.693359375f, fmaf(-0.5f, square, m) + sum);
}

static float log1p32(float x)
{
    if (fabsf(x) >= (float)log1p_bound) {
        return log32(1.0f + x);
    }
    float p[COUNT(log1p_p)], q[COUNT(log1p_q)];
    for (int k = 0; k < COUNT(log1p_p); k++) {
        p[k] = (float)log1p_p[k];
        q[k] = (float)log1p_q[k];
    }
    const float square = x * x, cube = x * square;
    return x + fmaf(-0.5f, square, cube * (horner32(COUNT(log1p_p), p, x) / horner32(COUNT(log1p_q), q, x)));
}

static double log1p64(double x)
{
    if (fabs(x) >= log1p_bound) {
        return log(1.0 + x);
    }
    const double square = x * x, cube = x * square;
    return x + fma(-0.5, square, cube * (horner64(COUNT(log1p_p), log1p_p, x) / horner64(COUNT(log1p_q), log1p_q, x)));
}

/* Giles' table 5 (single precision): w < 5, then the rest. */
static const float central32[] = {2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f, 0.00021858087f,
                                  -0.00125372503f, -0.00417768164f, 0.246640727f,    1.50140941f};
static const float tail32[] = {-0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f, 0.00573950773f,
                               -0.0076224613f,   0.00943887047f,  1.00167406f,    2.83297682f};

static float erf_inv32(float x)
{
    const float w = -log1p32(-x * x);
    return x * (w < 5.0f ? horner32(COUNT(central32), central32, w - 2.5f) : horner32(COUNT(tail32), tail32, sqrtf(w) - 3.0f));
}

/* Giles' double precision version: w < 6.25, w < 16, and the rest. */
static const double central64[] = {
    -3.64441206401782e-21,   -1.6850591381820166e-19, 1.28584807152564e-18,    1.1157877678025181e-17, -1.333171662854621e-16,
    2.0972767875968562e-17,  6.637638134358324e-15,   -4.054566272975207e-14,  -8.151934197605472e-14, 2.6335093153082323e-12,
    -1.2975133253453532e-11, -5.415412054294628e-11,  1.0512122733215323e-09,  -4.112633980346984e-09, -2.9070369957882005e-08,
    4.2347877827932404e-07,  -1.3654692000834679e-06, -1.3882523362786469e-05, 0.00018673420803405714, -0.000740702534166267,
    -0.006033670871430149,   0.24015818242558962,     1.6536545626831027};
static const double middle64[] = {2.2137376921775787e-09,  9.075656193888539e-08,  -2.7517406297064545e-07, 1.8239629214389228e-08,
                                  1.5027403968909828e-06,  -4.013867526981546e-06, 2.9234449089955446e-06,  1.2475304481671779e-05,
                                  -4.7318229009055734e-05, 6.828485145957318e-05,  2.4031110387097894e-05,  -0.0003550375203628475,
                                  0.0009532893797373805,   -0.0016882755560235047, 0.002491442096107851,    -0.003751208507569241,
                                  0.005370914553590064,    1.0052589676941592,     3.0838856104922208};
static const double tail64[] = {-2.7109920616438573e-11, -2.555641816996525e-10,  1.5076572693500548e-09,  -3.789465440126737e-09,
                                7.61570120807834e-09,    -1.496002662714924e-08,  2.914795345090108e-08,   -6.771199775845234e-08,
                                2.2900482228026655e-07,  -9.9298272942317e-07,    4.526062597223154e-06,   -1.968177810553167e-05,
                                7.599527703001776e-05,   -0.00021503011930044477, -0.00013871931833623122, 1.0103004648645344,
                                4.849906401408584};

static double erf_inv64(double x)
{
    const double w = -log1p64(-x * x);
    return x * (w < 6.25   ? horner64(COUNT(central64), central64, w - 3.125)
                : w < 16.0 ? horner64(COUNT(middle64), middle64, sqrt(w) - 3.25)
                           : horner64(COUNT(tail64), tail64, sqrt(w) - 5.0));
}

/* The interval is open: its lower end is the first number above -1, its upper end is never drawn. */
void tx_random_normal(tx_random random, tx_key key, size_t n, void *out)
{
    if (random.precision == TX_FLOAT32) {
        float *x = out;
        tx_random_uniform(random, key, n, nextafterf(-1.0f, 0.0f), 1.0, out);
        for (size_t i = 0; i < n; i++) {
            x[i] = erf_inv32(x[i]) * 1.41421356f;
        }
    } else {
        double *x = out;
        tx_random_uniform(random, key, n, nextafter(-1.0, 0.0), 1.0, out);
        for (size_t i = 0; i < n; i++) {
            x[i] = erf_inv64(x[i]) * 1.4142135623730951;
        }
    }
}
