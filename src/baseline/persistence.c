/* Nothing changes. */
#include "base/memory.h"
#include "baseline/baseline.h"

static tx_status make_identity(tx_baseline *baseline, const tx_fit *fit, tx_error *error)
{
    const int64_t n = fit->state.channels;
    double *matrix;
    TX_TRY(tx_allocate_array((size_t)(n * n), sizeof *matrix, error, &matrix));
    for (int64_t k = 0; k < n; k++) {
        matrix[k * n + k] = 1;
    }
    const tx_status status = tx_baseline_linear(baseline, fit, matrix, NULL, error);
    tx_free(matrix);
    return status;
}

/* A convolution that takes each number times one. */
static tx_status make_convolution(tx_baseline *baseline, const tx_fit *fit, tx_error *error)
{
    TX_TRY(tx_baseline_make(baseline, fit, error, "conv", "kernel_size: 1, groups: %lld, use_bias: false",
                            (long long)fit->state.channels));
    for (int64_t k = 0; k < fit->state.channels; k++) {
        tx_baseline_put(baseline, fit, k, 1);
    }
    return TX_OK;
}

static tx_status fit_(tx_baseline *baseline, const tx_fit *fit, tx_error *error)
{
    baseline->spectral_radius = 1;
    const tx_status status = fit->state.axes ? make_convolution(baseline, fit, error) : make_identity(baseline, fit, error);
    return tx_parallel_agree(fit->parallel, status, error);
}

static int64_t count(const tx_shape *state)
{
    return state->axes ? state->channels : state->channels * state->channels;
}

static const tx_baseline_class persistence = {.fit = fit_, .count = count};

const tx_component tx_baseline_persistence = {
    .kind = TX_KIND_BASELINE, .name = "persistence", .summary = "the state stays what it is", .implementation = &persistence};
