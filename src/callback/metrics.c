/* How well the network does on held-out data: a rollout over the `evaluation` section, a column for each of its metrics. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "callback/held_out.h"

typedef struct metrics {
    int count;
    tx_asked_metric *asked;
    char **columns;
    tx_asked_metric *best; /* by which best.h5 is chosen; NULL: not here */
} metrics;

static tx_status ask(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    static const char *const otherwise[] = {"mean_nRMSE"};
    metrics *state = callback->state;
    const tx_section *section = tx_get_section(setup->run, "evaluation");
    const char *const *texts = otherwise;
    const int count = section ? tx_get_strings(section, "metrics", &texts) : 1;
    return setup->services->add_metrics(setup->trainer, section ? section : callback->section, section ? "metrics" : NULL, count,
                                        texts, error, &state->count, &state->asked);
}

/* METRIC or, for a callback with a name, NAME_METRIC. */
static tx_status name_column(const tx_callback *callback, const char *metric, tx_error *error, char **out)
{
    const char *name = tx_has(callback->section, "name") ? tx_get_string(callback->section, "name") : "";
    const size_t size = strlen(name) + strlen(metric) + 2;
    TX_TRY(tx_allocate(size, error, out));
    snprintf(*out, size, "%s%s%s", name, *name ? "_" : "", metric);
    return TX_OK;
}

static tx_status keep_best(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    metrics *state = callback->state;
    int count;
    const char *name = tx_get_string(callback->section, "keep_best");
    if (!name) {
        return TX_OK;
    }
    TX_TRY(setup->services->add_metrics(setup->trainer, callback->section, "keep_best", 1, &name, error, &count, &state->best));
    if (count != 1) {
        return tx_section_error(callback->section, "keep_best", error, TX_INVALID, "one metric chooses the best network, not %d",
                                count);
    }
    const tx_kept_metric kept = {.name = state->best->name, .rising = tx_metric_is_correlation(state->best->name), .asked = true};
    return setup->services->keep_best(setup->trainer, callback, &kept, error);
}

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    metrics *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    callback->state = state;
    TX_TRY(ask(callback, setup, error));
    TX_TRY(tx_allocate_array((size_t)state->count, sizeof(char *), error, &state->columns));
    for (int k = 0; k < state->count; k++) {
        TX_TRY(name_column(callback, state->asked[k].name, error, &state->columns[k]));
    }
    callback->columns = (const char *const *)state->columns;
    callback->num_columns = state->count;
    return keep_best(callback, setup, error);
}

static void offer(tx_callback *callback, const tx_observation *seen, const struct tx_evaluation_result *result)
{
    const metrics *state = callback->state;
    if (state->best) {
        seen->services->offer(seen->trainer, callback,
                              tx_over_steps_value(callback->section, state->best, result, seen->precision));
    }
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    const metrics *state = callback->state;
    const struct tx_evaluation_result *result;
    TX_TRY(seen->services->measure(seen->trainer, error, &result));
    for (int k = 0; k < state->count; k++) {
        tx_cell_set(cells, k, tx_over_steps_value(callback->section, &state->asked[k], result, seen->precision));
    }
    offer(callback, seen, result);
    return TX_OK;
}

static tx_status conclude(tx_callback *callback, const tx_observation *seen, tx_error *error)
{
    const metrics *state = callback->state;
    const struct tx_evaluation_result *result;
    if (state->best) {
        TX_TRY(seen->services->measure(seen->trainer, error, &result));
        offer(callback, seen, result);
    }
    return TX_OK;
}

static void destroy(tx_callback *callback)
{
    metrics *state = callback->state;
    for (int k = 0; state && state->columns && k < state->count; k++) {
        tx_free(state->columns[k]);
    }
    if (state) {
        tx_free(state->columns);
        tx_free(state->asked);
        tx_free(state->best);
    }
}

static const tx_option options[] = {
    TX_OPTION_OVER_STEPS,
    {.name = "keep_best",
     .type = TX_TYPE_STRING,
     .initial = "null",
     .kind = TX_KIND_METRIC,
     .unit = "",
     .text =
         "a metric: the network for which it is best, the last one included, is kept as best.h5, written with each checkpoint and "
         "at the end"},
    {0},
};
static const tx_callback_class class_ = {.create = create, .observe = observe, .conclude = conclude, .destroy = destroy};
const tx_component tx_callback_metrics = {
    .kind = TX_KIND_CALLBACK,
    .name = "metrics",
    .summary = "the metrics of the evaluation section on held-out data, a column METRIC (with a `name`: NAME_METRIC) each",
    .options = options,
    .implementation = &class_,
};
