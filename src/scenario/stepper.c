/* The stepper of a scenario, from the rows of its table. */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "scenario/scenario.h"

/* ---- Numbers ---- */

static tx_status check_length(const tx_section *scenario, const tx_row *row, int count, tx_error *error)
{
    const int axes = (int)tx_get_integer(scenario, "num_spatial_dims"), tuple = tx_tuple_size(scenario, row->of[0]);
    const int wanted = row->length == TX_AS_CHANNELS ? axes : row->length == TX_AS_SQUARE ? axes * axes : row->length;
    if (row->length == TX_AS_SQUARE && (count != wanted || tuple != axes)) {
        return tx_section_error(scenario, row->of[0], error, TX_INVALID, "must be %d lists of %d numbers (num_spatial_dims is %d)",
                                axes, axes, axes);
    }
    if (row->length && count != wanted) {
        return tx_section_error(scenario, row->of[0], error, TX_INVALID, "must have %d numbers%s, not %d", wanted,
                                row->length == TX_AS_CHANNELS ? ", one an axis (num_spatial_dims)" : "", count);
    }
    return count <= TX_MOST_ROW ? TX_OK
                                : tx_section_error(scenario, row->of[0], error, TX_INVALID, "must have at most %d numbers, not %d",
                                                   TX_MOST_ROW, count);
}

/* The value of an argument, whatever its type. */
static tx_status whole(const tx_section *scenario, const tx_row *row, tx_error *error, double *out, int *count)
{
    const double *numbers;
    *count = tx_get_reals(scenario, row->of[0], &numbers);
    TX_TRY(check_length(scenario, row, *count, error));
    memcpy(out, numbers, (size_t)*count * sizeof *out);
    return TX_OK;
}

static tx_status numbers_of(const tx_section *scenario, const tx_row *row, tx_error *error, double *out, int *count)
{
    const int orders = row->length ? row->length : TX_MOST_ORDERS;
    const int64_t at = row->at ? tx_get_integer(scenario, row->at) : 0;
    if (!row->orders && !row->at) {
        return whole(scenario, row, error, out, count);
    }
    *count = row->at ? (int)at + 1 : orders;
    for (int k = 0; k < *count; k++) {
        out[k] = 0;
    }
    for (int k = 0; row->orders && k < orders; k++) {
        out[k] = row->of[k] ? tx_get_real(scenario, row->of[k]) : 0;
    }
    if (row->at) {
        out[at] = tx_get_real(scenario, row->of[0]);
    }
    return TX_OK;
}

tx_status tx_row_numbers(const tx_section *scenario, const tx_row *row, tx_error *error, double *out, int *count)
{
    return numbers_of(scenario, row, error, out, count);
}

/* ---- Text ---- */

/* What scaled arguments of this stepper are multiplied with, then divided by. */
typedef struct share {
    double coarse;
    int64_t substeps;
} share;

static void write_number(tx_buffer *text, const tx_row *row, share share, double number)
{
    number = row->scaled ? number * share.coarse / (double)share.substeps : number;
    tx_buffer_add(text, "%.17g", row->negative ? -number : number);
}

static void write_numbers(tx_buffer *text, const tx_row *row, share share, const double *numbers, int count, int tuple)
{
    tx_buffer_add(text, "[");
    for (int k = 0; k < count; k++) {
        const bool opens = tuple && k % tuple == 0;
        tx_buffer_add(text, "%s%s", opens ? k ? "], " : "" : k ? ", " : "", opens ? "[" : "");
        write_number(text, row, share, numbers[k]);
    }
    tx_buffer_add(text, tuple ? "]]" : "]");
}

static const tx_option *option_of(const tx_section *scenario, const char *name)
{
    const tx_option *const tables[] = {tx_section_component(scenario)->options, tx_scenario_options};
    const tx_option *found = NULL;
    for (int t = 0; t < 2 && !found; t++) {
        const tx_option *option = tables[t];
        while (option->name && strcmp(option->name, name) != 0) {
            option++;
        }
        found = option->name ? option : NULL;
    }
    return found;
}

/* Which of an option's words a value is. */
static int word_index(const char *words, const char *word)
{
    const size_t length = strlen(word);
    int index = 0;
    while (*words && (strncmp(words, word, length) != 0 || (words[length] && words[length] != ' '))) {
        words += strcspn(words, " ");
        words += *words == ' ';
        index++;
    }
    return index;
}

static tx_status write_list(const tx_section *scenario, const tx_row *row, share share, tx_buffer *text)
{
    double numbers[TX_MOST_ROW];
    int count;
    TX_TRY(tx_row_numbers(scenario, row, text->error, numbers, &count));
    const bool plain = row->orders || row->at;
    write_numbers(text, row, share, numbers, count, plain ? 0 : tx_tuple_size(scenario, row->of[0]));
    return TX_OK;
}

static tx_status write_row(const tx_section *scenario, const tx_row *row, share share, tx_buffer *text)
{
    const char *from = row->of[0];
    const tx_option *option = from ? option_of(scenario, from) : NULL;
    tx_buffer_add(text, ", %s: ", row->argument);
    if (row->constant) {
        tx_buffer_add(text, "%s", row->constant);
    } else if (row->orders || row->at || option->type == TX_TYPE_REALS) {
        return write_list(scenario, row, share, text);
    } else if (row->by_word) {
        tx_buffer_add(text, "%.17g", row->by_word[word_index(option->words, tx_get_word(scenario, from))]);
    } else if (option->type == TX_TYPE_INTEGER) {
        tx_buffer_add(text, "%lld", (long long)tx_get_integer(scenario, from));
    } else if (option->type == TX_TYPE_BOOLEAN) {
        tx_buffer_add(text, "%s", tx_get_boolean(scenario, from) ? "true" : "false");
    } else {
        write_number(text, row, share, tx_get_real(scenario, from));
    }
    return TX_OK;
}

tx_status tx_scenario_stepper(const tx_section *scenario, bool coarse, tx_buffer *text)
{
    const tx_scenario_class *class_ = tx_scenario_class_of(scenario);
    const share share = {.coarse = coarse ? tx_get_real(scenario, "coarse_proportion") : 1,
                         .substeps = tx_knows(scenario, "num_substeps") ? tx_get_integer(scenario, "num_substeps") : 1};
    const bool repeated = share.substeps > 1;
    tx_buffer_add(text, "%s{type: %s", repeated ? "{type: repeated_stepper, stepper: " : "", class_->stepper);
    for (const tx_row *row = class_->rows; row->argument; row++) {
        TX_TRY(write_row(scenario, row, share, text));
    }
    tx_buffer_add(text, "}");
    if (repeated) {
        tx_buffer_add(text, ", num_sub_steps: %lld}", (long long)share.substeps);
    }
    return text->status;
}
