/* Tables that people and programs read: the same cells as CSV, JSON and Markdown; and tables that were written, read again. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "trainax/status.h"

/* ---- To write ---- */

typedef struct tx_sheet {
    const char *name; /* of the list in JSON */
    int columns;
    const char *const *names; /* of the columns, the owner's */
    unsigned texts;           /* bit k: column k holds texts, not numbers or true and false */
    int digits;               /* of numbers */
    char **cells;             /* row by row; "": nothing */
    size_t count, capacity;
} tx_sheet;

/* A cell of the row that is being filled. Numbers as history.csv has them, also nan and inf. */
tx_status tx_sheet_text(tx_sheet *sheet, const char *text, tx_error *error);
tx_status tx_sheet_integer(tx_sheet *sheet, int64_t value, tx_error *error);
tx_status tx_sheet_number(tx_sheet *sheet, double value, tx_error *error);
tx_status tx_sheet_empty(tx_sheet *sheet, tx_error *error);
void tx_sheet_clear(tx_sheet *sheet); /* frees the cells */

tx_status tx_sheet_save_csv(const tx_sheet *sheet, const char *path, tx_error *error);
/* "NAME": [{…}, …]; what is empty or no number is null. */
tx_status tx_sheet_add_json(const tx_sheet *sheet, tx_text *text, tx_error *error);
/* The rows in which column `only` is `value` (NULL: all). */
tx_status tx_sheet_add_markdown(const tx_sheet *sheet, int only, const char *value, tx_text *text, tx_error *error);

/* A cell as CSV has it: in double quotes where it must be. */
tx_status tx_csv_add(tx_text *text, const char *cell, tx_error *error);
/* A number in so many significant digits. */
tx_status tx_number_add(tx_text *text, double value, int digits, tx_error *error);

/* ---- To read ---- */

typedef struct tx_csv {
    char *text; /* of all cells, cut into pieces */
    int columns;
    int64_t rows; /* below the names */
    char **cells; /* row by row, the names first */
} tx_csv;
/* TX_BAD_DATA: it cannot be read, or its rows are not all as long. */
tx_status tx_csv_read(const char *path, tx_error *error, tx_csv *out);
void tx_csv_free(tx_csv *table);                        /* takes a zeroed one */
int tx_csv_find(const tx_csv *table, const char *name); /* a column; -1: there is none */
static inline const char *tx_csv_cell(const tx_csv *table, int64_t row, int column)
{
    return table->cells[(row + 1) * table->columns + column];
}

/* Of numbers alone, such as history.csv and metrics.csv. */
typedef struct tx_numbers_table {
    tx_csv csv;
    double *values; /* [rows][columns]; NaN where there is nothing */
} tx_numbers_table;
tx_status tx_numbers_read(const char *path, tx_error *error, tx_numbers_table *out); /* TX_BAD_DATA */
void tx_numbers_free(tx_numbers_table *table);                                       /* takes a zeroed one */
/* The row of the last number in a column; -1: it has none. */
int64_t tx_numbers_last(const tx_numbers_table *table, int column);
static inline double tx_numbers_at(const tx_numbers_table *table, int64_t row, int column)
{
    return table->values[row * table->csv.columns + column];
}
