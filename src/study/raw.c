/* An experiment's runs as one wide table. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "study/frames.h"
#include "study/series.h"
#include "trainax/file.h"

typedef struct raw {
    const tx_experiment *experiment;
    const tx_raw_setup *setup;
    tx_text text;
    tx_error *error;
} raw;

static tx_status add_cell(raw *raw, const char *cell)
{
    TX_TRY(tx_text_add(&raw->text, raw->error, ","));
    return tx_csv_add(&raw->text, cell, raw->error);
}

/* What is no number is nothing, as pandas writes it. */
static tx_status add_number(raw *raw, double value)
{
    TX_TRY(tx_text_add(&raw->text, raw->error, ","));
    return isnan(value) ? TX_OK : tx_number_add(&raw->text, value, raw->setup->digits, raw->error);
}

static tx_status add_nothing(raw *raw, int64_t cells)
{
    for (int64_t k = 0; k < cells; k++) {
        TX_TRY(tx_text_add(&raw->text, raw->error, ","));
    }
    return TX_OK;
}

/* ---- The names ---- */

static tx_status add_name(raw *raw, const char *quantity, int digits, int64_t number)
{
    char name[400];
    snprintf(name, sizeof name, "%s_%0*" PRId64, quantity, digits, number);
    return add_cell(raw, name);
}

static tx_status add_names(raw *raw)
{
    const tx_experiment *experiment = raw->experiment;
    TX_TRY(tx_text_add(&raw->text, raw->error, ",scenario,task,train,net,seed,scenario_kwargs"));
    for (int m = 0; m < experiment->num_metrics; m++) {
        for (int64_t k = 1; k <= experiment->horizon; k++) {
            TX_TRY(add_name(raw, experiment->metrics[m], 4, k));
        }
    }
    for (int64_t k = 0; k < raw->setup->num_losses; k++) {
        TX_TRY(add_name(raw, "train_loss", 6, k * raw->setup->loss_every));
    }
    for (int64_t k = 0; k < experiment->samples; k++) {
        TX_TRY(add_name(raw, "sample_rollout", 3, k));
    }
    return tx_text_add(&raw->text, raw->error, "\n");
}

/* ---- A run ---- */

static tx_status join(char path[PATH_MAX], const char *directory, const char *name, tx_error *error)
{
    return snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "%s: the name is too long", directory);
}

static tx_status add_metrics(raw *raw, const char *directory)
{
    const tx_experiment *experiment = raw->experiment;
    char path[PATH_MAX];
    tx_numbers_table table;
    TX_TRY(join(path, directory, "metrics.csv", raw->error));
    if (access(path, F_OK)) {
        return add_nothing(raw, experiment->num_metrics * experiment->horizon);
    }
    TX_TRY(tx_numbers_read(path, raw->error, &table));
    tx_status status = table.csv.rows == experiment->horizon && table.csv.columns == 1 + experiment->num_metrics
                           ? TX_OK
                           : tx_error_set(raw->error, TX_BAD_DATA, "%s is of other metrics or steps than the experiment", path);
    for (int m = 0; m < experiment->num_metrics; m++) {
        for (int64_t k = 0; status == TX_OK && k < table.csv.rows; k++) {
            status = add_number(raw, tx_numbers_at(&table, k, 1 + m));
        }
    }
    tx_numbers_free(&table);
    return status;
}

static tx_status add_losses(raw *raw, const char *directory)
{
    char path[PATH_MAX];
    tx_numbers_table table;
    TX_TRY(join(path, directory, "history.csv", raw->error));
    TX_TRY(tx_numbers_read(path, raw->error, &table));
    const int loss = tx_csv_find(&table.csv, "loss");
    tx_status status = loss >= 0 ? TX_OK : tx_error_set(raw->error, TX_BAD_DATA, "%s has no loss", path);
    int64_t row = 0;
    for (int64_t k = 0; status == TX_OK && k < raw->setup->num_losses; k++) {
        const double step = (double)(k * raw->setup->loss_every);
        while (row < table.csv.rows && tx_numbers_at(&table, row, 0) < step) {
            row++;
        }
        const bool there = row < table.csv.rows && tx_numbers_at(&table, row, 0) == step;
        status = add_number(raw, there ? tx_numbers_at(&table, row, loss) : NAN);
    }
    tx_numbers_free(&table);
    return status;
}

