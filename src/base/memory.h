/* Memory: zeroed, aligned for every vector width, counted, and able to fail on demand (the out-of-memory tests). */
#pragma once

#include <stddef.h>

#include "trainax/memory.h"

/* TX_INVALID where that is more than is free; for who would compute long before it is taken. Small amounts are never asked for. */
tx_status tx_memory_check(size_t bytes, tx_error *error);
/* Whether the user has said how much may be used: then nobody asks whether that is free. */
void tx_memory_trust(bool user);

/* count * size with a check for overflow. */
tx_status tx_allocate_array(size_t count, size_t size, tx_error *error, void *out);

/* Grows an array of `size`-byte elements (kept by doubling) to hold at least `count`; *(void **)array may be NULL. */
tx_status tx_reserve(size_t count, size_t size, size_t *capacity, tx_error *error, void *array);

/* A copy of a string. */
tx_status tx_duplicate(const char *text, tx_error *error, char **out);

/* Bytes that this thread has taken through tx_allocate and not given back: differences tell what a call has made. Nothing is
 * counted for the process, which others share. */
size_t tx_memory_live(void);
size_t tx_memory_peak(void); /* the most that tx_memory_live has been since the last reset, by this thread */
void tx_memory_reset_peak(void);

/* Tests: the n-th allocation from now on fails, and every one after it; n < 0 switches it off. */
void tx_memory_fail_after(long n);
