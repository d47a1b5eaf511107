/* `trainax schema`: the tables of components as a JSON Schema (draft 7, which editors know best).
 *
 * Keys are those of the tables. What stands behind `type` and other words may be spelled as the program takes it: each is a
 * list, which an editor offers, and beside it a pattern. Every component is one definition, "network.conv"; its kind's,
 * "network", chooses among them by `type` with if and then, so that an editor shows the one thing that is wrong (of anyOf it
 * would have to guess which was meant). Whether a name, a mapping or null may stand there is said where it is used. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "component/registry.h"
#include "component/keys.h"
#include "component/schema.h"
#include "component/words.h"

/* -- mappings -- */

/* Python's names of keys that take a function: lifting_factory, loss_fn. What they hold the program checks. As a pattern they
 * would stand in a validator's message about any unknown key. */
static void add_functions(tx_buffer *text, const tx_option *option)
{
    const char *const names[] = {option->name, option->alias};
    for (int k = 0; k < 2 && names[k] && tx_option_takes_function(option); k++) {
        tx_buffer_add(text, ", \"%s_factory\": {\"doNotSuggest\": true}, \"%s_fn\": {\"doNotSuggest\": true}", names[k], names[k]);
    }
}

/* An option under its other name; that of an INLINE one stands before the whole component. */
static tx_status add_alias(tx_schema *w, const tx_component *owner, const tx_option *option)
{
    tx_option whole = *option;
    whole.type = TX_TYPE_SECTION;
    tx_buffer_add(&w->text, ",\n        \"%s\": ", option->alias);
    if (option->type == TX_TYPE_INLINE) {
        return tx_schema_option(w, owner, &whole);
    }
    tx_buffer_add(&w->text, "{\"$ref\": \"#%s/properties/%s\"}", w->place, option->name);
    return TX_OK;
}

/* Beside a scenario such a section may lack keys. */
static bool lies_over(const tx_component *owner, const tx_option *option)
{
    return owner && owner->kind == TX_KIND_RUN && option->type == TX_TYPE_SECTION && option->kind != TX_KIND_SCENARIO &&
           option->initial && !strcmp(option->initial, "null");
}

static tx_status add_property(tx_schema *w, const tx_component *owner, const tx_option *option)
{
    tx_buffer_add(&w->text, "\n        \"%s\": ", option->name);
    return tx_schema_option(w, owner, option);
}

static tx_status add_without_scenario(tx_schema *w, const tx_component *run, const tx_table *table)
{
    int count = 0;
    tx_buffer_add(&w->text, ",\n  \"if\": {\"required\": [\"scenario\"]}, \"else\": {\"properties\": {");
    for (int k = 0; k < table->count; k++) {
        if (lies_over(run, table->options[k])) {
            tx_buffer_add(&w->text, "%s", count++ ? "," : "");
            TX_TRY(add_property(w, run, table->options[k]));
        }
    }
    tx_buffer_add(&w->text, "\n      }}");
    return TX_OK;
}

static tx_status add_properties(tx_schema *w, const tx_component *owner, const tx_table *table, bool more)
{
    for (int k = 0; k < table->count; k++) {
        const tx_option *option = table->options[k];
        tx_buffer_add(&w->text, "%s", more || k ? "," : "");
        if (lies_over(owner, option)) {
            tx_buffer_add(&w->text, "\n        \"%s\": true", option->name);
        } else {
            TX_TRY(add_property(w, owner, option));
        }
        TX_TRY(option->alias ? add_alias(w, owner, option) : TX_OK);
        add_functions(&w->text, option);
    }
    return TX_OK;
}

