/* One option as JSON Schema, and the pieces that all parts of it are made of. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "component/registry.h"
#include "component/schema.h"
#include "component/value.h"
#include "component/words.h"

/* -- pieces of JSON -- */

const char *tx_schema_comma(int k)
{
    return k ? ", " : "";
}

void tx_schema_string(tx_buffer *text, const char *string)
{
    tx_buffer_add(text, "\"");
    for (; string && *string; string++) {
        tx_buffer_add(text, strchr("\"\\", *string) ? "\\%c" : "%c", *string);
    }
    tx_buffer_add(text, "\"");
}

static void add_yaml(tx_buffer *text, const tx_yaml *node)
{
    if (node->shape == TX_YAML_LIST) {
        tx_buffer_add(text, "[");
        for (size_t k = 0; k < node->count; k++) {
            tx_buffer_add(text, "%s", tx_schema_comma(k > 0));
            add_yaml(text, node->items[k]);
        }
        tx_buffer_add(text, "]");
        return;
    }
    const bool plain = tx_yaml_is_number(node) || (!node->quoted && (!strcmp(node->text, "true") || !strcmp(node->text, "false")));
    plain ? tx_buffer_add(text, "%s", node->text) : tx_schema_string(text, node->text);
}

void tx_schema_reference(tx_buffer *text, const char *definition)
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
        const char c = word[k];
        if (c != '_') { /* letters of ASCII differ in one bit */
            tx_is_letter(c) ? tx_buffer_add(text, "[%c%c]_*", c & ~32, c | 32) : tx_buffer_add(text, "%c_*", c);
        }
    }
}

static void add_alternatives(tx_buffer *text, const char *words)
{
    for (const char *word = words; *word; word = next_word(word)) {
        tx_buffer_add(text, "%s", word == words ? "(" : "|");
        add_letters(text, word, strcspn(word, " "));
    }
    tx_buffer_add(text, ")");
}

void tx_schema_pattern(tx_buffer *text, const char *words, const char *endings)
{
    tx_buffer_add(text, "{\"type\": \"string\", \"pattern\": \"^(.*\\\\.)?_*");
    add_alternatives(text, words);
    if (*endings) {
        add_alternatives(text, endings);
    }
    tx_buffer_add(text, "%s(\\\\(\\\\))?$\"}", *endings ? "*" : "");
}

/* Of what stands for a field of a form: an integer, but for some. */
static const char *pattern_of(const char *field)
{
    static const char *const others[][2] = {{"ACTIVATION", "[^;]+"},    {"INTENSITY", "[^;]+"},  {"EXPONENT", "[^;]+"},
                                            {"LOW", "[^;]+"},           {"HIGH", "[^;]+"},       {"FORM", ".+"},
                                            {"ZERO_MEAN", "[A-Za-z]+"}, {"MAX_ONE", "[A-Za-z]+"}};
    const size_t length = strcspn(field, ";");
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        if (strlen(others[k][0]) == length && !strncmp(others[k][0], field, length)) {
            return others[k][1];
        }
    }
    return "[-+]?[0-9]+";
}

/* "Conv;HIDDEN;DEPTH;ACTIVATION": an activation may stand behind the others too. */
static void add_form(tx_buffer *text, const char *form)
{
    const bool activated = strstr(form, ";ACTIVATION");
    add_letters(text, form, strcspn(form, ";"));
    for (const char *field = form; (field = strchr(field, ';')); field++) {
        tx_buffer_add(text, ";%s", pattern_of(field + 1));
    }
    tx_buffer_add(text, "%s", activated ? "" : "(;[^;]+)?");
}

void tx_schema_forms(tx_buffer *text, tx_short_form_rule *forms)
{
    tx_buffer_add(text, "{\"type\": \"string\", \"examples\": [");
    for (int k = 0; forms(k).form; k++) {
        tx_buffer_add(text, "%s", tx_schema_comma(k));
        tx_schema_string(text, forms(k).form);
    }
    tx_buffer_add(text, "], \"pattern\": \"^(");
    for (int k = 0; forms(k).form; k++) {
        tx_buffer_add(text, "%s", k ? "|" : "");
        add_form(text, forms(k).form);
    }
    tx_buffer_add(text, ")$\"}");
}

