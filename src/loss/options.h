/* What every time-level loss can be told. */
#pragma once

#include "trainax/component.h"

#define TX_LOSS_OPTIONS                                                                                                            \
    {                                                                                                                              \
        .name = "batch_reduction", .type = TX_TYPE_WORD, .initial = "mean", .unit = "",                                            \
        .text = "how the samples of a minibatch become one number", .words = "mean sum"                                            \
    }
