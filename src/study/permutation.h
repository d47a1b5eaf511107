/* Numbers about few runs. */
#pragma once

#include <stdint.h>

enum { TX_MOST_PAIRS = 20 };
/* Exact paired permutation test, two-sided: the share of the 2^n choices of signs with |sum ± x| >= |sum x| (1 - 1e-12). NaN, no
 * answer: fewer than 2 or more than TX_MOST_PAIRS pairs, or one that is no finite number. */
double tx_permutation_test(int n, const double *x);

/* To a target, as MLPerf counts it: of the runs, sorted (those that did not reach it, NaN, come last), the first and the last are
 * left out where there are three or more; the mean of the others. NaN, no answer: one of these did not reach it, or there is none.
 * Sorts `values`. */
double tx_mean_to_target(int n, double *values);
