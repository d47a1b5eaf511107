/* Lists of words in options: which one is meant, which one comes nearest. */
#include "component/words.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "component/registry.h"

const tx_short_form tx_explained_words[] = {
    {"key", "a key of JAX's random numbers: 73 is PRNGKey(73), {seed: 0, split: 2, index: 1} is "
            "jax.random.split(PRNGKey(0), 2)[1]. The same key draws the same numbers as there."},
    {"descriptor", "a network as one text, such as network: \"Conv;34;10;relu\", with its key beside it as network_key. "
                   "`trainax list networks` ends with the forms."},
    {"GeneralTrainer", "the section trainer is Trainax's GeneralTrainer; its type is that of the loss_configuration, "
                       "such as supervised, or all of that stands under trainer.loss_configuration"},
    {0},
};

static void describe_type(const tx_option *option, char *cell, size_t size)
{
    static const char *const types[] = {
        [TX_TYPE_INTEGER] = "integer",
        [TX_TYPE_REAL] = "number",
        [TX_TYPE_BOOLEAN] = "true|false",
        [TX_TYPE_STRING] = "text",
        [TX_TYPE_PATH] = "path",
        [TX_TYPE_PATHS] = "path or list",
        [TX_TYPE_OUTPUT_PATH] = "path",
        [TX_TYPE_WORD] = "",
        [TX_TYPE_KEY] = "key",
        [TX_TYPE_INTEGERS] = "integer or list",
        [TX_TYPE_REALS] = "number or list",
        [TX_TYPE_STRINGS] = "text or list",
        [TX_TYPE_MAP] = "{integer: number}",
        [TX_TYPE_MAPPING] = "mapping",
        [TX_TYPE_BYTES] = "memory",
        [TX_TYPE_SECTION] = "",
        [TX_TYPE_SECTIONS] = "list of ",
        [TX_TYPE_INLINE] = "",
        [TX_TYPE_STAGES] = "integer or {step: integer}",
    };
    const bool fixed = option->type == TX_TYPE_SECTION && option->fixed;
    const bool section = option->type == TX_TYPE_SECTION || option->type == TX_TYPE_INLINE;
    const bool text = option->type == TX_TYPE_STRING || option->type == TX_TYPE_STRINGS;
    const char *kind = text                               ? ""
                       : fixed                            ? "section"
                       : option->fixed                    ? option->fixed
                       : option->type == TX_TYPE_SECTIONS ? tx_kind_spoken_plural(option->kind)
                       : option->kind                     ? tx_kind_spoken(option->kind)
                                                          : "";
    const char *own = option->words && option->type != TX_TYPE_WORD ? " or " : "";
    const char *component = !section && !text && option->type != TX_TYPE_SECTIONS && option->kind ? " or " : "";
    const char *one = option->or_one ? ", or one" : "";
    size_t used = (size_t)snprintf(cell, size, "%s%s%s%s%s", types[option->type], component, kind, one, own);
    for (const char *word = option->words ? option->words : ""; *word && used + 1 < size; word++) {
        cell[used++] = *word == ' ' ? '|' : *word;
    }
    cell[used] = '\0';
}

static void describe_default(const tx_option *option, char *cell, size_t size)
{
    if (!option->initial) {
        snprintf(cell, size, option->unless ? "required, or %s" : "required", option->unless);
    } else if (!strcmp(option->initial, "null") || !strcmp(option->initial, "[]") || !strcmp(option->initial, "{}")) {
        snprintf(cell, size, "-");
    } else {
        snprintf(cell, size, "%s", option->initial);
    }
}

tx_option_words tx_option_describe(const tx_option *option)
{
    tx_option_words words;
    describe_type(option, words.type, sizeof words.type);
    describe_default(option, words.initial, sizeof words.initial);
    return words;
}

bool tx_options_have(const tx_option *options, const char *name)
{
    bool have = false;
    for (; options && options->name; options++) {
        have = have || !strcmp(options->name, name);
    }
    return have;
}

