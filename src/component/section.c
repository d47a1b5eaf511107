/* Getters of resolved sections, and errors about them. */
#include "base/name.h"
#include "component/section.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/expect.h"
#include "base/format.h"

#undef tx_section_error /* what stands in for it under the analyzer */

const tx_component *tx_section_component(const tx_section *section)
{
    return section->component;
}
const char *tx_section_name(const tx_section *section)
{
    return section->component->name;
}

bool tx_option_takes_function(const tx_option *option)
{
    const bool component = option->type == TX_TYPE_SECTION || option->type == TX_TYPE_SECTIONS;
    return (component && !option->fixed) || option->type == TX_TYPE_WORD;
}

bool tx_option_is(const tx_option *option, const char *key)
{
    const bool function = tx_option_takes_function(option);
    const char *const names[] = {option->name, option->alias};
    bool is = false;
    for (int k = 0; k < 2 && names[k]; k++) {
        is = is || (function ? tx_same_key(names[k], key) : tx_same_name(key, names[k], ""));
    }
    return is;
}

tx_value *tx_section_find(const tx_section *section, const char *name)
{
    for (int k = 0; k < section->count; k++) {
        const tx_option *option = section->values[k].option;
        if (!strcmp(option->name, name) || (option->alias && !strcmp(option->alias, name))) {
            return &section->values[k];
        }
    }
    return NULL;
}

/* A name or type that the component does not have is its author's bug: it reads as null. */
static const tx_value *value_of(const tx_section *section, const char *name)
{
    static const tx_option none = {0};
    static const tx_value null = {.option = &none, .form = TX_FORM_NULL};
    const tx_value *value = tx_section_find(section, name);
    TX_EXPECT(value && "no such option");
    return value ? value : &null;
}

/* The value if it is one of the option's own type, else NULL: null, a word, a section. */
static const tx_value *own_value(const tx_section *section, const char *name, tx_type type)
{
    const tx_value *value = value_of(section, name);
    TX_EXPECT(value->option->type == type && "an option of another type");
    return value->form == TX_FORM_OWN && value->option->type == type ? value : NULL;
}

bool tx_option_is_input(const tx_option *option)
{
    return option->type == TX_TYPE_PATH || option->type == TX_TYPE_PATHS;
}

bool tx_knows(const tx_section *section, const char *name)
{
    return tx_section_find(section, name) != NULL;
}
bool tx_has(const tx_section *section, const char *name)
{
    return value_of(section, name)->form != TX_FORM_NULL;
}
bool tx_given(const tx_section *section, const char *name)
{
    return value_of(section, name)->given;
}

const char *tx_get_word(const tx_section *section, const char *name)
{
    const tx_value *value = value_of(section, name);
    const bool word = value->form == TX_FORM_WORD || (value->form == TX_FORM_OWN && value->option->type == TX_TYPE_WORD);
    return word ? value->text : NULL;
}

int64_t tx_get_integer(const tx_section *section, const char *name)
{
    const tx_value *value = own_value(section, name, TX_TYPE_INTEGER);
    return value ? value->integer : 0;
}

double tx_get_real(const tx_section *section, const char *name)
{
    const tx_value *value = own_value(section, name, TX_TYPE_REAL);
    return value ? value->real : 0;
}

bool tx_get_boolean(const tx_section *section, const char *name)
{
    const tx_value *value = own_value(section, name, TX_TYPE_BOOLEAN);
    return value && value->boolean;
}

const char *tx_get_string(const tx_section *section, const char *name)
{
    const tx_value *value = value_of(section, name);
    const tx_type type = value->option->type;
    const bool is_text = type == TX_TYPE_STRING || type == TX_TYPE_PATH || type == TX_TYPE_OUTPUT_PATH;
    TX_EXPECT(is_text && "an option of another type");
    return value->form == TX_FORM_OWN && is_text ? value->text : NULL;
}

tx_key_spec tx_get_key(const tx_section *section, const char *name)
{
    const tx_value *value = own_value(section, name, TX_TYPE_KEY);
    return value ? value->key_spec : (tx_key_spec){0};
}

int tx_get_integers(const tx_section *section, const char *name, const int64_t **out)
{
    const tx_value *value = own_value(section, name, TX_TYPE_INTEGERS);
    *out = value ? value->integers : NULL;
    return value ? value->count : 0;
}

