/* Files of baselines, made by rank 0: networks first, the table of all last. */
#include "baseline/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/beside.h"
#include "problem/network_file.h"

static const char *const tables[] = {"metrics.csv", "baselines.csv"};
static const char *const of_runs[] = {"run.log", "history.csv", "checkpoint.h5"}; /* of train: results, too */
enum { NUM_TABLES = sizeof tables / sizeof *tables, NUM_OF_RUNS = sizeof of_runs / sizeof *of_runs, PATH_SIZE = 4096 };

static tx_status join(const tx_report *report, const char *name, const char *ending, tx_error *error, char path[PATH_SIZE])
{
    const int length = snprintf(path, PATH_SIZE, "%s/%s%s", report->directory, name, ending);
    return length < PATH_SIZE ? TX_OK : tx_error_set(error, TX_INVALID, "the path of %s%s is too long", name, ending);
}

/* ---- Before ---- */

static tx_status check_absent(const tx_report *report, const char *name, const char *ending, tx_error *error)
{
    char path[PATH_SIZE];
    struct stat unused;
    TX_TRY(join(report, name, ending, error, path));
    return report->overwrite || lstat(path, &unused)
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "%s holds results (%s%s): give --overwrite to replace them, or another --output",
                              report->directory, name, ending);
}

static tx_status check_file(const tx_report *report, const char *name, const char *ending, const char *const *inputs,
                            tx_error *error)
{
    char path[PATH_SIZE];
    TX_TRY(join(report, name, ending, error, path));
    TX_TRY(tx_input_check(path, inputs, error));
    return check_absent(report, name, ending, error);
}

static tx_status check(const tx_report *report, const char *const *inputs, tx_error *error)
{
    TX_TRY(tx_directory_check(report->directory, error));
    for (int k = 0; k < NUM_OF_RUNS; k++) {
        TX_TRY(check_absent(report, of_runs[k], "", error));
    }
    for (int k = 0; k < report->count; k++) {
        TX_TRY(check_file(report, report->baselines[k].name, ".h5", inputs, error));
    }
    for (int k = 0; k < NUM_TABLES; k++) {
        TX_TRY(check_file(report, tables[k], "", inputs, error));
    }
    return TX_OK;
}

tx_status tx_report_check(const tx_report *report, const char *const *inputs, tx_error *error)
{
    const tx_status mine = tx_parallel_rank(report->parallel) == 0 ? check(report, inputs, error) : TX_OK;
    return tx_parallel_agree(report->parallel, mine, error);
}

/* ---- Tables ---- */

/* Behind a comma; NaN: an empty cell, where it says that there is no number. */
static tx_status add_number(const tx_report *report, tx_text *text, double value, bool may_be_empty, tx_error *error)
{
    char number[TX_DECIMAL_SIZE + 1];
    number[may_be_empty && isnan(value) ? 0 : tx_decimal_write(number, value, report->precision == TX_FLOAT32 ? 9 : 17)] = '\0';
    return tx_text_add(text, error, ",%s", number);
}

static tx_status add_baseline(const tx_report *report, const tx_baseline *baseline, tx_text *text, tx_error *error)
{
    const bool fitted = !isnan(baseline->value);
    TX_TRY(tx_text_add(text, error, "%s", baseline->name));
    TX_TRY(add_number(report, text, baseline->value, true, error));
    TX_TRY(tx_text_add(text, error, ",%lld", fitted ? (long long)baseline->network->num_parameters : 0));
    TX_TRY(add_number(report, text, baseline->train_loss, false, error));
    TX_TRY(add_number(report, text, baseline->gmean, false, error));
    TX_TRY(add_number(report, text, baseline->spectral_radius, true, error));
    return tx_text_add(text, error, "\n");
}

static tx_status add_baselines(const tx_report *report, tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "name,value,parameters,train_loss,gmean_mean_nRMSE,spectral_radius\n"));
    for (int k = 0; k < report->count; k++) {
        TX_TRY(add_baseline(report, &report->baselines[k], text, error));
    }
    return TX_OK;
}

static tx_status add_metrics(const tx_report *report, tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "step"));
    for (int k = 0; k < report->count; k++) {
        TX_TRY(tx_text_add(text, error, ",%s", report->baselines[k].name));
    }
    for (int64_t step = 0; step < report->num_steps; step++) {
        TX_TRY(tx_text_add(text, error, "\n%lld", (long long)step + 1));
        for (int k = 0; k < report->count; k++) {
            TX_TRY(add_number(report, text, report->baselines[k].errors[step], false, error));
        }
    }
    return tx_text_add(text, error, "\n");
}

/* ---- Files ---- */

static tx_status put(const tx_report *report, const tx_baseline *baseline, tx_file *file, tx_error *error)
{
    char path[PATH_SIZE];
    TX_TRY(join(report, baseline->name, ".h5", error, path));
    TX_TRY(tx_network_file_put(file, baseline->network, report->precision, baseline->parameters, error));
    TX_TRY(tx_normalization_write(report->normalization, file, error));
    return report->overwrite ? tx_file_save(file, path, NULL, error) : tx_file_save_new(file, path, error);
}

static tx_status save_network(const tx_report *report, const tx_baseline *baseline, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_file_create(error, &file));
    const tx_status status = put(report, baseline, file, error);
    tx_file_close(file);
    return status;
}

static tx_status save_table(const tx_report *report, int table, const tx_text *text, tx_error *error)
{
    char path[PATH_SIZE];
    TX_TRY(join(report, tables[table], "", error, path));
    return report->overwrite ? tx_text_save(path, text->data, text->size, error)
                             : tx_text_save_new(path, text->data, text->size, error);
}

static tx_status write_all(const tx_report *report, tx_text texts[NUM_TABLES], tx_error *error)
{
    TX_TRY(add_metrics(report, &texts[0], error));
    TX_TRY(add_baselines(report, &texts[1], error));
    TX_TRY(tx_directory_make(report->directory, error));
    for (int k = 0; k < report->count; k++) {
        TX_TRY(save_network(report, &report->baselines[k], error));
    }
    for (int k = 0; k < NUM_TABLES; k++) {
        TX_TRY(save_table(report, k, &texts[k], error));
    }
    return TX_OK;
}

tx_status tx_report_write(const tx_report *report, tx_error *error, char **out)
{
    tx_text texts[NUM_TABLES] = {0};
    const tx_status mine = tx_parallel_rank(report->parallel) == 0 ? write_all(report, texts, error) : TX_OK;
    const tx_status status = tx_parallel_agree(report->parallel, mine, error);
    tx_free(texts[0].data);
    if (status != TX_OK) {
        tx_free(texts[1].data);
        return status;
    }
    *out = texts[1].data;
    return TX_OK;
}
