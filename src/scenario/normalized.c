/* norm_…: coefficients of a domain of extent 1 and time steps of 1. */
#include "scenario/scenario.h"

/* clang-format off */
#define ALPHAS(...)                                                                                                                \
    {.argument = "normalized_linear_coefficients", .of = {__VA_ARGS__}, .orders = true, .scaled = true}
#define ALL_ALPHAS {.argument = "normalized_linear_coefficients", .of = {"alphas"}, .scaled = true}
#define BETAS(...)                                                                                                                 \
    {.argument = "normalized_nonlinear_coefficients", .of = {__VA_ARGS__}, .orders = true, .length = 3, .scaled = true}
#define LINEAR(...) .stepper = "normalized_linear_stepper", TX_ROWS(__VA_ARGS__)
#define CONVECTION(...)                                                                                                            \
    .stepper = "normalized_convection_stepper", .channels = TX_AS_CHANNELS,                                                        \
    TX_ROWS(__VA_ARGS__,                                                                                                           \
            {.argument = "normalized_convection_scale", .of = {"convection_beta"}, .negative = true, .scaled = true},              \
            TX_ROW("conservative"), TX_ROWS_ETDRK)
#define NONLINEAR(...) .stepper = "normalized_nonlinear_stepper", TX_ROWS(__VA_ARGS__, TX_ROWS_ETDRK)
/* clang-format on */

#define ADVECTION TX_OPTION_NUMBER("advection_alpha", "-0.025", "coefficient of the first derivative")
#define DIFFUSION(VALUE) TX_OPTION_NUMBER("diffusion_alpha", VALUE, "coefficient of the second derivative")
#define DISPERSION(VALUE) TX_OPTION_NUMBER("dispersion_alpha", VALUE, "coefficient of the third derivative")
#define HYP_DIFFUSION(VALUE) TX_OPTION_NUMBER("hyp_diffusion_alpha", VALUE, "coefficient of the fourth derivative")
#define CONVECTION_BETA TX_OPTION_NUMBER("convection_beta", "-0.0125", "coefficient of the convection, on the right-hand side")
#define CONVECTION_SC TX_OPTION_NUMBER("convection_sc_beta", "-0.0125", "coefficient of the single-channel convection")
#define NO_ALPHAS TX_NO_EFFECT("alphas")
#define NO_BETAS NO_ALPHAS, TX_NO_EFFECT("betas")

static const tx_option lin[] = {TX_OPTION_NUMBERS("alphas", "[0.0, -0.025, 0.0, 0.0, 0.0]", TX_OF_ORDERS), {0}},
                       lin_simple[] = {NO_ALPHAS, TX_OPTION_NUMBER("linear_alpha", "-0.025", TX_OF_ONE), TX_OPTION_ONE, {0}},
                       adv[] = {NO_ALPHAS, ADVECTION, {0}}, diff[] = {NO_ALPHAS, DIFFUSION("0.0008"), {0}},
                       adv_diff[] = {NO_ALPHAS, ADVECTION, DIFFUSION("0.0008"), {0}},
                       disp[] = {NO_ALPHAS, DISPERSION("2.5e-7"), {0}}, hypdiff[] = {NO_ALPHAS, HYP_DIFFUSION("-7.5e-10"), {0}},
                       four[] = {NO_ALPHAS, ADVECTION, DIFFUSION("0.0008"), DISPERSION("2.5e-7"), HYP_DIFFUSION("-7.5e-10"), {0}};
static const tx_option conv[] = {TX_OPTION_NUMBERS("alphas", "[0.0, 0.0, 3.0e-5, 0.0, 0.0]", TX_OF_ORDERS),
                                 CONVECTION_BETA,
                                 TX_OPTIONS_CONVECTION,
                                 {0}},
                       burgers[] = {NO_ALPHAS, CONVECTION_BETA, DIFFUSION("3.0e-5"), TX_OPTIONS_CONVECTION, {0}},
                       ks_cons[] = {NO_ALPHAS,
                                    CONVECTION_BETA,
                                    TX_OPTION_NUMBER("convection_delta", "-0.006", "of no effect, as in the original"),
                                    DIFFUSION("-4.0e-5"),
                                    HYP_DIFFUSION("-3.0e-8"),
                                    TX_OPTIONS_CONVECTION,
                                    TX_OPTIONS_CHAOTIC("[-2.5, 2.5]"),
                                    {0}};
static const tx_option nonlin[] = {TX_OPTION_NUMBERS("alphas", "[0.0, 0.0, 3.0e-5, 0.0, 0.0]", TX_OF_ORDERS),
                                   TX_OPTION_NUMBERS("betas", "[0.0, -0.0125, 0.0]", TX_OF_TERMS),
                                   TX_OPTIONS_NONLINEAR,
                                   {0}},
                       burgers_sc[] = {NO_BETAS, CONVECTION_SC, DIFFUSION("3.0e-5"), TX_OPTIONS_NONLINEAR, {0}},
                       kdv[] = {NO_BETAS, CONVECTION_SC, DISPERSION("-8.5e-7"), HYP_DIFFUSION("-2.0e-9"), TX_OPTIONS_NONLINEAR,
                                {0}},
                       ks[] = {NO_BETAS,
                               TX_OPTION_NUMBER("gradient_norm_beta", "-0.00025", "coefficient of the gradient norm"),
                               DIFFUSION("-2.5e-5"),
                               HYP_DIFFUSION("-3.0e-9"),
                               TX_OPTIONS_NONLINEAR,
                               TX_OPTIONS_CHAOTIC("[-6.5, 6.5]"),
                               {0}},
                       fisher[] = {NO_BETAS,
                                   TX_OPTION_NUMBER("quadratic_beta", "-0.02", "coefficient of u^2"),
                                   TX_OPTION_NUMBER("drag_alpha", "0.02", "coefficient of u"),
                                   DIFFUSION("4.0e-6"),
                                   TX_OPTION_STARTS_CLAMPED,
                                   TX_OPTIONS_NONLINEAR,
                                   {0}};

