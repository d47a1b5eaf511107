/* Ends training at a target: after the first step at which a held-out metric is as good. What it sees at a step is its column's
 * value, so that nothing has to be remembered; rank 0 decides for all. */
#include <inttypes.h>

#include "base/memory.h"
#include "callback/held_out.h"

typedef struct until {
    tx_parallel *parallel;
    tx_asked_metric *metric;
    double below;
    bool rising;
    const char *column;
} until;

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    until *state;
    int count;
    const char *metric = tx_get_string(callback->section, "metric"), *name = tx_get_string(callback->section, "name");
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    callback->state = state;
    *state = (until){.parallel = setup->parallel, .below = tx_get_real(callback->section, "below")};
    TX_TRY(setup->services->add_metrics(setup->trainer, callback->section, "metric", 1, &metric, error, &count, &state->metric));
    if (count != 1) {
        return tx_section_error(callback->section, "metric", error, TX_INVALID, "one metric is watched, not %d", count);
    }
    state->rising = tx_metric_is_correlation(state->metric->name);
    state->column = name ? name : state->metric->name;
    callback->columns = &state->column;
    callback->num_columns = 1;
    return TX_OK;
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    const until *state = callback->state;
    const struct tx_evaluation_result *result;
    TX_TRY(seen->services->measure(seen->trainer, error, &result));
    const double value = tx_over_steps_value(callback->section, state->metric, result, seen->precision);
    tx_cell_set(cells, 0, value);
    int64_t end = state->rising ? value >= state->below : value <= state->below;
    TX_TRY(tx_parallel_broadcast(state->parallel, &end, sizeof end, error));
    if (end) {
        tx_log_write(callback->log, TX_LOG_NOTE, "target reached at step %" PRId64 ": %s is %.6g", seen->step, state->metric->name,
                     value);
        seen->services->end(seen->trainer);
    }
    return TX_OK;
}

static void destroy(tx_callback *callback)
{
    until *state = callback->state;
    if (state) {
        tx_free(state->metric);
    }
}

static const tx_option options[] = {
    {.name = "metric",
     .type = TX_TYPE_STRING,
     .kind = TX_KIND_METRIC,
     .unit = "",
     .text = "watched on the evaluation section's data; smaller is better, of correlations larger"},
    {.name = "below", .type = TX_TYPE_REAL, .unit = "", .text = "the target: at most this, of correlations at least"},
    TX_OPTION_OVER_STEPS,
    {0},
};
static const tx_callback_class class_ = {.create = create, .observe = observe, .destroy = destroy};
const tx_component tx_callback_until = {
    .kind = TX_KIND_CALLBACK,
    .name = "until",
    .summary =
        "ends training, as a finished run, after the first step at which a held-out metric has reached its target; its column is "
        "that metric",
    .options = options,
    .implementation = &class_,
};