int tx_tuple_size(const tx_section *section, const char *name)
{
    const tx_value *value = value_of(section, name);
    return value->form == TX_FORM_OWN ? value->tuple : 0;
}

int tx_get_reals(const tx_section *section, const char *name, const double **out)
{
    const tx_value *value = own_value(section, name, TX_TYPE_REALS);
    *out = value ? value->reals : NULL;
    return value ? value->count : 0;
}

int tx_get_strings(const tx_section *section, const char *name, const char *const **out)
{
    const tx_value *value = value_of(section, name);
    const tx_type type = value->option->type;
    TX_EXPECT((type == TX_TYPE_STRINGS || type == TX_TYPE_PATHS) && "an option of another type");
    value = value->form == TX_FORM_OWN ? value : NULL;
    *out = value ? value->strings : NULL;
    return value ? value->count : 0;
}

int tx_get_map(const tx_section *section, const char *name, const int64_t **keys, const double **values)
{
    const tx_value *value = own_value(section, name, TX_TYPE_MAP);
    *keys = value ? value->map.keys : NULL;
    *values = value ? value->map.values : NULL;
    return value ? value->count : 0;
}

int tx_get_stages(const tx_section *section, const char *name, const int64_t **steps, const int64_t **values)
{
    const tx_value *value = own_value(section, name, TX_TYPE_STAGES);
    *steps = value ? value->stages.steps : NULL;
    *values = value ? value->stages.values : NULL;
    return value ? value->count : 0;
}

const tx_yaml *tx_get_mapping(const tx_section *section, const char *name)
{
    const tx_value *value = own_value(section, name, TX_TYPE_MAPPING);
    return value ? value->node : NULL;
}

uint64_t tx_get_bytes(const tx_section *section, const char *name)
{
    const tx_value *value = own_value(section, name, TX_TYPE_BYTES);
    return value ? value->bytes : 0;
}

const tx_section *tx_get_section(const tx_section *section, const char *name)
{
    const tx_value *value = value_of(section, name);
    return value->form == TX_FORM_SECTION ? value->section : NULL;
}

int tx_get_sections(const tx_section *section, const char *name, const tx_section *const **out)
{
    const tx_value *value = own_value(section, name, TX_TYPE_SECTIONS);
    *out = value ? value->sections : NULL;
    return value ? value->count : 0;
}

tx_place tx_value_place(const tx_section *section, const tx_value *value)
{
    return value && value->given && value->node ? value->node->place : section->place;
}

tx_status tx_section_error(const tx_section *section, const char *name, tx_error *error, tx_status status, const char *format, ...)
{
    char message[TX_MESSAGE_SIZE], path[256];
    va_list arguments;
    va_start(arguments, format);
    tx_format_list(message, sizeof message, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof path, "%s%s%s", section->path, *section->path && name ? "." : "", name ? name : "");
    const tx_place place = tx_value_place(section, name ? tx_section_find(section, name) : NULL);
    const bool set_here = !strncmp(place.origin, "--set ", 6) && !strcmp(place.origin + 6, path);
    const char *shown = set_here ? "" : path, *colon = *shown ? ": " : "";
    if (place.line) {
        return tx_error_set(error, status, "%s:%d:%d: %s%s%s", place.origin, place.line, place.column, shown, colon, message);
    }
    return tx_error_set(error, status, "%s: %s%s%s", place.origin, shown, colon, message);
}

/* Is there "trainer.optimizer:", or "trainer.optimizer.b1:"? */
static bool has_place(const char *told, const char *path)
{
    const size_t length = strlen(path);
    const char *at = length ? strstr(told, path) : NULL;
    while (at && at[length] != ':' && at[length] != '.') {
        at = strstr(at + 1, path);
    }
    return at;
}

tx_status tx_section_blame(const tx_section *section, tx_status status, const char *told, tx_error *error)
{
    return has_place(told, section->path) ? tx_error_set(error, status, "%.*s", TX_MESSAGE_SIZE - 1, told)
                                          : tx_section_error(section, NULL, error, status, "%.*s", TX_MESSAGE_SIZE - 1, told);
}
