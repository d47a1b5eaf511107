/* Several predictions of one state: their mean, how far they are apart, and how well they stand for the truth. */
#pragma once

#include <stdint.h>

#include "trainax/status.h"

typedef struct tx_spread {
    double variance; /* M - 1; mean over the state's numbers; 0 of one prediction */
    double crps;     /* the fair continuous ranked probability score, mean likewise; of one prediction |x - y| */
} tx_spread;

/* M = `count` of them, each of channels of `points` numbers, `size` in all, and what they predict. */
typedef struct tx_predictions {
    tx_precision precision;
    int count;
    const void *const *states, *reference;
    const void *inside; /* [points]: 0 where nothing counts; NULL: all counts */
    int64_t points, size;
} tx_predictions;

/* mean: of all numbers, in that precision, too. sorted: room for `count` numbers. */
tx_spread tx_spread_of(const tx_predictions *all, double *sorted, void *mean);
/* Mean and standard deviation (M - 1) of each number; `inside` and the reference are not looked at. numbers: room for `count`. */
void tx_spread_each(const tx_predictions *all, double *numbers, void *mean, void *deviation);
