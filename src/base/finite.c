#include "base/finite.h"

#include <string.h>

/* Exponent bits all set: found as integers, because compilers may assume that comparisons with NaN do not matter. */
static bool all_finite32(const void *values, int64_t count)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, (const char *)values + 4 * i, sizeof bits);
        bad |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return !bad;
}

static bool all_finite64(const void *values, int64_t count)
{
    uint64_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, (const char *)values + 8 * i, sizeof bits);
        bad |= (bits & 0x7FF0000000000000u) == 0x7FF0000000000000u;
    }
    return !bad;
}

bool tx_all_finite(tx_precision precision, const void *values, int64_t count)
{
    return precision == TX_FLOAT32 ? all_finite32(values, count) : all_finite64(values, count);
}
