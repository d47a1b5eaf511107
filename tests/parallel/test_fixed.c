/* Fixed point: every instruction set against rint and 128-bit integers, bit for bit. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ranks.h"
#include "parallel/fixed.h"

enum { N = 1003, MANY = 4000 };
static const int64_t GUARD = 0x5a5a5a5a5a5a5a5a;

static int64_t double_bits(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void check_add(const tx_fixed *fixed, int64_t n, const double *x, tx_fixed_format format)
{
    static int64_t high[N + 1], low[N + 1];
    static float narrow[N];
    double top = 0;
    for (int64_t k = 0; k <= n; k++) {
        high[k] = low[k] = GUARD;
    }
    for (int64_t k = 0; k < n; k++) {
        narrow[k] = (float)x[k];
        top = fmax(top, fabs(x[k]));
    }
    const void *values = fixed->limbs == 1 ? (const void *)narrow : x;
    const int64_t first = fixed->add(n, values, format, 0, high, low); /* starts, then adds: twice everything */
    CU_ASSERT_EQUAL(fixed->add(n, values, format, -1, high, low), first);
    CU_ASSERT_EQUAL(first, double_bits(top));
    CU_ASSERT_EQUAL(fixed->top(n, values), first);
    bool right = high[n] == GUARD && low[n] == GUARD;
    for (int64_t k = 0; k < n; k++) {
        const double scaled = ldexp(x[k], format.scale), whole = rint(scaled);
        right &= high[k] == 2 * (int64_t)whole;
        right &= fixed->limbs == 1 || low[k] == 2 * (int64_t)rint(ldexp(scaled - whole, format.low_bits));
    }
    CU_ASSERT(right);
}

static void adding(tx_precision precision)
{
    static double x[N];
    const int lengths[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, N};
    for (int level = 0; level < 3; level++) {
        const tx_fixed *fixed = tx_fixed_at(precision, level);
        for (size_t l = 0; fixed && l < sizeof lengths / sizeof *lengths; l++) {
            for (int scale = -60; scale <= 60; scale += 40) {
                for (int k = 0; k < N; k++) {
                    const double value = uniform(20, k) * ldexp(1, 51 - scale - (int)(noise(21, k) % 110));
                    x[k] = precision == TX_FLOAT32 ? (float)value : value;
                }
                x[0] = ldexp(-(0x1p51 - 0x1p27), -scale); /* next to the bound, on either side */
                x[1] = -x[0];
                x[2] = ldexp(2.5, -scale); /* ties go to even */
                check_add(fixed, lengths[l], x, (tx_fixed_format){.scale = scale, .low_bits = 50});
            }
        }
    }
}

static void adding_floats(void)
{
    adding(TX_FLOAT32);
}
static void adding_doubles(void)
{
    adding(TX_FLOAT64);
}

/* A sum of any size below 2^bits, mostly next to where a rounding to `digits` binary digits is decided: halfway, or off by
 * one. There a rounding on the way (through double, say) would show. */
static __int128 any_sum(int k, int bits, int digits)
{
    const int length = 1 + (int)(noise(30, (uint64_t)k) % (uint64_t)bits);
    const unsigned __int128 random = (unsigned __int128)noise(31, (uint64_t)k) << 64 | noise(32, (uint64_t)k);
    __int128 sum = (__int128)(random >> (128 - length)) | (__int128)1 << (length - 1);
    if (length > digits && k % 4) {
        const __int128 half = (__int128)1 << (length - digits - 1);
        sum = (sum & ~(2 * half - 1)) + half + (k % 4 - 2);
    }
    return k % 8 < 4 ? sum : -sum;
}

static void getting_floats(void)
{
    static int64_t sums[MANY];
    static float out[MANY];
    for (int level = 0; level < 3; level++) {
        const tx_fixed *fixed = tx_fixed_at(TX_FLOAT32, level);
        for (int scale = -40; fixed && scale <= 190; scale += 46) {
            bool right = true;
            for (int k = 0; k < MANY; k++) {
                sums[k] = (int64_t)any_sum(k, 62, 24);
            }
            fixed->get(MANY - 3, sums, NULL, (tx_fixed_format){.scale = scale}, out);
            for (int k = 0; k < MANY - 3; k++) {
                const float exact = (float)((__float128)sums[k] * (__float128)ldexp(1, -scale)); /* also subnormal: one rounding */
                right &= memcmp(&out[k], &exact, sizeof exact) == 0;
            }
            CU_ASSERT(right);
        }
    }
}

static void getting_doubles(void)
{
    static int64_t high[MANY], low[MANY];
    static double out[MANY];
    for (int level = 0; level < 3; level++) {
        const tx_fixed *fixed = tx_fixed_at(TX_FLOAT64, level);
        for (int low_bits = 32; fixed && low_bits <= 50; low_bits += 9) {
            bool right = true;
            for (int k = 0; k < MANY; k++) {
                const __int128 sum = any_sum(k, 61 + low_bits, 53);
                const int64_t moved = (int64_t)(noise(33, k) % 2001) - 1000; /* many ways to write the same sum */
                high[k] = (int64_t)(sum >> low_bits) + moved;
                low[k] = (int64_t)(sum - (__int128)high[k] * ((__int128)1 << low_bits));
            }
            fixed->get(MANY - 5, high, low, (tx_fixed_format){.scale = 77, .low_bits = low_bits}, out);
            for (int k = 0; k < MANY - 5; k++) {
                const __int128 sum = (__int128)high[k] * ((__int128)1 << low_bits) + low[k];
                const double exact = ldexp((double)sum, -77 - low_bits); /* libgcc rounds this conversion correctly */
                right &= out[k] == exact;
            }
            CU_ASSERT(right);
        }
    }
}

static void extremes_do_not_hide(void)
{
    for (int level = 0; level < 3; level++) {
        const tx_fixed *narrow = tx_fixed_at(TX_FLOAT32, level), *wide = tx_fixed_at(TX_FLOAT64, level);
        for (int at = 0; narrow && at < 19; at++) {
            const float bad_floats[] = {NAN, -NAN, INFINITY, -INFINITY};
            for (int kind = 0; kind < 4; kind++) {
                float x[19] = {FLT_MAX};
                double y[19] = {DBL_MAX};
                int64_t high[19], low[19];
                x[at] = bad_floats[kind];
                y[at] = (double)bad_floats[kind];
                const tx_fixed_format format = {.scale = 3, .low_bits = 50};
                CU_ASSERT(narrow->add(19, x, format, 0, high, low) >= double_bits(INFINITY));
                CU_ASSERT(wide->add(19, y, format, 0, high, low) >= double_bits(INFINITY));
                CU_ASSERT(narrow->top(19, x) >= double_bits(INFINITY));
                CU_ASSERT(wide->top(19, y) >= double_bits(INFINITY));
            }
        }
    }
    const double least[1] = {-0x1p-1074};
    const float least_float[1] = {-0x1p-149f};
    CU_ASSERT_EQUAL(tx_fixed_best(TX_FLOAT64)->top(1, least), 1);
    CU_ASSERT_EQUAL(tx_fixed_best(TX_FLOAT32)->top(1, least_float), double_bits(0x1p-149));
}

int main(void)
{
    const suite_test tests[] = {{"adding floats", adding_floats},
                                {"adding doubles", adding_doubles},
                                {"getting floats", getting_floats},
                                {"getting doubles", getting_doubles},
                                {"extremes do not hide", extremes_do_not_hide},
                                {0}};
    return suite_run("fixed", tests);
}
