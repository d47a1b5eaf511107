/* Always the mean over all levels of all trajectories. */
#include "base/memory.h"
#include "base/real.h"
#include "baseline/baseline.h"
#include "parallel/communicator.h"

/* Of this rank's levels, those behind the end of a trajectory left out; the last number counts them. */
static void add_own(const tx_fit *fit, double *sums)
{
    const tx_data_shape *shape = &fit->dataset->shape;
    const int64_t n = fit->pairs->size;
    int64_t first, count;
    void *levels;
    tx_store_part(fit->dataset->store, &first, &count, &levels);
    for (int64_t k = 0; k < count; k++) {
        const int64_t trajectory = (first + k) / shape->num_levels, level = (first + k) % shape->num_levels;
        for (int64_t i = 0; i < n && level < tx_data_length(shape, trajectory); i++) {
            sums[i] += tx_real_get(fit->precision, levels, k * n + i);
        }
        sums[n] += level < tx_data_length(shape, trajectory);
    }
}

/* A perceptron that forgets its input. */
static tx_status make(tx_baseline *baseline, const tx_fit *fit, const double *mean, tx_error *error)
{
    const int64_t n = fit->pairs->size;
    if (!fit->state.axes) {
        return tx_baseline_linear(baseline, fit, NULL, mean, error);
    }
    TX_TRY(tx_baseline_make(baseline, fit, error, "mlp",
                            "width_size: 1, depth: 1, activation: identity, use_bias: false, use_final_bias: true"));
    for (int64_t k = 0; k < n; k++) {
        tx_baseline_put(baseline, fit, 2 * n + k, mean[k]);
    }
    return TX_OK;
}

static tx_status find(tx_baseline *baseline, const tx_fit *fit, double *sums, tx_error *error)
{
    const int64_t n = fit->pairs->size;
    add_own(fit, sums);
    TX_TRY(tx_parallel_add(fit->parallel, sums, (size_t)n + 1, error));
    for (int64_t k = 0; k < n; k++) {
        sums[k] /= sums[n];
    }
    return tx_parallel_agree(fit->parallel, make(baseline, fit, sums, error), error);
}

static tx_status fit_(tx_baseline *baseline, const tx_fit *fit, tx_error *error)
{
    double *sums = NULL;
    const tx_status mine = tx_allocate_array((size_t)fit->pairs->size + 1, sizeof *sums, error, &sums);
    tx_status status = tx_parallel_agree(fit->parallel, mine, error);
    status = status ? status : find(baseline, fit, sums, error);
    baseline->spectral_radius = 0;
    tx_free(sums);
    return status;
}

static int64_t count(const tx_shape *state)
{
    const int64_t n = state->channels * tx_shape_points(state);
    return state->axes ? 3 * n : n * n + n;
}

static const tx_baseline_class climatology = {.fit = fit_, .count = count};

const tx_component tx_baseline_climatology = {.kind = TX_KIND_BASELINE,
                                              .name = "climatology",
                                              .summary = "always the mean over trajectories and levels",
                                              .implementation = &climatology};
