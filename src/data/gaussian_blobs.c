/* exponax.ic.GaussianBlobs and RandomGaussianBlobs: means of Gaussian bells. */
#include <math.h>

#include "data/initial.h"

typedef struct blob {
    double position[TX_MAX_AXES], inverse[TX_MAX_AXES][TX_MAX_AXES]; /* of the covariance */
    bool one_complement;
} blob;

static double value_at(const blob *blob, int axes, const double *x)
{
    double form = 0.0;
    for (int a = 0; a < axes; a++) {
        for (int b = 0; b < axes; b++) {
            form += (x[a] - blob->position[a]) * blob->inverse[a][b] * (x[b] - blob->position[b]);
        }
    }
    return blob->one_complement ? 1.0 - exp(-0.5 * form) : exp(-0.5 * form);
}

/* The k-th of `count`: adds its share. */
static void add_blob(const tx_condition *condition, const blob *blob, int64_t k, int64_t count, double *out)
{
    const double extent = tx_get_real(condition->section, "domain_extent");
    const int64_t points = tx_shape_points(&condition->state);
    for (int64_t j = 0; j < points; j++) {
        double x[TX_MAX_AXES];
        tx_condition_place(condition, j, extent, x);
        const double value = value_at(blob, condition->state.axes, x) + (k ? out[j] : 0.0);
        out[j] = k == count - 1 ? value / (double)count : value;
    }
}

/* ---- Given ones ---- */

/* By cofactors, of a matrix that is completed by the unit matrix; false: there is no inverse. */
static bool invert(const double a[3][3], double out[3][3])
{
    double cofactor[3][3], det = 0.0;
    for (int k = 0; k < 9; k++) {
        const int i = k / 3, j = k % 3, i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
        cofactor[i][j] = a[i1][j1] * a[i2][j2] - a[i1][j2] * a[i2][j1];
        det += i ? 0.0 : a[i][j] * cofactor[i][j];
    }
    for (int k = 0; k < 9; k++) {
        out[k % 3][k / 3] = cofactor[k / 3][k % 3] / det;
    }
    return det != 0.0;
}

/* A number, or one for each axis, or as many lists of as many. */
static tx_status read_covariance(const tx_condition *condition, const tx_section *section, tx_error *error, double out[3][3])
{
    const double *given;
    const int axes = condition->state.axes, rows = tx_tuple_size(section, "covariance");
    const int count = tx_get_reals(section, "covariance", &given);
    double diagonal[TX_MAX_AXES] = {0};
    if (rows && (rows != axes || count != axes * axes)) {
        return tx_section_error(section, "covariance", error, TX_INVALID, "for %d spatial ax%s there are %d list%s of %d", axes,
                                axes > 1 ? "es" : "is", axes, axes > 1 ? "s" : "", axes);
    }
    TX_TRY(rows ? TX_OK : tx_condition_vector(condition, section, "covariance", error, diagonal));
    for (int k = 0; k < 9; k++) {
        const int i = k / 3, j = k % 3;
        const bool inside = i < axes && j < axes;
        out[i][j] = inside && rows ? given[i * axes + j] : inside && i == j ? diagonal[i] : i == j;
    }
    return TX_OK;
}

static tx_status read_blob(const tx_condition *condition, const tx_section *section, tx_error *error, blob *out)
{
    double covariance[3][3];
    out->one_complement = tx_get_boolean(section, "one_complement");
    TX_TRY(tx_condition_vector(condition, section, "position", error, out->position));
    TX_TRY(read_covariance(condition, section, error, covariance));
    return invert(covariance, out->inverse)
               ? TX_OK
               : tx_section_error(section, "covariance", error, TX_INVALID, "the matrix has no inverse");
}

static tx_status create(tx_condition *condition, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(condition->section, "blob_list", &sections);
    blob blob;
    condition->keyless = true;
    TX_TRY(tx_condition_check_axes(condition, TX_MAX_AXES, error));
    for (int k = 0; k < count; k++) {
        TX_TRY(read_blob(condition, sections[k], error, &blob));
    }
    return count ? TX_OK : tx_section_error(condition->section, "blob_list", error, TX_INVALID, "there must be at least one");
}