/* Nested lists, as JSON has them; what is no finite number as Python's json writes it. */
static tx_status add_list(raw *raw, int rank, const int64_t *size, const double **values)
{
    TX_TRY(tx_text_add(&raw->text, raw->error, "["));
    for (int64_t k = 0; k < size[0]; k++) {
        TX_TRY(k ? tx_text_add(&raw->text, raw->error, ", ") : TX_OK);
        if (rank > 1) {
            TX_TRY(add_list(raw, rank - 1, size + 1, values));
            continue;
        }
        const double value = *(*values)++;
        TX_TRY(isfinite(value) ? tx_number_add(&raw->text, value, raw->setup->digits, raw->error)
                               : tx_text_add(&raw->text, raw->error,
                                             isnan(value) ? "NaN"
                                             : value > 0  ? "Infinity"
                                                          : "-Infinity"));
    }
    return tx_text_add(&raw->text, raw->error, "]");
}

static tx_status add_sample(raw *raw, const tx_file *file, const tx_array_shape *shape, int64_t sample)
{
    static const char dataset[] = "/trajectories";
    int64_t offset[TX_FILE_MAX_RANK] = {sample}, count[TX_FILE_MAX_RANK] = {1}, size = 1;
    double *values;
    for (int k = 1; k < shape->rank; k++) {
        count[k] = shape->size[k];
        size *= shape->size[k];
    }
    const tx_slab slab = {.rank = shape->rank, .offset = offset, .count = count};
    TX_TRY(tx_allocate_array((size_t)size, sizeof *values, raw->error, &values));
    const double *next = values;
    tx_status status = tx_file_read_slab(file, dataset, &slab, TX_FLOAT64, NULL, values, raw->error);
    status = status ? status : tx_text_add(&raw->text, raw->error, ",\"");
    status = status ? status : add_list(raw, shape->rank - 1, count + 1, &next);
    tx_free(values);
    return status ? status : tx_text_add(&raw->text, raw->error, "\"");
}

static tx_status add_samples(raw *raw, const char *directory)
{
    char path[PATH_MAX];
    tx_file *file;
    tx_array_shape shape;
    TX_TRY(join(path, directory, TX_SAMPLES_FILE, raw->error));
    if (!raw->experiment->samples || access(path, F_OK)) {
        return add_nothing(raw, raw->experiment->samples);
    }
    TX_TRY(tx_file_open(path, raw->error, &file));
    tx_status status = tx_file_shape(file, "/trajectories", raw->error, &shape);
    for (int64_t k = 0; status == TX_OK && k < raw->experiment->samples; k++) {
        status = add_sample(raw, file, &shape, k);
    }
    tx_file_close(file);
    return status;
}

static tx_status add_run(raw *raw, int64_t run)
{
    const tx_experiment *experiment = raw->experiment;
    static const int order[] = {TX_WORD_TASK, TX_WORD_TRAIN, TX_WORD_NET};
    char directory[PATH_MAX], seed[32];
    snprintf(seed, sizeof seed, "%" PRId64, experiment->first + run);
    snprintf(directory, sizeof directory, "%s/runs/%s/%s", raw->setup->directory, experiment->name, seed);
    TX_TRY(tx_text_add(&raw->text, raw->error, "%" PRId64, run));
    TX_TRY(add_cell(raw, experiment->column));
    for (int k = 0; k < 3; k++) {
        TX_TRY(add_cell(raw, experiment->words[order[k]]));
    }
    TX_TRY(add_cell(raw, seed));
    TX_TRY(add_cell(raw, experiment->kwargs));
    TX_TRY(add_metrics(raw, directory));
    TX_TRY(add_losses(raw, directory));
    TX_TRY(add_samples(raw, directory));
    return tx_text_add(&raw->text, raw->error, "\n");
}

/* ---- All of it ---- */

tx_status tx_raw_path(const tx_experiment *experiment, const char *directory, tx_text *out, tx_error *error)
{
    return tx_text_add(out, error, "%s/raw/%s.csv", directory, experiment->name);
}

static tx_status save(raw *raw)
{
    tx_text path = {0};
    tx_status status = tx_raw_path(raw->experiment, raw->setup->directory, &path, raw->error);
    status = status ? status : tx_text_save(path.data, raw->text.data, raw->text.size, raw->error);
    tx_free(path.data);
    return status;
}

tx_status tx_raw_write(const tx_experiment *experiment, const tx_raw_setup *setup, tx_error *error)
{
    raw raw = {.experiment = experiment, .setup = setup, .error = error};
    tx_status status = add_names(&raw);
    for (int64_t k = 0; status == TX_OK && k < experiment->seeds; k++) {
        status = add_run(&raw, k);
    }
    status = status ? status : save(&raw);
    tx_free(raw.text.data);
    return status;
}
