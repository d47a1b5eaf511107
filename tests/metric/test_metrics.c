/* APEBench's metrics against the values of exponax 0.1.0 (exponax.txt); names; quantiles; sharing of samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/metric.h"

enum { SAMPLES = 3, MOST = 1024, LINE = 1 << 17 };

typedef struct states {
    tx_precision precision;
    tx_shape shape;
    int64_t size; /* of a sample */
    double prediction[MOST], reference[MOST];
} states;

/* Returns how many numbers a text holds. */
static int read_numbers(const char *text, double *out)
{
    int count = 0;
    char *end;
    for (double value = strtod(text, &end); end != text; value = strtod(text, &end)) {
        out[count++] = value;
        text = end;
    }
    return count;
}

static tx_shape read_shape(char *text)
{
    tx_shape shape = {.channels = strtoll(text, &text, 10)};
    while (*text == 'x') {
        shape.n[shape.axes++] = strtoll(text + 1, &text, 10);
    }
    return shape;
}

static void read_states(char **fields, states *out)
{
    out->precision = strcmp(fields[1], "float32") ? TX_FLOAT64 : TX_FLOAT32;
    out->shape = read_shape(fields[2]);
    out->size = out->shape.channels * tx_shape_points(&out->shape);
    CU_ASSERT_EQUAL(read_numbers(fields[3], out->prediction), SAMPLES * out->size);
    CU_ASSERT_EQUAL(read_numbers(fields[4], out->reference), SAMPLES * out->size);
}

/* One sample in the states' precision. */
static void narrow(const states *states, const double *values, int sample, void *out)
{
    for (int64_t i = 0; i < states->size; i++) {
        const double value = values[sample * states->size + i];
        if (states->precision == TX_FLOAT32) {
            ((float *)out)[i] = (float)value;
        } else {
            ((double *)out)[i] = value;
        }
    }
}

static bool measure(const states *states, const char *name, double *value, double *samples)
{
    tx_error error = {0};
    tx_metrics *metrics;
    tx_metric_scratch *scratch;
    double prediction[MOST], reference[MOST], sorted[SAMPLES];
    if (tx_metrics_create(1, &name, states->shape, states->precision, &error, &metrics) != TX_OK) {
        printf("\n%s: %s\n", name, error.message);
        return false;
    }
    CU_ASSERT_EQUAL_FATAL(tx_metric_scratch_create(metrics, &error, &scratch), TX_OK);
    for (int k = 0; k < SAMPLES; k++) {
        narrow(states, states->prediction, k, prediction);
        narrow(states, states->reference, k, reference);
        tx_metrics_measure(metrics, scratch, prediction, reference, &samples[k]);
    }
    tx_metrics_summarise(metrics, SAMPLES, samples, sorted, value);
    tx_metric_scratch_destroy(scratch);
    tx_metrics_destroy(metrics);
    return true;
}

/* In double the original's own sums and complex powers are within 1e-12; in float32 it computes with 24 bits what we compute
 * with 53. What cancels (correlations near 0) is compared with the size of its terms, 1. */
static bool close(const states *states, const char *name, double a, double b)
{
    const double tolerance = states->precision == TX_FLOAT32 ? 2e-6 : 1e-12;
    if (isnan(a) || isnan(b) || isinf(a) || isinf(b)) {
        return (isnan(a) && isnan(b)) || a == b;
    }
    return fabs(a - b) <= tolerance * (strstr(name, "correlation") ? 1 : fabs(b));
}

static void check(const states *states, char **fields)
{
    double value, samples[SAMPLES], expected[SAMPLES], expected_value;
    CU_ASSERT_EQUAL(read_numbers(fields[2], &expected_value), 1);
    CU_ASSERT_EQUAL(read_numbers(fields[3], expected), SAMPLES);
    if (!measure(states, fields[1], &value, samples)) {
        CU_FAIL("a metric of the table is refused");
        return;
    }
    bool good = close(states, fields[1], value, expected_value);
    for (int k = 0; k < SAMPLES; k++) {
        good = good && close(states, fields[1], samples[k], expected[k]);
    }
    CU_ASSERT_TRUE(good);
    if (!good) {
        printf("\n%s of (%d channels, %d axes, first %g against %g): %.17g %.17g %.17g, mean %.17g, instead of %s, mean %s\n",
               fields[1], (int)states->shape.channels, states->shape.axes, states->prediction[0], states->reference[0], samples[0],
               samples[1], samples[2], value, fields[3], fields[2]);
    }
}

static void test_table(void)
{
    static char line[LINE];
    static states states;
    FILE *file = fopen(TESTS_DIR "/metric/exponax.txt", "r");
    int count = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof line, file)) {
        char *fields[5] = {line}, *bar;
        line[strcspn(line, "\n")] = '\0';
        for (int k = 1; k < 5 && (bar = strchr(fields[k - 1], '|')); k++) {
            *bar = '\0';
            fields[k] = bar + 1;
        }
        if (!strcmp(fields[0], "states")) {
            read_states(fields, &states);
        } else if (!strcmp(fields[0], "value")) {
            check(&states, fields);
            count++;
        }
    }
    fclose(file);
    CU_ASSERT(count > 1000);
}

