/* Exact tests and means to a target, against their definitions. */
#include "study/permutation.h"

#include <math.h>

#include "suite.h"

/* All 2^n choices, one after the other. */
static double by_definition(int n, const double *x)
{
    double all = 0;
    int count = 0;
    for (int k = 0; k < n; k++) {
        all += x[k];
    }
    for (int signs = 0; signs < 1 << n; signs++) {
        double sum = 0;
        for (int k = 0; k < n; k++) {
            sum += signs >> k & 1 ? -x[k] : x[k];
        }
        count += fabs(sum) >= fabs(all) * (1 - 1e-12);
    }
    return ldexp(count, -n);
}

static void test_definition(void)
{
    unsigned state = 1;
    for (int n = 2; n <= 12; n++) {
        for (int trial = 0; trial < 20; trial++) {
            double x[12];
            for (int k = 0; k < n; k++) {
                state = state * 1664525 + 1013904223;
                /* every other time whole numbers, whose sums are often equal */
                x[k] = trial % 2 ? (int)(state >> 29) - 3 : state / 4294967296.0 - 0.3;
            }
            CU_ASSERT_EQUAL(tx_permutation_test(n, x), by_definition(n, x));
        }
    }
}

static void test_known(void)
{
    double x[21];
    for (int k = 0; k < 21; k++) {
        x[k] = 1 + k;
    }
    CU_ASSERT_EQUAL(tx_permutation_test(5, x), 0.0625);
    CU_ASSERT_EQUAL(tx_permutation_test(20, x), ldexp(2, -20));
    CU_ASSERT(isnan(tx_permutation_test(21, x)));
    CU_ASSERT(isnan(tx_permutation_test(1, x)));
    CU_ASSERT(isnan(tx_permutation_test(0, x)));
    CU_ASSERT_EQUAL(tx_permutation_test(2, (double[]){1, -1}), 1);
    CU_ASSERT_EQUAL(tx_permutation_test(3, (double[]){0, 0, 0}), 1);
    CU_ASSERT(isnan(tx_permutation_test(2, (double[]){1, INFINITY})));
    CU_ASSERT(isnan(tx_permutation_test(2, (double[]){NAN, 1})));
}

static void test_target(void)
{
    CU_ASSERT_EQUAL(tx_mean_to_target(5, (double[]){50, 10, 40, 20, 30}), 30);
    CU_ASSERT_EQUAL(tx_mean_to_target(5, (double[]){50, NAN, 40, 20, 30}), 40); /* it is left out as the last one */
    CU_ASSERT(isnan(tx_mean_to_target(5, (double[]){50, NAN, NAN, 20, 30})));
    CU_ASSERT_EQUAL(tx_mean_to_target(3, (double[]){7, NAN, 5}), 7);
    CU_ASSERT_EQUAL(tx_mean_to_target(2, (double[]){4, 2}), 3);
    CU_ASSERT(isnan(tx_mean_to_target(2, (double[]){4, NAN})));
    CU_ASSERT_EQUAL(tx_mean_to_target(1, (double[]){4}), 4);
    CU_ASSERT(isnan(tx_mean_to_target(0, NULL)));
}

int main(void)
{
    static const suite_test tests[] = {{"as defined", test_definition}, {"known", test_known}, {"to a target", test_target}, {0}};
    return suite_run("permutation", tests);
}
