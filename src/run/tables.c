/* members.csv and ensemble.csv: what has become of members, and how their errors spread. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/real.h"
#include "base/text.h"
#include "component/write.h"
#include "run/directory.h"
#include "run/ensemble.h"
#include "trainax/evaluation.h"
#include "trainax/metric.h"

/* A member's metrics.csv. */
typedef struct table {
    char *text; /* of its first line, cut into names */
    int columns;
    const char **names;
    int64_t rows;
    size_t capacity;
    double *values; /* [rows][columns] */
} table;

typedef struct tables {
    const tx_ensemble_results *results;
    tx_text text;
    table *members;    /* empty ones of those that are not finished */
    const table *form; /* of all: the first's, or one without rows */
    table unmeasured;  /* names alone: where none is finished */
    double *sorted;
} tables;

static tx_status cannot_read(const char *path, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "%s: cannot be read as the table that it was", path);
}

/* ---- Reading ---- */

static void free_table(table *table)
{
    tx_free(table->text);
    tx_free(table->names);
    tx_free(table->values);
}

/* Behind "step". */
static tx_status read_names(const char *line, table *table, tx_error *error)
{
    TX_TRY(tx_duplicate(line, error, &table->text));
    for (char *comma = strchr(table->text, ','); comma; comma = strchr(comma + 1, ',')) {
        table->columns++;
    }
    TX_TRY(tx_allocate_array((size_t)table->columns, sizeof *table->names, error, &table->names));
    char *rest = table->text;
    for (int k = -1; k < table->columns; k++) {
        char *name = strsep(&rest, ",\n");
        if (k >= 0) {
            table->names[k] = name;
        }
    }
    return TX_OK;
}

/* nan and inf are numbers, too. */
static tx_status read_row(char *line, tx_precision precision, const char *path, table *table, tx_error *error)
{
    const size_t columns = (size_t)table->columns, at = (size_t)table->rows * columns;
    char *rest = line;
    TX_TRY(tx_reserve(at + columns + 1, sizeof(double), &table->capacity, error, &table->values));
    strsep(&rest, ",\n");
    for (size_t k = 0; k < columns; k++) {
        const char *cell = strsep(&rest, ",\n");
        double value;
        if (!cell || !tx_parse_real(cell, &value)) {
            return cannot_read(path, error);
        }
        table->values[at + k] = tx_real_round(precision, value);
    }
    table->rows++;
    return TX_OK;
}

static tx_status read_lines(FILE *file, tx_precision precision, const char *path, table *table, tx_error *error)
{
    char *line = NULL;
    size_t size = 0;
    tx_status status = getline(&line, &size, file) > 0 ? read_names(line, table, error) : cannot_read(path, error);
    while (status == TX_OK && getline(&line, &size, file) > 0) {
        status = read_row(line, precision, path, table, error);
    }
    free(line);
    return status;
}

static tx_status read_metrics(const char *directory, tx_precision precision, table *table, tx_error *error)
{
    tx_text path = {0};
    TX_TRY(tx_text_add(&path, error, "%s/%s", directory, TX_MEMBER_METRICS));
    FILE *file = fopen(path.data, "re");
    const tx_status status = file ? read_lines(file, precision, path.data, table, error) : cannot_read(path.data, error);
    if (file) {
        fclose(file);
    }
    tx_free(path.data);
    return status;
}

/* The last loss of history.csv, as it is written there; "": none was recorded. */
static tx_status read_loss(const char *directory, char out[TX_DECIMAL_SIZE], tx_error *error)
{
    enum { LOSS = 3 };
    tx_text path = {0};
    char *line = NULL;
    size_t size = 0;
    TX_TRY(tx_text_add(&path, error, "%s/history.csv", directory));
    FILE *file = fopen(path.data, "re");
    bool begun = false;
    out[0] = '\0';
    for (; file && getline(&line, &size, file) > 0; begun = true) {
        char *rest = line, *cell = NULL;
        for (int k = 0; k <= LOSS; k++) {
            cell = strsep(&rest, ",\n");
        }
        if (begun && cell && *cell) {
            snprintf(out, TX_DECIMAL_SIZE, "%s", cell);
        }
    }
    const tx_status status = begun ? TX_OK : cannot_read(path.data, error);
    if (file) {
        fclose(file);
    }
    free(line);
    tx_free(path.data);
    return status;
}

