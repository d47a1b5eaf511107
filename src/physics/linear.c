/* Linear equations: L is a polynomial of derivatives, a step one factor of each mode. */
#include "base/memory.h"
#include "physics/spectral.h"

#define LINEAR(BUILD, ...)                                                                                                         \
    {                                                                                                                              \
        .stepper = TX_SPECTRAL_STEPPER, .build = BUILD, .channels = 1, __VA_ARGS__                                                 \
    }

/* ---- By what they do ---- */

static tx_status add_advection(tx_equation *e, tx_error *error)
{
    double velocity[TX_MAX_AXES];
    TX_TRY(tx_vector(e, "velocity", error, velocity));
    for (int64_t k = 0; k < e->modes; k++) {
        e->linear[k] -= tx_derivatives(e, k, velocity, 1);
    }
    return TX_OK;
}

static tx_status add_diffusion(tx_equation *e, tx_error *error)
{
    double matrix[TX_MAX_AXES][TX_MAX_AXES];
    TX_TRY(tx_matrix(e, "diffusivity", error, matrix));
    for (int64_t k = 0; k < e->modes; k++) {
        for (int ab = 0; ab < e->shape.axes * e->shape.axes; ab++) {
            const int a = ab / e->shape.axes, b = ab % e->shape.axes;
            e->linear[k] += matrix[a][b] * (e->d[a][k] * e->d[b][k]);
        }
    }
    return TX_OK;
}

static tx_status add_both(tx_equation *e, tx_error *error)
{
    TX_TRY(add_advection(e, error));
    return add_diffusion(e, error);
}

static tx_status add_dispersion(tx_equation *e, tx_error *error)
{
    const bool mixed = tx_get_boolean(e->section, "advect_on_diffusion");
    double v[TX_MAX_AXES];
    TX_TRY(tx_vector(e, "dispersivity", error, v));
    for (int64_t k = 0; k < e->modes; k++) {
        e->linear[k] = mixed ? tx_derivatives(e, k, v, 1) * tx_laplacian(e, k) : tx_derivatives(e, k, v, 3);
    }
    return TX_OK;
}

static tx_status add_hyper_diffusion(tx_equation *e, tx_error *error)
{
    const bool mixed = tx_get_boolean(e->section, "diffuse_on_diffuse");
    const double h = tx_number(e, "hyper_diffusivity");
    (void)error;
    for (int64_t k = 0; k < e->modes; k++) {
        e->linear[k] = -h * (mixed ? tx_laplacian(e, k) * tx_laplacian(e, k) : tx_derivatives(e, k, NULL, 4));
    }
    return TX_OK;
}

#define VELOCITY TX_OPTION_NUMBERS("velocity", "1.0", "a number for all axes, or one for each")
#define DIFFUSIVITY TX_OPTION_MATRIX("diffusivity", "0.01", "a number, one for each axis, or a matrix")

static const tx_option advection_options[] = {VELOCITY, TX_OPTIONS_DOMAIN, {0}};
static const tx_option diffusion_options[] = {DIFFUSIVITY, TX_OPTIONS_DOMAIN, {0}};
static const tx_option both_options[] = {VELOCITY, DIFFUSIVITY, TX_OPTIONS_DOMAIN, {0}};
static const tx_option dispersion_options[] = {
    TX_OPTION_NUMBERS("dispersivity", "1.0", "a number for all axes, or one for each"),
    TX_OPTION_FLAG("advect_on_diffusion", "false", "the gradient of the Laplacian instead of third derivatives along axes"),
    TX_OPTIONS_DOMAIN,
    {0}};
static const tx_option hyper_diffusion_options[] = {
    TX_OPTION_NUMBER("hyper_diffusivity", "0.0001", "of the fourth derivatives"),
    TX_OPTION_FLAG("diffuse_on_diffuse", "false", "the Laplacian of the Laplacian instead of fourth derivatives along axes"),
    TX_OPTIONS_DOMAIN,
    {0}};

static const tx_spectral_class advection = LINEAR(add_advection), diffusion = LINEAR(add_diffusion), both = LINEAR(add_both),
                               dispersion = LINEAR(add_dispersion), hyper_diffusion = LINEAR(add_hyper_diffusion);

const tx_component tx_stepper_advection =
    TX_STEPPER("advection", "u_t = -velocity . grad u, exact in time", advection_options, &advection);
const tx_component tx_stepper_diffusion =
    TX_STEPPER("diffusion", "u_t = div(diffusivity grad u), exact in time", diffusion_options, &diffusion);
