/* Options that several kinds have. */
#pragma once

#include "trainax/component.h"

#define TX_OPTION_BIAS                                                                                                             \
    {                                                                                                                              \
        .name = "use_bias", .type = TX_TYPE_BOOLEAN, .initial = "false", .unit = "",                                               \
        .text = "add a bias: the means are taken off before the fit"                                                               \
    }
#define TX_OPTION_RCOND(WORDS)                                                                                                     \
    {                                                                                                                              \
        .name = "rcond", .type = TX_TYPE_REAL, .initial = "1e-6", .unit = "", .words = (WORDS), .minimum = 1e-7, .maximum = 1,     \
        .text = "smaller singular values, as a share of the largest, count as zero; below 1"                                       \
    }
