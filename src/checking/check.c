/* All components of a configuration, checked one after the other, as a table. */
#include "checking/checking.h"

#include <string.h>

#include "component/section.h"

static const char *const words[] = {[TX_GOOD] = "good", [TX_NOTED] = "note", [TX_WRONG] = "WRONG"};
enum { COLUMNS = 3 };

/* Rows from `first` on that are of the same subject. */
static int count_alike(const tx_rows *rows, int first)
{
    int count = 1;
    while (first + count < rows->count && strcmp(rows->rows[first].subject, rows->rows[first + count].subject) == 0) {
        count++;
    }
    return count;
}

static void add_rows(tx_buffer *text, const tx_rows *rows)
{
    const char *cells[TX_MOST_ROWS * COLUMNS];
    for (int first = 0, count; first < rows->count; first += count) {
        count = count_alike(rows, first);
        for (int k = 0; k < count; k++) {
            const tx_row *row = &rows->rows[first + k];
            cells[k * COLUMNS] = row->check;
            cells[k * COLUMNS + 1] = words[row->finding.verdict];
            cells[k * COLUMNS + 2] = row->finding.text;
        }
        if (*rows->rows[first].subject) {
            tx_buffer_add(text, "  %s\n", rows->rows[first].subject);
        }
        tx_buffer_table(text, *rows->rows[first].subject ? "    " : "  ", 0, (size_t)count, COLUMNS, cells);
    }
}

/* The first that is wrong is the error. */
static tx_status judge(const tx_checked *checked, const tx_rows *rows, tx_error *error)
{
    for (int k = 0; k < rows->count; k++) {
        const tx_row *row = &rows->rows[k];
        if (row->finding.verdict == TX_WRONG) {
            return row->finding.placed ? tx_error_set(error, TX_INVALID, "%s", row->finding.text)
                                       : tx_section_error(checked->section, NULL, error, TX_INVALID, "%s%s%s: %s", row->subject,
                                                          *row->subject ? ": " : "", row->check, row->finding.text);
        }
    }
    return TX_OK;
}

void tx_rows_tell(const tx_checked *checked, const tx_rows *rows, tx_buffer *text, tx_error *wrong)
{
    tx_buffer_add(text, "%s%s: %s\n", text->length ? "\n" : "", checked->path, tx_section_name(checked->section));
    add_rows(text, rows);
    judge(checked, rows, wrong);
}

tx_status tx_check_end(tx_buffer *text, tx_status status, const tx_error *wrong, char **out)
{
    if (status != TX_OK) {
        tx_free(text->data);
        return status;
    }
    TX_TRY(tx_buffer_finish(text, out));
    return wrong->status ? tx_error_set(text->error, wrong->status, "%s", wrong->message) : TX_OK;
}

static tx_status check_one(const tx_checked *checked, tx_buffer *text, tx_error *wrong)
{
    tx_rows *rows;
    TX_TRY(tx_check_component(checked, text->error, &rows));
    tx_rows_tell(checked, rows, text, wrong);
    tx_free(rows);
    return TX_OK;
}

static tx_status check_all(const tx_config *config, const tx_found *found, const tx_states *states, tx_buffer *text,
                           tx_error *wrong)
{
    tx_checked checked = {.states = states, .random = tx_problem_random(tx_config_root(config)), .isa = tx_isa_count() - 1};
    tx_status status = TX_OK;
    for (int k = 0; k < found->count && status == TX_OK; k++) {
        checked.section = found->sections[k];
        checked.path = found->sections[k]->path;
        status = check_one(&checked, text, wrong);
    }
    return status;
}

tx_status tx_check_config(const tx_config *config, const char *component, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    tx_error wrong = {0};
    tx_states states;
    tx_found found;
    *out = NULL;
    TX_TRY(tx_find_checked(config, component, error, &found));
    tx_status status = tx_states_read(config, tx_isa_count() - 1, error, &states);
    if (status == TX_OK) {
        status = check_all(config, &found, &states, &text, &wrong);
        tx_states_free(&states);
    }
    tx_free(found.sections);
    return tx_check_end(&text, status, &wrong, out);
}
