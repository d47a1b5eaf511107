/* Reactions that are a polynomial of u: Fisher and KPP, Allen and Cahn, Swift and Hohenberg, and by coefficients. */
#include "physics/spectral.h"

/* Sum over k of number[k] u^k, but for k = 0 as powers as they come. */
static tx_node polynomial(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const tx_node u = tx_equation_field(e, graph, 0, h);
    tx_node power = u, sum = TX_NONE;
    for (int k = 1; k < e->num_numbers; k++) {
        power = k > 1 ? tx_multiply(graph, power, u) : u;
        sum = e->number[k] == 0 ? sum : tx_plus(graph, sum, e->number[k], power);
    }
    if (e->number[0] != 0) {
        sum = tx_plus(graph, sum, 1, tx_everywhere(graph, e->number[0], e->shape));
    }
    return tx_rfftn(graph, sum);
}

/* That of the lowest power which there is becomes the scale of all: where it is the only one, it costs nothing. */
static tx_status add_polynomial(tx_equation *e, const char *name, const double *given, int count, tx_error *error)
{
    while (count && given[count - 1] == 0) {
        count--;
    }
    if (count > TX_MOST_COEFFICIENTS) {
        return tx_section_error(e->section, name, error, TX_INVALID, "more than %d coefficients", TX_MOST_COEFFICIENTS);
    }
    if (!count) {
        return TX_OK;
    }
    e->nonlinear = polynomial;
    int lowest = count > 1;
    while (given[lowest] == 0) {
        lowest++;
    }
    e->scale = given[lowest];
    e->num_numbers = count;
    for (int k = 0; k < count; k++) {
        e->number[k] = given[k] / e->scale;
    }
    return tx_keep(e, 0, NULL, error);
}

static tx_status add_option(tx_equation *e, const char *name, tx_error *error)
{
    const double *given;
    const int count = tx_get_reals(e->section, name, &given);
    return add_polynomial(e, name, given, count, error);
}

static tx_status build_fisher_kpp(tx_equation *e, tx_error *error)
{
    const double r = tx_number(e, "reactivity");
    for (int64_t k = 0; k < e->modes; k++) {
        e->linear[k] = tx_number(e, "diffusivity") * tx_laplacian(e, k) + r;
    }
    return add_polynomial(e, NULL, (const double[]){0, 0, -r}, 3, error);
}

static tx_status build_allen_cahn(tx_equation *e, tx_error *error)
{
    for (int64_t k = 0; k < e->modes; k++) {
        e->linear[k] = tx_number(e, "diffusivity") * tx_laplacian(e, k) + tx_number(e, "first_order_coefficient");
    }
    return add_polynomial(e, NULL, (const double[]){0, 0, 0, tx_number(e, "third_order_coefficient")}, 4, error);
}

static tx_status build_swift_hohenberg(tx_equation *e, tx_error *error)
{
    for (int64_t k = 0; k < e->modes; k++) {
        const tx_mode inner = tx_number(e, "critical_number") + tx_laplacian(e, k);
        e->linear[k] = tx_number(e, "reactivity") - inner * inner;
    }
    return add_option(e, "polynomial_coefficients", error);
}

static tx_status build_general(tx_equation *e, tx_error *error)
{
    TX_TRY(tx_add_general_linear(e, error));
    return add_option(e, tx_equation_class(e)->nonlinear, error);
}

/* ---- Components ---- */

#define POLYNOMIAL(BUILD, ...)                                                                                                     \
    {                                                                                                                              \
        .stepper = TX_SPECTRAL_STEPPER, .build = BUILD, .channels = 1, __VA_ARGS__                                                 \
    }

static const tx_option fisher_kpp_options[] = {TX_OPTION_NUMBER("diffusivity", "0.01", "of the second derivatives"),
                                               TX_OPTION_NUMBER("reactivity", "1.0", "of u (1 - u)"),
                                               TX_OPTIONS_DOMAIN,
                                               TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
                                               {0}};
static const tx_option allen_cahn_options[] = {TX_OPTION_NUMBER("diffusivity", "0.005", "of the second derivatives"),
                                               TX_OPTION_NUMBER("first_order_coefficient", "1.0", "of u"),
                                               TX_OPTION_NUMBER("third_order_coefficient", "-1.0", "of u^3"),
                                               TX_OPTIONS_DOMAIN,
                                               TX_OPTIONS_ETDRK("0.5"),
                                               {0}};
static const tx_option swift_hohenberg_options[] = {
    TX_OPTION_NUMBER("reactivity", "0.7", "r in r u - (critical_number + Laplacian)^2 u"),
    TX_OPTION_NUMBER("critical_number", "1.0", "what is added to the Laplacian"),
    TX_OPTION_NUMBERS("polynomial_coefficients", "[0.0, 0.0, 1.0, -1.0]", "of u^0, u^1, …"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK("0.5"),
    {0}};
static const tx_option general_options[] = {
    TX_OPTION_NUMBERS("linear_coefficients", "[10.0, 0.0, 1.0]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBERS("polynomial_coefficients", "[0.0, 0.0, -10.0]", "of u^0, u^1, …"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option normalized_options[] = {
    TX_OPTION_NUMBERS("normalized_linear_coefficients", "[0.01, 0.0, 0.00001]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBERS("normalized_polynomial_coefficients", "[0.0, 0.0, -0.01]", "of u^0, u^1, …"),
    TX_OPTIONS_SPACE,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option difficulty_options[] = {
    TX_OPTION_NUMBERS("linear_difficulties", "[0.01, 0.0, 0.04608]", "of the derivatives of order 0, 1, …"),
    TX_OPTION_NUMBERS("polynomial_difficulties", "[0.0, 0.0, -0.01]", "of u^0, u^1, …"),
    TX_OPTIONS_SPACE,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};

static const tx_spectral_class fisher_kpp = POLYNOMIAL(build_fisher_kpp), allen_cahn = POLYNOMIAL(build_allen_cahn),
                               swift_hohenberg = POLYNOMIAL(build_swift_hohenberg),
                               general = POLYNOMIAL(build_general, .linear = "linear_coefficients",
                                                    .nonlinear = "polynomial_coefficients"),
                               normalized = POLYNOMIAL(build_general, .linear = "normalized_linear_coefficients",
                                                       .nonlinear = "normalized_polynomial_coefficients"),
                               difficulty = POLYNOMIAL(build_general, .linear = "linear_difficulties",
                                                       .nonlinear = "polynomial_difficulties", .difficulties = true);

const tx_component tx_stepper_fisher_kpp =
    TX_STEPPER("fisher_kpp", "the Fisher-KPP equation, logistic growth that diffuses", fisher_kpp_options, &fisher_kpp);
const tx_component tx_stepper_allen_cahn =
    TX_STEPPER("allen_cahn", "the Allen-Cahn equation of phases", allen_cahn_options, &allen_cahn);
const tx_component tx_stepper_swift_hohenberg =
    TX_STEPPER("swift_hohenberg", "the Swift-Hohenberg equation of patterns", swift_hohenberg_options, &swift_hohenberg);
const tx_component tx_stepper_general_polynomial =
    TX_STEPPER("general_polynomial_stepper", "a polynomial with any linear terms", general_options, &general);
const tx_component tx_stepper_normalized_polynomial = TX_STEPPER(
    "normalized_polynomial_stepper", "general_polynomial_stepper with domain_extent and dt 1", normalized_options, &normalized);
const tx_component tx_stepper_difficulty_polynomial =
    TX_STEPPER("difficulty_polynomial_stepper", "normalized_polynomial_stepper by difficulties", difficulty_options, &difficulty);
