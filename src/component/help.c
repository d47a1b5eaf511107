/* `trainax help NAME` and `trainax list [KINDS]`: the tables of components, printed. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "component/registry.h"
#include "component/buffer.h"
#include "component/value.h"

enum { COLUMNS = 5, UNIT = 3, CELL = 200 };

/* -- list -- */

static tx_status list_kind(const tx_registry *registry, tx_kind kind, const char *indent, tx_buffer *text)
{
    const int count = tx_registry_count(registry, kind);
    const char **cells;
    TX_TRY(tx_allocate_array(2 * (size_t)count, sizeof *cells, text->error, &cells));
    for (int k = 0; k < count; k++) {
        const tx_component *component = tx_registry_at(registry, kind, k);
        cells[2 * k] = component->name;
        cells[2 * k + 1] = component->summary ? component->summary : "";
    }
    if (count) {
        tx_buffer_table(text, indent, (size_t)count, 2, cells);
    } else {
        tx_buffer_add(text, "%sno %s are built into this program yet\n", indent, tx_kind_spoken_plural(kind));
    }
    tx_free(cells);
    return TX_OK;
}

static tx_status list_all(const tx_registry *registry, tx_buffer *text)
{
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        if (tx_registry_count(registry, (tx_kind)kind)) {
            tx_buffer_add(text, "%s%s\n", text->length ? "\n" : "", tx_kind_plural((tx_kind)kind));
            TX_TRY(list_kind(registry, (tx_kind)kind, "  ", text));
        }
    }
    return TX_OK;
}

static tx_status unknown_kind(const char *name, tx_error *error)
{
    const char *names[TX_KIND_COUNT];
    int count = 0;
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        names[count++] = tx_kind_plural((tx_kind)kind);
    }
    return tx_error_set(error, TX_INVALID, "unknown kind '%s'%s", tx_quote(name).text, tx_suggest(name, names, count).text);
}

/* The text so far, or nothing of it. */
static tx_status finish(tx_status status, tx_buffer *text, char **out)
{
    if (status != TX_OK) {
        tx_free(text->data);
        return status;
    }
    return tx_buffer_finish(text, out);
}

tx_status tx_registry_list(const tx_registry *registry, const char *plural, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    if (!plural) {
        return finish(list_all(registry, &text), &text, out);
    }
    const tx_kind kind = tx_kind_find(plural);
    if (kind == TX_KIND_COUNT) {
        return unknown_kind(plural, error);
    }
    return finish(list_kind(registry, kind, "", &text), &text, out);
}

/* -- help -- */

static void describe_type(const tx_option *option, char *cell)
{
    static const char *const types[] = {
        [TX_TYPE_INTEGER] = "integer",
        [TX_TYPE_REAL] = "number",
        [TX_TYPE_BOOLEAN] = "true|false",
        [TX_TYPE_STRING] = "text",
        [TX_TYPE_PATH] = "path",
        [TX_TYPE_OUTPUT_PATH] = "path",
        [TX_TYPE_WORD] = "",
        [TX_TYPE_KEY] = "key",
        [TX_TYPE_INTEGERS] = "integer or list",
        [TX_TYPE_REALS] = "number or list",
        [TX_TYPE_STRINGS] = "text or list",
        [TX_TYPE_MAP] = "{integer: number}",
        [TX_TYPE_BYTES] = "memory",
        [TX_TYPE_SECTION] = "",
        [TX_TYPE_SECTIONS] = "list of ",
        [TX_TYPE_INLINE] = "",
    };
    const bool fixed = option->type == TX_TYPE_SECTION && option->fixed;
    const bool section = option->type == TX_TYPE_SECTION || option->type == TX_TYPE_INLINE;
    const char *kind = fixed                              ? "section"
                       : option->fixed                    ? option->fixed
                       : option->type == TX_TYPE_SECTIONS ? tx_kind_spoken_plural(option->kind)
                       : option->kind                     ? tx_kind_spoken(option->kind)
                                                          : "";
    const char *own = option->words && option->type != TX_TYPE_WORD ? " or " : "";
    const char *component = !section && option->type != TX_TYPE_SECTIONS && option->kind ? " or " : "";
    const char *one = option->or_one ? ", or one" : "";
    int used = snprintf(cell, CELL, "%s%s%s%s%s", types[option->type], component, kind, one, own);
    for (const char *word = option->words ? option->words : ""; *word && used + 1 < CELL; word++) {
        cell[used++] = *word == ' ' ? '|' : *word;
    }
    cell[used] = '\0';
}

static void describe_default(const tx_option *option, char *cell)
{
    if (!option->initial) {
        snprintf(cell, CELL, option->unless ? "required, or %s" : "required", option->unless);
    } else if (!strcmp(option->initial, "null") || !strcmp(option->initial, "[]") || !strcmp(option->initial, "{}")) {
        snprintf(cell, CELL, "-");
    } else {
        snprintf(cell, CELL, "%s", option->initial);
    }
}

/* One row: name, type, default, unit, text. buffer: two cells. */
static void add_row(const tx_option *option, char (*buffer)[CELL], const char **cells)
{
    describe_type(option, buffer[0]);
    describe_default(option, buffer[1]);
    cells[0] = option->name;
    cells[1] = buffer[0];
    cells[2] = buffer[1];
    cells[3] = option->unit ? option->unit : "";
    cells[4] = option->text ? option->text : "";
}

