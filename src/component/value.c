/* A scalar of YAML as the option's type reads it. */
#include "component/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/format.h"
#include "base/name.h"
#include "base/number.h"
#include "component/buffer.h"
#include "component/expand.h"
#include "component/registry.h"

/* -- numbers -- */

/* Decimal only: strtod would take 0x1p3, inf and nan. */
static bool parse_number(const tx_yaml *node, double *out)
{
    return node->shape == TX_YAML_SCALAR && !node->quoted && !node->text[strspn(node->text, "0123456789+-.eE")] &&
           tx_parse_real(node->text, out);
}

bool tx_yaml_is_number(const tx_yaml *node)
{
    double number;
    return parse_number(node, &number);
}

bool tx_option_has_bounds(const tx_option *option)
{
    return option->minimum != 0 || option->maximum != 0 || option->above_minimum;
}

bool tx_option_has_maximum(const tx_option *option)
{
    return option->maximum > option->minimum || (option->maximum == option->minimum && !option->above_minimum);
}

/* The bounds of an option that has some, as the end of "must be …". */
static void describe_bounds(const tx_option *option, char *text, size_t size)
{
    const char *low = option->above_minimum ? "above" : "at least";
    const bool above = tx_option_has_maximum(option) && isfinite(option->maximum);
    if (!above) {
        tx_format(text, size, "%s %.16g", low, option->minimum);
    } else if (!isfinite(option->minimum)) {
        tx_format(text, size, "at most %.16g", option->maximum);
    } else if (option->above_minimum) {
        tx_format(text, size, "above %.16g and at most %.16g", option->minimum, option->maximum);
    } else {
        tx_format(text, size, "between %.16g and %.16g", option->minimum, option->maximum);
    }
}

static tx_status check_bounds(tx_config *config, const tx_option *option, const tx_yaml *node, const char *path, double number)
{
    const bool low = option->above_minimum ? number > option->minimum : number >= option->minimum;
    if (!tx_option_has_bounds(option) || (low && (!tx_option_has_maximum(option) || number <= option->maximum))) {
        return TX_OK;
    }
    char bounds[96];
    describe_bounds(option, bounds, sizeof bounds);
    return tx_place_error(node->place, config->error, "%s must be %s, not %s", path, bounds, tx_quote(node->text).text);
}

/* 1e3, 10_000 and PRNGKey(2) say an integer, but not as one. */
static bool integer_is_meant(const tx_yaml *node, int64_t *out)
{
    const bool plain = node->shape == TX_YAML_SCALAR && !node->quoted;
    const char *call = plain ? strchr(node->text, '(') : NULL;
    char digits[48];
    size_t length = 0;
    double number = NAN;
    for (const char *c = call ? call + 1 : plain ? node->text : ""; *c && length + 1 < sizeof digits; c++) {
        digits[length] = *c;
        length += *c != '_';
    }
    length -= call && length && digits[length - 1] == ')';
    digits[length] = '\0';
    if (digits[strspn(digits, "0123456789+-.eE")] || !tx_parse_real(digits, &number) || !(fabs(number) < 1ll << 53)) {
        return false;
    }
    *out = (int64_t)number;
    return number == trunc(number);
}

static tx_status wrong_integer(tx_config *config, const tx_value *value, const tx_yaml *node, const char *path)
{
    const bool plain = node->shape == TX_YAML_SCALAR && !node->quoted && *node->text;
    int64_t meant;
    if (plain && !node->text[strspn(node->text, "0123456789+-")] && tx_yaml_is_number(node)) {
        return tx_place_error(node->place, config->error, "%s must be a 64-bit integer, not %s", path, tx_quote(node->text).text);
    }
    return integer_is_meant(node, &meant)
               ? tx_place_error(node->place, config->error, "%s must be %s, not %s (write %" PRId64 ")", path,
                                tx_option_expects(value->option).text, tx_yaml_describe(node).text, meant)
               : tx_value_wrong(config, value, node, path);
}

tx_status tx_value_integer(tx_config *config, const tx_value *value, const tx_yaml *node, const char *path, int64_t *out)
{
    if (node->shape != TX_YAML_SCALAR || node->quoted || !tx_parse_integer(node->text, out)) {
        return wrong_integer(config, value, node, path);
    }
    return check_bounds(config, value->option, node, path, (double)*out);
}

