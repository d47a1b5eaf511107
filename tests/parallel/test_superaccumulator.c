/* The exact sum of doubles: against __float128 where that is exact, against facts where nothing else is. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ranks.h"
#include "parallel/superaccumulator.h"

typedef struct sum {
    int64_t words[TX_SUPER_WORDS];
    tx_super super;
} sum;

static void clear(sum *sum)
{
    sum->super.words = sum->words;
    tx_super_clear(&sum->super);
}

static double sum_of(int n, const double *terms)
{
    static sum sum;
    clear(&sum);
    for (int k = 0; k < n; k++) {
        tx_super_add(&sum.super, terms[k]);
    }
    return tx_super_value(&sum.super);
}

#define SUM(...) sum_of((int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void single_terms_stay(void)
{
    const double terms[] = {0, 1, -1, DBL_MAX, -DBL_MAX, DBL_MIN, -DBL_MIN, 0x1p-1074, -0x1p-1074, 0x1.8p-1060, M_PI, 1e300};
    for (size_t k = 0; k < sizeof terms / sizeof *terms; k++) {
        CU_ASSERT(same(sum_of(1, &terms[k]), terms[k]));
    }
    CU_ASSERT(same(SUM(-0.0), 0));
    for (int k = 0; k < 100000; k++) {
        const uint64_t bits = noise(2, k);
        double x;
        memcpy(&x, &bits, sizeof x);
        CU_ASSERT(!isfinite(x) || x == 0 || same(sum_of(1, &x), x));
    }
}

static void ties_go_to_even(void)
{
    CU_ASSERT(same(SUM(1, 0x1p-53), 1));
    CU_ASSERT(same(SUM(0x1p-1074, 1, 0x1p-53), 1 + 0x1p-52));
    CU_ASSERT(same(SUM(1, 0x1p-53, -0x1p-1074), 1));
    CU_ASSERT(same(SUM(1 + 0x1p-52, 0x1p-53), 1 + 0x1p-51));
    CU_ASSERT(same(SUM(-1, -0x1p-53), -1));
    CU_ASSERT(same(SUM(-1, -0x1p-53, -0x1p-1074), -1 - 0x1p-52));
    CU_ASSERT(same(SUM(DBL_MAX, 0x1p970), INFINITY)); /* half of the last place: even is 2^1024 */
    CU_ASSERT(same(SUM(DBL_MAX, 0x1p970, -0x1p-1074), DBL_MAX));
}

static void cancellation_and_range(void)
{
    CU_ASSERT(same(SUM(DBL_MAX, DBL_MAX, -DBL_MAX), DBL_MAX));
    CU_ASSERT(same(SUM(DBL_MAX, 0x1p-1074, -DBL_MAX), 0x1p-1074));
    CU_ASSERT(same(SUM(-DBL_MAX, -0x1p-1074, DBL_MAX), -0x1p-1074));
    CU_ASSERT(same(SUM(1e300, -1e300), 0));
    CU_ASSERT(same(SUM(DBL_MAX, DBL_MAX), INFINITY));
    CU_ASSERT(same(SUM(-DBL_MAX, -DBL_MAX), -INFINITY));
    CU_ASSERT(same(SUM(DBL_MIN, -0x1p-1074), DBL_MIN - 0x1p-1074));
}

/* Terms of any size, each with its negative at some other place, but for one. */
static void one_survivor(void)
{
    enum { N = 1000 };
    double terms[2 * N + 1];
    for (int k = 0; k < N; k++) {
        terms[k] = ldexp(uniform(3, k), (int)(noise(4, k) % 2097) - 1073);
        terms[2 * N - k] = -terms[k];
    }
    for (int trial = 0; trial < 50; trial++) {
        terms[N] = ldexp(uniform(5, trial), (int)(noise(6, trial) % 2097) - 1073);
        CU_ASSERT(terms[N] == 0 || same(sum_of(2 * N + 1, terms), terms[N]));
    }
}

/* 40 terms of 53 bits between 2^-26 and 2^27: a __float128 of 113 bits holds their sum exactly. */
static void against_quadruple_precision(void)
{
    for (int trial = 0; trial < 20000; trial++) {
        double terms[40];
        __float128 exact = 0;
        for (int k = 0; k < 40; k++) {
            const uint64_t id = (uint64_t)trial * 40 + (uint64_t)k;
            terms[k] = ldexp(uniform(7, id), (int)(noise(8, id) % 52) - 25 - (trial % 3) * 300);
            terms[k] = fabs(terms[k]) < ldexp(1, -30 - (trial % 3) * 300) ? 0 : terms[k];
            exact += terms[k];
        }
        CU_ASSERT(same(sum_of(40, terms), (double)exact));
    }
}

static void not_finite_terms_show(void)
{
    CU_ASSERT(isnan(SUM(1, NAN)));
    CU_ASSERT(isnan(SUM(INFINITY, 2, -INFINITY)));
    CU_ASSERT(same(SUM(INFINITY, INFINITY, -DBL_MAX), INFINITY));
    CU_ASSERT(same(SUM(-INFINITY, 5), -INFINITY));
    CU_ASSERT(same(SUM(1, 2), 3)); /* cleared */
}

/* In parts, merged in any way, and across "ranks" by words: what the reduction does. */
static void parts_add_up(void)
{
    enum { N = 200 };
    double terms[N];
    for (int k = 0; k < N; k++) {
        terms[k] = ldexp(uniform(9, k), (int)(noise(10, k) % 2000) - 1000);
    }
    const double all = sum_of(N, terms);
    static sum parts[3];
    for (int p = 0; p < 3; p++) {
        clear(&parts[p]);
    }
    for (int k = 0; k < N; k++) {
        tx_super_add(&parts[noise(11, k) % 3].super, terms[k]);
    }
    tx_super_merge(&parts[0].super, &parts[1].super);
    tx_super_carry(&parts[0].super);
    tx_super_carry(&parts[2].super);
    for (int k = 0; k < TX_SUPER_WORDS; k++) {
        parts[0].words[k] += parts[2].words[k];
    }
    tx_super_touched(&parts[0].super);
    CU_ASSERT(same(tx_super_value(&parts[0].super), all));
    CU_ASSERT(same(tx_super_value(&parts[0].super), all)); /* reading changes nothing */
}

/* Carries come before words overflow: a billion terms are pretended by the count that triggers them. */
static void many_terms(void)
{
    static sum sum;
    clear(&sum);
    tx_super_add(&sum.super, -1);
    sum.super.pending = (1 << 30) - 1;
    tx_super_add(&sum.super, 3);
    CU_ASSERT_EQUAL(sum.super.pending, 0);
    CU_ASSERT(same(tx_super_value(&sum.super), 2));
    clear(&sum);
    for (int k = 0; k < 1000000; k++) {
        tx_super_add(&sum.super, -0x1.fffffffffffffp0);
    }
    CU_ASSERT(same(tx_super_value(&sum.super), (double)((__float128)-0x1.fffffffffffffp0 * 1000000)));
}

int main(void)
{
    const suite_test tests[] = {{"single terms stay", single_terms_stay},
                                {"ties go to even", ties_go_to_even},
                                {"cancellation and range", cancellation_and_range},
                                {"one survivor", one_survivor},
                                {"against quadruple precision", against_quadruple_precision},
                                {"terms that are not finite show", not_finite_terms_show},
                                {"parts add up", parts_add_up},
                                {"many terms", many_terms},
                                {0}};
    return suite_run("superaccumulator", tests);
}
