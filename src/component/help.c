/* `trainax help NAME` and `trainax list [KINDS]`: the tables of components, printed. What NAME is, is asked in this order: a
 * key with dots, a component, a key of the file, a kind, a component's short form, a word that is explained, an option of any
 * component, a word of an option. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/name.h"
#include "component/buffer.h"
#include "component/registry.h"
#include "component/value.h"
#include "component/words.h"

/* -- list -- */

static void list_forms(const tx_registry *registry, tx_kind kind, const char *indent, int width, tx_buffer *text)
{
    enum { MOST = 32 };
    const char *cells[2 * MOST];
    size_t count = 0;
    tx_short_form_rule *rule = tx_registry_forms(registry, kind);
    for (tx_short_form form; rule && count < MOST && (form = rule((int)count)).form; count++) {
        cells[2 * count] = form.form;
        cells[2 * count + 1] = form.text;
    }
    if (count) {
        tx_buffer_add(text, "\n%salso written\n", indent);
        tx_buffer_table(text, *indent ? "    " : "  ", width, count, 2, cells);
    }
}

static tx_status list_kind(const tx_registry *registry, tx_kind kind, const char *indent, int width, tx_buffer *text)
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
        tx_buffer_table(text, indent, width, (size_t)count, 2, cells);
        list_forms(registry, kind, indent, width, text);
    } else {
        tx_buffer_add(text, "%sthis program has no %s\n", indent, tx_kind_spoken_plural(kind));
    }
    tx_free(cells);
    return TX_OK;
}

