/* Ends training when a held-out metric has not improved for a while, and lets the best network be kept. What it remembers follows
 * from its own column, so a resumed run recalls it from the history; rank 0 decides for all. */
#include <inttypes.h>
#include <math.h>

#include "base/memory.h"
#include "callback/held_out.h"

typedef struct early_stopping {
    tx_parallel *parallel;
    tx_asked_metric *metric;
    bool rising; /* is more better? */
    double min_delta;
    int64_t patience;
    double best; /* NaN: none yet */
    int64_t best_step, waited;
} early_stopping;

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    early_stopping *state;
    int count;
    const char *name = tx_get_string(callback->section, "metric");
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    callback->state = state;
    *state = (early_stopping){.parallel = setup->parallel,
                              .min_delta = tx_get_real(callback->section, "min_delta"),
                              .patience = tx_get_integer(callback->section, "patience"),
                              .best = NAN};
    TX_TRY(setup->services->add_metrics(setup->trainer, callback->section, "metric", 1, &name, error, &count, &state->metric));
    if (count != 1) {
        return tx_section_error(callback->section, "metric", error, TX_INVALID, "one metric is watched, not %d", count);
    }
    state->rising = tx_metric_is_correlation(state->metric->name);
    const tx_kept_metric kept = {.name = state->metric->name, .rising = state->rising};
    return setup->services->keep_best(setup->trainer, callback, &kept, error);
}

static bool is_better(const early_stopping *state, double value)
{
    const double gain = state->rising ? value - state->best : state->best - value;
    return isnan(state->best) ? !isnan(value) : gain > state->min_delta;
}

static void take(early_stopping *state, int64_t step, double value)
{
    if (is_better(state, value)) {
        state->best = value;
        state->best_step = step;
        state->waited = 0;
    } else {
        state->waited++;
    }
}

static void recall(tx_callback *callback, int64_t step, tx_cells cells)
{
    if (tx_cell_has(cells, 0)) {
        take(callback->state, step, cells.values[cells.first]);
    }
}

static void tell(const tx_callback *callback, int64_t step)
{
    const early_stopping *state = callback->state;
    tx_log_write(callback->log, TX_LOG_NOTE,
                 "early stopping at step %" PRId64 ": %s has not improved in %" PRId64 " evaluations (best %.6g at step %" PRId64
                 ")",
                 step, state->metric->name, state->waited, state->best, state->best_step);
}

static tx_status measure(tx_callback *callback, const tx_observation *seen, tx_error *error, double *out)
{
    const early_stopping *state = callback->state;
    const struct tx_evaluation_result *result;
    TX_TRY(seen->services->measure(seen->trainer, error, &result));
    *out = tx_over_steps_value(callback->section, state->metric, result, seen->precision);
    seen->services->offer(seen->trainer, callback, *out);
    return TX_OK;
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    early_stopping *state = callback->state;
    double value;
    TX_TRY(measure(callback, seen, error, &value));
    tx_cell_set(cells, 0, value);
    take(state, seen->step, value);
    int64_t end = state->waited >= state->patience;
    TX_TRY(tx_parallel_broadcast(state->parallel, &end, sizeof end, error));
    if (end) {
        tell(callback, seen->step);
        seen->services->end(seen->trainer);
    }
    return TX_OK;
}

static tx_status conclude(tx_callback *callback, const tx_observation *seen, tx_error *error)
{
    double unused;
    return measure(callback, seen, error, &unused);
}

static void destroy(tx_callback *callback)
{
    early_stopping *state = callback->state;
    if (state) {
        tx_free(state->metric);
    }
}

static const tx_option options[] = {
    {.name = "metric",
     .type = TX_TYPE_STRING,
     .initial = "mean_nRMSE",
     .kind = TX_KIND_METRIC,
     .unit = "",
     .text = "watched on the evaluation section's data; smaller is better, of correlations larger"},
    {.name = "patience",
     .type = TX_TYPE_INTEGER,
     .initial = "10",
     .unit = "evaluations",
     .minimum = 1,
     .text = "training ends after so many in a row without an improvement"},
    {.name = "min_delta",
     .type = TX_TYPE_REAL,
     .initial = "0",
     .unit = "",
     .minimum = 0,
     .maximum = INFINITY,
     .text = "an improvement is larger than this"},
    TX_OPTION_OVER_STEPS,
    {0},
};
static const tx_callback_class class_ = {
    .create = create, .observe = observe, .conclude = conclude, .recall = recall, .destroy = destroy, .column = "early_stopping"};
const tx_component tx_callback_early_stopping = {
    .kind = TX_KIND_CALLBACK,
    .name = "early_stopping",
    .summary = "ends training, as a finished run, when a held-out metric no longer improves; its column is that metric. The best "
               "network, the last one included, is kept as best.h5, written with each checkpoint and at the end",
    .options = options,
    .implementation = &class_,
};
