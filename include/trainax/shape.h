/* The shape of one sample's tensor: (channels, *n). axes 0: a plain vector of `channels` numbers (no spatial axis). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { TX_MAX_AXES = 3 };
/* Of one value, or of all parameters: more are an error, so that sizes that follow from it never overflow. */
#define TX_MOST_NUMBERS ((int64_t)1 << 46)

typedef struct tx_shape {
    int64_t channels;
    int axes;
    int64_t n[TX_MAX_AXES];
} tx_shape;

static inline int64_t tx_shape_points(const tx_shape *shape)
{
    int64_t points = 1;
    for (int d = 0; d < shape->axes; d++) {
        points *= shape->n[d];
    }
    return points;
}

static inline bool tx_shape_equal(const tx_shape *a, const tx_shape *b)
{
    bool equal = a->channels == b->channels && a->axes == b->axes;
    for (int d = 0; equal && d < a->axes; d++) {
        equal = a->n[d] == b->n[d];
    }
    return equal;
}
