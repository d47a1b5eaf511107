/* APEBench's ic_config, "fourier;5;true;true", is short for a section. One row a name. */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/number.h"
#include "trainax/data.h"

enum { MOST_PARTS = 8, MOST_TEXT = 160, PARTS = 4 };

/* NAME;NUMBER;ZERO_MEAN;MAX_ONE */
static const struct row {
    const char *name, *form, *type, *number;
    bool integer;
    const char *zero_mean[2]; /* what false and true are */
} rows[] = {
    {"fourier",
     "fourier;CUTOFF;ZERO_MEAN;MAX_ONE",
     "random_truncated_fourier_series",
     "cutoff",
     true,
     {"offset_range: [-0.5, 0.5]", "offset_range: [0.0, 0.0]"}},
    {"diffused",
     "diffused;INTENSITY;ZERO_MEAN;MAX_ONE",
     "diffused_noise",
     "intensity",
     false,
     {"zero_mean: false", "zero_mean: true"}},
    {"grf",
     "grf;EXPONENT;ZERO_MEAN;MAX_ONE",
     "gaussian_random_field",
     "powerlaw_exponent",
     false,
     {"zero_mean: false", "zero_mean: true"}},
};
enum { NUM_ROWS = sizeof rows / sizeof *rows };
static const char clamp_name[] = "clamp", clamp_form[] = "clamp;LOW;HIGH;FORM";

tx_short_form tx_initial_form(int index)
{
    return index < NUM_ROWS    ? (tx_short_form){rows[index].form, rows[index].type}
           : index == NUM_ROWS ? (tx_short_form){clamp_form, "clamping_ic_generator"}
                               : (tx_short_form){0};
}

static tx_status wrong(const char *part, const char *what, const char *form, tx_error *error)
{
    return tx_error_set(error, TX_INVALID, "'%.40s' is %s (%s)", part, what, form);
}

static tx_status find_row(const char *name, tx_error *error, const struct row **out)
{
    for (int k = 0; k < NUM_ROWS; k++) {
        if (tx_same_word(rows[k].name, name)) {
            *out = &rows[k];
            return TX_OK;
        }
    }
    return tx_error_set(error, TX_INVALID, "unknown initial condition '%.40s' (there are: %s, %s, %s, %s)", name, rows[0].form,
                        rows[1].form, rows[2].form, clamp_form);
}

static tx_status read_number(const char *part, const struct row *row, tx_error *error)
{
    int64_t integer;
    double real;
    return row->integer                 ? tx_parse_integer(part, &integer) ? TX_OK : wrong(part, "no integer", row->form, error)
                           : tx_parse_real(part, &real) ? TX_OK
                                        : wrong(part, "no number", row->form, error);
}

static tx_status read_flag(const char *part, const struct row *row, tx_error *error, bool *out)
{
    *out = tx_same_word(part, "true");
    return *out || tx_same_word(part, "false") ? TX_OK : wrong(part, "neither true nor false", row->form, error);
}

static tx_status write_one(char *const *part, int count, size_t size, char *out, tx_error *error)
{
    const struct row *row = NULL;
    bool zero_mean, max_one;
    TX_TRY(find_row(part[0], error, &row));
    if (count != PARTS) {
        return tx_error_set(error, TX_INVALID, "%s has the form %s", row->name, row->form);
    }
    TX_TRY(read_number(part[1], row, error));
    TX_TRY(read_flag(part[2], row, error, &zero_mean));
    TX_TRY(read_flag(part[3], row, error, &max_one));
    snprintf(out, size, "{type: %s, %s: %s, %s, max_one: %s}", row->type, row->number, part[1], row->zero_mean[zero_mean],
             max_one ? "true" : "false");
    return TX_OK;
}

static tx_status write_clamp(char *const *part, int count, size_t size, char *out, tx_error *error)
{
    char inner[2 * MOST_TEXT];
    double limit;
    if (count < 4) {
        return tx_error_set(error, TX_INVALID, "%s has the form %s", clamp_name, clamp_form);
    }
    for (int k = 1; k < 3; k++) {
        TX_TRY(tx_parse_real(part[k], &limit) ? TX_OK : wrong(part[k], "no number", clamp_form, error));
    }
    TX_TRY(write_one(part + 3, count - 3, sizeof inner, inner, error));
    snprintf(out, size, "{type: clamping_ic_generator, limits: [%s, %s], ic_gen: %s}", part[1], part[2], inner);
    return TX_OK;
}

tx_status tx_initial_describe(const char *descriptor, size_t size, char *section, tx_error *error)
{
    char text[MOST_TEXT], *part[MOST_PARTS] = {NULL}, *rest = text;
    int count = 0;
    if (strlen(descriptor) >= sizeof text) {
        return tx_error_set(error, TX_INVALID, "a descriptor has less than %d characters", MOST_TEXT);
    }
    snprintf(text, sizeof text, "%s", descriptor);
    while (rest && count < MOST_PARTS) {
        part[count++] = strsep(&rest, ";");
    }
    return tx_same_word(part[0], clamp_name) ? write_clamp(part, count, size, section, error)
                                             : write_one(part, count, size, section, error);
}
