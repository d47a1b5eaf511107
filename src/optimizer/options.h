/* Options that optimizers share. */
#pragma once

#include "trainax/optimizer.h"

#define TX_OPTION_LEARNING_RATE                                                                                                    \
    {                                                                                                                              \
        .name = "learning_rate", .type = TX_TYPE_REAL, .unit = "", .kind = TX_KIND_SCHEDULE,                                       \
        .text = "a number, or a schedule of the count of updates"                                                                  \
    }

/* Optax checks no bounds; neither do we. */
#define TX_OPTION_DECAY(option_name, value, description)                                                                           \
    {                                                                                                                              \
        .name = option_name, .type = TX_TYPE_REAL, .initial = value, .unit = "", .text = description                               \
    }
