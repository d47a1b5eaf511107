/* Least squares within the modes that are not too small. */
#include "baseline/baseline.h"
#include "baseline/options.h"

static int candidates(int64_t most, double out[TX_MOST_CANDIDATES])
{
    static const double rconds[] = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
    enum { COUNT = sizeof rconds / sizeof *rconds };
    (void)most;
    for (int k = 0; k < COUNT; k++) {
        out[k] = rconds[k];
    }
    return COUNT;
}

static tx_status weigh(const tx_modes *modes, double value, double *weights, tx_error *error)
{
    (void)error;
    for (int64_t i = 0; i < modes->count; i++) {
        weights[i] = modes->lambda[i] > value * value * modes->lambda[0] ? 1 / modes->lambda[i] : 0;
    }
    return TX_OK;
}

static tx_status check(const tx_section *section, const tx_shape *state, tx_error *error)
{
    (void)state;
    return tx_get_real(section, "rcond") < 1 ? TX_OK : tx_section_error(section, "rcond", error, TX_INVALID, "must be below 1");
}

static const tx_modal modal = {.option = "rcond", .candidates = candidates, .weigh = weigh};
static const tx_baseline_class truncated_svd = {.modal = &modal, .check = check};

static const tx_option options[] = {
    TX_OPTION_RCOND("auto"),
    TX_OPTION_BIAS,
    {0},
};

const tx_component tx_baseline_truncated_svd = {.kind = TX_KIND_BASELINE,
                                                .name = "truncated_svd",
                                                .summary = "the linear map of least squares, of the larger singular values alone",
                                                .options = options,
                                                .implementation = &truncated_svd};
