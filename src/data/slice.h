/* Python's slices, as text: "0:100", "::2", "-3:", "::-1". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct tx_slice {
    int64_t start, step, count; /* start + k step for k < count */
} tx_slice;

/* Applies the text to an axis of `size` elements. False where it is no slice; count may be 0. */
bool tx_slice_parse(const char *text, int64_t size, tx_slice *out);

/* The smallest range that holds all elements (count > 0). */
static inline int64_t tx_slice_low(const tx_slice *slice)
{
    return slice->step > 0 ? slice->start : slice->start + (slice->count - 1) * slice->step;
}
static inline int64_t tx_slice_extent(const tx_slice *slice)
{
    return (slice->count - 1) * (slice->step > 0 ? slice->step : -slice->step) + 1;
}
static inline bool tx_slice_is_run(const tx_slice *slice)
{
    return slice->step == 1 || (slice->count == 1 && slice->step > 0);
}
