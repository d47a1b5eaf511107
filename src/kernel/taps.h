/* Convolutions as any backend sees them: a sum over input channels and taps, each of which reads x at a constant offset. */
#pragma once

#include "kernel/kernel.h"

/* Along one axis, and of all axes together. */
static inline int64_t tx_conv_phases_of(const int64_t *phases, int axis)
{
    return phases[axis] > 1 ? phases[axis] : 1;
}
int tx_conv_phases(const int64_t *phases, int axes);

/* TX_FAILURE: layouts that do not go together, or taps that reach beyond x's halo. TX_INVALID: too large. */
tx_status tx_conv_check(const tx_conv_shape *shape, int groups, tx_error *error);
/* Phase number `phase` of y (the last axis counts fastest) as one an axis. */
void tx_conv_phase(const tx_conv_shape *shape, int phase, int64_t r[TX_MAX_AXES]);
/* Where tap t of the kernel reads x for the first cell of phase r of y: an offset in x. False: nowhere. */
bool tx_conv_tap(const tx_conv_shape *shape, const int64_t *r, int64_t t, int64_t *offset);