tx_status tx_value_real(tx_config *config, const tx_value *value, const tx_yaml *node, const char *path, double *out)
{
    if (!parse_number(node, out)) {
        return tx_value_wrong(config, value, node, path);
    }
    if (!isfinite(*out)) {
        return tx_place_error(node->place, config->error, "%s must be a finite number, not %s", path, tx_quote(node->text).text);
    }
    return check_bounds(config, value->option, node, path, *out);
}

static tx_status read_bytes(tx_config *config, tx_value *value, const char *path)
{
    const tx_yaml *node = value->node;
    if (node->shape != TX_YAML_SCALAR || !tx_parse_bytes(node->text, &value->bytes)) {
        return tx_value_wrong(config, value, node, path);
    }
    return check_bounds(config, value->option, node, path, (double)value->bytes);
}

static tx_status read_boolean(tx_config *config, tx_value *value, const char *path)
{
    const tx_yaml *node = value->node;
    const bool plain = node->shape == TX_YAML_SCALAR && !node->quoted;
    value->boolean = plain && tx_same_word(node->text, "true");
    if (!value->boolean && (!plain || !tx_same_word(node->text, "false"))) {
        return tx_value_wrong(config, value, node, path);
    }
    return TX_OK;
}

/* -- lists -- */

const tx_yaml *tx_yaml_element(const tx_yaml *node, size_t k)
{
    return node->shape == TX_YAML_LIST ? node->items[k] : node;
}
size_t tx_yaml_num_elements(const tx_yaml *node)
{
    return node->shape == TX_YAML_LIST ? node->count : 1;
}

/* Numbers, or all lists of as many as a tuple of the option has, or as the first. */
static tx_status count_numbers(tx_config *config, tx_value *value, const char *path, size_t *out)
{
    const tx_yaml *node = value->node;
    const size_t count = tx_yaml_num_elements(node);
    const int tuple = value->option->tuple;
    const bool tuples = tuple && node->shape == TX_YAML_LIST && count && node->items[0]->shape == TX_YAML_LIST;
    const size_t each = !tuples ? 0 : tuple == TX_ANY_TUPLE ? node->items[0]->count : (size_t)tuple;
    for (size_t k = 0; tuples && k < count; k++) {
        const tx_yaml *item = node->items[k];
        if (item->shape != TX_YAML_LIST || item->count != each) {
            return tx_place_error(item->place, config->error, "%s must be a list of numbers or of lists of %zu, not both", path,
                                  each);
        }
    }
    value->tuple = (int)each;
    *out = tuples ? each * count : count;
    return TX_OK;
}

static const tx_yaml *number_at(const tx_value *value, size_t k)
{
    const size_t each = (size_t)value->tuple;
    return each ? value->node->items[k / each]->items[k % each] : tx_yaml_element(value->node, k);
}

static tx_status read_reals(tx_config *config, tx_value *value, const char *path)
{
    size_t count;
    double *reals;
    TX_TRY(count_numbers(config, value, path, &count));
    TX_TRY(tx_pool_allocate(&config->pool, count, sizeof *reals, config->error, &reals));
    for (size_t k = 0; k < count; k++) {
        TX_TRY(tx_value_real(config, value, number_at(value, k), path, &reals[k]));
    }
    value->reals = reals;
    value->count = (int)count;
    return TX_OK;
}

static tx_status read_integers(tx_config *config, tx_value *value, const char *path)
{
    size_t count;
    int64_t *integers;
    TX_TRY(count_numbers(config, value, path, &count));
    TX_TRY(tx_pool_allocate(&config->pool, count, sizeof *integers, config->error, &integers));
    for (size_t k = 0; k < count; k++) {
        TX_TRY(tx_value_integer(config, value, number_at(value, k), path, &integers[k]));
    }
    value->integers = integers;
    value->count = (int)count;
    return TX_OK;
}

/* A text that is a list of names of components, separated by commas: those that have the form of their kind. */
static tx_status check_names(tx_config *config, const tx_option *option, const tx_yaml *node, const char *path)
{
    tx_descriptor_rule *rule = option->kind ? tx_registry_rule(config->registry, option->kind) : NULL;
    const char *rest = rule ? node->text : NULL, *name;
    while (rest) {
        char section[TX_DESCRIBED_SIZE];
        tx_error wrong = {0};
        rest += strspn(rest, " \t\n\r");
        size_t length = strcspn(rest, ",");
        const char *next = rest[length] ? rest + length + 1 : NULL;
        while (length && strchr(" \t\n\r", rest[length - 1])) {
            length--;
        }
        TX_TRY(tx_pool_text(&config->pool, rest, length, config->error, &name));
        if (rule(name, sizeof section, section, &wrong) != TX_OK) {
            return tx_place_error(node->place, config->error, "%s: %s", path, wrong.message);
        }
        rest = next;
    }
    return TX_OK;
}

