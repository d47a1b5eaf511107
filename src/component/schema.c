/* `trainax schema`: the tables of components as a JSON Schema (draft 7, which editors know best).
 *
 * Keys are those of the tables. What stands behind `type` and other words may be spelled as the program takes it: each is a
 * list, which an editor offers, and beside it a pattern. Every component is one definition, "network.conv". A kind's own,
 * "network", chooses among them by `type` with if and then, never with anyOf, so that an editor shows the one thing that is
 * wrong. What a definition cannot say in general stands where it is used: which types of JSON may stand there. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "component/buffer.h"
#include "component/registry.h"
#include "component/resolve.h"
#include "component/value.h"

typedef struct writer {
    const tx_registry *registry;
    tx_arena arena;
    tx_buffer text;
} writer;

/* -- pieces of JSON -- */

static const char *comma(int k)
{
    return k ? ", " : "";
}

static void add_string(tx_buffer *text, const char *string)
{
    tx_buffer_add(text, "\"");
    for (; *string; string++) {
        tx_buffer_add(text, strchr("\"\\", *string) ? "\\%c" : "%c", *string);
    }
    tx_buffer_add(text, "\"");
}

static void add_yaml(tx_buffer *text, const tx_yaml *node)
{
    static const char *const plain[] = {"true", "false", "null"};
    bool is_plain = tx_yaml_is_number(node);
    if (node->shape == TX_YAML_LIST) {
        tx_buffer_add(text, "[");
        for (size_t k = 0; k < node->count; k++) {
            tx_buffer_add(text, "%s", comma(k > 0));
            add_yaml(text, node->items[k]);
        }
        tx_buffer_add(text, "]");
        return;
    }
    for (size_t k = 0; k < sizeof plain / sizeof *plain; k++) {
        is_plain = is_plain || (!node->quoted && !strcmp(node->text, plain[k]));
    }
    is_plain ? tx_buffer_add(text, "%s", node->text) : add_string(text, node->text);
}

static void add_reference(tx_buffer *text, const char *definition)
{
    tx_buffer_add(text, "{\"$ref\": \"#/definitions/%s\"}", definition);
}

/* -- names in any spelling that the program takes. words: separated by spaces -- */

static const char *next_word(const char *word)
{
    word += strcspn(word, " ");
    return word + strspn(word, " ");
}

static void add_letters(tx_buffer *text, const char *word, size_t length)
{
    for (size_t k = 0; k < length; k++) {
        const int c = (unsigned char)word[k];
        if (c != '_') {
            tx_buffer_add(text, isalpha(c) ? "[%c%c]_*" : "%c_*", toupper(c), tolower(c));
        }
    }
}

static const char *endings_of(tx_kind kind)
{
    static const char *const endings[TX_KIND_COUNT] = {
        [TX_KIND_NETWORK] = "1d 2d 3d",  [TX_KIND_BLOCK] = "factory block",
        [TX_KIND_STEPPER] = "stepper",   [TX_KIND_CONFIGURATION] = "trainer configuration",
        [TX_KIND_LOSS] = "loss",         [TX_KIND_SCHEDULE] = "schedule",
        [TX_KIND_CALLBACK] = "callback",
    };
    return endings[kind] ? endings[kind] : "";
}

/* Without the endings that its kind has in Python, which the tables have in a few names too. */
static size_t stem_length(const char *word, size_t length, const char *endings)
{
    for (const char *ending = endings; *ending; ending = next_word(ending)) {
        const size_t size = strcspn(ending, " ");
        size_t rest = length > size && !memcmp(word + length - size, ending, size) ? length - size : 0;
        while (rest && word[rest - 1] == '_') {
            rest--;
        }
        if (rest) {
            return stem_length(word, rest, endings);
        }
    }
    return length;
}

static void add_alternatives(tx_buffer *text, const char *words, const char *endings)
{
    for (const char *word = words; *word; word = next_word(word)) {
        tx_buffer_add(text, "%s", word == words ? "(" : "|");
        add_letters(text, word, stem_length(word, strcspn(word, " "), endings));
    }
    tx_buffer_add(text, ")");
}

static void add_pattern(tx_buffer *text, const char *words, const char *endings)
{
    tx_buffer_add(text, "{\"type\": \"string\", \"pattern\": \"^(.*\\\\.)?_*");
    add_alternatives(text, words, endings);
    if (*endings) {
        add_alternatives(text, endings, "");
    }
    tx_buffer_add(text, "%s$\"}", *endings ? "*" : "");
}

