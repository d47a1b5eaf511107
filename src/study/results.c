/* The tables of a study. */
#include "study/results.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/memory.h"
#include "study/permutation.h"
#include "trainax/file.h"
#include "trainax/metric.h"

static const tx_record *record_of(const tx_results *results, int setting, int seed)
{
    return &results->records[setting * results->num_seeds + seed];
}

static tx_status add_number_or_nothing(tx_sheet *sheet, double value, tx_error *error)
{
    return isnan(value) ? tx_sheet_empty(sheet, error) : tx_sheet_number(sheet, value, error);
}

/* ---- study.csv ---- */

static tx_status add_run(const tx_results *results, int setting, int seed, tx_sheet *sheet, tx_error *error)
{
    const tx_record *record = record_of(results, setting, seed);
    char seconds[32];
    tx_format(seconds, sizeof seconds, "%.3f", record->seconds);
    TX_TRY(tx_sheet_text(sheet, results->settings[setting], error));
    TX_TRY(tx_sheet_integer(sheet, results->seeds[seed], error));
    TX_TRY(tx_sheet_text(sheet, record->diverged ? "diverged" : "finished", error));
    TX_TRY(tx_sheet_text(sheet, !results->has_target ? "" : record->reached ? "true" : "false", error));
    TX_TRY(tx_sheet_integer(sheet, record->steps, error));
    TX_TRY(tx_sheet_text(sheet, seconds, error));
    TX_TRY(tx_sheet_number(sheet, record->loss, error));
    return record->diverged ? tx_sheet_empty(sheet, error) : tx_sheet_number(sheet, record->mean, error);
}

static tx_status add_runs(const tx_results *results, tx_sheet *sheet, tx_error *error)
{
    for (int k = 0; k < results->num_settings; k++) {
        for (int j = 0; j < results->num_seeds; j++) {
            TX_TRY(record_of(results, k, j)->ended ? add_run(results, k, j, sheet, error) : TX_OK);
        }
    }
    return TX_OK;
}

/* ---- summary.csv ---- */

/* Of the runs of a setting that have ended. */
typedef struct sample {
    int runs, reached, finished;
    double *steps, *seconds, *means; /* [num_seeds]; NaN where the target was not reached */
} sample;

static void take_runs(const tx_results *results, int setting, sample *sample)
{
    for (int k = 0; k < results->num_seeds; k++) {
        const tx_record *record = record_of(results, setting, k);
        if (record->ended) {
            sample->steps[sample->runs] = record->reached ? (double)record->steps : NAN;
            sample->seconds[sample->runs] = record->reached ? record->seconds : NAN;
            sample->reached += record->reached;
            sample->runs++;
        }
        if (record->ended && !record->diverged) {
            sample->means[sample->finished++] = record->mean;
        }
    }
}

static tx_status add_summary_row(const tx_results *results, int setting, sample *sample, tx_sheet *sheet, tx_error *error)
{
    static const double quantiles[] = {0.1, 0.5, 0.9};
    char seconds[32];
    const double time = tx_mean_to_target(sample->runs, sample->seconds);
    tx_format(seconds, sizeof seconds, "%.3f", time);
    TX_TRY(tx_sheet_text(sheet, results->settings[setting], error));
    TX_TRY(tx_sheet_integer(sheet, sample->runs, error));
    TX_TRY(tx_sheet_integer(sheet, sample->reached, error));
    TX_TRY(add_number_or_nothing(sheet, tx_mean_to_target(sample->runs, sample->steps), error));
    TX_TRY(tx_sheet_text(sheet, isnan(time) ? "" : seconds, error));
    for (int k = 0; k < 3; k++) {
        const double value = sample->finished ? tx_metric_quantile(sample->means, sample->finished, quantiles[k]) : NAN;
        TX_TRY(sample->finished ? tx_sheet_number(sheet, value, error) : tx_sheet_empty(sheet, error));
    }
    return TX_OK;
}

