/* What several callbacks share: the norm of a flat buffer, options of those that evaluate a configuration. */
#pragma once

#include "trainax/callback.h"

/* sum x^2, in double in both precisions: as one sum over all leaves it is also the sum of the leaves' sums. */
double tx_sum_of_squares(tx_precision precision, const void *values, int64_t count);

#define TX_OPTION_SQUARED                                                                                                          \
    {                                                                                                                              \
        .name = "squared", .type = TX_TYPE_BOOLEAN, .initial = "false", .unit = "", .text = "without the root"                     \
    }

/* A configuration of the callback's own, and what it may need. */
#define TX_OPTIONS_CONFIGURATION                                                                                                   \
    {.name = "configuration",                                                                                                      \
     .alias = "loss_configuration",                                                                                                \
     .type = TX_TYPE_SECTION,                                                                                                      \
     .unit = "",                                                                                                                   \
     .text = "what is evaluated (or: loss_configuration); reads at most the levels of the trainer's windows",                      \
     .kind = TX_KIND_CONFIGURATION},                                                                                               \
        {.name = "ref_stepper",                                                                                                    \
         .type = TX_TYPE_SECTION,                                                                                                  \
         .initial = "null",                                                                                                        \
         .unit = "",                                                                                                               \
         .text = "for configurations that need a reference stepper; the trainer's is not inherited",                               \
         .kind = TX_KIND_STEPPER},                                                                                                 \
    {                                                                                                                              \
        .name = "residuum_fn", .type = TX_TYPE_SECTION, .initial = "null", .unit = "",                                             \
        .text = "for configurations that need a residuum; the trainer's is not inherited", .kind = TX_KIND_RESIDUUM                \
    }
