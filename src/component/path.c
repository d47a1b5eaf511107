/* Options by their path: "precision", "trainer.optimizer", "adam.b1". */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "component/section.h"
#include "component/value.h"
#include "component/words.h"

/* Components in which a part of a path may be an option. */
typedef struct scope {
    const tx_component **components;
    size_t count, capacity;
} scope;

static tx_status add_kind(scope *s, const tx_registry *registry, tx_kind kind, const char *fixed, tx_error *error);

/* With the components whose options stand in the same mapping. */
static tx_status add_component(scope *s, const tx_registry *registry, const tx_component *component, tx_error *error)
{
    for (size_t k = 0; k < s->count; k++) {
        if (s->components[k] == component) {
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve(s->count + 1, sizeof component, &s->capacity, error, &s->components));
    s->components[s->count++] = component;
    for (const tx_option *option = component->options; option && option->name; option++) {
        TX_TRY(option->type == TX_TYPE_INLINE ? add_kind(s, registry, option->kind, NULL, error) : TX_OK);
    }
    return TX_OK;
}

static tx_status add_kind(scope *s, const tx_registry *registry, tx_kind kind, const char *fixed, tx_error *error)
{
    for (int k = 0; k < tx_registry_count(registry, kind); k++) {
        const tx_component *component = tx_registry_at(registry, kind, k);
        TX_TRY(!fixed || !strcmp(fixed, component->name) ? add_component(s, registry, component, error) : TX_OK);
    }
    return TX_OK;
}

static tx_status match_options(tx_option_rows *rows, const tx_option *options, const char *name, const char *path,
                               const char *where, tx_error *error)
{
    for (const tx_option *option = options; option && option->name; option++) {
        TX_TRY(tx_option_is(option, name) ? tx_option_rows_add(rows, option, path, where, error) : TX_OK);
        TX_TRY(match_options(rows, option->each, name, path, where, error));
    }
    return TX_OK;
}

/* The options called as `path` begins, of a component or of its kind. */
static tx_status match(const tx_registry *registry, const tx_component *component, const char *path, tx_error *error,
                       tx_option_rows *rows)
{
    char name[64], where[100];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(path, "."), path);
    snprintf(where, sizeof where, "%s/%s", tx_kind_name(component->kind), component->name);
    TX_TRY(match_options(rows, component->options, name, path, where, error));
    const tx_option *shared = tx_registry_shared_by(registry, component);
    return tx_options_have(component->options, name) ? TX_OK : match_options(rows, shared, name, path, where, error);
}

/* Follows a path from `s`, which it uses up. */
static tx_status follow(scope *s, const tx_registry *registry, const char *path, tx_error *error, tx_option_rows *rows)
{
    const char *dot = strchr(path, '.');
    for (size_t k = 0; k < s->count; k++) {
        TX_TRY(match(registry, s->components[k], path, error, rows));
    }
    s->count = 0;
    if (!dot) {
        return TX_OK;
    }
    for (size_t k = 0; k < rows->count; k++) {
        const tx_option *option = rows->rows[k].option;
        TX_TRY(option->kind ? add_kind(s, registry, option->kind, option->fixed, error) : TX_OK);
    }
    rows->count = 0;
    return follow(s, registry, dot + 1, error, rows);
}

/* Where a path that does not begin at the top of the file does: at components ("adam.b1"); a name alone at all of them. */
static tx_status enter_components(scope *s, const tx_registry *registry, const char *path, tx_error *error)
{
    char head[64];
    snprintf(head, sizeof head, "%.*s", (int)strcspn(path, "."), path);
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        const tx_component *component = tx_registry_find(registry, (tx_kind)kind, head);
        if (!strchr(path, '.')) {
            TX_TRY(add_kind(s, registry, (tx_kind)kind, NULL, error));
        } else if (component) {
            TX_TRY(add_component(s, registry, component, error));
        }
    }
    return TX_OK;
}

static tx_status find_options(scope *s, const tx_registry *registry, const char *path, bool anywhere, tx_error *error,
                              tx_option_rows *rows)
{
    const char *dot = strchr(path, '.');
    TX_TRY(add_kind(s, registry, TX_KIND_RUN, NULL, error));
    TX_TRY(follow(s, registry, path, error, rows));
    if (rows->count || !(dot || anywhere)) {
        return TX_OK;
    }
    TX_TRY(enter_components(s, registry, path, error));
    return follow(s, registry, dot ? dot + 1 : path, error, rows);
}

tx_status tx_options_find(const tx_registry *registry, const char *path, bool anywhere, tx_error *error, tx_option_rows *rows)
{
    scope s = {0};
    const tx_status status = find_options(&s, registry, path, anywhere, error, rows);
    tx_free(s.components);
    for (size_t k = 0; k < rows->count; k++) {
        rows->rows[k].name = strchr(path, '.') ? path : rows->rows[k].option->name;
    }
    if (rows->count == 1 && !anywhere) {
        *rows->rows[0].where = '\0'; /* the path says it */
    }
    return status;
}

/* -- words -- */

static tx_status add_with_word(tx_option_rows *rows, const tx_component *component, const char *name, tx_error *error)
{
    char where[100];
    const char *word;
    snprintf(where, sizeof where, "%s/%s", tx_kind_name(component->kind), component->name);
    for (const tx_option *option = component->options; option && option->name; option++) {
        TX_TRY(tx_option_word(option, name, &word) ? tx_option_rows_add(rows, option, option->name, where, error) : TX_OK);
    }
    return TX_OK;
}

tx_status tx_options_find_word(const tx_registry *registry, const char *name, tx_error *error, tx_option_rows *rows)
{
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        for (int k = 0; k < tx_registry_count(registry, (tx_kind)kind); k++) {
            TX_TRY(add_with_word(rows, tx_registry_at(registry, (tx_kind)kind, k), name, error));
        }
    }
    return TX_OK;
}