void tx_schema_enumeration(tx_buffer *text, const char *words)
{
    tx_buffer_add(text, "\"enum\": [");
    for (const char *word = words; *word; word = next_word(word)) {
        tx_buffer_add(text, "%s\"%.*s\"", tx_schema_comma(word > words), (int)strcspn(word, " "), word);
    }
    tx_buffer_add(text, "]");
}

/* -- names of metrics: a statistic before, or numbers behind them -- */

static void add_metric(tx_buffer *text, const tx_component *metric)
{
    const tx_option *option = metric->options;
    const char *name = metric->name;
    if (option && option->words) { /* mean_nRMSE: the name has the first word of these */
        add_alternatives(text, option->words);
        name += strcspn(option->words, " ");
        option++;
    }
    add_letters(text, name, strlen(name));
    for (; option && option->name; option++) {
        tx_buffer_add(text, ";[^;,]+");
    }
}

void tx_schema_metrics(tx_buffer *text, const tx_registry *registry)
{
    const int count = tx_registry_count(registry, TX_KIND_METRIC);
    tx_buffer_add(text, "{\"anyOf\": [{\"enum\": [");
    for (int k = 0; k < count; k++) {
        tx_buffer_add(text, "%s", tx_schema_comma(k));
        tx_schema_string(text, tx_registry_at(registry, TX_KIND_METRIC, k)->name);
    }
    tx_buffer_add(text, "]}, {\"type\": \"string\", \"pattern\": \"^( *(");
    for (int k = 0; k < count; k++) {
        tx_buffer_add(text, "%s", k ? "|" : "");
        add_metric(text, tx_registry_at(registry, TX_KIND_METRIC, k));
    }
    tx_buffer_add(text, ")(\\\\(\\\\))? *(,|$))+$\"}, {\"not\": {\"type\": \"string\"}}]}");
}

/* -- one option -- */

/* Types of JSON in the order in which they are written: editors start a value in the form of the first. */
enum {
    INTEGER = 1 << 0,
    NUMBER = 1 << 1,
    OBJECT = 1 << 2,
    STRING = 1 << 3,
    BOOLEAN = 1 << 4,
    LATE_NUMBER = 1 << 5,
    ARRAY = 1 << 6,
    NUL = 1 << 7,
    SCALAR = STRING | BOOLEAN | LATE_NUMBER, /* what a text looks like before it is known to be one */
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
    [TX_TYPE_PATHS] = {SCALAR | ARRAY, SCALAR},
    [TX_TYPE_OUTPUT_PATH] = {SCALAR, 0},
    [TX_TYPE_WORD] = {STRING, 0},
    [TX_TYPE_KEY] = {INTEGER | OBJECT, 0},
    [TX_TYPE_INTEGERS] = {INTEGER | ARRAY, INTEGER},
    [TX_TYPE_REALS] = {NUMBER | ARRAY, NUMBER},
    [TX_TYPE_STRINGS] = {SCALAR | ARRAY, SCALAR},
    [TX_TYPE_MAP] = {OBJECT, 0},
    [TX_TYPE_MAPPING] = {OBJECT, 0},
    [TX_TYPE_BYTES] = {NUMBER | STRING, 0},
    [TX_TYPE_SECTION] = {COMPONENT, 0},
    [TX_TYPE_SECTIONS] = {ARRAY, COMPONENT},
    [TX_TYPE_INLINE] = {STRING, 0},
    [TX_TYPE_STAGES] = {INTEGER | OBJECT, 0},
};

static int forms_of(const tx_option *option)
{
    const tx_type type = option->type;
    const bool number = type == TX_TYPE_REAL || type == TX_TYPE_REALS;
    const bool nothing = option->or_null || (option->initial && !strcmp(option->initial, "null"));
    const int fixed = type == TX_TYPE_SECTION && option->fixed ? STRING : 0;
    return (forms[type].value & ~fixed) | (option->words ? STRING : 0) |
           ((option->kind && number) || option->or_one ? COMPONENT : 0) |
           (nothing || option->fixed || option->unless || type == TX_TYPE_SECTIONS ? NUL : 0);
}

