/* Single numbers of an array in the run's precision, as doubles. For loops over many there are functions of each precision. */
#pragma once

#include <stdint.h>

#include "trainax/status.h"

static inline double tx_real_get(tx_precision precision, const void *reals, int64_t index)
{
    return precision == TX_FLOAT32 ? (double)((const float *)reals)[index] : ((const double *)reals)[index];
}

static inline void tx_real_put(tx_precision precision, void *reals, int64_t index, double value)
{
    if (precision == TX_FLOAT32) {
        ((float *)reals)[index] = (float)value;
    } else {
        ((double *)reals)[index] = value;
    }
}

/* As such an array would hold it. */
static inline double tx_real_round(tx_precision precision, double value)
{
    return precision == TX_FLOAT32 ? (double)(float)value : value;
}