const tx_component tx_scenario_norm_lin =
    TX_SCENARIO("norm_lin", "linear derivatives", lin, .column = "norm_lin_", .suffix = "*", LINEAR(ALL_ALPHAS));
const tx_component tx_scenario_norm_lin_simple = TX_SCENARIO(
    "norm_lin_simple", "one linear derivative", lin_simple, .column = "norm_lin_", .suffix = "*",
    LINEAR({.argument = "normalized_linear_coefficients", .of = {"linear_alpha"}, .at = "linear_term_order", .scaled = true}));
const tx_component tx_scenario_norm_adv =
    TX_SCENARIO("norm_adv", "advection", adv, .column = "norm_adv", LINEAR(ALPHAS([1] = "advection_alpha")));
const tx_component tx_scenario_norm_diff =
    TX_SCENARIO("norm_diff", "diffusion", diff, .column = "norm_diff", LINEAR(ALPHAS([2] = "diffusion_alpha")));
const tx_component tx_scenario_norm_adv_diff =
    TX_SCENARIO("norm_adv_diff", "advection and diffusion", adv_diff, .column = "norm_adv_diff",
                LINEAR(ALPHAS([1] = "advection_alpha", [2] = "diffusion_alpha")));
const tx_component tx_scenario_norm_disp =
    TX_SCENARIO("norm_disp", "dispersion", disp, .column = "norm_disp", LINEAR(ALPHAS([3] = "dispersion_alpha")));
const tx_component tx_scenario_norm_hypdiff =
    TX_SCENARIO("norm_hypdiff", "hyper-diffusion", hypdiff, .column = "norm_hyp_diff", LINEAR(ALPHAS([4] = "hyp_diffusion_alpha")));
const tx_component tx_scenario_norm_four = TX_SCENARIO(
    "norm_four", "the first four derivatives", four, .column = "norm_four",
    LINEAR(ALPHAS([1] = "advection_alpha", [2] = "diffusion_alpha", [3] = "dispersion_alpha", [4] = "hyp_diffusion_alpha")));

const tx_component tx_scenario_norm_conv = TX_SCENARIO("norm_conv", "convection with linear derivatives", conv,
                                                       .column = "norm_conv_", .suffix = "*", CONVECTION(ALL_ALPHAS));
const tx_component tx_scenario_norm_burgers =
    TX_SCENARIO("norm_burgers", "Burgers", burgers, .column = "norm_burgers", CONVECTION(ALPHAS([2] = "diffusion_alpha")));
const tx_component tx_scenario_norm_ks_cons =
    TX_SCENARIO("norm_ks_cons", "Kuramoto-Sivashinsky, conservative", ks_cons, .column = "norm_ks_cons", .dims = {1, 1},
                CONVECTION(ALPHAS([2] = "diffusion_alpha", [4] = "hyp_diffusion_alpha")));

const tx_component tx_scenario_norm_nonlin = TX_SCENARIO(
    "norm_nonlin", "three quadratic terms with linear derivatives", nonlin, .column = "norm_nonlin",
    NONLINEAR(ALL_ALPHAS, {.argument = "normalized_nonlinear_coefficients", .of = {"betas"}, .length = 3, .scaled = true}));
const tx_component tx_scenario_norm_burgers_sc =
    TX_SCENARIO("norm_burgers_sc", "Burgers of a single channel", burgers_sc, .column = "norm_burgers_sc",
                NONLINEAR(ALPHAS([2] = "diffusion_alpha"), BETAS([1] = "convection_sc_beta")));
const tx_component tx_scenario_norm_kdv =
    TX_SCENARIO("norm_kdv", "Korteweg-de Vries", kdv, .column = "norm_kdv",
                NONLINEAR(ALPHAS([3] = "dispersion_alpha", [4] = "hyp_diffusion_alpha"), BETAS([1] = "convection_sc_beta")));
const tx_component tx_scenario_norm_ks =
    TX_SCENARIO("norm_ks", "Kuramoto-Sivashinsky", ks, .column = "norm_ks",
                NONLINEAR(ALPHAS([2] = "diffusion_alpha", [4] = "hyp_diffusion_alpha"), BETAS([2] = "gradient_norm_beta")));
const tx_component tx_scenario_norm_fisher =
    TX_SCENARIO("norm_fisher", "Fisher-KPP", fisher, .column = "norm_fisher",
                NONLINEAR(ALPHAS([0] = "drag_alpha", [2] = "diffusion_alpha"), BETAS([0] = "quadratic_beta")));
