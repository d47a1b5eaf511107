/* A resolved section as YAML that reads back to the same. */
#include "component/write.h"

#include <inttypes.h>
#include <string.h>

#include "base/format.h"
#include "base/name.h"

/* The shortest of the usual precisions that reads back to the same number; 1.0e-08, since readers of YAML 1.1 take 1e-08 for
 * a text. */
static void write_real(tx_buffer *text, double real)
{
    char digits[32];
    int precision = 15;
    do {
        tx_format(digits, sizeof digits, "%.*g", precision, real);
    } while (precision++ < 17 && tx_scan_real(digits, NULL) != real);
    const int mantissa = (int)strcspn(digits, "e");
    const bool bare = digits[mantissa] && !strchr(digits, '.');
    tx_buffer_add(text, "%.*s%s%s", mantissa, digits, bare ? ".0" : "", digits + mantissa);
}

/* Whether a text means itself without quotes, whoever reads it: a word or a path, and none of YAML's own words. */
static bool is_plain(const char *string)
{
    static const char *const reserved[] = {"null", "true", "false", "yes", "no", "on", "off", "nan", "inf"};
    bool plain = tx_is_letter(*string) || *string == '/' || *string == '_';
    for (const char *c = string; *c; c++) {
        plain = plain && (tx_is_letter(*c) || tx_is_digit(*c) || strchr("_/.-", *c));
    }
    for (size_t k = 0; k < sizeof reserved / sizeof *reserved; k++) {
        plain = plain && !tx_same_word(string, reserved[k]);
    }
    return plain;
}

/* path: a dollar is written as two, since one would be expanded when it is read. */
static void write_quoted(tx_buffer *text, const char *string, bool path)
{
    tx_buffer_add(text, "\"");
    for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
        if (*c < 32 || *c == 127) {
            tx_buffer_add(text, "\\x%02x", *c);
        } else {
            tx_buffer_add(text, "%s%c", *c == '"' || *c == '\\' ? "\\" : path && *c == '$' ? "$" : "", *c);
        }
    }
    tx_buffer_add(text, "\"");
}

static void write_text(tx_buffer *text, const char *string, bool path)
{
    is_plain(string) ? tx_buffer_add(text, "%s", string) : write_quoted(text, string, path);
}

static void write_key(tx_buffer *text, tx_key_spec key)
{
    if (key.split) {
        tx_buffer_add(text, "{seed: %" PRId64 ", split: %" PRId64 ", index: %" PRId64 "}", key.seed, key.split, key.index);
    } else {
        tx_buffer_add(text, "%" PRId64, key.seed);
    }
}

/* Of the list's element k. */
static const char *before_element(const tx_value *value, int k)
{
    const bool opens = value->tuple && k % value->tuple == 0;
    return opens ? k ? "], [" : "[" : k ? ", " : "";
}

static void write_integers(tx_buffer *text, const tx_value *value)
{
    tx_buffer_add(text, "[");
    for (int k = 0; k < value->count; k++) {
        tx_buffer_add(text, "%s%" PRId64, before_element(value, k), value->integers[k]);
    }
    tx_buffer_add(text, value->tuple ? "]]" : "]");
}

static void write_reals(tx_buffer *text, const tx_value *value)
{
    tx_buffer_add(text, "[");
    for (int k = 0; k < value->count; k++) {
        tx_buffer_add(text, "%s", before_element(value, k));
        write_real(text, value->reals[k]);
    }
    tx_buffer_add(text, value->tuple ? "]]" : "]");
}

static void write_strings(tx_buffer *text, const tx_value *value)
{
    const bool paths = value->option->type == TX_TYPE_PATHS;
    if (paths && value->count == 1) {
        write_text(text, value->strings[0], true);
        return;
    }
    tx_buffer_add(text, "[");
    for (int k = 0; k < value->count; k++) {
        tx_buffer_add(text, "%s", k ? ", " : "");
        write_text(text, value->strings[k], paths);
    }
    tx_buffer_add(text, "]");
}

static void write_map(tx_buffer *text, const tx_value *value)
{
    tx_buffer_add(text, "{");
    for (int k = 0; k < value->count; k++) {
        tx_buffer_add(text, "%s%" PRId64 ": ", k ? ", " : "", value->map.keys[k]);
        write_real(text, value->map.values[k]);
    }
    tx_buffer_add(text, "}");
}

static void write_stages(tx_buffer *text, const tx_value *value)
{
    if (value->count == 1) {
        tx_buffer_add(text, "%" PRId64, value->stages.values[0]);
        return;
    }
    for (int k = 0; k < value->count; k++) {
        tx_buffer_add(text, "%s%" PRId64 ": %" PRId64, k ? ", " : "{", value->stages.steps[k], value->stages.values[k]);
    }
    tx_buffer_add(text, "}");
}