/* No other keys than those of `properties`; what must be there; of which two one must, or must not beside the other. */
static void add_rules(tx_buffer *text, const tx_table *table, bool typed, bool open)
{
    int required = 0, rules = 0;
    tx_buffer_add(text, "\"additionalProperties\": %s, \"required\": [%s", open ? "true" : "false", typed ? "\"type\"" : "");
    for (int k = 0; k < table->count; k++) {
        const tx_option *option = table->options[k];
        if (!option->initial && !option->unless && !option->alias) {
            tx_buffer_add(text, "%s\"%s\"", tx_schema_comma(typed + required++), option->name);
        }
    }
    tx_buffer_add(text, "]");
    for (int k = 0; k < table->count; k++) {
        const tx_option *option = table->options[k];
        const char *other = option->unless ? option->unless : option->alias;
        if (!option->initial && other) {
            tx_buffer_add(text, "%s{\"anyOf\": [{\"required\": [\"%s\"]}, {\"required\": [\"%s\"]}]}",
                          rules++ ? ", " : ", \"allOf\": [", option->name, other);
        }
        if (option->alias) {
            tx_buffer_add(text, "%s{\"not\": {\"required\": [\"%s\", \"%s\"]}}", rules++ ? ", " : ", \"allOf\": [", option->name,
                          option->alias);
        }
    }
    tx_buffer_add(text, "%s", rules ? "]" : "");
}

/* A mapping with the options of one component. That there must be a `type` says the kind, as some places take one component alone.
 */
static tx_status add_mapping(tx_schema *w, const tx_component *component)
{
    const bool typed = component->kind != TX_KIND_RUN && component->kind != TX_KIND_SECTION;
    const tx_table table = tx_table_make(w->registry, component, NULL);
    tx_buffer_add(&w->text, "\"description\": ");
    tx_schema_string(&w->text, component->summary);
    tx_buffer_add(&w->text, ",\n      \"properties\": {%s", typed ? "\n        \"type\": true" : "");
    TX_TRY(add_properties(w, component, &table, typed));
    tx_buffer_add(&w->text, "\n      },\n      ");
    add_rules(&w->text, &table, false, component->opens);
    return component->kind == TX_KIND_RUN ? add_without_scenario(w, component, &table) : TX_OK;
}

/* One key of a component whose definition says what stands there, or, if `told`, the definition around. */
static void add_key(tx_buffer *text, const tx_component *component, const char *key, bool told)
{
    if (told) {
        tx_buffer_add(text, ", \"%s\": true", key);
    } else {
        tx_buffer_add(text, ", \"%s\": {\"$ref\": \"#/definitions/%s.%s/properties/%s\"}", key, tx_kind_name(component->kind),
                      component->name, key);
    }
}

/* The same with the options `base` beside them, which the definition around it describes. typed: `type` must be there. */
static void add_extended(tx_schema *w, const tx_component *component, const tx_option *base, bool typed)
{
    tx_buffer *text = &w->text;
    const tx_table all = tx_table_make(w->registry, component, base);
    tx_buffer_add(text, "{\"properties\": {\"type\": true");
    for (int k = 0; k < all.count; k++) {
        const tx_option *option = all.options[k];
        const bool told = tx_options_have(base, option->name);
        if (option->type != TX_TYPE_INLINE) {
            add_key(text, component, option->name, told);
        }
        if (option->alias) {
            add_key(text, component, option->alias, told);
        }
        add_functions(text, option);
    }
    tx_buffer_add(text, "}, ");
    add_rules(text, &all, typed, component->opens);
    tx_buffer_add(text, "}");
}

/* -- choices by `type` -- */

/* The k-th component that may stand where one of `kind` is asked for; NULL: there are no more. */
static const tx_component *candidate(const tx_schema *w, tx_kind kind, int k)
{
    const tx_kind other = tx_kind_stand_in(kind);
    const int own = tx_registry_count(w->registry, kind), others = other == kind ? 0 : tx_registry_count(w->registry, other);
    return k < own ? tx_registry_at(w->registry, kind, k) : k < own + others ? tx_registry_at(w->registry, other, k - own) : NULL;
}

