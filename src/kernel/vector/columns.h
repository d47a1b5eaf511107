/* Columns: a row is a sequence of segments of `period` reals, in which real j belongs to sample j % b. */
#pragma once

#include "kernel/vector/rows.h"

enum { MOST_COLUMNS = 4096 / sizeof(real), GROUP = 8 };

/* Adds up the columns of each sample, in `arrays` arrays a `distance` apart: halves while their number is even, then one after
 * the other. */
INLINE void sum_samples_of(int arrays, int64_t distance, int64_t block, int64_t columns, real *first)
{
    int64_t count = columns / block;
    for (; count % 2 == 0; count /= 2) {
        const int64_t half = count / 2 * block;
        for (real *sum = first, *end = first + arrays * distance; sum < end; sum += distance) {
            for (int64_t j = 0; j < half; j += VL) {
                store(sum + j, load(sum + j) + load(sum + half + j));
            }
        }
    }
    for (real *sum = first, *end = first + arrays * distance; sum < end && count > 1; sum += distance) {
        for (int64_t k = 1; k < count; k++) {
            for (int64_t j = 0; j < block; j++) {
                sum[j] += sum[k * block + j];
            }
        }
    }
}

INLINE void sum_samples(int64_t block, int64_t columns, real *sum)
{
    sum_samples_of(1, columns, block, columns, sum);
}

/* Lane scalars over one segment; a block of whole vectors, or a long one, needs no repetition. */
typedef struct pattern {
    const real *s;
    int64_t period;
    real buffer[MOST_COLUMNS + VL] __attribute__((aligned(64)));
} pattern;

INLINE void repeat_lanes(const real *s, const tx_layout *layout, pattern *pattern)
{
    const int64_t block = layout->block, columns = layout->row < layout->period ? layout->row : layout->period;
    const bool as_they_are = block % VL == 0 || layout->period == block;
    pattern->period = as_they_are ? block : layout->period;
    pattern->s = as_they_are ? s : pattern->buffer;
    if (!as_they_are) {
        copy_reals(pattern->buffer, s, block);
        for (int64_t have = block; have < columns; have *= 2) {
            copy_reals(pattern->buffer + have, pattern->buffer, have < columns - have ? have : columns - have);
        }
    }
}