static bool same_form(const table *a, const table *b)
{
    bool same = a->columns == b->columns && a->rows == b->rows;
    for (int k = 0; same && k < a->columns; k++) {
        same = strcmp(a->names[k], b->names[k]) == 0;
    }
    return same;
}

/* As metrics.csv would have them. */
static tx_status name_metrics(tables *tables, tx_error *error)
{
    static const char *const otherwise[] = {"mean_nRMSE"};
    const tx_section *evaluation = tx_get_section(tx_config_root(tables->results->ensemble->config), "evaluation");
    const char *const *texts = otherwise;
    const int count = evaluation ? tx_get_strings(evaluation, "metrics", &texts) : 1;
    tx_text line = {0};
    tx_metrics *metrics;
    TX_TRY(tx_metrics_create(count, texts, (tx_shape){.channels = 1, .axes = 1, .n = {64}}, tables->results->precision, error,
                             &metrics));
    tx_status status = tx_text_add(&line, error, "step");
    for (int k = 0; k < tx_metrics_count(metrics) && status == TX_OK; k++) {
        status = tx_text_add(&line, error, ",%s", tx_metrics_name(metrics, k));
    }
    tx_metrics_destroy(metrics);
    status = status ? status : read_names(line.data, &tables->unmeasured, error);
    tx_free(line.data);
    tables->form = &tables->unmeasured;
    return status;
}

static tx_status read_all(tables *tables, tx_error *error)
{
    const tx_ensemble_results *results = tables->results;
    const size_t count = (size_t)results->ensemble->count;
    TX_TRY(tx_allocate_array(count, sizeof *tables->members, error, &tables->members));
    TX_TRY(tx_allocate_array(count, sizeof *tables->sorted, error, &tables->sorted));
    for (int k = 0; k < results->ensemble->count; k++) {
        if (results->ends[k].status != TX_OK) {
            continue;
        }
        TX_TRY(read_metrics(results->members[k], results->precision, &tables->members[k], error));
        tables->form = tables->form ? tables->form : &tables->members[k];
        if (!same_form(tables->form, &tables->members[k])) {
            return tx_error_set(error, TX_BAD_DATA, "%s/%s is of other metrics or steps than that of other members",
                                results->members[k], TX_MEMBER_METRICS);
        }
    }
    return tables->form ? TX_OK : name_metrics(tables, error);
}

/* ---- Writing ---- */

static tx_status add_number(tables *tables, double value, tx_error *error)
{
    char number[TX_DECIMAL_SIZE + 1];
    const int digits = tables->results->precision == TX_FLOAT32 ? 9 : 17;
    number[tx_decimal_write(number, value, digits)] = '\0';
    return tx_text_add(&tables->text, error, ",%s", number);
}

/* In quotes where it has a mark of CSV in it. */
static tx_status add_text(tx_text *text, const char *cell, tx_error *error)
{
    if (!strpbrk(cell, ",\"\n")) {
        return tx_text_add(text, error, ",%s", cell);
    }
    TX_TRY(tx_text_add(text, error, ",\""));
    for (; *cell; cell++) {
        TX_TRY(tx_text_add(text, error, *cell == '"' ? "\"\"" : "%c", *cell));
    }
    return tx_text_add(text, error, "\"");
}

static tx_status add_yaml(tx_text *text, const tx_yaml *node, tx_error *error)
{
    tx_buffer buffer = {.error = error};
    char *cell;
    tx_yaml_write(&buffer, node);
    TX_TRY(tx_buffer_finish(&buffer, &cell));
    const tx_status status = add_text(text, cell, error);
    tx_free(cell);
    return status;
}

static tx_status save(tables *tables, const char *name, tx_error *error)
{
    tx_text path = {0};
    tx_status status = tx_text_add(&path, error, "%s/%s", tables->results->directory, name);
    status = status ? status : tx_text_save(path.data, tables->text.data, tables->text.size, error);
    tx_free(path.data);
    tables->text.size = 0;
    return status;
}

/* ---- members.csv ---- */

