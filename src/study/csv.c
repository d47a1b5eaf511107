/* Tables that were written, read again: cells, and numbers. */
#include <math.h>
#include <string.h>

#include "base/format.h"
#include "base/memory.h"
#include "study/sheet.h"
#include "trainax/file.h"

/* ---- Cells ---- */

/* Takes the next cell off *rest; its text is moved to its own beginning, without quotes. *last: it ended a row. */
static char *next_cell(char **rest, bool *last)
{
    char *from = *rest, *to = from, *cell = from;
    bool quoted = false;
    for (; *from && (quoted || (*from != ',' && *from != '\n')); from++) {
        if (*from != '"') {
            *to++ = *from;
        } else if (quoted && from[1] == '"') {
            *to++ = *from++;
        } else {
            quoted = !quoted;
        }
    }
    *last = *from != ',';
    *rest = from + (*from != '\0');
    *to = '\0';
    return cell;
}

static tx_status is_none(const char *path, const char *what, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "%s is no table%s", path, what);
}

static tx_status read_cells(tx_csv *table, const char *path, tx_error *error)
{
    char *rest = table->text;
    size_t capacity = 0, count = 0, in_row = 0;
    while (*rest) {
        bool last;
        TX_TRY(tx_reserve(count + 1, sizeof *table->cells, &capacity, error, &table->cells));
        table->cells[count++] = next_cell(&rest, &last);
        in_row++;
        if (last) {
            table->columns = table->columns ? table->columns : (int)in_row;
            TX_TRY((int)in_row == table->columns ? TX_OK : is_none(path, ": its rows are not all as long", error));
            in_row = 0;
        }
    }
    TX_TRY(count && !in_row ? TX_OK : is_none(path, "", error));
    table->rows = (int64_t)(count / (size_t)table->columns) - 1;
    return TX_OK;
}

tx_status tx_csv_read(const char *path, tx_error *error, tx_csv *out)
{
    tx_csv table = {0};
    tx_status status = tx_text_read(path, error, &table.text);
    status = status ? status : read_cells(&table, path, error);
    if (status != TX_OK) {
        tx_csv_free(&table);
        return status;
    }
    *out = table;
    return TX_OK;
}

void tx_csv_free(tx_csv *table)
{
    tx_free(table->text);
    tx_free(table->cells);
    *table = (tx_csv){0};
}

int tx_csv_find(const tx_csv *table, const char *name)
{
    for (int k = 0; k < table->columns; k++) {
        if (!strcmp(table->cells[k], name)) {
            return k;
        }
    }
    return -1;
}

/* ---- Numbers ---- */

static tx_status read_numbers(const char *path, tx_error *error, tx_numbers_table *table)
{
    TX_TRY(tx_csv_read(path, error, &table->csv));
    const size_t count = (size_t)(table->csv.rows * table->csv.columns);
    TX_TRY(tx_allocate_array(count, sizeof *table->values, error, &table->values));
    for (int64_t row = 0; row < table->csv.rows; row++) {
        for (int k = 0; k < table->csv.columns; k++) {
            const char *cell = tx_csv_cell(&table->csv, row, k);
            char *end = (char *)cell;
            table->values[row * table->csv.columns + k] = *cell ? tx_scan_real(cell, &end) : NAN;
            TX_TRY(*end ? is_none(path, " of numbers", error) : TX_OK);
        }
    }
    return TX_OK;
}

tx_status tx_numbers_read(const char *path, tx_error *error, tx_numbers_table *out)
{
    tx_numbers_table table = {0};
    const tx_status status = read_numbers(path, error, &table);
    if (status != TX_OK) {
        tx_numbers_free(&table);
        return status;
    }
    *out = table;
    return TX_OK;
}

void tx_numbers_free(tx_numbers_table *table)
{
    tx_csv_free(&table->csv);
    tx_free(table->values);
    *table = (tx_numbers_table){0};
}

int64_t tx_numbers_last(const tx_numbers_table *table, int column)
{
    int64_t row = table->csv.rows - 1;
    while (row >= 0 && !*tx_csv_cell(&table->csv, row, column)) {
        row--;
    }
    return row;
}
