/* The options that a section may have, its keys against them, and what an unknown one may mean. */
#include "component/keys.h"

#include <stdio.h>
#include <string.h>

#include "component/buffer.h"
#include "component/wording.h"

static void add_options(tx_table *all, const tx_option *options)
{
    for (; options && options->name; options++) {
        bool there = false;
        for (int k = 0; k < all->count; k++) {
            there = there || !strcmp(all->options[k]->name, options->name);
        }
        if (!there && all->count < TX_MAX_OPTIONS) {
            all->options[all->count++] = options;
        }
    }
}

tx_table tx_table_make(const tx_registry *registry, const tx_component *component, const tx_option *each)
{
    tx_table all = {.count = 0};
    if (component) {
        add_options(&all, component->options);
        add_options(&all, tx_registry_shared_by(registry, component));
    }
    add_options(&all, each);
    return all;
}

typedef struct name_list {
    const char *names[3 * TX_MAX_OPTIONS + 1];
    int count;
} name_list;

static void add_names(name_list *list, const tx_table *all)
{
    for (int k = 0; k < all->count; k++) {
        bool there = false;
        for (int j = 0; j < list->count; j++) {
            there = there || !strcmp(list->names[j], all->options[k]->name);
        }
        if (!there) {
            list->names[list->count++] = all->options[k]->name;
        }
    }
}

static bool is_known(const tx_table *all, const char *key)
{
    bool known = false;
    for (int k = 0; k < all->count; k++) {
        known = known || tx_option_is(all->options[k], key);
    }
    return known;
}

/* Where in a run a key stands that is unknown in one of its sections, as tx_suggest would say it; "": nowhere. */
static tx_expectation suggest_place(const tx_registry *registry, const char *key)
{
    tx_expectation suggestion = {""};
    const tx_component *run = tx_registry_find(registry, TX_KIND_RUN, "run");
    for (const tx_option *option = run ? run->options : NULL; option && option->name; option++) {
        const tx_component *section = option->fixed ? tx_registry_find(registry, option->kind, option->fixed) : NULL;
        if (tx_option_is(option, key)) {
            snprintf(suggestion.text, sizeof suggestion.text, " (did you mean '%s' at the top level?)", option->name);
            return suggestion;
        }
        for (const tx_option *inner = section ? section->options : NULL; inner && inner->name; inner++) {
            if (tx_option_is(inner, key)) {
                snprintf(suggestion.text, sizeof suggestion.text, " (did you mean '%s.%s'?)", option->name, inner->name);
            }
        }
    }
    return suggestion;
}

/* The same for a key of a component that stands in this section: trainer.optimizer.learning_rate. */
static tx_expectation suggest_below(const tx_registry *registry, const tx_keys *keys, const char *key)
{
    tx_expectation suggestion = {""};
    for (int k = 0; k < keys->own->count; k++) {
        const tx_option *option = keys->own->options[k];
        const bool below = option->type == TX_TYPE_SECTION && !option->fixed;
        for (int j = 0; below && j < tx_registry_count(registry, option->kind) && !*suggestion.text; j++) {
            const tx_option *inner = tx_registry_at(registry, option->kind, j)->options;
            for (; inner && inner->name; inner++) {
                if (tx_option_is(inner, key) || tx_is_synonym(key, inner->name)) {
                    snprintf(suggestion.text, sizeof suggestion.text, " (did you mean '%s%s%s.%s'?)", keys->path,
                             *keys->path ? "." : "", option->name, inner->name);
                }
            }
        }
    }
    return suggestion;
}

/* An option that the others of its kind have. */
static bool is_not_shared(const tx_config *config, const tx_keys *keys, const char *key)
{
    const tx_component *component = keys->component;
    const tx_option *shared = component->takes_no_shared ? tx_registry_shared(config->registry, component->kind) : NULL;
    bool found = false;
    for (; shared && shared->name && !found; shared++) {
        found = tx_option_is(shared, key);
    }
    return found;
}

static tx_status unknown_key(tx_config *config, const tx_keys *keys, const tx_yaml *key, const name_list *known)
{
    tx_expectation suggestion = {""};
    if (is_not_shared(config, keys, key->text)) {
        return tx_place_error(key->place, config->error, "%s: %s takes no '%s'", keys->path, keys->component->name,
                              tx_quote(key->text).text);
    }
    if (keys->in_run) {
        suggestion = suggest_place(config->registry, key->text);
    }
    if (!*suggestion.text) {
        suggestion = suggest_below(config->registry, keys, key->text);
    }
    if (!*suggestion.text) {
        suggestion = tx_suggest(key->text, known->names, known->count);
    }
    return tx_place_error(key->place, config->error, "unknown key '%s'%s%s%s", tx_quote(key->text).text, *keys->path ? " in " : "",
                          keys->path, suggestion.text);
}

tx_status tx_keys_check(tx_config *config, const tx_keys *keys)
{
    name_list known = {.count = 0};
    if (keys->typed) {
        known.names[known.count++] = "type";
    }
    add_names(&known, keys->own);
    add_names(&known, keys->inlined);
    for (size_t k = 0; keys->mapping && k < keys->mapping->count; k++) {
        const tx_yaml *key = keys->mapping->keys[k];
        const bool is_type = keys->typed && tx_same_key(key->text, "type");
        if (!is_type && !is_known(keys->own, key->text) && !is_known(keys->inlined, key->text)) {
            return unknown_key(config, keys, key, &known);
        }
    }
    return TX_OK;
}
