#include "study/permutation.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { MOST_HALF = 1 << (TX_MOST_PAIRS / 2) };

/* NaN behind all numbers. */
static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return isnan(x) || isnan(y) ? (int)isnan(x) - (int)isnan(y) : (x > y) - (x < y);
}

static void sort(int n, double *values)
{
    if (n > 0) {
        qsort(values, (size_t)n, sizeof *values, compare);
    }
}

/* All sums of ±x, sorted; returns how many. */
static int signed_sums(int n, const double *x, double *out)
{
    const int count = 1 << n;
    for (int signs = 0; signs < count; signs++) {
        out[signs] = 0;
        for (int k = 0; k < n; k++) {
            out[signs] += signs >> k & 1 ? -x[k] : x[k];
        }
    }
    sort(count, out);
    return count;
}

/* Pairs, one of each array, with a sum of at least `bound` > 0. What is at most -bound is as many: signs turn over. */
static int64_t count_pairs(int na, const double *a, int nb, const double *b, double bound)
{
    int64_t pairs = 0;
    int first = nb; /* of b, that is large enough for this a */
    for (int k = 0; k < na; k++) {
        while (first > 0 && a[k] + b[first - 1] >= bound) {
            first--;
        }
        pairs += nb - first;
    }
    return pairs;
}

double tx_permutation_test(int n, const double *x)
{
    static _Thread_local double low[MOST_HALF], high[MOST_HALF];
    double part[2] = {0}; /* as the sums below have them */
    for (int k = 0; k < n; k++) {
        part[k >= n / 2] += x[k];
    }
    const double sum = part[0] + part[1], bound = fabs(sum) * (1 - 1e-12);
    if (n < 2 || n > TX_MOST_PAIRS || !isfinite(sum)) {
        return NAN;
    }
    const int num_low = signed_sums(n / 2, x, low), num_high = signed_sums(n - n / 2, x + n / 2, high);
    return bound > 0 ? ldexp(2 * (double)count_pairs(num_low, low, num_high, high, bound), -n) : 1;
}

double tx_mean_to_target(int n, double *values)
{
    const int left_out = n >= 3;
    double sum = 0;
    sort(n, values);
    for (int k = left_out; k < n - left_out; k++) {
        sum += values[k];
    }
    return n ? sum / (n - 2 * left_out) : NAN;
}