/* For each component of a kind what a mapping of that type must be. otherwise: the type where none is given, or "". */
static void add_choices(tx_schema *w, tx_kind kind, const tx_option *base, const char *otherwise)
{
    tx_buffer *text = &w->text;
    const tx_component *component;
    tx_buffer_add(text, "\"allOf\": [");
    for (int k = 0; (component = candidate(w, kind, k)); k++) {
        const bool given = strcmp(component->name, otherwise);
        tx_buffer_add(text, "%s\n        {\"if\": {\"type\": \"object\"%s, \"properties\": {\"type\": ", k ? "," : "",
                      given ? ", \"required\": [\"type\"]" : "");
        tx_schema_pattern(text, component->name, tx_kind_endings(kind));
        tx_buffer_add(text, "}}, \"then\": ");
        if (base) {
            add_extended(w, component, base, !*otherwise);
        } else {
            tx_buffer_add(text, "{\"$ref\": \"#/definitions/%s.%s\"}", tx_kind_name(component->kind), component->name);
        }
        tx_buffer_add(text, "}");
    }
    tx_buffer_add(text, "\n      ]");
}

/* A component of a kind: its name, a short form, or a mapping with `type` and the options `each`. */
static tx_status add_kind(tx_schema *w, tx_kind kind, const tx_component *owner, const tx_option *each)
{
    tx_buffer *text = &w->text;
    const char *name = tx_kind_name(kind);
    tx_short_form_rule *forms = tx_registry_forms(w->registry, kind);
    tx_buffer_add(text, "{\n      \"anyOf\": [{\"$ref\": \"#/definitions/%s.names\"}, ", name);
    if (forms) {
        tx_schema_forms(text, forms);
    }
    tx_buffer_add(text, "%s{\"not\": {\"type\": \"string\"}}],\n      \"required\": [\"type\"],\n      \"properties\": {\n        ",
                  forms ? ", " : "");
    tx_buffer_add(text, "\"type\": {\"$ref\": \"#/definitions/%s.names\"}", name);
    if (each) {
        const tx_table table = tx_table_make(w->registry, NULL, each);
        TX_TRY(add_properties(w, owner, &table, true));
    }
    tx_buffer_add(text, "\n      },\n      ");
    add_choices(w, kind, each, "");
    tx_buffer_add(text, "\n    }");
    return TX_OK;
}

/* A section with a component in it. */
static tx_status add_inline(tx_schema *w, const tx_component *section, const tx_option *inlined)
{
    const tx_table table = tx_table_make(w->registry, section, NULL);
    tx_buffer_add(&w->text, "{\n      \"description\": ");
    tx_schema_string(&w->text, section->summary);
    tx_buffer_add(&w->text, ",\n      \"properties\": {");
    TX_TRY(add_properties(w, section, &table, false));
    tx_buffer_add(&w->text, "\n      },\n      ");
    add_choices(w, inlined->kind, section->options, inlined->initial);
    tx_buffer_add(&w->text, "\n    }");
    return TX_OK;
}

/* The names that may stand for a kind, separated by spaces. */
static tx_status list_names(tx_schema *w, tx_kind kind, const char **out)
{
    const tx_component *component;
    *out = "";
    for (int k = 0; (component = candidate(w, kind, k)); k++) {
        TX_TRY(tx_pool_format(&w->pool, w->text.error, out, "%s%s%s", *out, k ? " " : "", component->name));
    }
    return TX_OK;
}

static tx_status add_names(tx_schema *w, tx_kind kind)
{
    const char *words;
    const tx_component *component;
    tx_buffer *text = &w->text;
    TX_TRY(list_names(w, kind, &words));
    if (!*words) {
        tx_buffer_add(text, "false");
        return TX_OK;
    }
    tx_buffer_add(text, "{\"anyOf\": [{");
    tx_schema_enumeration(text, words);
    tx_buffer_add(text, ", \"enumDescriptions\": [");
    for (int k = 0; (component = candidate(w, kind, k)); k++) {
        tx_buffer_add(text, "%s", tx_schema_comma(k));
        tx_schema_string(text, component->summary);
    }
    tx_buffer_add(text, "]}, ");
    tx_schema_pattern(text, words, tx_kind_endings(kind));
    tx_buffer_add(text, "]}");
    return TX_OK;
}

/* -- the whole -- */