static tx_status add_summary(const tx_results *results, double *room, tx_sheet *sheet, tx_error *error)
{
    for (int k = 0; k < results->num_settings; k++) {
        sample sample = {.steps = room, .seconds = room + results->num_seeds, .means = room + 2 * results->num_seeds};
        take_runs(results, k, &sample);
        TX_TRY(add_summary_row(results, k, &sample, sheet, error));
    }
    return TX_OK;
}

/* ---- tests.csv ---- */

/* A pair of settings, and the seeds with which both have finished. */
typedef struct matched {
    int a, b, n;
    int64_t steps; /* that all of them have */
    int *seeds;
    double *x; /* [n] */
} matched;

static void match(const tx_results *results, matched *pair)
{
    pair->n = 0;
    pair->steps = 0;
    for (int k = 0; k < results->num_seeds; k++) {
        const tx_record *a = record_of(results, pair->a, k), *b = record_of(results, pair->b, k);
        if (a->ended && b->ended && !a->diverged && !b->diverged) {
            const int64_t steps = a->num_values < b->num_values ? a->num_values : b->num_values;
            pair->steps = pair->n == 0 || steps < pair->steps ? steps : pair->steps;
            pair->seeds[pair->n++] = k;
        }
    }
}

static double value_of(const tx_record *record, int64_t step)
{
    return step ? record->values[step - 1] : record->mean;
}

/* step 0: of the means. */
static tx_status add_test(const tx_results *results, const matched *pair, const char *quantity, int64_t step, tx_sheet *sheet,
                          tx_error *error)
{
    double sum = 0;
    for (int k = 0; k < pair->n; k++) {
        const double a = value_of(record_of(results, pair->a, pair->seeds[k]), step);
        const double b = value_of(record_of(results, pair->b, pair->seeds[k]), step);
        pair->x[k] = results->rising ? a - b : log(a) - log(b);
        sum += pair->x[k];
    }
    TX_TRY(tx_sheet_text(sheet, results->settings[pair->a], error));
    TX_TRY(tx_sheet_text(sheet, results->settings[pair->b], error));
    TX_TRY(tx_sheet_text(sheet, quantity, error));
    TX_TRY(step ? tx_sheet_integer(sheet, step, error) : tx_sheet_empty(sheet, error));
    TX_TRY(tx_sheet_integer(sheet, pair->n, error));
    TX_TRY(pair->n && !results->rising ? tx_sheet_number(sheet, exp(sum / pair->n), error) : tx_sheet_empty(sheet, error));
    return add_number_or_nothing(sheet, tx_permutation_test(pair->n, pair->x), error);
}

static tx_status add_pair(const tx_results *results, matched *pair, const char *mean, tx_sheet *sheet, tx_error *error)
{
    match(results, pair);
    TX_TRY(add_test(results, pair, mean, 0, sheet, error));
    for (int64_t step = 1; step <= pair->steps; step++) {
        TX_TRY(add_test(results, pair, results->metric, step, sheet, error));
    }
    return TX_OK;
}

static tx_status add_tests(const tx_results *results, const char *mean, double *room, tx_sheet *sheet, tx_error *error)
{
    int *seeds;
    tx_status status = tx_allocate_array((size_t)results->num_seeds, sizeof *seeds, error, &seeds);
    TX_TRY(status);
    for (int a = 0; a < results->num_settings; a++) {
        for (int b = a + 1; status == TX_OK && b < results->num_settings; b++) {
            matched pair = {.a = a, .b = b, .seeds = seeds, .x = room};
            status = add_pair(results, &pair, mean, sheet, error);
        }
    }
    tx_free(seeds);
    return status;
}

/* ---- Files ---- */

static tx_status save(const char *directory, const char *name, const tx_text *text, tx_error *error)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return tx_text_save(path, text->data, text->size, error);
}

enum { RUNS, SUMMARY, TESTS, NUM_SHEETS };

