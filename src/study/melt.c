/* Wide tables made long. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "study/frames.h"
#include "trainax/file.h"

static const char *const base[] = {"seed", "scenario", "task", "net", "train", "scenario_kwargs"};
enum { NUM_BASE = 6 };

/* "NAME_0001": the number behind the quantity's name; -1: it is another column. */
static int64_t number_of(const char *column, const char *quantity)
{
    const size_t length = strlen(quantity);
    int64_t number;
    return !strncmp(column, quantity, length) && column[length] == '_' && tx_parse_integer(column + length + 1, &number) ? number
                                                                                                                         : -1;
}

/* Its first column, all of which stand side by side; -1: it has none. *count: of them. */
static int first_column(const tx_csv *table, const char *quantity, int *count)
{
    int first = -1;
    *count = 0;
    for (int k = 0; k < table->columns; k++) {
        if (number_of(table->cells[k], quantity) >= 0) {
            first = first < 0 ? k : first;
            (*count)++;
        }
    }
    return first;
}

static tx_status add_row(const tx_csv *table, int64_t row, const int *columns, int num_columns, tx_text *text, tx_error *error)
{
    for (int k = 0; k < num_columns; k++) {
        TX_TRY(k ? tx_text_add(text, error, ",") : TX_OK);
        TX_TRY(tx_csv_add(text, tx_csv_cell(table, row, columns[k]), error));
    }
    return TX_OK;
}

static tx_status add_file(const tx_melting *melting, const tx_csv *table, int *columns, tx_text *text, tx_error *error)
{
    const int of_base[NUM_BASE] = {columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]};
    const int *first = columns + NUM_BASE;
    int count;
    first_column(table, melting->quantities[0], &count);
    for (int64_t row = 0; row < table->rows; row++) {
        for (int k = 0; k < count; k++) {
            TX_TRY(add_row(table, row, of_base, NUM_BASE, text, error));
            TX_TRY(tx_text_add(text, error, ",%" PRId64, number_of(table->cells[first[0] + k], melting->quantities[0])));
            for (int q = 0; q < melting->num_quantities; q++) {
                TX_TRY(tx_text_add(text, error, ","));
                TX_TRY(tx_csv_add(text, tx_csv_cell(table, row, first[q] + k), error));
            }
            TX_TRY(tx_text_add(text, error, "\n"));
        }
    }
    return TX_OK;
}

/* Of the base, then the first one of each quantity. */
static tx_status find_columns(const tx_melting *melting, const tx_csv *table, const char *path, int *columns, tx_error *error)
{
    int all = -1;
    for (int k = 0; k < NUM_BASE + melting->num_quantities; k++) {
        const char *name = k < NUM_BASE ? base[k] : melting->quantities[k - NUM_BASE];
        int count = 1;
        columns[k] = k < NUM_BASE ? tx_csv_find(table, name) : first_column(table, name, &count);
        all = k == NUM_BASE ? count : all;
        if (columns[k] < 0 || (k > NUM_BASE && count != all)) {
            return tx_error_set(error, TX_BAD_DATA, "%s has no columns of '%s' to be melted: --overwrite makes it anew", path,
                                name);
        }
    }
    return TX_OK;
}

static tx_status melt_file(const tx_melting *melting, const char *path, tx_text *text, tx_error *error)
{
    tx_csv table;
    int *columns;
    TX_TRY(tx_csv_read(path, error, &table));
    tx_status status = tx_allocate_array((size_t)(NUM_BASE + melting->num_quantities), sizeof *columns, error, &columns);
    if (status == TX_OK) {
        status = find_columns(melting, &table, path, columns, error);
        status = status ? status : add_file(melting, &table, columns, text, error);
        tx_free(columns);
    }
    tx_csv_free(&table);
    return status;
}

static tx_status add_names(const tx_melting *melting, tx_text *text, tx_error *error)
{
    for (int k = 0; k < NUM_BASE; k++) {
        TX_TRY(tx_text_add(text, error, "%s,", base[k]));
    }
    TX_TRY(tx_text_add(text, error, "%s", melting->number));
    for (int k = 0; k < melting->num_quantities; k++) {
        TX_TRY(tx_text_add(text, error, ",%s", melting->quantities[k]));
    }
    return tx_text_add(text, error, "\n");
}

static tx_status melt_experiment(const tx_melting *melting, const tx_experiment *experiment, const char *directory, tx_text *text,
                                 tx_error *error)
{
    tx_text path = {0};
    tx_status status = tx_raw_path(experiment, directory, &path, error);
    if (status == TX_OK && access(path.data, F_OK) == 0) {
        status = melt_file(melting, path.data, text, error);
    }
    tx_free(path.data);
    return status;
}

tx_status tx_melt(const tx_melting *melting, const tx_experiments *experiments, const char *directory, const char *file,
                  tx_error *error)
{
    char path[PATH_MAX];
    tx_text text = {0};
    snprintf(path, sizeof path, "%s/%s", directory, file);
    tx_status status = add_names(melting, &text, error);
    for (int k = 0; status == TX_OK && k < experiments->count; k++) {
        status = melt_experiment(melting, &experiments->items[k], directory, &text, error);
    }
    status = status ? status : tx_text_save(path, text.data, text.size, error);
    tx_free(text.data);
    return status;
}