/* In one line. What stood without quotes reads without them as what it was, unless it has a mark of such lines. */
void tx_yaml_write(tx_buffer *text, const tx_yaml *node)
{
    const bool mapping = node->shape == TX_YAML_MAPPING;
    if (tx_yaml_is_null(node)) {
        tx_buffer_add(text, "null");
        return;
    }
    if (node->shape == TX_YAML_SCALAR) {
        !node->quoted && !strpbrk(node->text, ",[]{}\n") ? tx_buffer_add(text, "%s", node->text)
                                                         : write_quoted(text, node->text, false);
        return;
    }
    tx_buffer_add(text, mapping ? "{" : "[");
    for (size_t k = 0; k < node->count; k++) {
        tx_buffer_add(text, k ? ", " : "");
        if (mapping) {
            tx_yaml_write(text, node->keys[k]);
            tx_buffer_add(text, ": ");
        }
        tx_yaml_write(text, node->items[k]);
    }
    tx_buffer_add(text, mapping ? "}" : "]");
}

void tx_value_write(tx_buffer *text, const tx_value *value)
{
    if (value->form == TX_FORM_NULL) {
        tx_buffer_add(text, "null");
        return;
    }
    if (value->form == TX_FORM_WORD) {
        tx_buffer_add(text, "%s", value->text);
        return;
    }
    switch (value->option->type) {
    case TX_TYPE_INTEGER:
        tx_buffer_add(text, "%" PRId64, value->integer);
        break;
    case TX_TYPE_REAL:
        write_real(text, value->real);
        break;
    case TX_TYPE_BOOLEAN:
        tx_buffer_add(text, "%s", value->boolean ? "true" : "false");
        break;
    case TX_TYPE_BYTES:
        tx_buffer_add(text, "%" PRIu64, value->bytes);
        break;
    case TX_TYPE_KEY:
        write_key(text, value->key_spec);
        break;
    case TX_TYPE_INTEGERS:
        write_integers(text, value);
        break;
    case TX_TYPE_REALS:
        write_reals(text, value);
        break;
    case TX_TYPE_STRINGS:
    case TX_TYPE_PATHS:
        write_strings(text, value);
        break;
    case TX_TYPE_MAP:
        write_map(text, value);
        break;
    case TX_TYPE_STAGES:
        write_stages(text, value);
        break;
    case TX_TYPE_MAPPING:
        tx_yaml_write(text, value->node);
        break;
    case TX_TYPE_PATH:
    case TX_TYPE_OUTPUT_PATH:
        write_text(text, value->text, true);
        break;
    default:
        write_text(text, value->text, false);
    }
}

/* -- sections -- */

typedef struct writer {
    tx_buffer text;
    int indent;
    bool item; /* the next line begins a list's item */
} writer;

static void begin_line(writer *w, const char *name)
{
    tx_buffer_pad(&w->text, (size_t)(w->item ? w->indent - 2 : w->indent));
    tx_buffer_add(&w->text, "%s%s:", w->item ? "- " : "", name);
    w->item = false;
}

static void write_options(writer *w, const tx_section *section, const tx_section *outer);

static void write_section(writer *w, const tx_section *section)
{
    if (section->fixed && !section->count) {
        tx_buffer_add(&w->text, " {}\n");
        return;
    }
    tx_buffer_add(&w->text, "\n");
    w->indent += 2;
    write_options(w, section, NULL);
    w->indent -= 2;
}

static void write_sections(writer *w, const tx_value *value)
{
    tx_buffer_add(&w->text, value->count ? "\n" : " []\n");
    for (int k = 0; k < value->count; k++) {
        w->indent += 4;
        w->item = true;
        write_options(w, value->sections[k], NULL);
        w->indent -= 4;
    }
}

static void write_option(writer *w, const tx_section *section, const tx_value *value)
{
    if (value->option->type == TX_TYPE_INLINE) {
        write_options(w, value->section, section);
        return;
    }
    begin_line(w, value->option->name);
    if (value->form == TX_FORM_SECTION) {
        write_section(w, value->section);
    } else if (value->option->type == TX_TYPE_SECTIONS && value->form == TX_FORM_OWN) {
        write_sections(w, value);
    } else {
        tx_buffer_add(&w->text, " ");
        tx_value_write(&w->text, value);
        tx_buffer_add(&w->text, "\n");
    }
}

/* outer: the section in whose mapping this one stands, or NULL; a key that both have is the outer's. */
static void write_options(writer *w, const tx_section *section, const tx_section *outer)
{
    if (!section->fixed) {
        begin_line(w, "type");
        tx_buffer_add(&w->text, " %s\n", section->component->name);
    }
    for (int k = 0; k < section->count; k++) {
        const tx_option *option = section->values[k].option;
        const bool outers = outer && tx_section_find(outer, option->name);
        if (!outers && option->kind != TX_KIND_SCENARIO) { /* a scenario is what it stands for */
            write_option(w, section, &section->values[k]);
        }
    }
}

tx_status tx_section_write(const tx_section *section, tx_error *error, char **out)
{
    writer w = {.text = {.error = error}};
    write_options(&w, section, NULL);
    if (!w.text.length) {
        tx_buffer_add(&w.text, "{}\n");
    }
    return tx_buffer_finish(&w.text, out);
}
