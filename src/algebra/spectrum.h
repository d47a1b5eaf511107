/* The eigenvalues of J'J at the parameters of a task, or of J J' where it has fewer rows. An optimizer finds them, whose one step
 * changes nothing: so that everything a task needs is there. */
#pragma once

#include "trainax/optimizer.h"

typedef struct tx_spectrum {
    int64_t residuals, parameters, count; /* values: the smaller of both */
    const double *values;                 /* descending */
} tx_spectrum;

/* For a registry. The name is what messages call it. */
const tx_component *tx_spectrum_optimizer(void);
/* Of an optimizer of that kind, once it has made its step; its own. */
tx_spectrum tx_spectrum_of(const tx_optimizer *optimizer);
