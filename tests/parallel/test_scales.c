/* The scales of the reduction, on one element: bounds, how they follow, the ends of the range. ranks: 1 2 3 4 */
#include "ranks.h"

#include <float.h>
#include <math.h>
#include <string.h>

static tx_reduction *make_single(tx_precision precision, int64_t max_blocks)
{
    tx_reduction *reduction = NULL;
    const int64_t one = 1;
    CU_ASSERT_EQUAL_FATAL(tx_reduction_create(job.all,
                                              &(tx_reduction_setup){TX_REDUCE_EXACT, precision, 1, &one, 1, 0, max_blocks, 1}, NULL,
                                              &reduction),
                          TX_OK);
    return reduction;
}

/* `count` blocks of the same element, dealt in turn. */
static tx_outcome add_same(tx_reduction *reduction, tx_precision precision, double x, int count, double *out)
{
    const double wide = x;
    const float narrow = (float)x;
    const bool is_float = precision == TX_FLOAT32;
    tx_reduction_begin(reduction);
    for (int k = job.rank; k < count; k += job.size) {
        tx_reduction_add_gradient(reduction, 0, is_float ? (const void *)&narrow : &wide);
        tx_reduction_add_scalar(reduction, 0, 0, x);
    }
    tx_outcome outcome;
    CU_ASSERT_EQUAL_FATAL(tx_reduction_finish(reduction, NULL, &outcome), TX_OK);
    if (outcome == TX_REDUCED) {
        const void *gradient = tx_reduction_gradient(reduction);
        *out = is_float ? (double)*(const float *)gradient : *(const double *)gradient;
    }
    return outcome;
}

static int64_t scale_of(const tx_reduction *reduction)
{
    int64_t scale;
    tx_reduction_scales(reduction, &scale);
    return scale;
}

static void no_sum_wraps(void)
{
    const int counts[] = {1, 4095, 4096, 4097, 20000};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        for (int is_float = 0; is_float < 2; is_float++) {
            const tx_precision precision = is_float ? TX_FLOAT32 : TX_FLOAT64;
            tx_reduction *reduction = make_single(precision, counts[k]);
            double out = 0;
            /* Elements next to the bound: a scale measured for something smaller by 2^9 - 1 steps of the last place. */
            const double below = is_float ? -(0x1p9 - 0x1p-15) : -(0x1p9 - 0x1p-44);
            CU_ASSERT_EQUAL(add_same(reduction, precision, 1, 1, &out), TX_REPEAT);
            CU_ASSERT_EQUAL(add_same(reduction, precision, below, counts[k], &out), TX_REDUCED);
            CU_ASSERT_EQUAL(out, is_float ? (double)(float)(below * counts[k]) : (double)((__float128)below * counts[k]));
            CU_ASSERT_EQUAL(tx_reduction_scalar(reduction, 0), (double)((__float128)below * counts[k]));
            CU_ASSERT_EQUAL(add_same(reduction, precision, 1, counts[k], &out), TX_REDUCED); /* moved by 6 */
            CU_ASSERT_EQUAL(add_same(reduction, precision, 0x1p60, counts[k], &out), TX_REPEAT);
            CU_ASSERT_EQUAL(add_same(reduction, precision, 0x1p60, counts[k], &out), TX_REDUCED);
            CU_ASSERT_EQUAL(out, 0x1p60 * counts[k]);
            tx_reduction_destroy(reduction);
        }
    }
}

static void more_blocks_than_announced(void)
{
    tx_reduction *reduction = make_single(TX_FLOAT64, 5);
    const double x = 1;
    tx_reduction_begin(reduction);
    for (int k = job.rank; k < 6; k += job.size) {
        tx_reduction_add_gradient(reduction, 0, &x);
    }
    tx_outcome outcome;
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_reduction_finish(reduction, &error, &outcome), TX_FAILURE);
    CU_ASSERT(strstr(error.message, "6 blocks") != NULL);
    tx_reduction_destroy(reduction);
}

