/* diff_…: coefficients as difficulties, for states of at most 1. */
#include "scenario/scenario.h"

/* clang-format off */
#define GAMMAS(...)                                                                                                                \
    {.argument = "linear_difficulties", .of = {__VA_ARGS__}, .orders = true, .scaled = true}
#define ALL_GAMMAS {.argument = "linear_difficulties", .of = {"gammas"}, .scaled = true}
#define DELTAS(...)                                                                                                                 \
    {.argument = "nonlinear_difficulties", .of = {__VA_ARGS__}, .orders = true, .length = 3, .scaled = true}
#define LINEAR(...) .stepper = "difficulty_linear_stepper", TX_ROWS(__VA_ARGS__)
#define CONVECTION(...)                                                                                                            \
    .stepper = "difficulty_convection_stepper", .channels = TX_AS_CHANNELS,                                                        \
    TX_ROWS(__VA_ARGS__,                                                                                                           \
            {.argument = "convection_difficulty", .of = {"convection_delta"}, .negative = true, .scaled = true},              \
            TX_ROW("conservative"), TX_ROWS_ETDRK)
#define NONLINEAR(...) .stepper = "difficulty_nonlinear_stepper", TX_ROWS(__VA_ARGS__, TX_ROWS_ETDRK)
/* clang-format on */

#define ADVECTION TX_OPTION_NUMBER("advection_gamma", "-4.0", "difficulty of the first derivative")
#define DIFFUSION(VALUE) TX_OPTION_NUMBER("diffusion_gamma", VALUE, "difficulty of the second derivative")
#define DISPERSION(VALUE) TX_OPTION_NUMBER("dispersion_gamma", VALUE, "difficulty of the third derivative")
#define HYP_DIFFUSION(VALUE) TX_OPTION_NUMBER("hyp_diffusion_gamma", VALUE, "difficulty of the fourth derivative")
#define CONVECTION_DELTA(VALUE) TX_OPTION_NUMBER("convection_delta", VALUE, "difficulty of the convection, on the right-hand side")
#define CONVECTION_SC(VALUE) TX_OPTION_NUMBER("convection_sc_delta", VALUE, "difficulty of the single-channel convection")
#define NO_GAMMAS TX_NO_EFFECT("gammas")
#define NO_DELTAS NO_GAMMAS, TX_NO_EFFECT("deltas")

static const tx_option lin[] = {TX_OPTION_NUMBERS("gammas", "[0.0, -4.0, 0.0, 0.0, 0.0]", TX_OF_ORDERS), {0}},
                       lin_simple[] = {NO_GAMMAS, TX_OPTION_NUMBER("linear_gamma", "-4.0", TX_OF_ONE), TX_OPTION_ONE, {0}},
                       adv[] = {NO_GAMMAS, ADVECTION, {0}}, diff[] = {NO_GAMMAS, DIFFUSION("4.0"), {0}},
                       adv_diff[] = {NO_GAMMAS, ADVECTION, DIFFUSION("4.0"), {0}}, disp[] = {NO_GAMMAS, DISPERSION("4.0"), {0}},
                       hyp_diff[] = {NO_GAMMAS, HYP_DIFFUSION("-4.0"), {0}},
                       four[] = {NO_GAMMAS, ADVECTION, DIFFUSION("4.0"), DISPERSION("4.0"), HYP_DIFFUSION("-4.0"), {0}};
static const tx_option conv[] = {TX_OPTION_NUMBERS("gammas", "[0.0, 0.0, 1.5, 0.0, 0.0]", TX_OF_ORDERS),
                                 CONVECTION_DELTA("-1.5"),
                                 TX_OPTIONS_CONVECTION,
                                 {0}},
                       burgers[] = {NO_GAMMAS, CONVECTION_DELTA("-1.5"), DIFFUSION("1.5"), TX_OPTIONS_CONVECTION, {0}},
                       ks_cons[] = {NO_GAMMAS,
                                    CONVECTION_DELTA("-1.0"),
                                    DIFFUSION("-2.0"),
                                    HYP_DIFFUSION("-18.0"),
                                    TX_OPTIONS_CONVECTION,
                                    TX_OPTIONS_CHAOTIC("[-2.5, 2.5]"),
                                    {0}};
static const tx_option nonlin[] = {TX_OPTION_NUMBERS("gammas", "[0.0, 0.0, 1.5, 0.0, 0.0]", TX_OF_ORDERS),
                                   TX_OPTION_NUMBERS("deltas", "[0.0, -1.5, 0.0]", TX_OF_TERMS),
                                   TX_OPTIONS_NONLINEAR,
                                   {0}},
                       burgers_sc[] = {NO_DELTAS, CONVECTION_SC("-1.5"), DIFFUSION("1.5"), TX_OPTIONS_NONLINEAR, {0}},
                       kdv[] = {NO_DELTAS, CONVECTION_SC("-2.0"), DISPERSION("-14.0"), HYP_DIFFUSION("-9.0"), TX_OPTIONS_NONLINEAR,
                                {0}},
                       ks[] = {NO_DELTAS,
                               TX_OPTION_NUMBER("gradient_norm_delta", "-6.0", "difficulty of the gradient norm"),
                               DIFFUSION("-1.2"),
                               HYP_DIFFUSION("-15.0"),
                               TX_OPTIONS_NONLINEAR,
                               TX_OPTIONS_CHAOTIC("[-6.5, 6.5]"),
                               {0}},
                       fisher[] = {NO_DELTAS,
                                   TX_OPTION_NUMBER("quadratic_delta", "-0.02", "difficulty of u^2"),
                                   TX_OPTION_NUMBER("drag_gamma", "0.02", "difficulty of u"),
                                   DIFFUSION("0.2"),
                                   TX_OPTION_STARTS_CLAMPED,
                                   TX_OPTIONS_NONLINEAR,
                                   {0}};