/* Parseval: over all modes, with p = 2, the Fourier norm is the spatial one; a sine's derivative is known. */
static void test_known(void)
{
    enum { N = 16 };
    const char *const names = "mean_MSE, mean_fourier_MSE;0;8;0, mean_fourier_RMSE;3;3;1,mean_fourier_RMSE;4;8;1";
    const tx_shape shape = {.channels = 1, .axes = 1, .n = {N}};
    double prediction[N], reference[N] = {0}, quantities[4], values[4], sorted;
    tx_metrics *metrics;
    tx_metric_scratch *scratch;
    for (int i = 0; i < N; i++) {
        prediction[i] = sin(2 * M_PI * 3 * i / N);
    }
    CU_ASSERT_EQUAL_FATAL(tx_metrics_create(1, &names, shape, TX_FLOAT64, NULL, &metrics), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_metric_scratch_create(metrics, NULL, &scratch), TX_OK);
    CU_ASSERT_EQUAL(tx_metrics_count(metrics), 4);
    CU_ASSERT_STRING_EQUAL(tx_metrics_name(metrics, 1), "mean_fourier_MSE;0;8;0");
    tx_metrics_measure(metrics, scratch, prediction, reference, quantities);
    tx_metrics_summarise(metrics, 1, quantities, &sorted, values);
    CU_ASSERT_DOUBLE_EQUAL(values[0], 0.5, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(values[1], 0.5, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(values[2], 2 * M_PI * 3 * sqrt(0.5), 1e-12);
    CU_ASSERT_EQUAL(values[3], 0);
    tx_metric_scratch_destroy(scratch);
    tx_metrics_destroy(metrics);
}

/* A state without spatial axes is one channel of points. */
static void test_no_axes(void)
{
    const char *const names[] = {"mean_nRMSE", "mean_correlation", "mean_H1_nRMSE", "vrmse"};
    const double prediction[3] = {1, 2, 4}, reference[3] = {2, 2, 2.5};
    const tx_shape flat = {.channels = 3}, line = {.channels = 1, .axes = 1, .n = {3}};
    double quantities[2][4], scratch_values[1], values[2][4];
    for (int k = 0; k < 2; k++) {
        tx_metrics *metrics;
        tx_metric_scratch *scratch;
        CU_ASSERT_EQUAL_FATAL(tx_metrics_create(4, names, k ? line : flat, TX_FLOAT64, NULL, &metrics), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_metric_scratch_create(metrics, NULL, &scratch), TX_OK);
        tx_metrics_measure(metrics, scratch, prediction, reference, quantities[k]);
        tx_metrics_summarise(metrics, 1, quantities[k], scratch_values, values[k]);
        tx_metric_scratch_destroy(scratch);
        tx_metrics_destroy(metrics);
    }
    CU_ASSERT_DOUBLE_EQUAL(values[0][0], sqrt((1 + 2.25) / (4 + 4 + 6.25)), 1e-15);
    CU_ASSERT_EQUAL(memcmp(values[0], values[1], sizeof values[0]), 0);
}

static void quantiles_of(const double *samples, int count, double *out)
{
    const char *const names = "q10_MAE,q50_MAE,q90_MAE,mean_MAE";
    double sorted[16];
    tx_metrics *metrics;
    CU_ASSERT_EQUAL_FATAL(tx_metrics_create(1, &names, (tx_shape){.channels = 1}, TX_FLOAT64, NULL, &metrics), TX_OK);
    CU_ASSERT_EQUAL(tx_metrics_quantities(metrics), 1); /* one number a sample serves all four */
    tx_metrics_summarise(metrics, count, samples, sorted, out);
    tx_metrics_destroy(metrics);
}

static void test_quantiles(void)
{
    const double five[5] = {4, 0, 3, 1, 2}, with_nan[3] = {1, NAN, 0}, with_inf[3] = {INFINITY, 1, INFINITY};
    double values[4];
    quantiles_of(five, 5, values);
    CU_ASSERT_DOUBLE_EQUAL(values[0], 0.4, 1e-15);
    CU_ASSERT_EQUAL(values[1], 2);
    CU_ASSERT_DOUBLE_EQUAL(values[2], 3.6, 1e-15);
    CU_ASSERT_EQUAL(values[3], 2);
    quantiles_of(five, 1, values);
    CU_ASSERT(values[0] == 4 && values[1] == 4 && values[2] == 4);
    quantiles_of(with_nan, 3, values);
    CU_ASSERT(isnan(values[0]) && isnan(values[1]) && isnan(values[3]));
    quantiles_of(with_inf, 3, values);
    CU_ASSERT(isinf(values[0]) && isinf(values[1]) && isinf(values[2]) && isinf(values[3]));
}

static void refused(const char *name, const char *pattern)
{
    const tx_shape square = {.channels = 1, .axes = 2, .n = {8, 8}};
    tx_error error = {0};
    tx_metrics *metrics = NULL;
    CU_ASSERT_EQUAL(tx_metrics_create(1, &name, square, TX_FLOAT32, &error, &metrics), TX_INVALID);
    CU_ASSERT_PTR_NULL(metrics);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, pattern));
    if (!strstr(error.message, pattern)) {
        printf("\n%s: '%s' is not in: %s\n", name, pattern, error.message);
    }
}

