/* Are numbers numbers? Compilers may assume that comparisons with NaN do not matter: bits are looked at. */
#pragma once

#include <stdint.h>

#include "trainax/status.h"

bool tx_all_finite(tx_precision precision, const void *values, int64_t count);
bool tx_any_nan(tx_precision precision, const void *values, int64_t count); /* infinities are numbers here */
