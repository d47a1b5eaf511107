/* Least squares with a penalty: A = B (G + alpha lambda_1 I)^-1. */
#include <float.h>
#include <math.h>

#include "baseline/baseline.h"
#include "baseline/options.h"

static int candidates(int64_t most, double out[TX_MOST_CANDIDATES])
{
    static const double alphas[] = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12};
    enum { COUNT = sizeof alphas / sizeof *alphas };
    (void)most;
    for (int k = 0; k < COUNT; k++) {
        out[k] = alphas[k];
    }
    return COUNT;
}

static tx_status weigh(const tx_modes *modes, double value, double *weights, tx_error *error)
{
    const double largest = modes->lambda[0], rounding = (double)modes->size * DBL_EPSILON * largest;
    const double smallest = modes->count < modes->size ? 0 : modes->lambda[modes->count - 1];
    if (!(fmax(smallest, 0) + value * largest > rounding * (value == 0))) {
        return tx_error_set(error, TX_FAILURE,
                            "ridge with alpha %g has no solution: the states of the data do not span all of their space", value);
    }
    for (int64_t i = 0; i < modes->count; i++) {
        weights[i] = 1 / (modes->lambda[i] + value * largest);
    }
    return TX_OK;
}

static const tx_modal modal = {.option = "alpha", .candidates = candidates, .weigh = weigh};
static const tx_baseline_class ridge = {.modal = &modal};

static const tx_option options[] = {
    {.name = "alpha",
     .type = TX_TYPE_REAL,
     .initial = "auto",
     .unit = "",
     .words = "auto",
     .maximum = INFINITY,
     .text = "penalty, as a share of the largest eigenvalue; auto: the best of 1e-1, 1e-2, ... 1e-12 in held-out rollouts"},
    TX_OPTION_BIAS,
    {0},
};

const tx_component tx_baseline_ridge = {.kind = TX_KIND_BASELINE,
                                        .name = "ridge",
                                        .summary = "the linear map of least squares, with a penalty on its size",
                                        .options = options,
                                        .implementation = &ridge};
