/* What the callbacks on held-out data share: a rollout's errors, one a step, made one number. */
#pragma once

#include "trainax/callback.h"

/* The option's value; of a correlation, which may be negative, gmean is the mean. */
double tx_over_steps_value(const tx_section *section, const tx_asked_metric *metric, const struct tx_evaluation_result *result,
                           tx_precision precision);
bool tx_metric_is_correlation(const char *name);

#define TX_OPTION_OVER_STEPS                                                                                                       \
    {                                                                                                                              \
        .name = "over_steps", .type = TX_TYPE_WORD, .initial = "gmean", .unit = "", .words = "gmean mean last",                    \
        .text = "one number of the rollout: geometric (of correlations: arithmetic) or arithmetic mean over its first 100 "        \
                "steps, or the last step"                                                                                          \
    }
