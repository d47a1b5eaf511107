/* Are numbers numbers? */
#pragma once

#include <stdint.h>

#include "trainax/status.h"

bool tx_all_finite(tx_precision precision, const void *values, int64_t count);
