/* What callbacks that measure held-out data share. */
#include "callback/held_out.h"

#include <math.h>
#include <string.h>

#include "base/real.h"
#include "trainax/evaluation.h"

enum { STEPS = 100 }; /* APEBench's */

bool tx_metric_is_correlation(const char *name)
{
    return strstr(name, "correlation") != NULL;
}

static double geometric_mean(const double *values, int64_t stride, int64_t count)
{
    double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += log(values[k * stride]);
    }
    return exp(sum / (double)count);
}

static double arithmetic_mean(const double *values, int64_t stride, int64_t count)
{
    double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += values[k * stride];
    }
    return sum / (double)count;
}

double tx_over_steps_value(const tx_section *section, const tx_asked_metric *metric, const struct tx_evaluation_result *result,
                           tx_precision precision)
{
    const char *how = tx_get_word(section, "over_steps");
    const double *values = result->values + metric->index;
    const int64_t count = result->num_steps < STEPS ? result->num_steps : STEPS, stride = result->num_metrics;
    const bool geometric = strcmp(how, "gmean") == 0 && !tx_metric_is_correlation(metric->name);
    const double value = strcmp(how, "last") == 0 ? values[(result->num_steps - 1) * stride]
                         : geometric              ? geometric_mean(values, stride, count)
                                                  : arithmetic_mean(values, stride, count);
    return tx_real_round(precision, value);
}
