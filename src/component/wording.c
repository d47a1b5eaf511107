/* What messages say of values and names: what may stand there, what does, what may have been meant. */
#include "component/wording.h"

#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "component/buffer.h"
#include "component/registry.h"

static const char *const type_expectations[] = {
    [TX_TYPE_INTEGER] = "an integer",
    [TX_TYPE_REAL] = "a number",
    [TX_TYPE_BOOLEAN] = "true or false",
    [TX_TYPE_STRING] = "a text",
    [TX_TYPE_PATH] = "a path",
    [TX_TYPE_PATHS] = "a path or a list of paths",
    [TX_TYPE_OUTPUT_PATH] = "a path",
    [TX_TYPE_WORD] = "",
    [TX_TYPE_KEY] = "an integer or {seed, split, index}",
    [TX_TYPE_INTEGERS] = "an integer or a list of integers",
    [TX_TYPE_REALS] = "a number or a list of numbers",
    [TX_TYPE_STRINGS] = "a text or a list of texts",
    [TX_TYPE_MAP] = "a mapping of integers to numbers",
    [TX_TYPE_MAPPING] = "a mapping",
    [TX_TYPE_BYTES] = "an amount of memory such as 512 MiB",
    [TX_TYPE_SECTION] = "a mapping",
    [TX_TYPE_SECTIONS] = "a list",
    [TX_TYPE_INLINE] = "a name",
    [TX_TYPE_STAGES] = "an integer or a mapping of steps to integers",
};

/* "a b c" -> "a, b, c" */
static void list_words(const char *words, char *out, size_t size)
{
    size_t used = 0;
    for (; *words && used + 3 < size; words++) {
        if (*words == ' ') {
            out[used++] = ',';
        }
        out[used++] = *words;
    }
    out[used] = '\0';
}

tx_expectation tx_option_expects(const tx_option *option)
{
    tx_expectation expectation;
    char words[200] = "";
    list_words(option->words ? option->words : "", words, sizeof words);
    const char *several = strchr(words, ',') ? "one of " : "";
    const bool component = option->kind && (option->type == TX_TYPE_REAL || option->type == TX_TYPE_REALS);
    const char *article = tx_kind_article(option->kind)[1] ? " or an " : " or a ";
    snprintf(expectation.text, sizeof expectation.text, "%s%s%s%s%s%s", type_expectations[option->type], component ? article : "",
             component ? tx_kind_spoken(option->kind) : "", *words && option->type != TX_TYPE_WORD ? " or " : "", several, words);
    return expectation;
}

tx_description tx_yaml_describe(const tx_yaml *node)
{
    tx_description description;
    const bool key_alone = node->shape == TX_YAML_MAPPING && node->count == 1 && tx_yaml_is_null(node->items[0]);
    if (key_alone) {
        snprintf(description.text, sizeof description.text, "a mapping (a text that ends with ':' needs quotes: \"%s:\")",
                 tx_quote(node->keys[0]->text).text);
    } else if (node->shape != TX_YAML_SCALAR || tx_yaml_is_null(node)) {
        strcpy(description.text, node->shape == TX_YAML_LIST ? "a list" : node->shape == TX_YAML_MAPPING ? "a mapping" : "null");
    } else {
        snprintf(description.text, sizeof description.text, node->quoted ? "the text \"%s\"" : "'%s'%s", tx_quote(node->text).text,
                 strcmp(node->text, "None") ? "" : " (write null)");
    }
    return description;
}

tx_status tx_value_wrong(tx_config *config, const tx_value *value, const tx_yaml *node, const char *path)
{
    return tx_place_error(node->place, config->error, "%s must be %s, not %s", path, tx_option_expects(value->option).text,
                          tx_yaml_describe(node).text);
}

/* Other words for keys: those of other packages and of habit. */
static const struct {
    const char *word, *meant;
} synonyms[] = {
    {"lr", "learning_rate"},
    {"step_size", "learning_rate"},
    {"beta1", "b1"},
    {"beta2", "b2"},
    {"epsilon", "eps"},
    {"wd", "weight_decay"},
    {"hidden_size", "hidden_channels"},
    {"hidden_size", "width_size"},
    {"width", "hidden_channels"},
    {"width", "width_size"},
    {"num_layers", "depth"},
    {"modes", "num_modes"},
    {"seed", "key"},
    {"num_steps", "num_training_steps"},
    {"epochs", "num_training_steps"},
    {"num_epochs", "num_training_steps"},
};

bool tx_is_synonym(const char *word, const char *name)
{
    bool is = false;
    for (size_t k = 0; k < sizeof synonyms / sizeof *synonyms; k++) {
        is = is || (tx_same_key(word, synonyms[k].word) && !strcmp(name, synonyms[k].meant));
    }
    return is;
}

static const char *suggest_synonym(const char *word, const char *const *names, int count)
{
    int k = 0;
    while (k < count && !tx_is_synonym(word, names[k])) {
        k++;
    }
    return k < count ? names[k] : NULL;
}

tx_expectation tx_suggest(const char *name, const char *const *names, int count)
{
    tx_expectation suggestion;
    const char *synonym = suggest_synonym(name, names, count);
    const char *nearest = synonym ? synonym : tx_nearest_name(name, names, count);
    const size_t size = sizeof suggestion.text;
    if (nearest) {
        snprintf(suggestion.text, size, " (did you mean '%s'?)", nearest);
        return suggestion;
    }
    size_t used = (size_t)snprintf(suggestion.text, size, count ? " (known: " : " (there are no keys");
    for (int k = 0; k < count && used < size; k++) {
        used += (size_t)snprintf(suggestion.text + used, size - used, "%s%s", k ? ", " : "", names[k]);
    }
    if (used < size) {
        snprintf(suggestion.text + used, size - used, ")");
    }
    return suggestion;
}
