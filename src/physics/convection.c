/* Convection: Burgers, Korteweg and de Vries, Kuramoto and Sivashinsky in conservative form, and by coefficients. N(u) is, b the
 * scale, -b u . grad u or, conservative, -b / 2 div(u u) of as many channels as axes; of a single channel -b u (sum of derivatives
 * of u) or -b / 2 (sum of derivatives of u^2). */
#include "physics/spectral.h"

enum { LOW, DERIVATIVES }; /* tables: 1 or d where modes are kept; of a conservative form d itself, along all axes */

/* ---- F ---- */

static tx_node square(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const tx_node u = tx_equation_field(e, graph, LOW, h);
    return tx_rfftn(graph, tx_multiply(graph, u, u));
}

static tx_node advected(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const tx_node u = tx_equation_field(e, graph, LOW, h), slope = tx_equation_field(e, graph, DERIVATIVES, h);
    return tx_rfftn(graph, tx_multiply(graph, u, slope));
}

static tx_node stack(tx_graph *graph, tx_node above, tx_node below)
{
    return above < 0 ? below : tx_concatenate(graph, above, below);
}

/* Sum over c of u_c P(d_c h). */
static tx_node advected_by_all(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const tx_node u = tx_equation_field(e, graph, LOW, h);
    tx_node slopes[TX_MAX_AXES], all = TX_NONE;
    for (int c = 0; c < e->shape.axes; c++) {
        slopes[c] = tx_equation_field(e, graph, DERIVATIVES + c, h);
    }
    for (int a = 0; a < e->shape.axes; a++) {
        tx_node sum = TX_NONE;
        for (int c = 0; c < e->shape.axes; c++) {
            sum = tx_plus(graph, sum, 1, tx_multiply(graph, tx_channel(graph, u, c), tx_channel(graph, slopes[c], a)));
        }
        all = stack(graph, all, sum);
    }
    return tx_rfftn(graph, all);
}

/* Sum over c of d_c fft(u_c u_a): each product once. */
static tx_node divergence(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const int axes = e->shape.axes;
    const tx_node u = tx_equation_field(e, graph, LOW, h);
    tx_node products = TX_NONE, all = TX_NONE;
    int at[TX_MAX_AXES][TX_MAX_AXES], count = 0;
    for (int a = 0; a < axes; a++) {
        for (int c = a; c < axes; c++) {
            products = stack(graph, products, tx_multiply(graph, tx_channel(graph, u, a), tx_channel(graph, u, c)));
            at[a][c] = at[c][a] = count++;
        }
    }
    const tx_node modes = tx_rfftn(graph, products);
    for (int a = 0; a < axes; a++) {
        tx_node sum = TX_NONE;
        for (int c = 0; c < axes; c++) {
            sum = tx_plus(graph, sum, 1, tx_equation_times(e, graph, DERIVATIVES + c, tx_channel(graph, modes, at[a][c])));
        }
        all = stack(graph, all, sum);
    }
    return all;
}

/* ---- Equations ---- */

static tx_status sum_derivatives(tx_equation *e, tx_error *error, tx_mode **out)
{
    TX_TRY(tx_equation_table(e, 1, error, out));
    for (int64_t k = 0; k < e->modes; k++) {
        (*out)[k] = tx_derivatives(e, k, NULL, 1);
    }
    return TX_OK;
}

static tx_status add_single(tx_equation *e, bool conservative, tx_error *error)
{
    tx_mode *sum;
    TX_TRY(sum_derivatives(e, error, &sum));
    e->nonlinear = conservative ? square : advected;
    e->outer = conservative ? sum : NULL;
    return conservative ? TX_OK : tx_keep(e, DERIVATIVES, sum, error);
}

static tx_status add_multiple(tx_equation *e, bool conservative, tx_error *error)
{
    e->nonlinear = conservative ? divergence : advected_by_all;
    for (int c = 0; c < e->shape.axes; c++) {
        e->table[DERIVATIVES + c] = e->d[c];
        TX_TRY(conservative ? TX_OK : tx_keep(e, DERIVATIVES + c, e->d[c], error));
    }
    return TX_OK;
}

static tx_status add_convection(tx_equation *e, double scale, tx_error *error)
{
    const bool conservative = tx_get_boolean(e->section, "conservative");
    if (scale == 0) {
        return TX_OK;
    }
    e->scale = conservative ? -scale / 2 : -scale;
    TX_TRY(tx_keep(e, LOW, NULL, error));
    return e->shape.channels == 1 ? add_single(e, conservative, error) : add_multiple(e, conservative, error);
}

static tx_status build_burgers(tx_equation *e, tx_error *error)
{
    tx_add_linear(e, (const double[]){0, 0, tx_number(e, "diffusivity")}, 3);
    return add_convection(e, tx_number(e, "convection_scale"), error);
}

static tx_status build_korteweg_de_vries(tx_equation *e, tx_error *error)
{
    const bool advect = tx_get_boolean(e->section, "advect_over_diffuse"),
               diffuse = tx_get_boolean(e->section, "diffuse_over_diffuse");
    const double nu = tx_number(e, "diffusivity"), s = tx_number(e, "dispersivity"), h = tx_number(e, "hyper_diffusivity");
    for (int64_t k = 0; k < e->modes; k++) {
        const tx_mode lap = tx_laplacian(e, k);
        const tx_mode third = advect ? tx_derivatives(e, k, NULL, 1) * lap : tx_derivatives(e, k, NULL, 3);
        const tx_mode fourth = diffuse ? lap * lap : tx_derivatives(e, k, NULL, 4);
        e->linear[k] = nu * lap - s * third - h * fourth;
    }
    return add_convection(e, tx_number(e, "convection_scale"), error);
}

