/* Gradient norms: the Kuramoto-Sivashinsky equation in combustion form, and by coefficients. N(u) is, b the scale, -b / 2 |grad
 * u|^2 without its mean. */
#include "physics/spectral.h"

static tx_node squares(const tx_equation *e, tx_graph *graph, tx_node h)
{
    tx_node sum = TX_NONE;
    for (int axis = 0; axis < e->shape.axes; axis++) {
        const tx_node slope = tx_equation_field(e, graph, axis, h);
        sum = tx_plus(graph, sum, 1, tx_multiply(graph, slope, slope));
    }
    return tx_rfftn(graph, sum);
}

static tx_status add_gradient_norm(tx_equation *e, double scale, tx_error *error)
{
    if (scale == 0) {
        return TX_OK;
    }
    e->nonlinear = squares;
    e->scale = -scale / 2;
    for (int axis = 0; axis < e->shape.axes; axis++) {
        TX_TRY(tx_keep(e, axis, e->d[axis], error));
    }
    TX_TRY(tx_equation_table(e, 1, error, &e->outer));
    for (int64_t k = 1; k < e->modes; k++) {
        e->outer[k] = 1; /* the mean stays 0 */
    }
    return TX_OK;
}

static tx_status build_kuramoto_sivashinsky(tx_equation *e, tx_error *error)
{
    tx_add_linear(e, (const double[]){0, 0, -tx_number(e, "second_order_scale"), 0, -tx_number(e, "fourth_order_scale")}, 5);
    return add_gradient_norm(e, tx_number(e, "gradient_norm_scale"), error);
}

static tx_status build_general(tx_equation *e, tx_error *error)
{
    TX_TRY(tx_add_general_linear(e, error));
    return add_gradient_norm(e, tx_general_scale(e, tx_number(e, tx_equation_class(e)->nonlinear), 2), error);
}

#define GRADIENT_NORM(BUILD, ...)                                                                                                  \
    {                                                                                                                              \
        .stepper = TX_SPECTRAL_STEPPER, .build = BUILD, .channels = 1, __VA_ARGS__                                                 \
    }

static const tx_option kuramoto_sivashinsky_options[] = {
    TX_OPTION_NUMBER("gradient_norm_scale", "1.0", "of |grad u|^2 / 2"),
    TX_OPTION_NUMBER("second_order_scale", "1.0", "of the second derivatives, which feed"),
    TX_OPTION_NUMBER("fourth_order_scale", "1.0", "of the fourth derivatives, which damp"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option general_options[] = {
    TX_OPTION_NUMBERS("linear_coefficients", "[0.0, 0.0, -1.0, 0.0, -1.0]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBER("gradient_norm_scale", "1.0", "of |grad u|^2 / 2"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option normalized_options[] = {
    TX_OPTION_NUMBERS("normalized_linear_coefficients", "[0.0, 0.0, -2.777777777777778e-05, 0.0, -7.71604938271605e-09]",
                      "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBER("normalized_gradient_norm_scale", "2.777777777777778e-05", "of |grad u|^2 / 2"),
    TX_OPTIONS_SPACE,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option difficulty_options[] = {
    TX_OPTION_NUMBERS("linear_difficulties", "[0.0, 0.0, -0.128, 0.0, -0.32768]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBER("gradient_norm_difficulty", "0.064", "of |grad u|^2 / 2"),
    TX_OPTION_MAXIMUM,
    TX_OPTIONS_SPACE,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};

static const tx_spectral_class kuramoto_sivashinsky = GRADIENT_NORM(build_kuramoto_sivashinsky),
                               general = GRADIENT_NORM(build_general, .linear = "linear_coefficients",
                                                       .nonlinear = "gradient_norm_scale"),
                               normalized = GRADIENT_NORM(build_general, .linear = "normalized_linear_coefficients",
                                                          .nonlinear = "normalized_gradient_norm_scale"),
                               difficulty = GRADIENT_NORM(build_general, .linear = "linear_difficulties",
                                                          .nonlinear = "gradient_norm_difficulty", .difficulties = true);

const tx_component tx_stepper_kuramoto_sivashinsky =
    TX_STEPPER("kuramoto_sivashinsky", "the Kuramoto-Sivashinsky equation with a gradient norm", kuramoto_sivashinsky_options,
               &kuramoto_sivashinsky);
const tx_component tx_stepper_general_gradient_norm =
    TX_STEPPER("general_gradient_norm_stepper", "a gradient norm with any linear terms", general_options, &general);
const tx_component tx_stepper_normalized_gradient_norm =
    TX_STEPPER("normalized_gradient_norm_stepper", "general_gradient_norm_stepper with domain_extent and dt 1", normalized_options,
               &normalized);
const tx_component tx_stepper_difficulty_gradient_norm = TX_STEPPER(
    "difficulty_gradient_norm_stepper", "normalized_gradient_norm_stepper by difficulties", difficulty_options, &difficulty);
