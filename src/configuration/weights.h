/* Rules for level weights (kind TX_KIND_WEIGHTS): what stands in a configuration where a list of numbers could. */
#pragma once

#include "trainax/component.h"

typedef struct tx_weights_class { /* a weights component's `implementation` */
    /* Of level 0 … count - 1; before: of the level before. */
    double (*weight)(const tx_section *rule, int level, int count, double before);
} tx_weights_class;
