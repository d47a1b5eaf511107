/* Level weights that fall (or grow) by a constant factor: rate^t, the first level has t = 0. */
#include "configuration/weights.h"

/* By multiplication: libm's pow may differ in the last bit between machines. */
static double weight(const tx_section *rule, int level, int count, double before)
{
    (void)count;
    return level ? before * tx_get_real(rule, "rate") : 1;
}

static const tx_weights_class exponential = {.weight = weight};

static const tx_option options[] = {
    {.name = "rate", .type = TX_TYPE_REAL, .unit = "", .text = "ratio of each level's weight to the one before"},
    {.name = NULL},
};

const tx_component tx_weights_exponential = {.kind = TX_KIND_WEIGHTS,
                                             .name = "exponential",
                                             .summary = "level t (from 0) weighs rate^t",
                                             .options = options,
                                             .implementation = &exponential};
