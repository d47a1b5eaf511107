/* exponax.ic.Discontinuities and RandomDiscontinuities: boxes of constant values. */
#include <math.h>

#include "data/initial.h"

typedef struct box { /* of all points strictly inside */
    double lower[TX_MAX_AXES], upper[TX_MAX_AXES], value;
} box;

static void add_box(const tx_condition *condition, const box *box, double *out)
{
    const double extent = tx_get_real(condition->section, "domain_extent");
    const int64_t points = tx_shape_points(&condition->state);
    for (int64_t j = 0; j < points; j++) {
        double x[TX_MAX_AXES];
        bool inside = true;
        tx_condition_place(condition, j, extent, x);
        for (int a = 0; a < condition->state.axes; a++) {
            inside = inside && box->lower[a] < x[a] && x[a] < box->upper[a];
        }
        out[j] += inside ? box->value : 0.0;
    }
}

static void clear(const tx_condition *condition, double *out)
{
    const int64_t points = tx_shape_points(&condition->state);
    for (int64_t j = 0; j < points; j++) {
        out[j] = 0.0;
    }
}

/* ---- Given ones ---- */

static tx_status read_box(const tx_condition *condition, const tx_section *section, tx_error *error, box *out)
{
    out->value = tx_get_real(section, "value");
    TX_TRY(tx_condition_vector(condition, section, "lower_limits", error, out->lower));
    return tx_condition_vector(condition, section, "upper_limits", error, out->upper);
}

static tx_status create(tx_condition *condition, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(condition->section, "discontinuity_list", &sections);
    box box;
    TX_TRY(tx_condition_check_axes(condition, TX_MAX_AXES, error));
    for (int k = 0; k < count; k++) {
        TX_TRY(read_box(condition, sections[k], error, &box));
    }
    condition->keyless = true;
    return tx_condition_check_unit(condition, error);
}

static tx_status draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(condition->section, "discontinuity_list", &sections);
    box box;
    (void)which;
    clear(condition, out);
    for (int k = 0; k < count; k++) {
        TX_TRY(read_box(condition, sections[k], error, &box));
        add_box(condition, &box, out);
    }
    tx_condition_settle(condition, out);
    return TX_OK;
}

static const tx_condition_class given_class = {.create = create, .draw = draw};

static const tx_option box_options[] = {
    TX_OPTION_RANGE("lower_limits", NULL, "length", "where it begins along each axis: as many numbers as axes, or one for all"),
    TX_OPTION_RANGE("upper_limits", NULL, "length", "where it ends"),
    {.name = "value", .type = TX_TYPE_REAL, .unit = "", .text = "what is added to all points strictly inside"},
    {0},
};
const tx_component tx_section_discontinuity = {
    .kind = TX_KIND_SECTION, .name = "discontinuity", .summary = "a box of a constant value", .options = box_options};

static const tx_option given_options[] = {
    TX_OPTION_EXTENT("1.0"),
    {.name = "discontinuity_list",
     .type = TX_TYPE_SECTIONS,
     .unit = "",
     .text = "the boxes",
     .kind = TX_KIND_SECTION,
     .fixed = "discontinuity"},
    TX_OPTION_ZERO_MEAN("true"),
    TX_OPTIONS_UNIT,
    {0},
};
const tx_component tx_initial_condition_discontinuities =
    TX_CONDITION("discontinuities", "boxes of given constant values (exponax.ic.Discontinuities)", given_options, &given_class);

/* ---- Random ones ---- */

static tx_status create_random(tx_condition *condition, tx_error *error)
{
    TX_TRY(tx_condition_check_axes(condition, TX_MAX_AXES, error));
    TX_TRY(tx_condition_check_range(condition, "value_range", error));
    return tx_condition_check_unit(condition, error);
}

static box draw_box(const tx_condition *condition, tx_key key)
{
    const double extent = tx_get_real(condition->section, "domain_extent");
    tx_key keys[3] = {[2] = key};
    box box;
    for (int a = 0; a < condition->state.axes; a++) {
        tx_key_split(condition->random, keys[2], 3, keys);
        double one, other;
        tx_condition_between(condition, keys[0], 0.0, extent, 1, &one);
        tx_condition_between(condition, keys[1], 0.0, extent, 1, &other);
        box.lower[a] = fmin(one, other);
        box.upper[a] = fmax(one, other);
    }
    tx_condition_uniform(condition, keys[2], "value_range", 1, 1, &box.value);
    return box;
}

static tx_status draw_random(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const int64_t count = tx_get_integer(condition->section, "num_discontinuities");
    (void)error;
    clear(condition, out);
    for (int64_t k = 0; k < count; k++) {
        const box box = draw_box(condition, tx_key_split_at(condition->random, which->key, (size_t)count, (size_t)k));
        add_box(condition, &box, out);
    }
    tx_condition_settle(condition, out);
    return TX_OK;
}

static const tx_condition_class random_class = {.create = create_random, .draw = draw_random};

static const tx_option random_options[] = {
    TX_OPTION_EXTENT("1.0"),
    TX_OPTION_COUNT("num_discontinuities", "3", "", 1, "boxes, each between two uniform limits along every axis"),
    TX_OPTION_RANGE("value_range", "[-1.0, 1.0]", "", "their values are uniform in it"),
    TX_OPTION_ZERO_MEAN("false"),
    TX_OPTIONS_UNIT,
    {0},
};
const tx_component tx_initial_condition_random_discontinuities = TX_CONDITION(
    "random_discontinuities", "boxes of random constant values (exponax.ic.RandomDiscontinuities)", random_options, &random_class);
