/* |x|^p and its derivative against powl, for every exponent with loops of its own (1, 2, 1/2, -1) and for others. */
#include <float.h>

#include "kernel/block.h"

static const double exponents[] = {1, 2, 0.5, -1, 1.5, 3, -0.5, 1.0 / 3, 2.5};
enum { NUM_EXPONENTS = sizeof exponents / sizeof *exponents };
static const tx_shape shapes[] = {{1, 1, {30}}, {3, 0, {0}}, {2, 1, {5}}, {3, 2, {4, 9}}, {2, 3, {2, 3, 17}}, {1, 0, {0}}};
enum { NUM_SHAPES = sizeof shapes / sizeof *shapes };
static const int samples[] = {1, 3, 8, 16, 20, 33};
enum { NUM_SAMPLES = sizeof samples / sizeof *samples };
static const int64_t narrow[] = {1, 1, 1}, broad[] = {2, 0, 3};

static double power(double p, double x)
{
    return (double)powl(fabsl(x), p);
}
static double slope(double p, double x)
{
    return x == 0 && p > 0 ? 0 : p * copysign((double)powl(fabsl(x), p - 1), x);
}

/* exp(q log |x|): its argument carries two roundings, of which exp makes that many units, beside three of its own. */
static double units(double q, double x)
{
    return 4 + 3 * fabs(q * log(fabs(x)));
}

/* Into tensors with other halos, and in place. */
static void check(const tx_kernels *kernels, double p, const tx_shape *shape, int b)
{
    const double eps = epsilon(kernels->precision);
    block x = block_make(kernels->precision, *shape, b, narrow, broad),
          y = block_make(kernels->precision, *shape, b, broad, narrow);
    block d = block_make(kernels->precision, *shape, b, NULL, narrow), dx = block_make(kernels->precision, *shape, b, broad, NULL);
    block_randomise(&x, 7);
    block_randomise(&d, 8);
    for (int64_t k = 0; k < block_cells(&x.layout) * b; k++) { /* not zero, where both are infinite or NaN for p < 1 */
        block_set(&x, k / b, k % b, block_get(&x, k / b, k % b) + 1.0 / 256);
    }
    kernels->power(p, &x.layout, x.data, &y.layout, y.data);
    kernels->power_gradient(p, &x.layout, x.data, &d.layout, d.data, &dx.layout, dx.data);
    CU_ASSERT(block_untouched_outside(&y));
    CU_ASSERT(block_untouched_outside(&dx));
    bool ok = true;
    for (int64_t k = 0; k < block_cells(&x.layout) * b && ok; k++) {
        const double u = block_get(&x, k / b, k % b), v = block_get(&d, k / b, k % b), yes = power(p, u), no = v * slope(p, u);
        ok = near(kernels, "power", block_get(&y, k / b, k % b), yes, eps * units(p, u) * fabs(yes)) &&
             near(kernels, "gradient", block_get(&dx, k / b, k % b), no, eps * (3 + units(p - 1, u)) * fabs(no));
    }
    CU_ASSERT(ok);
    kernels->power(p, &x.layout, x.data, &x.layout, x.data);
    ok = block_untouched_outside(&x);
    for (int64_t k = 0; k < block_cells(&x.layout) * b && ok; k++) {
        ok = near(kernels, "power in place", block_get(&x, k / b, k % b), block_get(&y, k / b, k % b), 0);
    }
    CU_ASSERT(ok);
    tx_free(x.data), tx_free(y.data), tx_free(d.data), tx_free(dx.data);
}

static void powers_on(const tx_kernels *kernels)
{
    for (int e = 0; e < NUM_EXPONENTS; e++) {
        for (int k = 0; k < NUM_SHAPES * NUM_SAMPLES; k++) {
            check(kernels, exponents[e], &shapes[k / NUM_SAMPLES], samples[k % NUM_SAMPLES]);
        }
    }
}
static void powers(void)
{
    for_all_kernels(powers_on);
}

/* From far below to far above 1, the roots of 2 (where the logarithm changes its branch) among them. */
static void magnitudes_on(const tx_kernels *kernels)
{
    enum { N = 400 };
    const tx_shape shape = {1, 1, {N}};
    const double eps = epsilon(kernels->precision), range = kernels->precision == TX_FLOAT32 ? 25 : 200;
    block x = block_make(kernels->precision, shape, 1, NULL, NULL), y = block_make(kernels->precision, shape, 1, NULL, NULL);
    for (int k = 0; k < N; k++) {
        block_set(&x, k, 0,
                  k % 40 == 0 ? sqrt(0.5) * (1 + (k % 80 ? eps : -eps)) : exp(range * (2.0 * k / N - 1)) * (k % 2 ? 1 : -1));
    }
    bool ok = true;
    for (int e = 0; e < NUM_EXPONENTS; e++) {
        kernels->power(exponents[e], &x.layout, x.data, &y.layout, y.data);
        for (int k = 0; k < N && ok; k++) {
            const double u = block_get(&x, k, 0), want = power(exponents[e], u);
            ok = near(kernels, "magnitudes", block_get(&y, k, 0), want, eps * units(exponents[e], u) * fabs(want));
        }
    }
    CU_ASSERT(ok);
    tx_free(x.data), tx_free(y.data);
}
static void magnitudes(void)
{
    for_all_kernels(magnitudes_on);
}

