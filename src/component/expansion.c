/* Sections of a run that stand for others, and one tree laid over another, key by key. */
#include "component/expansion.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "component/buffer.h"
#include "component/keys.h"
#include "component/registry.h"
#include "component/resolve.h"
#include "component/unfold.h"

/* -- one tree over another -- */

static const tx_option *inline_option(const tx_component *component)
{
    const tx_option *option = component->options;
    while (option && option->name && option->type != TX_TYPE_INLINE) {
        option++;
    }
    return option && option->name ? option : NULL;
}

/* The component that a mapping's `type` names; NULL: none, or none that is known. */
static const tx_component *named(const tx_config *config, tx_kind kind, const tx_yaml *mapping)
{
    const int at = tx_yaml_find(mapping, "type");
    const bool name = at >= 0 && mapping->items[at]->shape == TX_YAML_SCALAR;
    return name ? tx_registry_find_for(config->registry, kind, mapping->items[at]->text) : NULL;
}

/* The option of a component, or of the one whose options stand in the same mapping, that a key names; NULL: none. */
static const tx_option *option_of(const tx_config *config, const tx_component *component, const tx_yaml *mapping, const char *key)
{
    const tx_option *inlined = inline_option(component), *found = NULL;
    const tx_component *const of[] = {inlined ? named(config, inlined->kind, mapping) : NULL, component};
    for (int c = 0; c < 2; c++) {
        const tx_table table = tx_table_make(config->registry, of[c], NULL);
        for (int k = 0; k < table.count; k++) {
            found = tx_option_is(table.options[k], key) ? table.options[k] : found;
        }
    }
    return found;
}

/* Where the option stands in `copy` as it does in `base`, under whatever name; -1: nowhere. */
static int place_of(const tx_yaml *base, const tx_yaml *copy, const tx_option *option)
{
    int at = -1;
    for (size_t k = 0; option && k < base->count; k++) {
        at = copy->keys[k] == base->keys[k] && tx_option_is(option, base->keys[k]->text) ? (int)k : at;
    }
    return at;
}

static tx_status lay(tx_config *config, const tx_component *component, const char *path, const tx_yaml *base, tx_yaml *over,
                     tx_yaml **out);

/* A mapping that says nothing of its type goes on with a text that is a whole section: its keys would be lost. */
static tx_status check_text(tx_config *config, const tx_option *option, const char *path, const tx_yaml *base, const tx_yaml *over)
{
    const bool section = option->kind && base->shape == TX_YAML_SCALAR && over->shape == TX_YAML_MAPPING;
    return section && tx_yaml_find(over, "type") < 0
               ? tx_place_error(over->place, config->error, "%s is '%s', which has no keys: a mapping in its place needs a `type`",
                                path, tx_quote(base->text).text)
               : TX_OK;
}

static tx_status lay_value(tx_config *config, const tx_option *option, const char *path, const tx_yaml *base, tx_yaml *over,
                           tx_yaml **out)
{
    const tx_component *component = NULL;
    tx_kind kind = option->kind;
    *out = over;
    if (base->shape != TX_YAML_MAPPING || over->shape != TX_YAML_MAPPING || !option->kind) {
        return check_text(config, option, path, base, over);
    }
    if (option->fixed) {
        const tx_component *fixed = tx_registry_find(config->registry, option->kind, option->fixed);
        const tx_option *inlined = fixed ? inline_option(fixed) : NULL;
        const tx_yaml *unfolded = over;
        TX_TRY(fixed ? tx_inline_unfold(config, fixed, path, &unfolded) : TX_OK);
        TX_TRY(unfolded == over ? TX_OK : tx_yaml_copy(&config->pool, unfolded, config->error, out));
        component = fixed;
        kind = inlined ? inlined->kind : TX_KIND_COUNT;
    } else {
        component = named(config, kind, base);
    }
    const bool typed = kind != TX_KIND_COUNT && tx_yaml_find(*out, "type") >= 0;
    if (!component || (typed && named(config, kind, *out) != named(config, kind, base))) {
        return TX_OK;
    }
    return lay(config, component, path, base, *out, out);
}

