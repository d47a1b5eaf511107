/* What channels and points weigh in a loss. A mean of |x - y|^p with weights w is the plain one of s x and s y, where
 * s = (w (C N) / sum w)^(1/p): so that no loss knows of weights but by its p. */
#pragma once

#include "trainax/loss.h"

#define TX_LOSS_WEIGHTS                                                                                                            \
    {.name = "channel_weights",                                                                                                    \
     .type = TX_TYPE_REALS,                                                                                                        \
     .initial = "null",                                                                                                            \
     .unit = "",                                                                                                                   \
     .maximum = INFINITY,                                                                                                          \
     .text = "what each channel weighs in the mean over channels and points"},                                                     \
    {                                                                                                                              \
        .name = "point_weights", .type = TX_TYPE_STRING, .initial = "null", .unit = "",                                            \
        .text = "a constant field of the data, by name or number: what each point weighs there"                                    \
    }

/* Both multiplied by s; target TX_NONE: there is none. As they were where nothing is weighed. */
void tx_loss_weigh(const tx_section *section, tx_graph *graph, double p, tx_node *prediction, tx_node *target);