static tx_status list_all(const tx_registry *registry, int width, tx_buffer *text)
{
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        if (tx_registry_count(registry, (tx_kind)kind)) {
            tx_buffer_add(text, "%s%s\n", text->length ? "\n" : "", tx_kind_plural((tx_kind)kind));
            TX_TRY(list_kind(registry, (tx_kind)kind, "  ", width, text));
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

tx_status tx_registry_list(const tx_registry *registry, const char *plural, int width, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    if (!plural) {
        return finish(list_all(registry, width, &text), &text, out);
    }
    const tx_kind kind = tx_kind_find(plural);
    if (kind == TX_KIND_COUNT || kind == TX_KIND_RUN) {
        return unknown_kind(plural, error);
    }
    return finish(list_kind(registry, kind, "", width, &text), &text, out);
}

/* -- components -- */

static tx_status describe_component(const tx_registry *registry, const tx_component *component, int width, tx_buffer *text)
{
    tx_option_rows rows = {0};
    char head[400];
    snprintf(head, sizeof head, "%s (%s): %s", component->name, tx_kind_spoken(component->kind),
             component->summary ? component->summary : "");
    tx_buffer_wrap(text, width, 0, 2, head);
    tx_buffer_add(text, "\n\n");
    tx_status status = tx_option_rows_add_component(&rows, registry, component, text->error);
    status = status == TX_OK ? tx_option_rows_print(&rows, width, text) : status;
    tx_option_rows_clear(&rows);
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

/* -- options -- */

/* One option with what its value can be; several as a table. */
static tx_status describe_options(const tx_registry *registry, const tx_option_rows *rows, int width, tx_buffer *text)
{
    const tx_option *option = rows->rows[0].option;
    TX_TRY(tx_option_rows_print(rows, width, text));
    if (rows->count > 1 || !option->kind) {
        return TX_OK;
    }
    tx_buffer_add(text, "\n");
    if (option->fixed) {
        return describe_component(registry, tx_registry_find(registry, option->kind, option->fixed), width, text);
    }
    tx_buffer_add(text, "%s\n", tx_kind_plural(option->kind));
    return list_kind(registry, option->kind, "  ", width, text);
}

/* *found: whether there is any. */
static tx_status try_options(const tx_registry *registry, const char *path, bool anywhere, int width, tx_buffer *text, bool *found)
{
    tx_option_rows rows = {0};
    tx_status status = tx_options_find(registry, path, anywhere, text->error, &rows);
    *found = status == TX_OK && rows.count;
    status = *found ? describe_options(registry, &rows, width, text) : status;
    tx_option_rows_clear(&rows);
    return status;
}

/* "relu": the options of which it is a word. */
static tx_status try_words(const tx_registry *registry, const char *name, int width, tx_buffer *text, bool *found)
{
    tx_option_rows rows = {0};
    tx_status status = tx_options_find_word(registry, name, text->error, &rows);
    *found = status == TX_OK && rows.count;
    if (*found) {
        tx_buffer_add(text, "%s is a word of\n", name);
        status = tx_option_rows_print(&rows, width, text);
    }
    tx_option_rows_clear(&rows);
    return status;
}

/* A kind and options that are called as a component is. */
static tx_status add_namesakes(const tx_registry *registry, const char *name, int width, tx_buffer *text)
{
    const tx_kind kind = tx_kind_find(name);
    tx_option_rows rows = {0};
    tx_status status = tx_options_find(registry, name, true, text->error, &rows);
    if (status == TX_OK && rows.count) {
        tx_buffer_add(text, "\nalso an option\n");
        status = tx_option_rows_print(&rows, width, text);
    }
    tx_option_rows_clear(&rows);
    if (status != TX_OK || kind == TX_KIND_COUNT) {
        return status;
    }
    tx_buffer_add(text, "\nalso a kind\n");
    return list_kind(registry, kind, "  ", width, text);
}

/* -- short forms and words -- */

/* "Conv;34;10;relu", what it is short for, and that component. */
static tx_status try_short_form(const tx_registry *registry, const char *name, int width, tx_buffer *text, bool *found)
{
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        char section[TX_DESCRIBED_SIZE], type[64] = "";
        tx_descriptor_rule *rule = tx_registry_rule(registry, (tx_kind)kind);
        if (rule && rule(name, sizeof section, section, NULL) == TX_OK) {
            sscanf(section, "{type: %63[^,}]", type);
            const tx_component *component = tx_registry_find(registry, (tx_kind)kind, type);
            *found = component;
            tx_buffer_wrap(text, width, 0, 2, name);
            tx_buffer_add(text, " is short for\n  ");
            tx_buffer_wrap(text, width, 2, 4, section);
            tx_buffer_add(text, "\n\n");
            return component ? describe_component(registry, component, width, text) : TX_OK;
        }
    }
    return TX_OK;
}

static bool begins_alike(const char *form, const char *name)
{
    const size_t length = strcspn(name, ";");
    return strcspn(form, ";") == length && !strncasecmp(form, name, length);
}

/* Whether a name, which the rule refuses, was meant as one of these forms: "Res;26" as "Res;HIDDEN;BLOCKS;ACTIVATION", and
 * "q50_mean_nRMSE" as one of "q10_X, q50_X, q90_X". */
static bool is_attempt(const char *forms, const char *name)
{
    bool is = strchr(name, ';') && begins_alike(forms, name);
    for (const char *form = forms; *form && !is; form += strspn(form, " ,")) {
        const size_t length = strcspn(form, ","), before = strcspn(form, "X");
        is = before && before + 1 == length && !strncasecmp(form, name, before);
        form += length;
    }
    return is;
}

/* "Conv": how it is to be written. */
static tx_status describe_form(const tx_registry *registry, tx_kind kind, tx_short_form form, int width, tx_buffer *text)
{
    const tx_component *component = tx_registry_find(registry, kind, form.text);
    const char *const cells[] = {form.form, form.text};
    tx_buffer_table(text, "", width, 1, 2, cells);
    tx_buffer_add(text, "%s", component ? "\n" : "");
    return component ? describe_component(registry, component, width, text) : TX_OK;
}

static tx_status try_form(const tx_registry *registry, const char *name, int width, tx_buffer *text, bool *found)
{
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        tx_short_form_rule *rule = tx_registry_forms(registry, (tx_kind)kind);
        tx_short_form form;
        for (int k = 0; rule && (form = rule(k)).form; k++) {
            char section[TX_DESCRIBED_SIZE];
            if (is_attempt(form.form, name)) {
                return tx_registry_rule(registry, (tx_kind)kind)(name, sizeof section, section, text->error);
            }
            if (begins_alike(form.form, name)) {
                *found = true;
                return describe_form(registry, (tx_kind)kind, form, width, text);
            }
        }
    }
    return TX_OK;
}

static bool explain_word(const char *name, int width, tx_buffer *text)
{
    for (const tx_short_form *word = tx_explained_words; word->form; word++) {
        if (tx_same_name(tx_name_after_module(name), word->form, "")) {
            tx_buffer_add(text, "%s: ", word->form);
            tx_buffer_wrap(text, width, strlen(word->form) + 2, 2, word->text);
            tx_buffer_add(text, "\n");
            return true;
        }
    }
    return false;
}

/* -- help -- */

enum { MOST_NAMES = 4096 };

static int add_option_names(const tx_option *options, const char **names, int count)
{
    for (; options && options->name && count < MOST_NAMES; options++) {
        names[count++] = options->name;
    }
    return count;
}

static tx_status unknown_name(const tx_registry *registry, const char *name, tx_error *error)
{
    const char *names[MOST_NAMES];
    int count = 0;
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        for (int k = 0; k < tx_registry_count(registry, (tx_kind)kind) && count < MOST_NAMES; k++) {
            names[count++] = tx_registry_at(registry, (tx_kind)kind, k)->name;
        }
    }
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) { /* behind them: of equally near names the first is meant */
        for (int k = 0; k < tx_registry_count(registry, (tx_kind)kind); k++) {
            count = add_option_names(tx_registry_at(registry, (tx_kind)kind, k)->options, names, count);
        }
        count = add_option_names(tx_registry_shared(registry, (tx_kind)kind), names, count);
    }
    const char *nearest = tx_nearest_name(name, names, count);
    return nearest
               ? tx_error_set(error, TX_INVALID, "nothing is called '%s' (did you mean '%s'?)", tx_quote(name).text, nearest)
               : tx_error_set(error, TX_INVALID, "nothing is called '%s'; `trainax list` shows what there is", tx_quote(name).text);
}

