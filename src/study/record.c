/* What a run's files say. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/name.h"
#include "study/results.h"
#include "trainax/metric.h"

static tx_status read_table(const char *directory, const char *name, tx_error *error, tx_numbers_table *out)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return tx_numbers_read(path, error, out);
}

int tx_metric_column(const tx_numbers_table *table, const char *metric)
{
    for (int k = 1; k < table->csv.columns; k++) {
        if (tx_same_name(metric, table->csv.cells[k], "")) {
            return k;
        }
    }
    return table->csv.columns - 1;
}

static tx_status read_metric(const char *directory, const tx_results *results, tx_error *error, tx_record *record)
{
    tx_numbers_table table;
    TX_TRY(read_table(directory, "metrics.csv", error, &table));
    const int column = tx_metric_column(&table, results->metric);
    const tx_status status = tx_allocate_array((size_t)table.csv.rows, sizeof *record->values, error, &record->values);
    for (int64_t k = 0; status == TX_OK && k < table.csv.rows; k++) {
        record->values[k] = tx_numbers_at(&table, k, column);
    }
    record->num_values = table.csv.rows;
    record->mean = status == TX_OK ? tx_metric_average(results->metric, table.csv.rows, record->values, 1) : NAN;
    tx_numbers_free(&table);
    return status;
}

/* The target's callback is the last one, and has one column. */
static void find_target(const tx_results *results, const tx_numbers_table *history, tx_record *record)
{
    const int64_t row = tx_numbers_last(history, history->csv.columns - 1);
    const double value = row >= 0 ? tx_numbers_at(history, row, history->csv.columns - 1) : NAN;
    record->reached = results->rising ? value >= results->target : value <= results->target;
    if (record->reached) {
        record->steps = (int64_t)tx_numbers_at(history, row, 0);
    }
}

static tx_status read_history(const char *directory, const tx_results *results, tx_error *error, tx_record *record)
{
    tx_numbers_table history;
    TX_TRY(read_table(directory, "history.csv", error, &history));
    const int loss = tx_csv_find(&history.csv, "loss");
    const int64_t row = loss >= 0 ? tx_numbers_last(&history, loss) : -1;
    record->loss = row >= 0 ? tx_numbers_at(&history, row, loss) : NAN;
    if (results->has_target) {
        find_target(results, &history, record);
    }
    tx_numbers_free(&history);
    return TX_OK;
}

tx_status tx_record_read(const char *directory, const tx_run_outcome *outcome, const tx_results *results, tx_error *error,
                         tx_record *out)
{
    tx_record record = {
        .ended = true, .diverged = outcome->diverged, .steps = outcome->steps, .seconds = outcome->seconds, .mean = NAN};
    tx_status status = read_history(directory, results, error, &record);
    if (status == TX_OK && !record.diverged) {
        status = read_metric(directory, results, error, &record);
    }
    if (status != TX_OK) {
        tx_free(record.values);
        return status;
    }
    tx_free(out->values);
    *out = record;
    return TX_OK;
}