static bool same_text(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

static bool reads_alike(const struct tx_option_row *row, const tx_option *option, const tx_option_words *words)
{
    return !strcmp(row->option->name, option->name) && !strcmp(row->words.type, words->type) &&
           !strcmp(row->words.initial, words->initial) && same_text(row->option->unit, option->unit) &&
           same_text(row->option->text, option->text);
}

static void add_place(struct tx_option_row *row, const char *where)
{
    const size_t used = strlen(row->where), size = sizeof row->where;
    row->one_kind = !row->places++ || (row->one_kind && !strncmp(row->where, where, strcspn(where, "/") + 1));
    if (used + strlen(where) + sizeof ", …" < size) {
        snprintf(row->where + used, size - used, "%s%s", used ? ", " : "", where);
    } else if (used && strcmp(row->where + used - strlen("…"), "…") != 0) {
        snprintf(row->where + used, size - used, ", …");
    }
}

tx_status tx_option_rows_add(tx_option_rows *rows, const tx_option *option, const char *name, const char *where, tx_error *error)
{
    const tx_option_words words = tx_option_describe(option);
    for (size_t k = 0; *where && k < rows->count; k++) {
        if (reads_alike(&rows->rows[k], option, &words)) {
            add_place(&rows->rows[k], where);
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(rows->count + 1, sizeof *rows->rows, &rows->capacity, error, &rows->rows));
    struct tx_option_row *row = &rows->rows[rows->count++];
    *row = (struct tx_option_row){.option = option, .name = name, .words = words};
    add_place(row, where);
    return TX_OK;
}

tx_status tx_option_rows_add_component(tx_option_rows *rows, const tx_registry *registry, const tx_component *component,
                                       tx_error *error)
{
    for (const tx_option *option = component->options; option && option->name; option++) {
        TX_TRY(tx_option_rows_add(rows, option, option->name, "", error));
    }
    for (const tx_option *option = tx_registry_shared_by(registry, component); option && option->name; option++) {
        TX_TRY(tx_options_have(component->options, option->name) ? TX_OK
                                                                 : tx_option_rows_add(rows, option, option->name, "", error));
    }
    return TX_OK;
}

enum { COLUMNS = 5, UNIT = 3, MANY = 8 };

/* An option's text and where it is. */
typedef struct row_text {
    char text[700];
} row_text;

static void fill_row(const struct tx_option_row *row, row_text *texts, const char **cells)
{
    const char *text = row->option->text ? row->option->text : "";
    if (row->places > MANY && row->one_kind && *row->where) { /* a list would be a wall */
        char kind[64];
        snprintf(kind, sizeof kind, "%.*s", (int)strcspn(row->where, "/"), row->where);
        snprintf(texts->text, sizeof texts->text, "%s (in %d %s)", text, row->places, tx_kind_spoken_plural(tx_kind_find(kind)));
    } else {
        snprintf(texts->text, sizeof texts->text, *row->where ? "%s (in %s)" : "%s", text, row->where);
    }
    const char *const line[COLUMNS] = {row->name, row->words.type, row->words.initial, row->option->unit ? row->option->unit : "",
                                       texts->text};
    memcpy(cells, line, sizeof line);
}

static void print_rows(const tx_option_rows *rows, int width, row_text *texts, const char **cells, tx_buffer *text)
{
    static const char *const heading[COLUMNS] = {"option", "type", "default", "unit", "text"};
    bool units = false;
    memcpy(cells, heading, sizeof heading);
    for (size_t k = 0; k < rows->count; k++) {
        fill_row(&rows->rows[k], &texts[k], &cells[(k + 1) * COLUMNS]);
        units = units || *cells[(k + 1) * COLUMNS + UNIT];
    }
    cells[UNIT] = units ? "unit" : "";
    tx_buffer_table(text, "  ", width, rows->count + 1, COLUMNS, cells);
}

tx_status tx_option_rows_print(const tx_option_rows *rows, int width, tx_buffer *text)
{
    row_text *texts;
    const char **cells;
    if (!rows->count) {
        tx_buffer_add(text, "  no options\n");
        return TX_OK;
    }
    TX_TRY(tx_allocate_array(rows->count, sizeof *texts, text->error, &texts));
    const tx_status status = tx_allocate_array((rows->count + 1) * COLUMNS, sizeof *cells, text->error, &cells);
    if (status == TX_OK) {
        print_rows(rows, width, texts, cells, text);
        tx_free(cells);
    }
    tx_free(texts);
    return status;
}

void tx_option_rows_clear(tx_option_rows *rows)
{
    tx_free(rows->rows);
    *rows = (tx_option_rows){0};
}
