/* The inside of a halo table: built by halo.c, executed by the kernels of every ISA. */
#pragma once

#include "kernel/kernel.h"

/* `count` runs of `length` reals each: cells at to, to + to_step, … of a channel come from the interior cells at from,
 * from + from_step, …; or they are zero. Sources are interior cells and targets are not, so no run depends on another. */
typedef struct tx_halo_runs {
    int64_t to, from, to_step, from_step, length;
    int64_t count;
    bool zero;
} tx_halo_runs;

/* The cell of an axis of n cells that cell i, outside of it, holds a copy of; not for zeros. */
int64_t tx_halo_source(tx_padding_mode mode, int64_t i, int64_t n);

struct tx_halo {
    int64_t channels, channel; /* how many, and reals between them */
    int num_runs;
    tx_halo_runs *runs;
};
