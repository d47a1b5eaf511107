/* One channel's whole transform, for whoever has its own order of modes. */
#pragma once

#include "kernel/vector/variant.h"

/* x: the first interior cell of a channel; modes: [sample][mode][re, im], 64-byte aligned. Backward is not normalised: it counts
 * modes with a mirror image twice, the others once, and spoils them. */
void VARIANT(rfftn_to_modes)(const tx_rfft *rfftn, const real *x, real *modes, void *work);
void VARIANT(rfftn_from_modes)(const tx_rfft *rfftn, real *modes, real *x, void *work);
size_t VARIANT(rfftn_work)(const tx_rfft *rfftn); /* reals that `work` has, on a cache line */