static void same(const tx_kernels *kernels, const char *what, double p, double got, double want)
{
    if (!(isnan(want) ? isnan(got) : got == want)) {
        printf("%s f%d: %s with p = %g: %g instead of %g\n", kernels->isa, kernels->precision == TX_FLOAT32 ? 32 : 64, what, p, got,
               want);
        CU_FAIL("a power at an extreme");
    }
}

/* Zero, infinity and NaN; what leaves the range of the precision is infinite or zero. At x = 0 the derivative is 0 for
 * p > 0, where JAX has infinity times 0 for roots; so that it stays finite, a root has none below the normal numbers either. */
static void extremes_on(const tx_kernels *kernels)
{
    enum { N = 6 };
    const bool narrow_range = kernels->precision == TX_FLOAT32;
    const tx_shape shape = {1, 1, {N}};
    block x = block_make(kernels->precision, shape, 1, NULL, NULL), y = block_make(kernels->precision, shape, 1, NULL, NULL);
    block d = block_make(kernels->precision, shape, 1, NULL, NULL);
    for (int e = 0; e < NUM_EXPONENTS; e++) {
        const double p = exponents[e], huge = narrow_range ? 1e30 : 1e250, tiny = 1 / huge;
        const double at[N] = {0, -0.0, NAN, INFINITY, huge, -tiny};
        for (int k = 0; k < N; k++) {
            block_set(&x, k, 0, at[k]);
            block_set(&d, k, 0, 1);
        }
        kernels->power(p, &x.layout, x.data, &y.layout, y.data);
        same(kernels, "0^p", p, block_get(&y, 0, 0), pow(0, p));
        same(kernels, "(-0)^p", p, block_get(&y, 1, 0), pow(0, p));
        same(kernels, "NaN^p", p, block_get(&y, 2, 0), NAN);
        same(kernels, "inf^p", p, block_get(&y, 3, 0), pow(INFINITY, p));
        if (p >= 1.5) {
            same(kernels, "overflow", p, block_get(&y, 4, 0), INFINITY);
            same(kernels, "underflow", p, block_get(&y, 5, 0), 0);
        }
        kernels->power_gradient(p, &x.layout, x.data, &d.layout, d.data, &y.layout, y.data);
        if (p > 0) {
            same(kernels, "gradient at 0", p, block_get(&y, 0, 0), 0);
            same(kernels, "gradient at -0", p, block_get(&y, 1, 0), 0);
        } else {
            CU_ASSERT(!isfinite(block_get(&y, 0, 0)));
        }
        same(kernels, "gradient at NaN", p, block_get(&y, 2, 0), NAN);
        same(kernels, "gradient at infinity", p, block_get(&y, 3, 0), p < 0 ? -0.0 : p * pow(INFINITY, p - 1));
    }
    tx_free(x.data), tx_free(y.data), tx_free(d.data);
}
static void extremes(void)
{
    for_all_kernels(extremes_on);
}

/* A root near 0: what is added up there may be a power of differences that has left the range. JAX takes what is below the normal
 * numbers for 0: of sqrt(mean(d^2)) in float32 it gives the quotient as the gradient at d = 1.1e-19, but at 1e-19 infinity (a value
 * of 0) and at 0 NaN. Where the original is finite we are the same; where it is not, the gradient is that of a norm at 0. */
static void near_zero_on(const tx_kernels *kernels)
{
    enum { N = 4 };
    const bool narrow_range = kernels->precision == TX_FLOAT32;
    const double least = narrow_range ? FLT_MIN : DBL_MIN, at[N] = {least / 4, -least / 1024, least, -least};
    const double roots[] = {0.5, 1.0 / 3, 0.1, 1.0 / 64};
    const tx_shape shape = {1, 1, {N}};
    block x = block_make(kernels->precision, shape, 1, NULL, NULL), d = block_make(kernels->precision, shape, 1, NULL, NULL);
    for (int k = 0; k < N; k++) {
        block_set(&x, k, 0, at[k]);
    }
    for (size_t e = 0; e < sizeof roots / sizeof *roots; e++) {
        for (int k = 0; k < N; k++) {
            block_set(&d, k, 0, 1);
        }
        kernels->power_gradient(roots[e], &x.layout, x.data, &d.layout, d.data, &d.layout, d.data);
        same(kernels, "gradient below the normal numbers", roots[e], block_get(&d, 0, 0), 0);
        same(kernels, "gradient below the normal numbers", roots[e], block_get(&d, 1, 0), 0);
        for (int k = 2; k < N; k++) {
            const double want = slope(roots[e], at[k]);
            CU_ASSERT(near(kernels, "gradient at the least normal number", block_get(&d, k, 0), want,
                           epsilon(kernels->precision) * units(roots[e] - 1, at[k]) * fabs(want)));
        }
    }
    tx_free(x.data), tx_free(d.data);
}
static void near_zero(void)
{
    for_all_kernels(near_zero_on);
}

int main(void)
{
    return suite_run("power", (suite_test[]){{"values and gradients on every shape", powers},
                                             {"large and small magnitudes", magnitudes},
                                             {"zero, infinity, NaN", extremes},
                                             {"roots near zero", near_zero},
                                             {0}});
}