static size_t count_options(const tx_option *options)
{
    size_t count = 0;
    while (options && options[count].name) {
        count++;
    }
    return count;
}

static bool has_option(const tx_option *options, const char *name)
{
    bool has = false;
    for (; options && options->name; options++) {
        has = has || !strcmp(options->name, name);
    }
    return has;
}

static bool any_unit(size_t rows, const char *const *cells)
{
    bool any = false;
    for (size_t row = 1; row < rows; row++) {
        any = any || *cells[row * COLUMNS + UNIT];
    }
    return any;
}

/* The table of a component's options and then of its kind's, in memory for `rows` rows and a heading. */
static void add_options(tx_buffer *text, const tx_option *own, const tx_option *shared, char (*buffer)[CELL], const char **cells)
{
    static const char *const heading[COLUMNS] = {"option", "type", "default", "unit", "text"};
    size_t rows = 1;
    memcpy(cells, heading, sizeof heading);
    for (const tx_option *option = own; option && option->name; option++, rows++) {
        add_row(option, &buffer[2 * rows], &cells[rows * COLUMNS]);
    }
    for (const tx_option *option = shared; option && option->name; option++) {
        if (!has_option(own, option->name)) {
            add_row(option, &buffer[2 * rows], &cells[rows * COLUMNS]);
            rows++;
        }
    }
    if (!any_unit(rows, cells)) {
        cells[UNIT] = "";
    }
    if (rows > 1) {
        tx_buffer_table(text, "  ", rows, COLUMNS, cells);
    } else {
        tx_buffer_add(text, "  no options\n");
    }
}

static tx_status describe_component(const tx_registry *registry, const tx_component *component, tx_buffer *text)
{
    const tx_option *shared = tx_registry_shared(registry, component->kind);
    const size_t rows = 1 + count_options(component->options) + count_options(shared);
    char(*buffer)[CELL];
    const char **cells;
    TX_TRY(tx_allocate_array(2 * rows, sizeof *buffer, text->error, &buffer));
    const tx_status status = tx_allocate_array(rows * COLUMNS, sizeof *cells, text->error, &cells);
    if (status == TX_OK) {
        tx_buffer_add(text, "%s (%s): %s\n\n", component->name, tx_kind_spoken(component->kind),
                      component->summary ? component->summary : "");
        add_options(text, component->options, shared, buffer, cells);
        tx_free(cells);
    }
    tx_free(buffer);
    return status;
}

typedef struct candidates {
    const tx_component *first;
    int count;
    char places[256]; /* "stepper/x, residuum/x" */
} candidates;

static candidates find_candidates(const tx_registry *registry, const char *name)
{
    candidates found = {.count = 0};
    size_t used = 0;
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        const tx_component *component = tx_registry_find(registry, (tx_kind)kind, name);
        if (component) {
            found.first = found.first ? found.first : component;
            used += used < sizeof found.places
                        ? (size_t)snprintf(found.places + used, sizeof found.places - used, "%s%s/%s", found.count ? ", " : "",
                                           tx_kind_name((tx_kind)kind), component->name)
                        : 0;
            found.count++;
        }
    }
    return found;
}

static tx_status unknown_name(const tx_registry *registry, const char *name, tx_error *error)
{
    enum { MOST = 512 };
    const char *names[MOST];
    int count = 0;
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        for (int k = 0; k < tx_registry_count(registry, (tx_kind)kind) && count < MOST; k++) {
            names[count++] = tx_registry_at(registry, (tx_kind)kind, k)->name;
        }
    }
    const char *nearest = tx_nearest_name(name, names, count);
    return nearest
               ? tx_error_set(error, TX_INVALID, "nothing is called '%s' (did you mean '%s'?)", tx_quote(name).text, nearest)
               : tx_error_set(error, TX_INVALID, "nothing is called '%s'; `trainax list` shows what there is", tx_quote(name).text);
}

/* KIND/NAME */
static tx_status find_in_kind(const tx_registry *registry, const char *text, const char *slash, tx_error *error,
                              const tx_component **out)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%.*s", (int)(slash - text), text);
    const tx_kind kind = tx_kind_find(prefix);
    if (kind == TX_KIND_COUNT) {
        return unknown_kind(prefix, error);
    }
    *out = tx_registry_find(registry, kind, slash + 1);
    return *out ? TX_OK : tx_error_set(error, TX_INVALID, "%s", tx_registry_complain(registry, kind, slash + 1).text);
}

static tx_status find_by_name(const tx_registry *registry, const char *name, tx_error *error, const tx_component **out)
{
    const candidates found = find_candidates(registry, name);
    if (!found.count) {
        return unknown_name(registry, name, error);
    }
    if (found.count > 1) {
        return tx_error_set(error, TX_INVALID, "'%s' is several things: ask for one of %s", tx_quote(name).text, found.places);
    }
    *out = found.first;
    return TX_OK;
}

tx_status tx_registry_help(const tx_registry *registry, const char *name, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    const char *slash = strchr(name, '/');
    const tx_component *component;
    if (!slash && tx_kind_find(name) < TX_KIND_COUNT && tx_kind_find(name) != TX_KIND_RUN &&
        !find_candidates(registry, name).count) {
        return tx_registry_list(registry, name, error, out);
    }
    TX_TRY(slash ? find_in_kind(registry, name, slash, error, &component) : find_by_name(registry, name, error, &component));
    return finish(describe_component(registry, component, &text), &text, out);
}
