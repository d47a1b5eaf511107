/* Time that never runs backwards, in seconds from an arbitrary start. */
#pragma once

#include <time.h>

static inline double tx_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