static tx_status write_json(const tx_sheet sheets[NUM_SHEETS], const char *directory, tx_error *error)
{
    static const int order[] = {SUMMARY, RUNS, TESTS};
    tx_text text = {0};
    tx_status status = tx_text_add(&text, error, "{\n");
    for (int k = 0; status == TX_OK && k < NUM_SHEETS; k++) {
        status = tx_sheet_add_json(&sheets[order[k]], &text, error);
        status = status ? status : tx_text_add(&text, error, "%s\n", k + 1 < NUM_SHEETS ? "," : "");
    }
    status = status ? status : tx_text_add(&text, error, "}\n");
    status = status ? status : save(directory, "study.json", &text, error);
    tx_free(text.data);
    return status;
}

static tx_status write_markdown(const tx_sheet sheets[NUM_SHEETS], const char *mean, const char *directory, tx_error *error)
{
    enum { QUANTITY = 2 };
    tx_text text = {0};
    tx_status status = tx_text_add(&text, error, "# Summary\n\nQuantiles are of %s over runs.\n\n", mean);
    status = status ? status : tx_sheet_add_markdown(&sheets[SUMMARY], 0, NULL, &text, error);
    status = status ? status : tx_text_add(&text, error, "\n# Tests\n\nExact paired permutation tests, two-sided.\n\n");
    status = status ? status : tx_sheet_add_markdown(&sheets[TESTS], QUANTITY, mean, &text, error);
    status = status ? status : save(directory, "study.md", &text, error);
    tx_free(text.data);
    return status;
}

static tx_status fill(const tx_results *results, const char *mean, double *room, tx_sheet sheets[NUM_SHEETS], tx_error *error)
{
    TX_TRY(add_runs(results, &sheets[RUNS], error));
    TX_TRY(add_summary(results, room, &sheets[SUMMARY], error));
    return add_tests(results, mean, room, &sheets[TESTS], error);
}

static tx_status write_all(const tx_results *results, const char *mean, const char *directory, tx_sheet sheets[NUM_SHEETS],
                           tx_error *error)
{
    static const char *const files[] = {"study.csv", "summary.csv", "tests.csv"};
    double *room;
    TX_TRY(tx_allocate_array(3 * (size_t)results->num_seeds, sizeof *room, error, &room));
    tx_status status = fill(results, mean, room, sheets, error);
    tx_free(room);
    for (int k = 0; status == TX_OK && k < NUM_SHEETS; k++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", directory, files[k]);
        status = tx_sheet_save_csv(&sheets[k], path, error);
    }
    TX_TRY(status);
    TX_TRY(write_json(sheets, directory, error));
    return write_markdown(sheets, mean, directory, error);
}

tx_status tx_results_write(const tx_results *results, const char *directory, tx_error *error)
{
    char mean[300];
    snprintf(mean, sizeof mean, "gmean_%s", results->metric);
    const char *const runs[] = {"setting", "seed", "status", "reached", "steps", "seconds", "loss", mean};
    static const char *const summary[] = {"setting",           "runs", "reached", "steps_to_target",
                                          "seconds_to_target", "q10",  "q50",     "q90"};
    static const char *const tests[] = {"setting_a", "setting_b", "quantity", "step", "n", "ratio", "p"};
    tx_sheet sheets[NUM_SHEETS] = {
        [RUNS] = {.name = "runs", .columns = 8, .names = runs, .texts = 1 << 0 | 1 << 2, .digits = results->digits},
        [SUMMARY] = {.name = "settings", .columns = 8, .names = summary, .texts = 1 << 0, .digits = results->digits},
        [TESTS] = {.name = "tests", .columns = 7, .names = tests, .texts = 7, .digits = results->digits},
    };
    const tx_status status = write_all(results, mean, directory, sheets, error);
    for (int k = 0; k < NUM_SHEETS; k++) {
        tx_sheet_clear(&sheets[k]);
    }
    return status;
}
