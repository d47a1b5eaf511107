/* What stands before and after an optimizer's rule; see optimizer.h for the chain. */
#pragma once

#include "trainax/optimizer.h"

/* The gradient clipped, and with the weights added: `gradient` itself, or optimizer->prepared. */
const void *tx_stage_before(const tx_optimizer *optimizer, const void *gradient, const void *parameters);

static inline bool tx_stage_has_after(const tx_optimizer *optimizer)
{
    return optimizer->trust || optimizer->trace;
}
/* From the direction in update->next_parameters to the new parameters, in place. Returns whether they are finite. */
bool tx_stage_after(const tx_optimizer *optimizer, const tx_update *update, double rate);

/* The Euclidean norm, in the run's precision, of `count` reals from `begin` on. Summed in double in an order that count
 * alone decides: the same on every rank. */
double tx_stage_norm(tx_precision precision, const void *values, int64_t begin, int64_t count);