static tx_status read_strings(tx_config *config, tx_value *value, const char *path)
{
    const size_t count = tx_yaml_num_elements(value->node);
    const char **strings;
    TX_TRY(tx_pool_allocate(&config->pool, count, sizeof *strings, config->error, &strings));
    for (size_t k = 0; k < count; k++) {
        const tx_yaml *node = tx_yaml_element(value->node, k);
        if (node->shape != TX_YAML_SCALAR || tx_yaml_is_null(node)) {
            return tx_value_wrong(config, value, node, path);
        }
        TX_TRY(check_names(config, value->option, node, path));
        strings[k] = node->text;
    }
    value->strings = strings;
    value->count = (int)count;
    return TX_OK;
}

/* -- keys -- */

static tx_status read_key_part(tx_config *config, const tx_yaml *mapping, size_t k, tx_key_spec *spec, const char *path)
{
    static const char *const names[] = {"seed", "split", "index"};
    static const tx_option part = {.type = TX_TYPE_INTEGER};
    const char *name = mapping->keys[k]->text, *whole;
    int64_t *const parts[] = {&spec->seed, &spec->split, &spec->index};
    for (int j = 0; j < 3; j++) {
        if (tx_same_key(name, names[j])) {
            TX_TRY(tx_pool_format(&config->pool, config->error, &whole, "%s.%s", path, names[j]));
            return tx_value_integer(config, &(tx_value){.option = &part}, mapping->items[k], whole, parts[j]);
        }
    }
    return tx_place_error(mapping->keys[k]->place, config->error, "unknown key '%s' in %s%s", tx_quote(name).text, path,
                          tx_suggest(name, names, 3).text);
}

/* JAX: the counters of split are 32 bits wide. */
static tx_status check_split(tx_config *config, const tx_yaml *mapping, const tx_key_spec *spec, const char *path)
{
    const int split = tx_yaml_find(mapping, "split"), index = tx_yaml_find(mapping, "index");
    if (split < 0 && index < 0) {
        return TX_OK;
    }
    if (split < 0 || index < 0) {
        return tx_place_error(mapping->place, config->error, "%s needs %s beside %s: {seed: 0, split: 2, index: 1}", path,
                              split < 0 ? "split" : "index", split < 0 ? "index" : "split");
    }
    if (spec->split < 1 || spec->split > INT32_MAX) {
        return tx_place_error(mapping->items[split]->place, config->error, "%s.split must be between 1 and %d, not %" PRId64, path,
                              INT32_MAX, spec->split);
    }
    if (spec->index < 0 || spec->index >= spec->split) {
        return tx_place_error(mapping->items[index]->place, config->error,
                              "%s.index must be at least 0 and below split, which is %" PRId64 ", not %" PRId64, path, spec->split,
                              spec->index);
    }
    return TX_OK;
}

static tx_status read_key(tx_config *config, tx_value *value, const char *path)
{
    const tx_yaml *node = value->node;
    tx_key_spec spec = {0};
    if (node->shape != TX_YAML_MAPPING) {
        TX_TRY(tx_value_integer(config, value, node, path, &spec.seed));
    }
    for (size_t k = 0; node->shape == TX_YAML_MAPPING && k < node->count; k++) {
        TX_TRY(read_key_part(config, node, k, &spec, path));
    }
    if (node->shape == TX_YAML_MAPPING && tx_yaml_find(node, "seed") < 0) {
        return tx_place_error(node->place, config->error, "%s.seed is required", path);
    }
    TX_TRY(check_split(config, node, &spec, path));
    value->key_spec = spec;
    return TX_OK;
}

/* -- texts -- */

static tx_status read_string(tx_config *config, tx_value *value, const char *path)
{
    if (value->node->shape != TX_YAML_SCALAR || tx_yaml_is_null(value->node)) {
        return tx_value_wrong(config, value, value->node, path);
    }
    value->text = value->node->text;
    return check_names(config, value->option, value->node, path);
}

