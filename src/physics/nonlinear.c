/* Three quadratic terms of one channel by their coefficients b: N(u) = b_0 u^2 + b_1 / 2 (sum of derivatives of u^2) + b_2 / 2
 * |grad u|^2 without its mean. Those that are 0 cost nothing. */
#include "physics/spectral.h"

enum { LOW, OF_SQUARE, OF_NORM, DERIVATIVES }; /* tables: what is kept of u, the modes' factors of either term, derivatives */

static tx_node terms(const tx_equation *e, tx_graph *graph, tx_node h)
{
    tx_node sum = TX_NONE, norm = TX_NONE;
    if (e->table[OF_SQUARE]) {
        const tx_node u = tx_equation_field(e, graph, LOW, h);
        sum = tx_equation_times(e, graph, OF_SQUARE, tx_rfftn(graph, tx_multiply(graph, u, u)));
    }
    for (int axis = 0; e->table[OF_NORM] && axis < e->shape.axes; axis++) {
        const tx_node slope = tx_equation_field(e, graph, DERIVATIVES + axis, h);
        norm = tx_plus(graph, norm, 1, tx_multiply(graph, slope, slope));
    }
    return norm < 0 ? sum : tx_plus(graph, sum, 1, tx_equation_times(e, graph, OF_NORM, tx_rfftn(graph, norm)));
}

static tx_status add_square(tx_equation *e, double b0, double b1, tx_error *error)
{
    TX_TRY(tx_keep(e, LOW, NULL, error));
    TX_TRY(tx_equation_table(e, 1, error, &e->table[OF_SQUARE]));
    for (int64_t k = 0; k < e->modes; k++) {
        e->table[OF_SQUARE][k] = b0 + b1 / 2 * tx_derivatives(e, k, NULL, 1);
    }
    return TX_OK;
}

static tx_status add_norm(tx_equation *e, double b2, tx_error *error)
{
    for (int axis = 0; axis < e->shape.axes; axis++) {
        TX_TRY(tx_keep(e, DERIVATIVES + axis, e->d[axis], error));
    }
    TX_TRY(tx_equation_table(e, 1, error, &e->table[OF_NORM]));
    for (int64_t k = 1; k < e->modes; k++) {
        e->table[OF_NORM][k] = b2 / 2;
    }
    return TX_OK;
}

static tx_status build(tx_equation *e, tx_error *error)
{
    const double *given;
    TX_TRY(tx_add_general_linear(e, error));
    TX_TRY(tx_exactly(e, tx_equation_class(e)->nonlinear, 3, error, &given));
    const double b0 = given[0], b1 = tx_general_scale(e, given[1], 1), b2 = tx_general_scale(e, given[2], 2);
    e->nonlinear = b0 != 0 || b1 != 0 || b2 != 0 ? terms : NULL;
    TX_TRY(b0 != 0 || b1 != 0 ? add_square(e, b0, b1, error) : TX_OK);
    return b2 != 0 ? add_norm(e, b2, error) : TX_OK;
}

#define NONLINEAR(...)                                                                                                             \
    {                                                                                                                              \
        .stepper = TX_SPECTRAL_STEPPER, .build = build, .channels = 1, __VA_ARGS__                                                 \
    }
#define TERMS "of u^2, of the sum of derivatives of u^2 / 2, of |grad u|^2 / 2"

static const tx_option general_options[] = {
    TX_OPTION_NUMBERS("linear_coefficients", "[0.0, 0.0, 0.01]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBERS("nonlinear_coefficients", "[0.0, -1.0, 0.0]", TERMS),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option normalized_options[] = {
    TX_OPTION_NUMBERS("normalized_linear_coefficients", "[0.0, 0.0, 0.01]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBERS("normalized_nonlinear_coefficients", "[0.0, -0.1, 0.0]", TERMS),
    TX_OPTIONS_SPACE,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option difficulty_options[] = {
    TX_OPTION_NUMBERS("linear_difficulties", "[0.0, 0.0, 46.08]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBERS("nonlinear_difficulties", "[0.0, -4.8, 0.0]", TERMS),
    TX_OPTION_MAXIMUM,
    TX_OPTIONS_SPACE,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};

static const tx_spectral_class general = NONLINEAR(.linear = "linear_coefficients", .nonlinear = "nonlinear_coefficients"),
                               normalized = NONLINEAR(.linear = "normalized_linear_coefficients",
                                                      .nonlinear = "normalized_nonlinear_coefficients"),
                               difficulty = NONLINEAR(.linear = "linear_difficulties", .nonlinear = "nonlinear_difficulties",
                                                      .difficulties = true);

const tx_component tx_stepper_general_nonlinear =
    TX_STEPPER("general_nonlinear_stepper", "three quadratic terms with any linear ones", general_options, &general);
const tx_component tx_stepper_normalized_nonlinear = TX_STEPPER(
    "normalized_nonlinear_stepper", "general_nonlinear_stepper with domain_extent and dt 1", normalized_options, &normalized);
const tx_component tx_stepper_difficulty_nonlinear =
    TX_STEPPER("difficulty_nonlinear_stepper", "normalized_nonlinear_stepper by difficulties", difficulty_options, &difficulty);