static void add_enumeration(tx_buffer *text, const char *words)
{
    tx_buffer_add(text, "\"enum\": [");
    for (const char *word = words; *word; word = next_word(word)) {
        tx_buffer_add(text, "%s\"%.*s\"", comma(word > words), (int)strcspn(word, " "), word);
    }
    tx_buffer_add(text, "]");
}

/* -- one option -- */

/* The names of a kind, separated by spaces. */
static tx_status list_names(writer *w, tx_kind kind, const char **out)
{
    *out = "";
    for (int k = 0; k < tx_registry_count(w->registry, kind); k++) {
        const char *name = tx_registry_at(w->registry, kind, k)->name;
        TX_TRY(tx_arena_format(&w->arena, w->text.error, out, "%s%s%s", *out, k ? " " : "", name));
    }
    return TX_OK;
}

enum {
    NUL = 1 << 0,
    BOOLEAN = 1 << 1,
    INTEGER = 1 << 2,
    NUMBER = 1 << 3,
    STRING = 1 << 4,
    ARRAY = 1 << 5,
    OBJECT = 1 << 6,
    SCALAR = BOOLEAN | NUMBER | STRING, /* what a text looks like before it is known to be one */
    COMPONENT = OBJECT | STRING,
};

/* What JSON calls the values of a type, and the elements of its lists. */
static const struct {
    int value, element;
} forms[] = {
    [TX_TYPE_INTEGER] = {INTEGER, 0},
    [TX_TYPE_REAL] = {NUMBER, 0},
    [TX_TYPE_BOOLEAN] = {BOOLEAN, 0},
    [TX_TYPE_STRING] = {SCALAR, 0},
    [TX_TYPE_PATH] = {SCALAR, 0},
    [TX_TYPE_OUTPUT_PATH] = {SCALAR, 0},
    [TX_TYPE_WORD] = {STRING, 0},
    [TX_TYPE_KEY] = {INTEGER | OBJECT, 0},
    [TX_TYPE_INTEGERS] = {INTEGER | ARRAY, INTEGER},
    [TX_TYPE_REALS] = {NUMBER | ARRAY, NUMBER},
    [TX_TYPE_STRINGS] = {SCALAR | ARRAY, SCALAR},
    [TX_TYPE_MAP] = {OBJECT, 0},
    [TX_TYPE_BYTES] = {NUMBER | STRING, 0},
    [TX_TYPE_SECTION] = {COMPONENT, 0},
    [TX_TYPE_SECTIONS] = {ARRAY, COMPONENT},
    [TX_TYPE_INLINE] = {STRING, 0},
};

static bool is_number_or_component(const tx_option *option)
{
    return option->kind && (option->type == TX_TYPE_REAL || option->type == TX_TYPE_REALS);
}

static int forms_of(const tx_option *option)
{
    const bool nothing = option->initial && !strcmp(option->initial, "null");
    const int fixed = option->type == TX_TYPE_SECTION && option->fixed ? STRING : 0;
    return (forms[option->type].value & ~fixed) | (option->words ? STRING : 0) |
           (is_number_or_component(option) || option->or_one ? COMPONENT : 0) |
           (nothing || option->fixed || option->unless || option->type == TX_TYPE_SECTIONS ? NUL : 0);
}

