/* Whether all numbers are finite. */
#include "base/finite.h"

#include <stddef.h>
#include <string.h>

#include "base/wide.h"

/* Numbers that are looked at together, before the next ones are: more than the compiler's vectors hold. */
enum { PIECE = 512 };

/* Exponent bits all set: one more then
 * carries into the highest bit, and only then. */
TX_LOOP bool finite32(const char *values, int64_t count)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + 4 * i, sizeof bits);
        bad |= (bits & 0x7F800000u) + 0x00800000u;
    }
    return !(bad >> 31);
}

TX_LOOP bool finite64(const char *values, int64_t count)
{
    uint64_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, values + 8 * i, sizeof bits);
        bad |= (bits & 0x7FF0000000000000u) + 0x0010000000000000u;
    }
    return !(bad >> 63);
}

#define FINITE(name, storage, one, bytes)                                                                                          \
    storage bool name(const char *values, int64_t count)                                                                           \
    {                                                                                                                              \
        for (; count >= PIECE; count -= PIECE, values += (ptrdiff_t)PIECE * (bytes)) {                                             \
            if (!one(values, PIECE)) {                                                                                             \
                return false;                                                                                                      \
            }                                                                                                                      \
        }                                                                                                                          \
        return one(values, count);                                                                                                 \
    }
FINITE(all_finite32, static, finite32, 4)
FINITE(all_finite64, static, finite64, 8)
FINITE(all_finite32_wide, TX_WIDE, finite32, 4)
FINITE(all_finite64_wide, TX_WIDE, finite64, 8)

bool tx_all_finite(tx_precision precision, const void *values, int64_t count)
{
    static bool (*const all_finite[2][2])(const char *, int64_t) = {{all_finite32, all_finite32_wide},
                                                                    {all_finite64, all_finite64_wide}};
    return all_finite[precision != TX_FLOAT32][TX_IS_WIDE ? 1 : 0](values, count);
}

/* Without its sign a NaN is above infinity. */
bool tx_any_nan(tx_precision precision, const void *values, int64_t count)
{
    const int64_t bytes = precision == TX_FLOAT32 ? 4 : 8;
    const int rest = precision == TX_FLOAT32 ? 33 : 1; /* 32 bits and the sign go out */
    const uint64_t infinity = precision == TX_FLOAT32 ? (uint64_t)0x7F800000u << 33 : 0x7FF0000000000000u << 1;
    bool found = false;
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits = 0;
        memcpy(&bits, (const char *)values + bytes * i, (size_t)bytes);
        found |= bits << rest > infinity;
    }
    return found;
}