static tx_status add_member(tables *tables, int member, tx_error *error)
{
    const tx_ensemble *ensemble = tables->results->ensemble;
    const tx_member_end end = tables->results->ends[member];
    const int64_t *seed = tx_ensemble_seed(ensemble, member);
    const table *table = &tables->members[member];
    tx_text *text = &tables->text;
    char name[TX_MEMBER_NAME], loss[TX_DECIMAL_SIZE];
    tx_ensemble_name(ensemble, member, name);
    TX_TRY(read_loss(tables->results->members[member], loss, error));
    TX_TRY(tx_text_add(text, error, "%s,", name));
    TX_TRY(seed ? tx_text_add(text, error, "%" PRId64, *seed) : TX_OK);
    for (int k = 0; k < ensemble->num_lists; k++) {
        TX_TRY(add_yaml(text, tx_ensemble_value(ensemble, member, k), error));
    }
    TX_TRY(tx_text_add(text, error, ",%s,%" PRId64 ",%s", end.status == TX_OK ? "finished" : "diverged", end.steps, loss));
    for (int k = 0; k < tables->form->columns; k++) {
        TX_TRY(table->rows
                   ? add_number(tables, tx_metric_average(table->names[k], table->rows, table->values + k, table->columns), error)
                   : tx_text_add(text, error, ","));
    }
    return tx_text_add(text, error, "\n");
}

static tx_status write_members(tables *tables, tx_error *error)
{
    const tx_ensemble *ensemble = tables->results->ensemble;
    tx_text *text = &tables->text;
    TX_TRY(tx_text_add(text, error, "member,seed"));
    for (int k = 0; k < ensemble->num_lists; k++) {
        TX_TRY(add_text(text, ensemble->lists[k].path, error));
    }
    TX_TRY(tx_text_add(text, error, ",status,steps,loss"));
    for (int k = 0; k < tables->form->columns; k++) {
        TX_TRY(tx_text_add(text, error, ",gmean_%s", tables->form->names[k]));
    }
    TX_TRY(tx_text_add(text, error, "\n"));
    for (int k = 0; k < ensemble->count; k++) {
        TX_TRY(add_member(tables, k, error));
    }
    return save(tables, TX_MEMBERS_TABLE, error);
}

/* ---- ensemble.csv ---- */

/* Of one metric at one step, over the finished members. */
static tx_status add_spread(tables *tables, int64_t row, int column, tx_error *error)
{
    static const double levels[] = {0.1, 0.5, 0.9};
    double sum = 0;
    int count = 0;
    for (int k = 0; k < tables->results->ensemble->count; k++) {
        const table *table = &tables->members[k];
        if (table->rows) {
            tables->sorted[count] = table->values[row * table->columns + column];
            sum += tables->sorted[count++];
        }
    }
    TX_TRY(add_number(tables, sum / count, error));
    for (int k = 0; k < 3; k++) {
        TX_TRY(add_number(tables, tx_metric_quantile(tables->sorted, count, levels[k]), error));
    }
    return TX_OK;
}

static tx_status write_spreads(tables *tables, tx_error *error)
{
    static const char *const statistics[] = {"mean", "q10", "q50", "q90"};
    const table *form = tables->form;
    TX_TRY(tx_text_add(&tables->text, error, "step"));
    for (int k = 0; k < 4 * form->columns; k++) {
        TX_TRY(tx_text_add(&tables->text, error, ",%s_%s", form->names[k / 4], statistics[k % 4]));
    }
    TX_TRY(tx_text_add(&tables->text, error, "\n"));
    for (int64_t row = 0; row < form->rows; row++) {
        TX_TRY(tx_text_add(&tables->text, error, "%" PRId64, row + 1));
        for (int k = 0; k < form->columns; k++) {
            TX_TRY(add_spread(tables, row, k, error));
        }
        TX_TRY(tx_text_add(&tables->text, error, "\n"));
    }
    return save(tables, TX_ENSEMBLE_TABLE, error);
}

tx_status tx_ensemble_write(const tx_ensemble_results *results, tx_error *error)
{
    tables tables = {.results = results};
    tx_status status = read_all(&tables, error);
    status = status ? status : write_members(&tables, error);
    status = status ? status : write_spreads(&tables, error);
    for (int k = 0; tables.members && k < results->ensemble->count; k++) {
        free_table(&tables.members[k]);
    }
    free_table(&tables.unmeasured);
    tx_free(tables.members);
    tx_free(tables.sorted);
    tx_free(tables.text.data);
    return status;
}