/* An element that shrinks 1000-fold at once keeps its bits in the end, and a scale rises by 6 a step until it fits. */
static void scales_follow(void)
{
    tx_reduction *reduction = make_single(TX_FLOAT32, 100);
    double out = 0;
    const double third = (double)(1.0f / 3);
    CU_ASSERT_FALSE(tx_reduction_scaled(reduction));
    CU_ASSERT_EQUAL(scale_of(reduction), TX_SCALE_UNSET);
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT32, third, 3, &out), TX_REPEAT);
    const int64_t measured = scale_of(reduction);
    CU_ASSERT(tx_reduction_scaled(reduction));
    CU_ASSERT_EQUAL(measured, 51 - 9 + 2); /* 1/3 has exponent -2 */
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT32, third, 3, &out), TX_REDUCED);
    CU_ASSERT_EQUAL(scale_of(reduction), measured);
    for (int k = 1; k <= 10; k++) {
        CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT32, third * 0x1p-60, 3, &out), TX_REDUCED);
        CU_ASSERT_EQUAL(scale_of(reduction), measured + 6 * k);
    }
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT32, third * 0x1p-60, 3, &out), TX_REDUCED);
    CU_ASSERT_EQUAL(scale_of(reduction), measured + 60);
    CU_ASSERT_EQUAL(out, (double)(float)(3 * third) * 0x1p-60);
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT32, third * 0x1p-54, 3, &out), TX_REDUCED); /* within 2^6 of the bound */
    CU_ASSERT_EQUAL(scale_of(reduction), measured + 54);
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT32, 0, 3, &out), TX_REDUCED); /* zeros say nothing */
    CU_ASSERT_EQUAL(scale_of(reduction), measured + 54);
    tx_reduction_destroy(reduction);
}

/* A leaf of zeros gets no scale, so the first element that is not zero is not lost. */
static void zeros_are_not_measured(void)
{
    tx_reduction *reduction = make_single(TX_FLOAT64, 10);
    double out = 1;
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT64, 0, 10, &out), TX_REDUCED);
    CU_ASSERT_EQUAL(out, 0);
    CU_ASSERT_FALSE(tx_reduction_scaled(reduction));
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT64, 1e-200, 1, &out), TX_REPEAT);
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT64, 1e-200, 1, &out), TX_REDUCED);
    CU_ASSERT_EQUAL(out, 1e-200);
    tx_reduction_unset_scales(reduction);
    CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT64, 1e-200, 1, &out), TX_REPEAT);
    tx_reduction_destroy(reduction);
}

static void ends_of_the_range(void)
{
    const double ends[] = {DBL_MAX, -DBL_MAX, DBL_MIN, 0x1p-1060, 0x1p-1074, -0x1.8p-1000};
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        tx_reduction *reduction = make_single(TX_FLOAT64, 10);
        double out = 0;
        CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT64, ends[k], 1, &out), TX_REPEAT);
        CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT64, ends[k], 1, &out), TX_REDUCED);
        /* the least scale unit in double is 2^-(1021 + 50) */
        CU_ASSERT(fabs(out - ends[k]) <= (fabs(ends[k]) < 0x1p-1018 ? 0x1p-1072 : 0));
        tx_reduction_destroy(reduction);
    }
    const double floats[] = {(double)FLT_MAX, (double)FLT_MIN, 0x1p-149};
    for (size_t k = 0; k < sizeof floats / sizeof *floats; k++) {
        tx_reduction *reduction = make_single(TX_FLOAT32, 10);
        double out = 0;
        CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT32, floats[k], 1, &out), TX_REPEAT);
        CU_ASSERT_EQUAL(add_same(reduction, TX_FLOAT32, floats[k], 1, &out), TX_REDUCED);
        CU_ASSERT_EQUAL(out, floats[k]);
        tx_reduction_destroy(reduction);
    }
}

int main(void)
{
    const suite_test tests[] = {
        {"no sum wraps", no_sum_wraps},           {"more blocks than announced", more_blocks_than_announced},
        {"scales follow", scales_follow},         {"zeros are not measured", zeros_are_not_measured},
        {"ends of the range", ends_of_the_range}, {0}};
    return job_run("scales", tests);
}