static void add_types(tx_buffer *text, int types)
{
    static const char *const names[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    const bool several = types & (types - 1);
    int count = 0;
    tx_buffer_add(text, "\"type\": %s", several ? "[" : "");
    for (int k = 0; k < (int)(sizeof names / sizeof *names); k++) {
        if (types & 1 << k) {
            tx_buffer_add(text, "%s\"%s\"", comma(count++), names[k]);
        }
    }
    tx_buffer_add(text, "%s", several ? "]" : "");
}

static void add_bounds(tx_buffer *text, const tx_option *option)
{
    if (tx_option_has_bounds(option) && isfinite(option->minimum)) {
        tx_buffer_add(text, ", \"%s\": %.17g", option->above_minimum ? "exclusiveMinimum" : "minimum", option->minimum);
    }
    if (tx_option_has_bounds(option) && tx_option_has_maximum(option) && isfinite(option->maximum)) {
        tx_buffer_add(text, ", \"maximum\": %.17g", option->maximum);
    }
}

static bool has_default(const tx_option *option)
{
    return option->initial && strcmp(option->initial, "null") && strcmp(option->initial, "[]") && strcmp(option->initial, "{}");
}

static void add_description(tx_buffer *text, const tx_option *option)
{
    char line[512];
    const char *unit = option->unit ? option->unit : "";
    snprintf(line, sizeof line, "%s%s%s%s%s%s%s%s", option->text ? option->text : "", *unit ? " [" : "", unit, *unit ? "]" : "",
             has_default(option) ? "; default "
             : option->initial   ? ""
                                 : "; required",
             has_default(option) ? option->initial : "", option->unless ? ", or " : "", option->unless ? option->unless : "");
    tx_buffer_add(text, "\"description\": ");
    add_string(text, line);
}

static tx_status add_default(writer *w, const tx_option *option)
{
    tx_yaml *node;
    if (has_default(option)) {
        TX_TRY(tx_yaml_read(&w->arena, option->name, false, option->initial, w->text.error, &node));
        tx_buffer_add(&w->text, ", \"default\": ");
        add_yaml(&w->text, node);
    }
    return TX_OK;
}

/* Words beside the type's own values, or amounts of memory, which may be texts. */
static void add_words(tx_buffer *text, const tx_option *option)
{
    const bool bytes = option->type == TX_TYPE_BYTES;
    if (!option->words && !bytes) {
        return;
    }
    tx_buffer_add(text, ", \"anyOf\": [");
    if (option->words) {
        tx_buffer_add(text, "{");
        add_enumeration(text, option->words);
        tx_buffer_add(text, "}, ");
        add_pattern(text, option->words, "");
    }
    if (forms_of(option) != STRING) {
        tx_buffer_add(text, "%s", comma(option->words != NULL));
        bytes ? add_reference(text, "memory") : tx_buffer_add(text, "{\"not\": {\"type\": \"string\"}}");
    }
    tx_buffer_add(text, "]");
}

/* The definition of what may stand there; "": none. */
typedef struct definition {
    char name[192];
} definition;

static definition definition_of(const tx_component *owner, const tx_option *option)
{
    const bool number = option->type != TX_TYPE_SECTION && option->type != TX_TYPE_SECTIONS && !is_number_or_component(option);
    const char *kind = option->type == TX_TYPE_KEY                ? "key"
                       : number && option->type != TX_TYPE_INLINE ? ""
                                                                  : tx_kind_name(option->kind);
    definition found;
    if (option->each) {
        snprintf(found.name, sizeof found.name, "%s.%s.%s", tx_kind_name(owner->kind), owner->name, option->name);
    } else {
        snprintf(found.name, sizeof found.name, "%s%s%s", kind, option->fixed ? "." : "",
                 option->fixed                    ? option->fixed
                 : option->type == TX_TYPE_INLINE ? ".names"
                                                  : "");
    }
    return found;
}

static void add_definition(tx_buffer *text, const char *definition)
{
    if (*definition) {
        tx_buffer_add(text, ", \"allOf\": [");
        add_reference(text, definition);
        tx_buffer_add(text, "]");
    }
}

static void add_items(tx_buffer *text, const tx_option *option, const char *definition)
{
    const int element = forms[option->type].element;
    if (!element) {
        return;
    }
    tx_buffer_add(text, ", \"items\": {");
    add_types(text, option->fixed ? OBJECT | NUL : element | (option->pairs ? ARRAY : 0));
    add_bounds(text, option);
    if (option->pairs) {
        tx_buffer_add(text, ", \"minItems\": 2, \"maxItems\": 2, \"items\": {\"type\": \"integer\"");
        add_bounds(text, option);
        tx_buffer_add(text, "}");
    }
    add_definition(text, option->type == TX_TYPE_SECTIONS ? definition : "");
    tx_buffer_add(text, "}");
}

static tx_status add_option(writer *w, const tx_component *owner, const tx_option *option)
{
    tx_buffer *text = &w->text;
    const definition definition = definition_of(owner, option);
    tx_buffer_add(text, "{");
    add_description(text, option);
    TX_TRY(add_default(w, option));
    tx_buffer_add(text, ", ");
    add_types(text, forms_of(option));
    add_bounds(text, option);
    add_items(text, option, definition.name);
    add_words(text, option);
    if (option->type == TX_TYPE_MAP) {
        tx_buffer_add(text, ", \"additionalProperties\": false, \"patternProperties\": {\"^[-+]?[0-9]+$\": {\"type\": \"number\"");
        add_bounds(text, option);
        tx_buffer_add(text, "}}");
    }
    if (option->type == TX_TYPE_PATH || option->type == TX_TYPE_OUTPUT_PATH) {
        tx_buffer_add(text, ", \"minLength\": 1");
    }
    add_definition(text, option->type == TX_TYPE_SECTIONS && !option->or_one ? "" : definition.name);
    tx_buffer_add(text, "}");
    return TX_OK;
}

/* -- mappings -- */

static bool knows(const tx_option *options, const char *name)
{
    while (options->name && strcmp(options->name, name)) {
        options++;
    }
    return options->name;
}

static tx_status add_properties(writer *w, const tx_component *owner, const tx_table *table, bool more)
{
    const char *kind = tx_kind_name(owner->kind);
    for (int k = 0; k < table->count; k++) {
        const tx_option *option = table->options[k];
        tx_buffer_add(&w->text, "%s\n        \"%s\": ", more || k ? "," : "", option->name);
        TX_TRY(add_option(w, owner, option));
        if (option->alias) {
            tx_buffer_add(&w->text, ",\n        \"%s\": {\"$ref\": \"#/definitions/%s.%s/properties/%s\"}", option->alias, kind,
                          owner->name, option->name);
        }
    }
    return TX_OK;
}

/* No other keys than those of `properties`; what must be there; of which two one must, or must not beside the other. */
static void add_rules(tx_buffer *text, const tx_table *table, bool typed)
{
    int required = 0, rules = 0;
    tx_buffer_add(text, "\"additionalProperties\": false, \"required\": [%s", typed ? "\"type\"" : "");
    for (int k = 0; k < table->count; k++) {
        const tx_option *option = table->options[k];
        if (!option->initial && !option->unless && !option->alias) {
            tx_buffer_add(text, "%s\"%s\"", comma(typed + required++), option->name);
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

/* A mapping with the options of one component. */
static tx_status add_mapping(writer *w, const tx_component *component)
{
    const bool typed = component->kind != TX_KIND_RUN && component->kind != TX_KIND_SECTION;
    const tx_table table = tx_table_make(w->registry, component, NULL);
    tx_buffer_add(&w->text, "\"description\": ");
    add_string(&w->text, component->summary ? component->summary : "");
    tx_buffer_add(&w->text, ",\n      \"properties\": {%s", typed ? "\n        \"type\": true" : "");
    TX_TRY(add_properties(w, component, &table, typed));
    tx_buffer_add(&w->text, "\n      },\n      ");
    add_rules(&w->text, &table, typed);
    return TX_OK;
}

/* The same with the options `base` beside them, which the definition around it describes. */
static void add_extended(writer *w, const tx_component *component, const tx_option *base, bool typed)
{
    tx_buffer *text = &w->text;
    const tx_table all = tx_table_make(w->registry, component, base);
    tx_buffer_add(text, "{\"properties\": {%s", typed ? "\"type\": true" : "");
    for (int k = 0; k < all.count; k++) {
        const char *name = all.options[k]->name;
        tx_buffer_add(text, knows(base, name) ? "%s\"%s\": true" : "%s\"%s\": {\"$ref\": \"#/definitions/%s.%s/properties/%s\"}",
                      comma(typed + k), name, tx_kind_name(component->kind), component->name, name);
    }
    tx_buffer_add(text, "}, ");
    add_rules(text, &all, typed);
    tx_buffer_add(text, "}");
}

/* -- choices by `type` -- */

/* For each component of a kind what a mapping of that type must be. otherwise: the type where none is given, or "". */
static void add_choices(writer *w, tx_kind kind, const tx_option *base, const char *otherwise)
{
    tx_buffer *text = &w->text;
    tx_buffer_add(text, "\"allOf\": [");
    for (int k = 0; k < tx_registry_count(w->registry, kind); k++) {
        const tx_component *component = tx_registry_at(w->registry, kind, k);
        const bool given = strcmp(component->name, otherwise);
        tx_buffer_add(text, "%s\n        {\"if\": {\"type\": \"object\"%s, \"properties\": {\"type\": ", k ? "," : "",
                      given ? ", \"required\": [\"type\"]" : "");
        add_pattern(text, component->name, endings_of(kind));
        tx_buffer_add(text, "}}, \"then\": ");
        if (base) {
            add_extended(w, component, base, !*otherwise);
        } else {
            tx_buffer_add(text, "{\"$ref\": \"#/definitions/%s.%s\"}", tx_kind_name(kind), component->name);
        }
        tx_buffer_add(text, "}");
    }
    tx_buffer_add(text, "\n      ]");
}

/* A component of a kind: its name, a descriptor, or a mapping with `type` and the options `each`. */
static tx_status add_kind(writer *w, tx_kind kind, const tx_component *owner, const tx_option *each)
{
    const char *name = tx_kind_name(kind), *descriptor = ", {\"type\": \"string\", \"pattern\": \";\"}";
    tx_buffer_add(
        &w->text,
        "{\n      \"anyOf\": [{\"$ref\": \"#/definitions/%s.names\"}%s, {\"not\": {\"type\": \"string\"}}],\n"
        "      \"required\": [\"type\"],\n      \"properties\": {\n        \"type\": {\"$ref\": \"#/definitions/%s.names\"}",
        name, tx_registry_rule(w->registry, kind) ? descriptor : "", name);
    if (each) {
        const tx_table table = tx_table_make(w->registry, NULL, each);
        TX_TRY(add_properties(w, owner, &table, true));
    }
    tx_buffer_add(&w->text, "\n      },\n      ");
    add_choices(w, kind, each, "");
    tx_buffer_add(&w->text, "\n    }");
    return TX_OK;
}

/* A section with a component in it. */
static tx_status add_inline(writer *w, const tx_component *section, const tx_option *inlined)
{
    const tx_table table = tx_table_make(w->registry, section, NULL);
    tx_buffer_add(&w->text, "{\n      \"description\": ");
    add_string(&w->text, section->summary);
    tx_buffer_add(&w->text, ",\n      \"properties\": {");
    TX_TRY(add_properties(w, section, &table, false));
    tx_buffer_add(&w->text, "\n      },\n      ");
    add_choices(w, inlined->kind, section->options, inlined->initial);
    tx_buffer_add(&w->text, "\n    }");
    return TX_OK;
}

static tx_status add_names(writer *w, tx_kind kind)
{
    const char *words;
    tx_buffer *text = &w->text;
    TX_TRY(list_names(w, kind, &words));
    if (!*words) {
        tx_buffer_add(text, "false");
        return TX_OK;
    }
    tx_buffer_add(text, "{\"anyOf\": [{");
    add_enumeration(text, words);
    tx_buffer_add(text, ", \"enumDescriptions\": [");
    for (int k = 0; k < tx_registry_count(w->registry, kind); k++) {
        tx_buffer_add(text, "%s", comma(k));
        add_string(text, tx_registry_at(w->registry, kind, k)->summary);
    }
    tx_buffer_add(text, "]}, ");
    add_pattern(text, words, endings_of(kind));
    tx_buffer_add(text, "]}");
    return TX_OK;
}

/* -- the whole -- */

static void begin_definition(writer *w, const char *kind, const char *name, const char *option)
{
    tx_buffer_add(&w->text, ",\n    \"%s%s%s%s%s\": ", kind, *name ? "." : "", name, *option ? "." : "", option);
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
static tx_status define_lists(writer *w, const tx_component *owner)
{
    for (const tx_option *option = owner->options; option && option->name; option++) {
        if (option->each) {
            begin_definition(w, tx_kind_name(owner->kind), owner->name, option->name);
            TX_TRY(add_kind(w, option->kind, owner, option->each));
        }
    }
    return TX_OK;
}

static tx_status define_component(writer *w, const tx_component *component)
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

static tx_status define_kind(writer *w, tx_kind kind)
{
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

static tx_status write_schema(writer *w)
{
    tx_buffer_add(&w->text, "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n  \"title\": \"trainax\",\n"
                            "  \"type\": \"object\",\n  ");
    TX_TRY(add_mapping(w, tx_registry_at(w->registry, TX_KIND_RUN, 0)));
    tx_buffer_add(&w->text, ",\n  \"definitions\": {\n%s", values);
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        TX_TRY(define_kind(w, (tx_kind)kind));
    }
    tx_buffer_add(&w->text, "\n  }\n}\n");
    return TX_OK;
}

tx_status tx_registry_schema(const tx_registry *registry, tx_error *error, char **out)
{
    writer w = {.registry = registry, .text = {.error = error}};
    const tx_status status = write_schema(&w);
    tx_arena_release(&w.arena);
    if (status != TX_OK) {
        tx_free(w.text.data);
        return status;
    }
    return tx_buffer_finish(&w.text, out);
}
