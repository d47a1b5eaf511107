/* Cells, and what becomes of them. */
#include "study/sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "base/number.h"
#include "trainax/file.h"

tx_status tx_sheet_text(tx_sheet *sheet, const char *text, tx_error *error)
{
    TX_TRY(tx_reserve(sheet->count + 1, sizeof *sheet->cells, &sheet->capacity, error, &sheet->cells));
    TX_TRY(tx_duplicate(text, error, &sheet->cells[sheet->count]));
    sheet->count++;
    return TX_OK;
}

tx_status tx_sheet_integer(tx_sheet *sheet, int64_t value, tx_error *error)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return tx_sheet_text(sheet, text, error);
}

tx_status tx_sheet_number(tx_sheet *sheet, double value, tx_error *error)
{
    char text[TX_DECIMAL_SIZE + 1];
    text[tx_decimal_write(text, value, sheet->digits)] = '\0';
    return tx_sheet_text(sheet, text, error);
}

tx_status tx_sheet_empty(tx_sheet *sheet, tx_error *error)
{
    return tx_sheet_text(sheet, "", error);
}

void tx_sheet_clear(tx_sheet *sheet)
{
    for (size_t k = 0; k < sheet->count; k++) {
        tx_free(sheet->cells[k]);
    }
    tx_free(sheet->cells);
    sheet->cells = NULL;
    sheet->count = sheet->capacity = 0;
}

/* ---- CSV ---- */

tx_status tx_csv_add(tx_text *text, const char *cell, tx_error *error)
{
    if (!strpbrk(cell, ",\"\r\n")) {
        return tx_text_add(text, error, "%s", cell);
    }
    TX_TRY(tx_text_add(text, error, "\""));
    for (; *cell; cell++) {
        TX_TRY(tx_text_add(text, error, "%s%c", *cell == '"' ? "\"" : "", *cell));
    }
    return tx_text_add(text, error, "\"");
}

tx_status tx_number_add(tx_text *text, double value, int digits, tx_error *error)
{
    char number[TX_DECIMAL_SIZE + 1];
    number[tx_decimal_write(number, value, digits)] = '\0';
    return tx_text_add(text, error, "%s", number);
}

/* A row of `sheet`, or its names. */
static tx_status add_csv_row(const tx_sheet *sheet, const char *const *cells, tx_text *text, tx_error *error)
{
    for (int k = 0; k < sheet->columns; k++) {
        TX_TRY(k ? tx_text_add(text, error, ",") : TX_OK);
        TX_TRY(tx_csv_add(text, cells[k], error));
    }
    return tx_text_add(text, error, "\n");
}

static const char *const *row_of(const tx_sheet *sheet, size_t row)
{
    return (const char *const *)&sheet->cells[row * (size_t)sheet->columns];
}

static size_t rows_of(const tx_sheet *sheet)
{
    return sheet->count / (size_t)sheet->columns;
}

tx_status tx_sheet_save_csv(const tx_sheet *sheet, const char *path, tx_error *error)
{
    tx_text text = {0};
    tx_status status = add_csv_row(sheet, sheet->names, &text, error);
    for (size_t k = 0; status == TX_OK && k < rows_of(sheet); k++) {
        status = add_csv_row(sheet, row_of(sheet, k), &text, error);
    }
    status = status ? status : tx_text_save(path, text.data, text.size, error);
    tx_free(text.data);
    return status;
}

/* ---- JSON ---- */

static tx_status add_json_text(tx_text *text, const char *content, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "\""));
    for (; *content; content++) {
        const bool quoted = *content == '"' || *content == '\\', control = (unsigned char)*content < ' ';
        TX_TRY(control ? tx_text_add(text, error, "\\u%04x", *content)
                       : tx_text_add(text, error, "%s%c", quoted ? "\\" : "", *content));
    }
    return tx_text_add(text, error, "\"");
}

static bool is_json(const char *cell)
{
    double value;
    return !strcmp(cell, "true") || !strcmp(cell, "false") || (tx_parse_real(cell, &value) && isfinite(value));
}

static tx_status add_json_row(const tx_sheet *sheet, const char *const *cells, tx_text *text, tx_error *error)
{
    for (int k = 0; k < sheet->columns; k++) {
        const bool is_text = sheet->texts >> k & 1;
        TX_TRY(tx_text_add(text, error, "%s", k ? ", " : "    {"));
        TX_TRY(add_json_text(text, sheet->names[k], error));
        TX_TRY(tx_text_add(text, error, ": "));
        TX_TRY(is_text ? add_json_text(text, cells[k], error)
                       : tx_text_add(text, error, "%s", is_json(cells[k]) ? cells[k] : "null"));
    }
    return tx_text_add(text, error, "}");
}

tx_status tx_sheet_add_json(const tx_sheet *sheet, tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "  \"%s\": [", sheet->name));
    for (size_t k = 0; k < rows_of(sheet); k++) {
        TX_TRY(tx_text_add(text, error, "%s\n", k ? "," : ""));
        TX_TRY(add_json_row(sheet, row_of(sheet, k), text, error));
    }
    return tx_text_add(text, error, "%s]", rows_of(sheet) ? "\n  " : "");
}

/* ---- Markdown ---- */

static tx_status add_markdown_row(const tx_sheet *sheet, const char *const *cells, tx_text *text, tx_error *error)
{
    for (int k = 0; k < sheet->columns; k++) {
        TX_TRY(tx_text_add(text, error, "%s", k ? " | " : "| "));
        for (const char *c = cells[k]; *c; c++) {
            TX_TRY(tx_text_add(text, error, "%s%c", *c == '|' ? "\\" : "", *c));
        }
    }
    return tx_text_add(text, error, " |\n");
}

tx_status tx_sheet_add_markdown(const tx_sheet *sheet, int only, const char *value, tx_text *text, tx_error *error)
{
    TX_TRY(add_markdown_row(sheet, sheet->names, text, error));
    for (int k = 0; k < sheet->columns; k++) {
        TX_TRY(tx_text_add(text, error, "%s", sheet->texts >> k & 1 ? "|---" : "|---:"));
    }
    TX_TRY(tx_text_add(text, error, "|\n"));
    for (size_t k = 0; k < rows_of(sheet); k++) {
        const bool wanted = !value || !strcmp(row_of(sheet, k)[only], value);
        TX_TRY(wanted ? add_markdown_row(sheet, row_of(sheet, k), text, error) : TX_OK);
    }
    return TX_OK;
}