static void test_errors(void)
{
    refused("mean_nRMS", "did you mean 'mean_nRMSE'");
    refused("nRMSE", "did you mean 'mean_nRMSE'");
    refused("q50_mean_nRMSE", "did you mean 'q50_nRMSE'");
    refused("mean_MSE, Mean_mse", "'mean_MSE' is listed twice");
    refused("q20_nRMSE", "did you mean 'q10_nRMSE'");
    refused("mean_vrmse", "unknown metric 'mean_vrmse' (did you mean 'vrmse'?)");
    refused("mean_furier_MAE;0;1;0", "did you mean 'mean_fourier_MAE'");
    refused("mean_fourier_MAE", "LOW;HIGH;DERIVATIVE");
    refused("mean_fourier_MAE;0;1", "LOW;HIGH;DERIVATIVE");
    refused("mean_fourier_MAE;0;1;0;0", "LOW;HIGH;DERIVATIVE");
    refused("mean_fourier_MAE;x;1;0", "LOW must be an integer, not 'x'");
    refused("mean_fourier_MAE;0;1.5;0", "HIGH must be an integer, not '1.5'");
    refused("mean_fourier_MAE;0;;0", "HIGH must be an integer, not ''");
    refused("mean_fourier_MAE;-1;2;0", "LOW is a wavenumber");
    refused("mean_fourier_MAE;3;2;0", "LOW is above HIGH");
    refused("mean_fourier_MAE;0;2;one", "DERIVATIVE must be a real number, not 'one'");
    refused("mean_fourier_MAE;0;2;inf", "DERIVATIVE must be a real number");
    refused("mean_MAE;0;2;1", "takes no ;LOW;HIGH;DERIVATIVE");
    refused("mean_MAE,,mean_MSE", "empty name");
    refused("", "empty name");
    refused("mean_MAE, mean_MSE, mean_MAE", "'mean_MAE' is listed twice");
#define ZEROS "000000000000000000000000000000000000000000000000"
    refused("mean_fourier_nRMSE;0;" ZEROS ZEROS "5;0", "HIGH must be an integer, not '0000000000000000"); /* not 0 */
    refused("mean_fourier_nRMSE;0;5;0." ZEROS ZEROS "5", "DERIVATIVE must be a real number, not '0.0000");
    refused("mean_fourier_nRMSE_with_a_name_that_is_far_longer_than_any_metric_has_or_will_ever_have", "unknown metric");
}

static void test_unequal_axes(void)
{
    const char *const spatial = "mean_nRMSE", *const fourier = "mean_H1_MAE";
    const tx_shape shape = {.channels = 1, .axes = 2, .n = {4, 8}};
    tx_error error = {0};
    tx_metrics *metrics;
    CU_ASSERT_EQUAL(tx_metrics_create(1, &fourier, shape, TX_FLOAT32, &error, &metrics), TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "equally many points"));
    CU_ASSERT_EQUAL_FATAL(tx_metrics_create(1, &spatial, shape, TX_FLOAT32, &error, &metrics), TX_OK);
    tx_metrics_destroy(metrics);
}

static tx_status create_both(tx_error *error)
{
    const char *const names = "mean_nRMSE,q10_fourier_MAE;0;3;1.5,mean_H1_nMSE";
    tx_metrics *metrics;
    tx_metric_scratch *scratch;
    TX_TRY(tx_metrics_create(1, &names, (tx_shape){.channels = 2, .axes = 1, .n = {9}}, TX_FLOAT32, error, &metrics));
    const tx_status status = tx_metric_scratch_create(metrics, error, &scratch);
    if (status == TX_OK) {
        tx_metric_scratch_destroy(scratch);
    }
    tx_metrics_destroy(metrics);
    return status;
}

/* Each allocation in turn fails: a clean error, and nothing stays behind. */
static void test_memory(void)
{
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    int failures = 0;
    for (long n = 0; status != TX_OK && n < 100; n++) {
        tx_error error = {0};
        tx_memory_fail_after(n);
        status = create_both(&error);
        tx_memory_fail_after(-1);
        failures += status == TX_FAILURE;
        CU_ASSERT(status == TX_OK || error.message[0]);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    CU_ASSERT(failures > 5);
}

int main(void)
{
    static const suite_test tests[] = {
        {"values of exponax", test_table},
        {"known values", test_known},
        {"states without axes", test_no_axes},
        {"quantiles", test_quantiles},
        {"errors", test_errors},
        {"unequal axes", test_unequal_axes},
        {"out of memory", test_memory},
        {0},
    };
    return suite_run("metrics", tests);
}
