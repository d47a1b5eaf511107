/* Rules for level weights (kind TX_KIND_WEIGHTS): what stands in a configuration where a list of numbers could. */
#pragma once

#include "trainax/component.h"

typedef struct tx_weights_class {                                   /* a weights component's `implementation` */
    double (*weight)(const tx_section *rule, int level, int count); /* of level 0 … count - 1 */
} tx_weights_class;