static tx_status lay(tx_config *config, const tx_component *component, const char *path, const tx_yaml *base, tx_yaml *over,
                     tx_yaml **out)
{
    tx_yaml *copy, *item;
    TX_TRY(tx_yaml_copy(&config->pool, base, config->error, &copy));
    copy->place = over->place;
    for (size_t k = 0; k < over->count; k++) {
        const tx_option *option = option_of(config, component, base, over->keys[k]->text);
        const int at = place_of(base, copy, option);
        const char *inner;
        if (at < 0) {
            TX_TRY(tx_yaml_append(&config->pool, copy, over->keys[k], over->items[k], config->error));
            continue;
        }
        TX_TRY(tx_pool_format(&config->pool, config->error, &inner, "%s%s%s", path, *path ? "." : "", option->name));
        TX_TRY(lay_value(config, option, inner, base->items[at], over->items[k], &item));
        copy->keys[at] = over->keys[k];
        copy->items[at] = item;
    }
    *out = copy;
    return TX_OK;
}

/* -- what a section stands for -- */

/* The next option of a run, from `option` on, whose section stands for others; NULL: there is none. */
static const tx_option *next_expanded(const tx_registry *registry, const tx_option *option)
{
    while (option && option->name && !(option->kind && tx_registry_expansion(registry, option->kind))) {
        option++;
    }
    return option && option->name ? option : NULL;
}

bool tx_is_expanded(const tx_registry *registry, const char *override)
{
    const tx_component *run = tx_registry_find(registry, TX_KIND_RUN, "run");
    const tx_option *option = run ? next_expanded(registry, run->options) : NULL;
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)strcspn(override, ".="), override);
    while (option && !tx_option_is(option, key)) {
        option = next_expanded(registry, option + 1);
    }
    return option;
}

static tx_status without(tx_config *config, const tx_yaml *mapping, int at, tx_yaml **out)
{
    tx_yaml *rest;
    TX_TRY(tx_yaml_scalar(&config->pool, mapping->place, mapping->text, config->error, &rest));
    rest->shape = TX_YAML_MAPPING;
    for (int k = 0; k < (int)mapping->count; k++) {
        TX_TRY(k == at ? TX_OK : tx_yaml_append(&config->pool, rest, mapping->keys[k], mapping->items[k], config->error));
    }
    *out = rest;
    return TX_OK;
}

static tx_status expand(tx_config *config, const tx_component *run, const tx_option *option, int at, bool coarse, tx_yaml **root)
{
    const tx_yaml *node = (*root)->items[at];
    tx_section *section;
    tx_yaml *rest, *expanded;
    char *text;
    TX_TRY(tx_resolve_alone(config, node, option->kind, NULL, &section));
    TX_TRY(tx_registry_expansion(config->registry, option->kind)(section, coarse, config->error, &text));
    const tx_status status = tx_yaml_read(&config->pool, node->place.origin, false, text, config->error, &expanded);
    tx_free(text);
    TX_TRY(status);
    tx_yaml_move(expanded, node->place, true);
    TX_TRY(without(config, *root, at, &rest));
    return lay(config, run, "", expanded, rest, root);
}

tx_status tx_run_expand(tx_config *config, bool coarse, tx_yaml **root)
{
    const tx_component *run = tx_registry_find(config->registry, TX_KIND_RUN, "run");
    const tx_option *option = run ? next_expanded(config->registry, run->options) : NULL;
    bool any = false;
    for (; option; option = next_expanded(config->registry, option + 1)) {
        const int at = tx_yaml_find(*root, option->name);
        if (at >= 0 && !tx_yaml_is_null((*root)->items[at])) {
            any = true;
            TX_TRY(expand(config, run, option, at, coarse, root));
        }
    }
    return any || !coarse
               ? TX_OK
               : tx_error_set(config->error, TX_INVALID, "%s has no scenario, whose coarse stepper is asked for", config->name);
}
