/* APEBench's descriptors: "Conv;34;10;relu" is short for a section. One row a name: to add a network is to add a row. */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/number.h"
#include "trainax/network.h"

enum { MAX_FIELDS = 3, MAX_PARTS = MAX_FIELDS + 2, MAX_TEXT = 96, MAX_DILATION_DEPTH = 20 };

/* The numbers in their order, as options of the network. Then comes the activation: needed, or without effect. */
static const struct row {
    const char *name, *form, *type;
    const char *fields[MAX_FIELDS];
    bool activated;
    const char *rest; /* options that APEBench sets besides */
} rows[] = {
    {"Conv", "Conv;HIDDEN;DEPTH;ACTIVATION", "conv_net", {"hidden_channels", "depth"}, true, ""},
    {"Res", "Res;HIDDEN;BLOCKS;ACTIVATION", "classic_res_net", {"hidden_channels", "num_blocks"}, true, ""},
    {"UNet", "UNet;HIDDEN;LEVELS;ACTIVATION", "classic_u_net", {"hidden_channels", "num_levels"}, true, ""},
    {"Dil", "Dil;DEPTH;HIDDEN;BLOCKS;ACTIVATION", "dilated_res_net", {"dilation_rates", "hidden_channels", "num_blocks"}, true, ""},
    {"FNO", "FNO;MODES;HIDDEN;BLOCKS;ACTIVATION", "classic_fno", {"num_modes", "hidden_channels", "num_blocks"}, true, ""},
    {"MLP", "MLP;WIDTH;DEPTH;ACTIVATION", "mlp", {"width_size", "depth"}, true, ""},
    {"MoRes", "MoRes;HIDDEN;BLOCKS;ACTIVATION", "modern_res_net", {"hidden_channels", "num_blocks"}, true, ""},
    {"MoUNet", "MoUNet;HIDDEN;LEVELS;ACTIVATION", "modern_u_net", {"hidden_channels", "num_levels"}, true, ""},
    {"Pure", "Pure;KERNEL", "conv", {"kernel_size"}, false, ", padding: same, padding_mode: circular, use_bias: false"},
};
enum { NUM_ROWS = sizeof rows / sizeof *rows };

tx_short_form tx_network_form(int index)
{
    return index < NUM_ROWS ? (tx_short_form){rows[index].form, rows[index].type} : (tx_short_form){0};
}

/* APEBench's, and other names of theirs. */
static const struct {
    const char *word, *name;
} activations[] = {
    {"relu", "relu"},  {"sigmoid", "sigmoid"}, {"tanh", "tanh"},         {"swish", "swish"},
    {"silu", "swish"}, {"gelu", "gelu"},       {"identity", "identity"},
};
enum { NUM_ACTIVATIONS = sizeof activations / sizeof *activations };

typedef struct output {
    char *text;
    size_t size, length;
} output;

static void write_text(output *out, const char *format, const char *a, const char *b)
{
    const int written = snprintf(out->text + out->length, out->size - out->length, format, a, b);
    out->length += written > 0 && out->length + (size_t)written < out->size ? (size_t)written : 0;
}

/* 1, 2, 4, …, 2^depth, …, 2, 1 */
static void write_rates(output *out, int64_t depth)
{
    char number[24];
    for (int64_t k = -depth; k <= depth; k++) {
        snprintf(number, sizeof number, "%lld", 1ll << (depth - (k < 0 ? -k : k)));
        write_text(out, k < depth ? "%s, " : "%s]", number, "");
    }
}

static tx_status write_field(output *out, const struct row *row, int index, const char *part, tx_error *error)
{
    const char *field = row->fields[index];
    int64_t number;
    if (!tx_parse_integer(part, &number)) {
        return tx_error_set(error, TX_INVALID, "'%.40s' is no integer (%s)", part, row->form);
    }
    if (strcmp(field, "dilation_rates") != 0) {
        write_text(out, ", %s: %s", field, part);
        return TX_OK;
    }
    if (number < 0 || number > MAX_DILATION_DEPTH) {
        return tx_error_set(error, TX_INVALID, "a dilation depth is 0 to %d, not %lld (%s)", MAX_DILATION_DEPTH, (long long)number,
                            row->form);
    }
    write_text(out, ", %s: [%s", field, "");
    write_rates(out, number);
    return TX_OK;
}

static tx_status write_activation(output *out, const struct row *row, const char *word, tx_error *error)
{
    for (int k = 0; k < NUM_ACTIVATIONS; k++) {
        if (tx_same_name(tx_name_after_module(word), activations[k].word, "")) {
            write_text(out, row->activated ? ", activation: %s%s" : "%.0s", activations[k].name, "");
            return TX_OK;
        }
    }
    return tx_error_set(error, TX_INVALID, "unknown activation '%.40s' (there are: relu, sigmoid, tanh, swish, gelu, identity)",
                        word);
}

static tx_status unknown_name(const char *name, tx_error *error)
{
    char forms[400];
    output out = {.text = forms, .size = sizeof forms};
    for (int k = 0; k < NUM_ROWS; k++) {
        write_text(&out, "%s%s", k ? ", " : "", rows[k].form);
    }
    return tx_error_set(error, TX_INVALID, "unknown descriptor '%.40s' (there are: %s)", name, forms);
}

static tx_status find_row(const char *name, tx_error *error, const struct row **out)
{
    for (int k = 0; k < NUM_ROWS; k++) {
        if (tx_same_word(rows[k].name, name)) {
            *out = &rows[k];
            return TX_OK;
        }
    }
    return unknown_name(name, error);
}

/* Cuts text at its semicolons, in place; counts no further than one beyond the most there can be. */
static int cut(char *text, char **parts)
{
    int count = 0;
    for (char *part = text; part && count <= MAX_PARTS; count++) {
        char *end = strchr(part, ';');
        if (end) {
            *end = '\0';
        }
        if (count < MAX_PARTS) {
            parts[count] = part;
        }
        part = end ? end + 1 : NULL;
    }
    return count;
}

static tx_status write_section(output *out, char *const *parts, int count, tx_error *error)
{
    const struct row *row = NULL;
    int fields = 0;
    TX_TRY(find_row(parts[0], error, &row));
    while (fields < MAX_FIELDS && row->fields[fields]) {
        fields++;
    }
    if (count != fields + 2 && (row->activated || count != fields + 1)) {
        return tx_error_set(error, TX_INVALID, "%s has the form %s", row->name, row->form);
    }
    write_text(out, "{type: %s%s", row->type, "");
    for (int k = 0; k < fields; k++) {
        TX_TRY(write_field(out, row, k, parts[k + 1], error));
    }
    if (count == fields + 2) {
        TX_TRY(write_activation(out, row, parts[fields + 1], error));
    }
    write_text(out, "%s%s", row->rest, "}");
    return TX_OK;
}

tx_status tx_network_describe(const char *descriptor, size_t size, char *section, tx_error *error)
{
    char text[MAX_TEXT], *parts[MAX_PARTS] = {NULL};
    output out = {.text = section, .size = size};
    if (strlen(descriptor) >= sizeof text) {
        return tx_error_set(error, TX_INVALID, "a descriptor has less than %d characters", MAX_TEXT);
    }
    snprintf(text, sizeof text, "%s", descriptor);
    const int count = cut(text, parts);
    return write_section(&out, parts, count, error);
}
