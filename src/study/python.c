/* Values of YAML as Python writes them. */
#include "study/python.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/number.h"

/* The fewest digits that read back to the number, in the form that Python chooses. */
static tx_status add_real(tx_text *text, double value, tx_error *error)
{
    char scientific[40];
    int digits = 0;
    do {
        tx_format(scientific, sizeof scientific, "%.*e", digits++, value);
    } while (digits < 17 && tx_scan_real(scientific, NULL) != value);
    const int exponent = atoi(strchr(scientific, 'e') + 1);
    if (value == 0 || (exponent >= -4 && exponent < 16)) {
        const int behind = digits - 1 - exponent;
        char fixed[40];
        tx_format(fixed, sizeof fixed, "%.*f", behind > 1 ? behind : 1, value);
        return tx_text_add(text, error, "%s", fixed);
    }
    return tx_text_add(text, error, "%s", scientific);
}

static tx_status add_quoted(tx_text *text, const char *content, tx_error *error)
{
    const char mark = strchr(content, '\'') && !strchr(content, '"') ? '"' : '\'';
    TX_TRY(tx_text_add(text, error, "%c", mark));
    for (; *content; content++) {
        if (*content == '\n' || *content == '\t') {
            TX_TRY(tx_text_add(text, error, *content == '\n' ? "\\n" : "\\t"));
        } else {
            TX_TRY(tx_text_add(text, error, "%s%c", *content == mark || *content == '\\' ? "\\" : "", *content));
        }
    }
    return tx_text_add(text, error, "%c", mark);
}

static tx_status add_scalar(tx_text *text, const tx_yaml *node, bool repr, tx_error *error)
{
    int64_t integer;
    double real;
    if (tx_yaml_is_null(node)) {
        return tx_text_add(text, error, "None");
    }
    if (!node->quoted && (!strcmp(node->text, "true") || !strcmp(node->text, "false"))) {
        return tx_text_add(text, error, *node->text == 't' ? "True" : "False");
    }
    if (!node->quoted && tx_parse_integer(node->text, &integer)) {
        return tx_text_add(text, error, "%" PRId64, integer);
    }
    if (!node->quoted && tx_parse_real(node->text, &real) && isfinite(real)) {
        return add_real(text, real, error);
    }
    return repr ? add_quoted(text, node->text, error) : tx_text_add(text, error, "%s", node->text);
}

tx_status tx_python_value(tx_text *text, const tx_yaml *node, bool repr, tx_error *error)
{
    if (node->shape == TX_YAML_MAPPING) {
        return tx_place_error(node->place, error, "a number, a text or a list is expected, not a mapping");
    }
    if (node->shape == TX_YAML_SCALAR) {
        return add_scalar(text, node, repr, error);
    }
    TX_TRY(tx_text_add(text, error, "("));
    for (size_t k = 0; k < node->count; k++) {
        TX_TRY(k ? tx_text_add(text, error, ", ") : TX_OK);
        TX_TRY(tx_python_value(text, node->items[k], true, error)); /* in a tuple str is repr */
    }
    return tx_text_add(text, error, node->count == 1 ? ",)" : ")");
}
