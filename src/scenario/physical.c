/* phy_…: coefficients, domain and time step as they are. */
#include "scenario/scenario.h"

/* clang-format off */
#define A_COEFS(...) {.argument = "linear_coefficients", .of = {__VA_ARGS__}, .orders = true}
#define ALL_A_COEFS {.argument = "linear_coefficients", .of = {"a_coefs"}}
#define B_COEFS(...) {.argument = "nonlinear_coefficients", .of = {__VA_ARGS__}, .orders = true, .length = 3}
#define LINEAR(...) .stepper = "general_linear_stepper", TX_ROWS(__VA_ARGS__, TX_ROW_TIME)
#define CONVECTION(...)                                                                                                            \
    .stepper = "general_convection_stepper", .channels = TX_AS_CHANNELS,                                                           \
    TX_ROWS(__VA_ARGS__, TX_ROW_TIME, {.argument = "convection_scale", .of = {"convection_coef"}, .negative = true},               \
            TX_ROW("conservative"), TX_ROWS_ETDRK)
#define NONLINEAR(...) .stepper = "general_nonlinear_stepper", TX_ROWS(__VA_ARGS__, TX_ROW_TIME, TX_ROWS_ETDRK)
#define POLYNOMIAL(...) .stepper = "general_polynomial_stepper", TX_ROWS(__VA_ARGS__, TX_ROW_TIME, TX_ROWS_ETDRK)
/* clang-format on */

#define USUAL_TIME TX_OPTION_TIME("1.0", "0.1")
#define ADVECTION(VALUE) TX_OPTION_NUMBER("advection_coef", VALUE, "coefficient of the first derivative")
#define DIFFUSION(VALUE) TX_OPTION_NUMBER("diffusion_coef", VALUE, "coefficient of the second derivative")
#define DISPERSION(VALUE) TX_OPTION_NUMBER("dispersion_coef", VALUE, "coefficient of the third derivative")
#define HYP_DIFFUSION(VALUE) TX_OPTION_NUMBER("hyp_diffusion_coef", VALUE, "coefficient of the fourth derivative")
#define CONVECTION_COEF(VALUE) TX_OPTION_NUMBER("convection_coef", VALUE, "coefficient of the convection, on the right-hand side")
#define CONVECTION_SC(VALUE) TX_OPTION_NUMBER("convection_sc_coef", VALUE, "coefficient of the single-channel convection")
#define NO_A TX_NO_EFFECT("a_coefs")
#define NO_B NO_A, TX_NO_EFFECT("b_coefs")

static const tx_option lin[] = {USUAL_TIME, TX_OPTION_NUMBERS("a_coefs", "[0.0, -0.25, 0.0, 0.0, 0.0]", TX_OF_ORDERS), {0}},
                       lin_simple[] = {USUAL_TIME, NO_A, TX_OPTION_NUMBER("linear_coef", "-0.25", TX_OF_ONE), TX_OPTION_ONE, {0}},
                       adv[] = {USUAL_TIME, NO_A, ADVECTION("-0.25"), {0}}, diff[] = {USUAL_TIME, NO_A, DIFFUSION("0.008"), {0}},
                       adv_diff[] = {USUAL_TIME, NO_A, ADVECTION("-0.25"), DIFFUSION("0.008"), {0}},
                       disp[] = {TX_OPTION_TIME("1.0", "0.001"),
                                 NO_A,
                                 {.name = "dipersion_coef", /* the original's spelling */
                                  .type = TX_TYPE_REAL,
                                  .initial = "0.00025",
                                  .alias = "dispersion_coef",
                                  .text = "coefficient of the third derivative"},
                                 {0}},
                       hyp_diff[] = {TX_OPTION_TIME("1.0", "1.0e-5"),
                                     NO_A,
                                     TX_OPTION_NUMBER("hyper_diffusion_coef", "-7.5e-5", "coefficient of the fourth derivative"),
                                     {0}},
                       four[] = {
                           TX_OPTION_TIME("1.0", "1.0e-5"), NO_A, ADVECTION("-2500.0"), DIFFUSION("80.0"), DISPERSION("0.025"),
                           HYP_DIFFUSION("-7.5e-5"),        {0}};