/* What is no component. */
static tx_status describe_other(const tx_registry *registry, const char *name, int width, tx_buffer *text)
{
    const tx_kind kind = tx_kind_find(name);
    bool found = false;
    TX_TRY(try_options(registry, name, false, width, text, &found));
    if (!found && kind != TX_KIND_COUNT) {
        return list_kind(registry, kind, "", width, text);
    }
    TX_TRY(found ? TX_OK : try_short_form(registry, name, width, text, &found));
    TX_TRY(found ? TX_OK : try_form(registry, name, width, text, &found));
    if (found || explain_word(name, width, text)) {
        return TX_OK;
    }
    TX_TRY(try_options(registry, name, true, width, text, &found));
    TX_TRY(found ? TX_OK : try_words(registry, name, width, text, &found));
    return found ? TX_OK : unknown_name(registry, name, text->error);
}

static tx_status describe_named(const tx_registry *registry, const char *name, int width, tx_buffer *text)
{
    const char *slash = strchr(name, '/');
    const candidates found = find_candidates(registry, name);
    const tx_component *component = found.first;
    if (found.count > 1) {
        return tx_error_set(text->error, TX_INVALID, "'%s' is several things: ask for one of %s", tx_quote(name).text,
                            found.places);
    }
    TX_TRY(slash ? find_in_kind(registry, name, slash, text->error, &component) : TX_OK);
    if (!component) {
        return describe_other(registry, name, width, text);
    }
    TX_TRY(describe_component(registry, component, width, text));
    return slash || component->kind <= TX_KIND_SECTION ? TX_OK : add_namesakes(registry, name, width, text);
}

/* With a dot it is a key, if there is such a key. */
static tx_status describe(const tx_registry *registry, const char *name, int width, tx_buffer *text)
{
    bool found = false;
    TX_TRY(strchr(name, '.') ? try_options(registry, name, false, width, text, &found) : TX_OK);
    return found ? TX_OK : describe_named(registry, name, width, text);
}

tx_status tx_registry_help(const tx_registry *registry, const char *name, int width, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    return finish(describe(registry, name, width, &text), &text, out);
}