const tx_component tx_stepper_advection_diffusion =
    TX_STEPPER("advection_diffusion", "u_t = -velocity . grad u + div(diffusivity grad u), exact in time", both_options, &both);
const tx_component tx_stepper_dispersion =
    TX_STEPPER("dispersion", "u_t = dispersivity . third derivatives of u, exact in time", dispersion_options, &dispersion);
const tx_component tx_stepper_hyper_diffusion =
    TX_STEPPER("hyper_diffusion", "u_t = -hyper_diffusivity (fourth derivatives of u), exact in time", hyper_diffusion_options,
               &hyper_diffusion);

/* ---- By coefficients: sum over j of a_j (sum over axes of the j-th derivative of u) ---- */

static tx_status add_simple(tx_equation *e, tx_error *error)
{
    const int64_t order = tx_get_integer(e->section, "order");
    double *difficulties;
    TX_TRY(tx_allocate_array((size_t)order + 1, sizeof *difficulties, error, &difficulties));
    difficulties[order] = tx_number(e, "difficulty");
    const tx_status status = tx_add_coefficients(e, difficulties, (int)order + 1, error);
    tx_free(difficulties);
    return status;
}

static const tx_option general_options[] = {
    TX_OPTION_NUMBERS("linear_coefficients", "[0.0, -0.1, 0.01]", "of the derivatives of order 0, 1, …"), TX_OPTIONS_DOMAIN, {0}};
static const tx_option normalized_options[] = {
    TX_OPTION_NUMBERS("normalized_linear_coefficients", "[0.0, -0.5, 0.01]", "of the derivatives of order 0, 1, …"),
    TX_OPTIONS_SPACE,
    {0}};
static const tx_option difficulty_options[] = {
    TX_OPTION_NUMBERS("linear_difficulties", "[0.0, -2.0]", "of the derivatives of order 0, 1, …"), TX_OPTIONS_SPACE, {0}};
static const tx_option simple_options[] = {
    TX_OPTION_NUMBER("difficulty", "-2.0", "of the one derivative"),
    {.name = "order", .type = TX_TYPE_INTEGER, .initial = "1", .unit = "", .maximum = 100, .text = "of the one derivative"},
    TX_OPTIONS_SPACE,
    {0}};

static const tx_spectral_class general = LINEAR(tx_add_general_linear, .linear = "linear_coefficients"),
                               normalized = LINEAR(tx_add_general_linear, .linear = "normalized_linear_coefficients"),
                               difficulty = LINEAR(tx_add_general_linear, .linear = "linear_difficulties", .difficulties = true),
                               simple = LINEAR(add_simple, .difficulties = true);

const tx_component tx_stepper_general_linear = TX_STEPPER(
    "general_linear_stepper", "linear, by the coefficients of its derivatives, exact in time", general_options, &general);
const tx_component tx_stepper_normalized_linear =
    TX_STEPPER("normalized_linear_stepper", "general_linear_stepper with domain_extent and dt 1", normalized_options, &normalized);
const tx_component tx_stepper_difficulty_linear =
    TX_STEPPER("difficulty_linear_stepper", "normalized_linear_stepper by difficulties", difficulty_options, &difficulty);
const tx_component tx_stepper_difficulty_linear_simple =
    TX_STEPPER("difficulty_linear_stepper_simple", "difficulty_linear_stepper with one derivative", simple_options, &simple);
const tx_component tx_stepper_diffulty_linear_simple =
    TX_STEPPER("diffulty_linear_stepper_simple", "difficulty_linear_stepper_simple as Exponax spells it", simple_options, &simple);

/* ---- Without time ---- */

static tx_status build_poisson(tx_equation *e, tx_error *error)
{
    const int64_t order = tx_get_integer(e->section, "order");
    if (order % 2) {
        return tx_section_error(e->section, "order", error, TX_INVALID, "%ld is odd", (long)order);
    }
    for (int64_t k = 0; k < e->modes; k++) {
        const tx_mode l = tx_derivatives(e, k, NULL, (int)order);
        e->linear[k] = l == 0 ? 0 : -1 / l;
    }
    return TX_OK;
}

static const tx_option poisson_options[] = {
    {.name = "order", .type = TX_TYPE_INTEGER, .initial = "2", .unit = "", .maximum = 100, .text = "of the derivatives, even"},
    TX_OPTION_EXTENT,
    TX_OPTIONS_SPACE,
    {0}};

static const tx_spectral_class poisson = {.stepper = TX_SPECTRAL_STEPPER, .build = build_poisson, .direct = true};
const tx_component tx_stepper_poisson =
    TX_STEPPER("poisson", "next u of -(second derivatives of next u) = u, with mean 0", poisson_options, &poisson);