static void add_types(tx_buffer *text, int types)
{
    static const char *const names[] = {"integer", "number", "object", "string", "boolean", "number", "array", "null"};
    const bool several = types & (types - 1);
    int count = 0;
    tx_buffer_add(text, "\"type\": %s", several ? "[" : "");
    for (int k = 0; k < (int)(sizeof names / sizeof *names); k++) {
        if (types & 1 << k) {
            tx_buffer_add(text, "%s\"%s\"", tx_schema_comma(count++), names[k]);
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

static void add_description(tx_buffer *text, const tx_option *option)
{
    char line[512];
    const char *unit = option->unit ? option->unit : "";
    const tx_option_words words = tx_option_describe(option);
    const bool said = strcmp(words.initial, "-");
    snprintf(line, sizeof line, "%s%s%s%s%s%s%s", option->text ? option->text : "", *unit ? " [" : "", unit, *unit ? "]" : "",
             said ? "; " : "", said && option->initial ? "default " : "", said ? words.initial : "");
    tx_buffer_add(text, "\"description\": ");
    tx_schema_string(text, line);
}

static tx_status add_default(tx_schema *w, const tx_option *option)
{
    tx_yaml *node;
    if (option->initial && strcmp(tx_option_describe(option).initial, "-")) {
        TX_TRY(tx_yaml_read(&w->pool, option->name, false, option->initial, w->text.error, &node));
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
        tx_schema_enumeration(text, option->words);
        tx_buffer_add(text, "}, ");
        tx_schema_pattern(text, option->words, "");
    }
    if (forms_of(option) != STRING) {
        tx_buffer_add(text, "%s", tx_schema_comma(option->words != NULL));
        bytes ? tx_schema_reference(text, "memory") : tx_buffer_add(text, "{\"not\": {\"type\": \"string\"}}");
    }
    tx_buffer_add(text, "]");
}

/* The definition of what may stand there; "": none. */
typedef struct definition {
    char name[192];
} definition;

static definition definition_of(const tx_component *owner, const tx_option *option)
{
    definition found = {""};
    const char *kind = option->type == TX_TYPE_KEY ? "key" : option->kind ? tx_kind_name(option->kind) : "";
    if (option->each) {
        snprintf(found.name, sizeof found.name, "%s.%s.%s", tx_kind_name(owner->kind), owner->name, option->name);
    } else {
        snprintf(found.name, sizeof found.name, "%s%s%s", kind, option->fixed ? "." : "", option->fixed ? option->fixed : "");
    }
    return found;
}

static void add_definition(tx_buffer *text, const char *definition)
{
    if (*definition) {
        tx_buffer_add(text, ", \"allOf\": [");
        tx_schema_reference(text, definition);
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
    add_types(text, option->fixed ? OBJECT | NUL : element | (option->tuple ? ARRAY : 0));
    add_bounds(text, option);
    if (option->tuple) {
        if (option->tuple != TX_ANY_TUPLE) {
            tx_buffer_add(text, ", \"minItems\": %d, \"maxItems\": %d", option->tuple, option->tuple);
        }
        tx_buffer_add(text, ", \"items\": {");
        add_types(text, element);
        add_bounds(text, option);
        tx_buffer_add(text, "}");
    }
    add_definition(text, option->type == TX_TYPE_SECTIONS || option->type == TX_TYPE_STRINGS ? definition : "");
    tx_buffer_add(text, "}");
}

tx_status tx_schema_option(tx_schema *w, const tx_component *owner, const tx_option *option)
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
    if (option->type == TX_TYPE_MAP || option->type == TX_TYPE_STAGES) {
        tx_buffer_add(text, ", \"additionalProperties\": false, \"patternProperties\": {\"^[-+]?[0-9]+$\": {\"type\": \"%s\"",
                      option->type == TX_TYPE_MAP ? "number" : "integer");
        add_bounds(text, option);
        tx_buffer_add(text, "}}");
    }
    if (tx_option_is_input(option) || option->type == TX_TYPE_OUTPUT_PATH) {
        tx_buffer_add(text, ", \"minLength\": 1");
    }
    add_definition(text, option->type == TX_TYPE_SECTIONS && !option->or_one ? "" : definition.name);
    tx_buffer_add(text, "}");
    return TX_OK;
}