static tx_status build_kuramoto_sivashinsky(tx_equation *e, tx_error *error)
{
    tx_add_linear(e, (const double[]){0, 0, -tx_number(e, "second_order_scale"), 0, -tx_number(e, "fourth_order_scale")}, 5);
    return add_convection(e, tx_number(e, "convection_scale"), error);
}

static tx_status build_general(tx_equation *e, tx_error *error)
{
    TX_TRY(tx_add_general_linear(e, error));
    return add_convection(e, tx_general_scale(e, tx_number(e, tx_equation_class(e)->nonlinear), 1), error);
}

/* ---- Components ---- */

#define CONVECTION(BUILD, ...)                                                                                                     \
    {                                                                                                                              \
        .stepper = TX_SPECTRAL_STEPPER, .build = BUILD, .channels = TX_AS_AXES, __VA_ARGS__                                        \
    }
#define KIND(CONSERVATIVE)                                                                                                         \
    TX_OPTION_FLAG("single_channel", "false", "states of one channel instead of one for each axis"),                               \
        TX_OPTION_FLAG("conservative", CONSERVATIVE, "the divergence of products instead of products with gradients")

static const tx_option burgers_options[] = {TX_OPTION_NUMBER("diffusivity", "0.1", "of the second derivatives"),
                                            TX_OPTION_NUMBER("convection_scale", "1.0", "of u . grad u"),
                                            KIND("false"),
                                            TX_OPTIONS_DOMAIN,
                                            TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
                                            {0}};
static const tx_option korteweg_de_vries_options[] = {
    TX_OPTION_NUMBER("convection_scale", "-6.0", "of u . grad u"),
    TX_OPTION_NUMBER("diffusivity", "0.0", "of the second derivatives"),
    TX_OPTION_NUMBER("dispersivity", "1.0", "of the third derivatives"),
    TX_OPTION_NUMBER("hyper_diffusivity", "0.01", "of the fourth derivatives"),
    TX_OPTION_FLAG("advect_over_diffuse", "false", "the gradient of the Laplacian instead of third derivatives along axes"),
    TX_OPTION_FLAG("diffuse_over_diffuse", "false", "the Laplacian of the Laplacian instead of fourth derivatives along axes"),
    KIND("false"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option kuramoto_sivashinsky_options[] = {
    TX_OPTION_NUMBER("convection_scale", "1.0", "of u . grad u"),
    TX_OPTION_NUMBER("second_order_scale", "1.0", "of the second derivatives, which feed"),
    TX_OPTION_NUMBER("fourth_order_scale", "1.0", "of the fourth derivatives, which damp"),
    KIND("true"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option general_options[] = {
    TX_OPTION_NUMBERS("linear_coefficients", "[0.0, 0.0, 0.01]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBER("convection_scale", "1.0", "of u . grad u"),
    KIND("false"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option normalized_options[] = {
    TX_OPTION_NUMBERS("normalized_linear_coefficients", "[0.0, 0.0, 0.001]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBER("normalized_convection_scale", "0.1", "of u . grad u"),
    KIND("false"),
    TX_OPTIONS_SPACE,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option difficulty_options[] = {
    TX_OPTION_NUMBERS("linear_difficulties", "[0.0, 0.0, 4.5]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBER("convection_difficulty", "5.0", "of u . grad u"),
    TX_OPTION_MAXIMUM,
    KIND("false"),
    TX_OPTIONS_SPACE,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};

static const tx_spectral_class burgers = CONVECTION(build_burgers), korteweg_de_vries = CONVECTION(build_korteweg_de_vries),
                               kuramoto_sivashinsky = CONVECTION(build_kuramoto_sivashinsky),
                               general =
                                   CONVECTION(build_general, .linear = "linear_coefficients", .nonlinear = "convection_scale"),
                               normalized = CONVECTION(build_general, .linear = "normalized_linear_coefficients",
                                                       .nonlinear = "normalized_convection_scale"),
                               difficulty = CONVECTION(build_general, .linear = "linear_difficulties",
                                                       .nonlinear = "convection_difficulty", .difficulties = true);

const tx_component tx_stepper_burgers = TX_STEPPER("burgers", "Burgers' equation", burgers_options, &burgers);
const tx_component tx_stepper_korteweg_de_vries =
    TX_STEPPER("korteweg_de_vries", "the Korteweg-de Vries equation", korteweg_de_vries_options, &korteweg_de_vries);
const tx_component tx_stepper_kuramoto_sivashinsky_conservative =
    TX_STEPPER("kuramoto_sivashinsky_conservative", "the Kuramoto-Sivashinsky equation with a convection",
               kuramoto_sivashinsky_options, &kuramoto_sivashinsky);
const tx_component tx_stepper_general_convection =
    TX_STEPPER("general_convection_stepper", "convection with any linear terms", general_options, &general);
const tx_component tx_stepper_normalized_convection = TX_STEPPER(
    "normalized_convection_stepper", "general_convection_stepper with domain_extent and dt 1", normalized_options, &normalized);
const tx_component tx_stepper_difficulty_convection =
    TX_STEPPER("difficulty_convection_stepper", "normalized_convection_stepper by difficulties", difficulty_options, &difficulty);
