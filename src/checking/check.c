/* All components of a configuration, checked one after the other, as a table. */
#include "checking/checking.h"

#include <string.h>

#include "component/section.h"

/* The first that is wrong is the error. */
static void judge(const tx_checked *checked, const tx_row *row, tx_error *wrong)
{
    if (row->finding.placed) {
        tx_error_set(wrong, TX_INVALID, "%s", row->finding.text);
    } else if (row->finding.verdict == TX_WRONG) {
        tx_section_error(checked->section, NULL, wrong, TX_INVALID, "%s%s%s: %s", row->subject, *row->subject ? ": " : "",
                         row->check, row->finding.text);
    }
}

/* Has one of the rows before failed in the same way? */
static bool is_again(const tx_rows *rows, int row)
{
    const tx_finding *finding = &rows->rows[row].finding;
    int k = 0;
    while (k < row && !(rows->rows[k].finding.failed && strcmp(rows->rows[k].finding.text, finding->text) == 0)) {
        k++;
    }
    return finding->failed && k < row;
}

static void tell_folded(tx_table *table)
{
    if (table->folded) {
        fprintf(table->file, "    and %d more fail likewise\n", table->folded);
        table->folded = 0;
    }
}

static void tell_row(tx_table *table, const tx_rows *rows, int k)
{
    static const char *const words[] = {[TX_GOOD] = "good", [TX_NOTED] = "note", [TX_WRONG] = "WRONG"};
    const tx_row *row = &rows->rows[k];
    if (k == 0) {
        const tx_checked *checked = table->checked;
        fprintf(table->file, "%s%s: %s\n", table->begun ? "\n" : "", checked->path, tx_section_name(checked->section));
        table->begun = true;
    } else if (strcmp(row->subject, row[-1].subject) != 0) {
        tell_folded(table);
    }
    if (*row->subject && (k == 0 || strcmp(row->subject, row[-1].subject) != 0)) {
        fprintf(table->file, "  %s\n", row->subject);
    }
    if (is_again(rows, k)) {
        table->folded++;
    } else {
        fprintf(table->file, "%s%-10s  %-5s  %s\n", *row->subject ? "    " : "  ", row->check, words[row->finding.verdict],
                row->finding.text);
    }
    judge(table->checked, row, &table->wrong);
}

static void tell(tx_table *table, const tx_rows *rows, int count)
{
    while (table->told < count) {
        tell_row(table, rows, table->told++);
    }
    fflush(table->file);
}

void tx_table_tell(tx_table *table, const tx_rows *rows)
{
    const int count = rows->count;
    if (count > 1 || (count == 1 && rows->rows[0].finding.verdict != TX_WRONG)) {
        tell(table, rows, count);
    }
}

void tx_table_end(tx_table *table, const tx_rows *rows)
{
    tell(table, rows, rows->count);
    tell_folded(table);
    fflush(table->file);
    table->told = 0;
}

static tx_status check_one(const tx_checked *checked, tx_table *table, tx_error *error)
{
    tx_rows *rows;
    table->checked = checked;
    TX_TRY(tx_check_component(checked, table, error, &rows));
    tx_table_end(table, rows);
    tx_free(rows);
    return TX_OK;
}

static tx_status check_all(const tx_config *config, const tx_found *found, const tx_states *states, tx_table *table,
                           tx_error *error)
{
    tx_checked checked = {.states = states, .random = tx_problem_random(tx_config_root(config)), .isa = tx_isa_count() - 1};
    for (int k = 0; k < found->count; k++) {
        checked.section = found->sections[k];
        checked.path = found->sections[k]->path;
        TX_TRY(check_one(&checked, table, error));
    }
    return tx_error_set(error, table->wrong.status, "%s", table->wrong.message);
}

tx_status tx_check_config(const tx_config *config, const char *component, FILE *out, tx_error *error)
{
    tx_table table = {.file = out};
    tx_states states;
    tx_found found;
    TX_TRY(tx_find_checked(config, component, error, &found));
    tx_status status = tx_states_read(config, tx_isa_count() - 1, error, &states);
    if (status == TX_OK) {
        status = check_all(config, &found, &states, &table, error);
        tx_states_free(&states);
    }
    tx_free(found.sections);
    return status;
}