static const tx_option conv[] = {USUAL_TIME,
                                 TX_OPTION_NUMBERS("a_coefs", "[0.0, 0.0, 0.0003, 0.0, 0.0]", TX_OF_ORDERS),
                                 CONVECTION_COEF("-0.125"),
                                 TX_OPTIONS_CONVECTION,
                                 {0}},
                       burgers[] = {USUAL_TIME, NO_A, CONVECTION_COEF("-0.125"), DIFFUSION("0.0003"), TX_OPTIONS_CONVECTION, {0}},
                       ks_cons[] = {TX_OPTION_TIME("60.0", "0.1"),
                                    NO_A,
                                    CONVECTION_COEF("-3.6"),
                                    DIFFUSION("-1.44"),
                                    HYP_DIFFUSION("-0.4"),
                                    TX_OPTIONS_CONVECTION,
                                    TX_OPTIONS_CHAOTIC("[-2.5, 2.5]"),
                                    {0}};
static const tx_option nonlin[] = {USUAL_TIME,
                                   TX_OPTION_NUMBERS("a_coefs", "[0.0, 0.0, 0.0003, 0.0, 0.0]", TX_OF_ORDERS),
                                   TX_OPTION_NUMBERS("b_coefs", "[0.0, -0.125, 0.0]", TX_OF_TERMS),
                                   TX_OPTIONS_NONLINEAR,
                                   {0}},
                       burgers_sc[] = {USUAL_TIME, NO_B, CONVECTION_SC("-0.125"), DIFFUSION("0.0003"), TX_OPTIONS_NONLINEAR, {0}},
                       kdv[] =
                           {TX_OPTION_TIME("50.0", "0.1"), NO_B, CONVECTION_SC("-6.0"), DISPERSION("-1.0"), HYP_DIFFUSION("-0.125"),
                            TX_OPTIONS_NONLINEAR,          {0}},
                       ks[] = {TX_OPTION_TIME("60.0", "0.1"),
                               NO_B,
                               TX_OPTION_NUMBER("gradient_norm_coef", "-1.0", "coefficient of the gradient norm"),
                               DIFFUSION("-1.0"),
                               HYP_DIFFUSION("-1.0"),
                               TX_OPTIONS_NONLINEAR,
                               TX_OPTIONS_CHAOTIC("[-6.5, 6.5]"),
                               {0}};
static const tx_option poly[] = {TX_OPTION_TIME("1.0", "0.001"),
                                 TX_OPTION_NUMBERS("a_coefs", "[0.02, 0.0, 4.0e-6, 0.0, 0.0]", TX_OF_ORDERS),
                                 TX_OPTION_NUMBERS("poly_coefs", "[0.0, 0.0, -0.02]", "of u^0, u^1, …"),
                                 TX_OPTIONS_NONLINEAR,
                                 {0}},
                       fisher[] = {TX_OPTION_TIME("1.0", "0.001"),
                                   NO_A,
                                   TX_NO_EFFECT("poly_coefs"),
                                   TX_OPTION_NUMBER("drag_coef", "20.0", "coefficient of u"),
                                   DIFFUSION("0.004"),
                                   TX_OPTION_NUMBER("quadratic_coef", "-20.0", "coefficient of u^2"),
                                   TX_OPTION_STARTS_CLAMPED,
                                   TX_OPTIONS_NONLINEAR,
                                   {0}};

const tx_component tx_scenario_phy_lin =
    TX_SCENARIO("phy_lin", "linear derivatives", lin, .column = "phy_lin_", .suffix = "*", LINEAR(ALL_A_COEFS));
const tx_component tx_scenario_phy_lin_simple =
    TX_SCENARIO("phy_lin_simple", "one linear derivative", lin_simple, .column = "phy_lin_", .suffix = "*",
                LINEAR({.argument = "linear_coefficients", .of = {"linear_coef"}, .at = "linear_term_order"}));
const tx_component tx_scenario_phy_adv =
    TX_SCENARIO("phy_adv", "advection", adv, .column = "phy_adv", LINEAR(A_COEFS([1] = "advection_coef")));