const tx_component tx_scenario_diff_lin =
    TX_SCENARIO("diff_lin", "linear derivatives", lin, .column = "diff_linear_", .suffix = "*", LINEAR(ALL_GAMMAS));
const tx_component tx_scenario_diff_lin_simple =
    TX_SCENARIO("diff_lin_simple", "one linear derivative", lin_simple, .column = "diff_linear_", .suffix = "*",
                LINEAR({.argument = "linear_difficulties", .of = {"linear_gamma"}, .at = "linear_term_order", .scaled = true}));
const tx_component tx_scenario_diff_adv =
    TX_SCENARIO("diff_adv", "advection", adv, .column = "diff_adv", LINEAR(GAMMAS([1] = "advection_gamma")));
const tx_component tx_scenario_diff_diff =
    TX_SCENARIO("diff_diff", "diffusion", diff, .column = "diff_diff", LINEAR(GAMMAS([2] = "diffusion_gamma")));
const tx_component tx_scenario_diff_adv_diff =
    TX_SCENARIO("diff_adv_diff", "advection and diffusion", adv_diff, .column = "diff_adv_diff",
                LINEAR(GAMMAS([1] = "advection_gamma", [2] = "diffusion_gamma")));
const tx_component tx_scenario_diff_disp =
    TX_SCENARIO("diff_disp", "dispersion", disp, .column = "diff_disp", LINEAR(GAMMAS([3] = "dispersion_gamma")));
const tx_component tx_scenario_diff_hyp_diff = TX_SCENARIO("diff_hyp_diff", "hyper-diffusion", hyp_diff, .column = "diff_hyp_diff",
                                                           LINEAR(GAMMAS([4] = "hyp_diffusion_gamma")));
const tx_component tx_scenario_diff_four = TX_SCENARIO(
    "diff_four", "the first four derivatives", four, .column = "diff_four",
    LINEAR(GAMMAS([1] = "advection_gamma", [2] = "diffusion_gamma", [3] = "dispersion_gamma", [4] = "hyp_diffusion_gamma")));

const tx_component tx_scenario_diff_conv = TX_SCENARIO("diff_conv", "convection with linear derivatives", conv,
                                                       .column = "diff_conv_", .suffix = "*", CONVECTION(ALL_GAMMAS));
const tx_component tx_scenario_diff_burgers =
    TX_SCENARIO("diff_burgers", "Burgers", burgers, .column = "diff_burgers", CONVECTION(GAMMAS([2] = "diffusion_gamma")));
const tx_component tx_scenario_diff_ks_cons =
    TX_SCENARIO("diff_ks_cons", "Kuramoto-Sivashinsky, conservative", ks_cons, .column = "diff_ks_cons", .dims = {1, 1},
                CONVECTION(GAMMAS([2] = "diffusion_gamma", [4] = "hyp_diffusion_gamma")));

const tx_component tx_scenario_diff_nonlin =
    TX_SCENARIO("diff_nonlin", "three quadratic terms with linear derivatives", nonlin, .column = "diff_nonlin",
                NONLINEAR(ALL_GAMMAS, {.argument = "nonlinear_difficulties", .of = {"deltas"}, .length = 3, .scaled = true}));
const tx_component tx_scenario_diff_burgers_sc =
    TX_SCENARIO("diff_burgers_sc", "Burgers of a single channel", burgers_sc, .column = "diff_burgers_sc",
                NONLINEAR(GAMMAS([2] = "diffusion_gamma"), DELTAS([1] = "convection_sc_delta")));
const tx_component tx_scenario_diff_kdv =
    TX_SCENARIO("diff_kdv", "Korteweg-de Vries", kdv, .column = "diff_kdv",
                NONLINEAR(GAMMAS([3] = "dispersion_gamma", [4] = "hyp_diffusion_gamma"), DELTAS([1] = "convection_sc_delta")));
const tx_component tx_scenario_diff_ks =
    TX_SCENARIO("diff_ks", "Kuramoto-Sivashinsky", ks, .column = "diff_ks",
                NONLINEAR(GAMMAS([2] = "diffusion_gamma", [4] = "hyp_diffusion_gamma"), DELTAS([2] = "gradient_norm_delta")));
const tx_component tx_scenario_diff_fisher =
    TX_SCENARIO("diff_fisher", "Fisher-KPP", fisher, .column = "diff_fisher",
                NONLINEAR(GAMMAS([0] = "drag_gamma", [2] = "diffusion_gamma"), DELTAS([0] = "quadratic_delta")));