static void begin_definition(tx_schema *w, const char *kind, const char *name, const char *option)
{
    snprintf(w->place, sizeof w->place, "/definitions/%s%s%s%s%s", kind, *name ? "." : "", name, *option ? "." : "", option);
    tx_buffer_add(&w->text, ",\n    \"%s\": ", strrchr(w->place, '/') + 1);
}

static const tx_option *find_inline(const tx_component *component)
{
    const tx_option *option = component->options;
    while (option && option->name && option->type != TX_TYPE_INLINE) {
        option++;
    }
    return option && option->name ? option : NULL;
}

/* Lists whose items have more options than their components. */
static tx_status define_lists(tx_schema *w, const tx_component *owner)
{
    for (const tx_option *option = owner->options; option && option->name; option++) {
        if (option->each) {
            begin_definition(w, tx_kind_name(owner->kind), owner->name, option->name);
            TX_TRY(add_kind(w, option->kind, owner, option->each));
        }
    }
    return TX_OK;
}

static tx_status define_component(tx_schema *w, const tx_component *component)
{
    const tx_option *inlined = find_inline(component);
    begin_definition(w, tx_kind_name(component->kind), component->name, "");
    if (inlined) {
        TX_TRY(add_inline(w, component, inlined));
    } else {
        tx_buffer_add(&w->text, "{\n      ");
        TX_TRY(add_mapping(w, component));
        tx_buffer_add(&w->text, "\n    }");
    }
    return define_lists(w, component);
}

static tx_status define_kind(tx_schema *w, tx_kind kind)
{
    if (kind == TX_KIND_METRIC) { /* no sections, but texts */
        begin_definition(w, tx_kind_name(kind), "", "");
        tx_schema_metrics(&w->text, w->registry);
        return TX_OK;
    }
    if (kind != TX_KIND_SECTION) {
        begin_definition(w, tx_kind_name(kind), "names", "");
        TX_TRY(add_names(w, kind));
        begin_definition(w, tx_kind_name(kind), "", "");
        TX_TRY(add_kind(w, kind, NULL, NULL));
    }
    for (int k = 0; k < tx_registry_count(w->registry, kind); k++) {
        TX_TRY(define_component(w, tx_registry_at(w->registry, kind, k)));
    }
    return TX_OK;
}

static const char values[] =
    "    \"memory\": {\"type\": [\"number\", \"string\"], \"minimum\": 0,\n"
    "      \"pattern\": \"^([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)? *([kKmMgGtT][iI]?[bB]|[bB])?$\"},\n"
    "    \"key\": {\n"
    "      \"description\": \"73, or an element of a split: {seed: 0, split: 2, index: 1}\",\n"
    "      \"properties\": {\n"
    "        \"seed\": {\"type\": \"integer\"},\n"
    "        \"split\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 2147483647},\n"
    "        \"index\": {\"type\": \"integer\", \"minimum\": 0}\n"
    "      },\n"
    "      \"additionalProperties\": false, \"required\": [\"seed\"],\n"
    "      \"dependencies\": {\"split\": [\"index\"], \"index\": [\"split\"]}\n"
    "    }";

static tx_status write_schema(tx_schema *w)
{
    const tx_component *run = tx_registry_find(w->registry, TX_KIND_RUN, "run");
    if (!run) {
        return tx_error_set(w->text.error, TX_INVALID, "the registry knows no configuration file: it has no 'run'");
    }
    tx_buffer_add(&w->text, "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n  \"title\": \"trainax\",\n"
                            "  \"type\": \"object\",\n  ");
    TX_TRY(add_mapping(w, run));
    tx_buffer_add(&w->text, ",\n  \"definitions\": {\n%s", values);
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        TX_TRY(define_kind(w, (tx_kind)kind));
    }
    tx_buffer_add(&w->text, "\n  }\n}\n");
    return TX_OK;
}

tx_status tx_registry_schema(const tx_registry *registry, tx_error *error, char **out)
{
    tx_schema w = {.registry = registry, .text = {.error = error}};
    const tx_status status = write_schema(&w);
    tx_pool_release(&w.pool);
    if (status != TX_OK) {
        tx_free(w.text.data);
        return status;
    }
    return tx_buffer_finish(&w.text, out);
}