const tx_component tx_scenario_phy_diff =
    TX_SCENARIO("phy_diff", "diffusion", diff, .column = "phy_diff", LINEAR(A_COEFS([2] = "diffusion_coef")));
const tx_component tx_scenario_phy_adv_diff =
    TX_SCENARIO("phy_adv_diff", "advection and diffusion", adv_diff, .column = "phy_adv_diff",
                LINEAR(A_COEFS([1] = "advection_coef", [2] = "diffusion_coef")));
const tx_component tx_scenario_phy_disp =
    TX_SCENARIO("phy_disp", "dispersion", disp, .column = "phy_disp", LINEAR(A_COEFS([3] = "dipersion_coef")));
const tx_component tx_scenario_phy_hyp_diff = TX_SCENARIO("phy_hyp_diff", "hyper-diffusion", hyp_diff, .column = "phy_hyp_diff",
                                                          LINEAR(A_COEFS([4] = "hyper_diffusion_coef")));
const tx_component tx_scenario_phy_four = TX_SCENARIO(
    "phy_four", "the first four derivatives", four, .column = "phy_four",
    LINEAR(A_COEFS([1] = "advection_coef", [2] = "diffusion_coef", [3] = "dispersion_coef", [4] = "hyp_diffusion_coef")));

const tx_component tx_scenario_phy_conv = TX_SCENARIO("phy_conv", "convection with linear derivatives", conv, .column = "phy_conv_",
                                                      .suffix = "*", CONVECTION(ALL_A_COEFS));
const tx_component tx_scenario_phy_burgers =
    TX_SCENARIO("phy_burgers", "Burgers", burgers, .column = "phy_burgers", CONVECTION(A_COEFS([2] = "diffusion_coef")));
const tx_component tx_scenario_phy_ks_cons =
    TX_SCENARIO("phy_ks_cons", "Kuramoto-Sivashinsky, conservative", ks_cons, .column = "phy_ks_conservative", .dims = {1, 1},
                CONVECTION(A_COEFS([2] = "diffusion_coef", [4] = "hyp_diffusion_coef")));

const tx_component tx_scenario_phy_nonlin =
    TX_SCENARIO("phy_nonlin", "three quadratic terms with linear derivatives", nonlin, .column = "phy_nonlin",
                NONLINEAR(ALL_A_COEFS, {.argument = "nonlinear_coefficients", .of = {"b_coefs"}, .length = 3}));
const tx_component tx_scenario_phy_burgers_sc =
    TX_SCENARIO("phy_burgers_sc", "Burgers of a single channel", burgers_sc, .column = "phy_burgers_sc",
                NONLINEAR(A_COEFS([2] = "diffusion_coef"), B_COEFS([1] = "convection_sc_coef")));
const tx_component tx_scenario_phy_kdv =
    TX_SCENARIO("phy_kdv", "Korteweg-de Vries", kdv, .column = "phy_kdv",
                NONLINEAR(A_COEFS([3] = "dispersion_coef", [4] = "hyp_diffusion_coef"), B_COEFS([1] = "convection_sc_coef")));
const tx_component tx_scenario_phy_ks =
    TX_SCENARIO("phy_ks", "Kuramoto-Sivashinsky", ks, .column = "phy_ks",
                NONLINEAR(A_COEFS([2] = "diffusion_coef", [4] = "hyp_diffusion_coef"), B_COEFS([2] = "gradient_norm_coef")));
const tx_component tx_scenario_phy_poly =
    TX_SCENARIO("phy_poly", "a polynomial with linear derivatives", poly, .column = "phy_poly",
                POLYNOMIAL(ALL_A_COEFS, {.argument = "polynomial_coefficients", .of = {"poly_coefs"}}));
const tx_component tx_scenario_phy_fisher =
    TX_SCENARIO("phy_fisher", "Fisher-KPP", fisher, .column = "phy_fisher",
                POLYNOMIAL(A_COEFS([0] = "drag_coef", [2] = "diffusion_coef"),
                           {.argument = "polynomial_coefficients", .of = {[2] = "quadratic_coef"}, .orders = true, .length = 3}));