static tx_status read_path(tx_config *config, tx_value *value, const char *path, const char *folder)
{
    TX_TRY(read_string(config, value, path));
    TX_TRY(value->node->literal
               ? TX_OK
               : tx_path_expand(&config->pool, value->node->place, path, value->text, config->error, &value->text));
    const char *text = value->text;
    if (!*text) {
        return tx_place_error(value->node->place, config->error, "%s must not be empty", path);
    }
    while (text[0] == '.' && text[1] == '/') {
        text += 2;
    }
    TX_TRY(*text == '/' ? TX_OK : tx_pool_format(&config->pool, config->error, &value->text, "%s/%s", folder, text));
    return tx_is_utf8(value->text) ? TX_OK
                                   : tx_place_error(value->node->place, config->error,
                                                    "%s must be UTF-8, as config.yaml is that names it: '%s'", path, value->text);
}

/* From the folder of the file that it stands in, mostly the configuration's own, or, of --set, from here. */
static tx_status read_input(tx_config *config, tx_value *value, const char *path)
{
    const tx_place place = value->node->place;
    const char *folder = place.line ? config->folder : config->here;
    if (place.line && strcmp(place.origin, config->name) != 0) {
        TX_TRY(tx_config_folder(config, place.origin, &folder));
    }
    return read_path(config, value, path, folder);
}

static tx_status read_paths(tx_config *config, tx_value *value, const char *path)
{
    const size_t count = tx_yaml_num_elements(value->node);
    const char **paths;
    if (!count) {
        return tx_value_wrong(config, value, value->node, path);
    }
    TX_TRY(tx_pool_allocate(&config->pool, count, sizeof *paths, config->error, &paths));
    for (size_t k = 0; k < count; k++) {
        tx_value one = {.option = value->option, .node = tx_yaml_element(value->node, k)};
        TX_TRY(read_input(config, &one, path));
        paths[k] = one.text;
    }
    value->strings = paths;
    value->count = (int)count;
    return TX_OK;
}

size_t tx_option_word(const tx_option *option, const char *text, const char **out)
{
    const char *word = option->words ? option->words : "";
    while (*word) {
        char spelled[64];
        const size_t length = strcspn(word, " ");
        snprintf(spelled, sizeof spelled, "%.*s", (int)length, word);
        if (tx_same_name(tx_name_after_module(text), spelled, "")) {
            *out = word;
            return length;
        }
        word += length + (word[length] == ' ');
    }
    return 0;
}

/* Sets value->text to the word of the option's list that the node spells. */
static tx_status find_word(tx_config *config, tx_value *value, bool *found)
{
    const tx_yaml *node = value->node;
    const char *word = NULL;
    const size_t length = node->shape == TX_YAML_SCALAR ? tx_option_word(value->option, node->text, &word) : 0;
    *found = length;
    return length ? tx_pool_text(&config->pool, word, length, config->error, &value->text) : TX_OK;
}

tx_status tx_value_read(tx_config *config, tx_value *value, const char *path)
{
    bool word;
    TX_TRY(find_word(config, value, &word));
    value->form = word ? TX_FORM_WORD : TX_FORM_OWN;
    if (word) {
        return TX_OK;
    }
    switch (value->option->type) {
    case TX_TYPE_INTEGER:
        return tx_value_integer(config, value, value->node, path, &value->integer);
    case TX_TYPE_REAL:
        return tx_value_real(config, value, value->node, path, &value->real);
    case TX_TYPE_BOOLEAN:
        return read_boolean(config, value, path);
    case TX_TYPE_STRING:
        return read_string(config, value, path);
    case TX_TYPE_PATH:
        return read_input(config, value, path);
    case TX_TYPE_PATHS:
        return read_paths(config, value, path);
    case TX_TYPE_OUTPUT_PATH:
        return read_path(config, value, path, config->here);
    case TX_TYPE_KEY:
        return read_key(config, value, path);
    case TX_TYPE_INTEGERS:
        return read_integers(config, value, path);
    case TX_TYPE_REALS:
        return read_reals(config, value, path);
    case TX_TYPE_STRINGS:
        return read_strings(config, value, path);
    case TX_TYPE_MAP:
        return tx_value_map(config, value, path);
    case TX_TYPE_STAGES:
        return tx_value_stages(config, value, path);
    case TX_TYPE_MAPPING:
        return value->node->shape == TX_YAML_MAPPING || (value->option->or_text && value->node->shape == TX_YAML_SCALAR)
                   ? TX_OK
                   : tx_value_wrong(config, value, value->node, path);
    case TX_TYPE_BYTES:
        return read_bytes(config, value, path);
    case TX_TYPE_WORD:
    default:
        return tx_value_wrong(config, value, value->node, path);
    }
}