static tx_status draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(condition->section, "blob_list", &sections);
    blob blob;
    (void)which;
    for (int k = 0; k < count; k++) {
        TX_TRY(read_blob(condition, sections[k], error, &blob));
        add_blob(condition, &blob, k, count, out);
    }
    return TX_OK;
}

static const tx_condition_class given_class = {.create = create, .draw = draw};

static const tx_option blob_options[] = {
    TX_OPTION_RANGE("position", NULL, "length", "its centre: as many numbers as axes, or one for all"),
    {.name = "covariance",
     .type = TX_TYPE_REALS,
     .unit = "length^2",
     .text = "how wide it is: a number, one for each axis, or the rows of a matrix",
     .tuple = TX_ANY_TUPLE},
    TX_OPTION_SWITCH("one_complement", "false", "one minus the bell"),
    {0},
};
const tx_component tx_section_gaussian_blob = {
    .kind = TX_KIND_SECTION, .name = "gaussian_blob", .summary = "a Gaussian bell of height 1", .options = blob_options};

static const tx_option given_options[] = {
    TX_OPTION_EXTENT("1.0"),
    {.name = "blob_list",
     .type = TX_TYPE_SECTIONS,
     .unit = "",
     .text = "the bells",
     .kind = TX_KIND_SECTION,
     .fixed = "gaussian_blob"},
    {0},
};
const tx_component tx_initial_condition_gaussian_blobs =
    TX_CONDITION("gaussian_blobs", "the mean of given Gaussian bells (exponax.ic.GaussianBlobs)", given_options, &given_class);

/* ---- Random ones ---- */

static tx_status create_random(tx_condition *condition, tx_error *error)
{
    TX_TRY(tx_condition_check_axes(condition, TX_MAX_AXES, error));
    TX_TRY(tx_condition_check_range(condition, "position_range", error));
    return tx_condition_check_range(condition, "variance_range", error);
}

static tx_status draw_random(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const tx_section *section = condition->section;
    const double extent = tx_get_real(section, "domain_extent");
    const int64_t count = tx_get_integer(section, "num_blobs"), axes = condition->state.axes;
    tx_key key[2] = {which->key}, own[2];
    (void)error;
    for (int64_t k = 0; k < count; k++) {
        blob blob = {.one_complement = tx_get_boolean(section, "one_complement")};
        double variance[TX_MAX_AXES];
        tx_key_split(condition->random, key[0], 2, key);
        tx_key_split(condition->random, key[1], 2, own);
        tx_condition_uniform(condition, own[0], "position_range", extent, axes, blob.position);
        tx_condition_uniform(condition, own[1], "variance_range", extent, axes, variance);
        for (int a = 0; a < axes; a++) {
            blob.inverse[a][a] = 1.0 / variance[a];
        }
        add_blob(condition, &blob, k, count, out);
    }
    return TX_OK;
}

static const tx_condition_class random_class = {.create = create_random, .draw = draw_random};

static const tx_option random_options[] = {
    TX_OPTION_EXTENT("1.0"),
    TX_OPTION_COUNT("num_blobs", "1", "", 1, "bells"),
    TX_OPTION_RANGE("position_range", "[0.4, 0.6]", "", "their centres' coordinates, as parts of domain_extent, are uniform in it"),
    TX_OPTION_RANGE("variance_range", "[0.005, 0.01]", "",
                    "their variances along the axes, as parts of domain_extent, are uniform in it"),
    TX_OPTION_SWITCH("one_complement", "false", "one minus each bell"),
    {0},
};
const tx_component tx_initial_condition_random_gaussian_blobs = TX_CONDITION(
    "random_gaussian_blobs", "the mean of random Gaussian bells (exponax.ic.RandomGaussianBlobs)", random_options, &random_class);
