/* phy_… with steppers of their own. */
#include "scenario/scenario.h"

#define VECTOR(NAME, VALUE) TX_OPTION_NUMBERS(NAME, VALUE, "one an axis")

/* Whole arguments of the stepper, then domain and time step. */
#define SPECIAL(STEPPER, ...) .stepper = STEPPER, TX_ROWS(TX_ROW_TIME, __VA_ARGS__)

static const tx_option poisson[] = {
    {.name = "domain_extent",
     .type = TX_TYPE_REAL,
     .initial = "10.0",
     .unit = "length",
     .above_minimum = true,
     .text = "length of the domain along each axis"},
    {.name = "order", .type = TX_TYPE_INTEGER, .initial = "2", .minimum = 2, .maximum = 100, .text = "of the derivatives, even"},
    {.name = "train_temporal_horizon", .type = TX_TYPE_INTEGER, .initial = "1", .minimum = 1, .text = "1: there is no time"},
    {.name = "test_temporal_horizon", .type = TX_TYPE_INTEGER, .initial = "1", .minimum = 1, .text = "1: there is no time"},
    {0}};
static const tx_option unbal_adv[] = {TX_OPTION_TIME("1.0", "0.1"), VECTOR("advection_coef_vector", "[0.01, -0.04, 0.005]"), {0}},
                       diag_diff[] = {TX_OPTION_TIME("1.0", "0.1"), VECTOR("diffusion_coef_vector", "[0.001, 0.002]"), {0}},
                       aniso_diff[] = {TX_OPTION_TIME("1.0", "0.1"),
                                       TX_OPTION_MATRIX("diffusion_coef_matrix", "[[0.001, 0.0005], [0.0005, 0.002]]",
                                                        "as many lists of as many numbers as axes"),
                                       {0}},
                       mix_disp[] = {TX_OPTION_TIME("1.0", "0.001"),
                                     TX_OPTION_NUMBER("dispersion_coef", "0.00025", "coefficient of the mixed third derivatives"),
                                     {0}},
                       mix_hyp[] = {TX_OPTION_TIME("1.0", "1.0e-5"),
                                    TX_OPTION_NUMBER("hyp_diffusion_coef", "-7.5e-5", "coefficient of the squared Laplacian"),
                                    {0}};
static const tx_option sh[] = {TX_OPTION_TIME("31.41592653589793", "0.1"),
                               TX_OPTION_SUBSTEPS("5"),
                               TX_OPTION_NUMBER("reactivity", "0.7", "growth of the critical waves"),
                               TX_OPTION_NUMBER("critical_number", "1.0", "square of their wavenumber"),
                               TX_OPTION_NUMBERS("polynomial_coefficients", "[0.0, 0.0, 1.0, -1.0]", "of u^0, u^1, …"),
                               {0}};

/* Two channels, which ic_config says nothing of. */
#define GRAY_SCOTT                                                                                                                 \
    {.name = "num_channels", .type = TX_TYPE_INTEGER, .initial = "2", .minimum = 1, .text = "2: the two species"},                 \
        {.name = "ic_config", .type = TX_TYPE_STRING, .initial = "gray_scott_blobs", .text = "of no effect: always blobs"},        \
        TX_OPTION_NUMBER("diffusivity_1", "2.0e-5", "of the first species"),                                                       \
        TX_OPTION_NUMBER("diffusivity_2", "1.0e-5", "of the second species")
static const char blobs[] = "{type: random_multi_channel_ic_generator, ic_generators: [{type: random_gaussian_blobs, "
                            "one_complement: true}, {type: random_gaussian_blobs}]}";
static const tx_option gs[] = {TX_OPTION_TIME("1.0", "10.0"),
                               TX_OPTION_SUBSTEPS("10"),
                               TX_OPTION_NUMBER("feed_rate", "0.04", "of the first species"),
                               TX_OPTION_NUMBER("kill_rate", "0.06", "of the second species"),
                               GRAY_SCOTT,
                               {0}},
                       gs_type[] = {TX_OPTION_TIME("2.5", "20.0"),
                                    TX_OPTION_SUBSTEPS("20"),
                                    {.name = "pattern_type",
                                     .type = TX_TYPE_WORD,
                                     .initial = "theta",
                                     .words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu",
                                     .text = "pattern, of which feed and kill rate follow"},
                                    GRAY_SCOTT,
                                    {0}};
static const double feed[] = {0.008, 0.020, 0.024, 0.028, 0.020, 0.024, 0.036, 0.040, 0.050, 0.052, 0.036, 0.044},
                    kill[] = {0.046, 0.046, 0.056, 0.056, 0.056, 0.060, 0.063, 0.060, 0.0605, 0.063, 0.0655, 0.066};
static const tx_option decay_turb[] = {TX_OPTION_TIME("1.0", "0.1"),
                                       TX_OPTION_NUMBER("diffusivity", "0.0001", "of the vorticity"),
                                       TX_OPTIONS_NONLINEAR,
                                       {0}},
                       kolm_flow[] = {TX_OPTION_TIME("6.283185307179586", "0.1"),
                                      TX_OPTION_NUMBER("diffusivity", "0.01", "of the vorticity"),
                                      {.name = "injection_mode",
                                       .type = TX_TYPE_INTEGER,
                                       .initial = "4",
                                       .text = "wavenumber of what is injected"},
                                      TX_OPTION_NUMBER("injection_scale", "1.0", "its amplitude"),
                                      TX_OPTION_NUMBER("drag", "-0.1", "coefficient of u"),
                                      TX_OPTION_SUBSTEPS("20"),
                                      TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
                                      TX_OPTION_WARMUP("500"),
                                      TX_OPTION_VLIM("[-10.0, 10.0]"),
                                      {0}};

const tx_component tx_scenario_phy_poisson =
    TX_SCENARIO("phy_poisson", "Poisson, solved at once", poisson, .column = "phy_poisson_order", .suffix = "order",
                .stepper = "poisson", .fixed = {"train_temporal_horizon", "test_temporal_horizon", "num_warmup_steps"},
                TX_ROWS(TX_ROW("domain_extent"), TX_ROW("order")));
const tx_component tx_scenario_phy_unbal_adv = TX_SCENARIO(
    "phy_unbal_adv", "advection of different speeds along the axes", unbal_adv, .column = "phy_unbal_adv", .dims = {2, 3},
    SPECIAL("advection", {.argument = "velocity", .of = {"advection_coef_vector"}, .length = TX_AS_CHANNELS}));
const tx_component tx_scenario_phy_diag_diff =
    TX_SCENARIO("phy_diag_diff", "diffusion that differs between axes", diag_diff, .column = "phy_diag_diff", .dims = {2, 3},
                SPECIAL("diffusion", {.argument = "diffusivity", .of = {"diffusion_coef_vector"}, .length = TX_AS_CHANNELS}));
const tx_component tx_scenario_phy_aniso_diff =
    TX_SCENARIO("phy_aniso_diff", "anisotropic diffusion", aniso_diff, .column = "phy_aniso_diff", .dims = {2, 3},
                SPECIAL("diffusion", {.argument = "diffusivity", .of = {"diffusion_coef_matrix"}, .length = TX_AS_SQUARE}));
const tx_component tx_scenario_phy_mix_disp =
    TX_SCENARIO("phy_mix_disp", "dispersion of mixed derivatives", mix_disp, .column = "phy_mix_disp", .dims = {2, 3},
                SPECIAL("dispersion", {.argument = "dispersivity", .of = {"dispersion_coef"}},
                        {.argument = "advect_on_diffusion", .constant = "true"}));
const tx_component tx_scenario_phy_mix_hyp =
    TX_SCENARIO("phy_mix_hyp", "hyper-diffusion of mixed derivatives", mix_hyp, .column = "phy_mix_hyp", .dims = {2, 3},
                SPECIAL("hyper_diffusion", {.argument = "hyper_diffusivity", .of = {"hyp_diffusion_coef"}, .negative = true},
                        {.argument = "diffuse_on_diffuse", .constant = "true"}));
const tx_component tx_scenario_phy_sh =
    TX_SCENARIO("phy_sh", "Swift-Hohenberg", sh, .column = "phy_sh", .dims = {2, 3},
                SPECIAL("swift_hohenberg", TX_ROW("reactivity"), TX_ROW("critical_number"), TX_ROW("polynomial_coefficients")));
const tx_component tx_scenario_phy_gs =
    TX_SCENARIO("phy_gs", "Gray-Scott", gs, .column = "phy_gs", .dims = {2, 3}, .initial = blobs, .fixed = {"num_channels"},
                SPECIAL("gray_scott", TX_ROW("feed_rate"), TX_ROW("kill_rate"), TX_ROW("diffusivity_1"), TX_ROW("diffusivity_2")));
const tx_component tx_scenario_phy_gs_type = TX_SCENARIO(
    "phy_gs_type", "Gray-Scott by pattern", gs_type, .column = "phy_gs_", .suffix = "pattern_type", .dims = {2, 3},
    .initial = blobs, .fixed = {"num_channels"},
    SPECIAL("gray_scott", {.argument = "feed_rate", .of = {"pattern_type"}, .by_word = feed},
            {.argument = "kill_rate", .of = {"pattern_type"}, .by_word = kill}, TX_ROW("diffusivity_1"), TX_ROW("diffusivity_2")));
const tx_component tx_scenario_phy_decay_turb =
    TX_SCENARIO("phy_decay_turb", "decaying turbulence, by its vorticity", decay_turb, .column = "phy_decay_turb", .dims = {2, 2},
                SPECIAL("navier_stokes_vorticity", TX_ROW("diffusivity"), TX_ROWS_ETDRK));
const tx_component tx_scenario_phy_kolm_flow =
    TX_SCENARIO("phy_kolm_flow", "Kolmogorov flow, by its vorticity", kolm_flow, .column = "phy_kolm_flow", .dims = {2, 2},
                SPECIAL("kolmogorov_flow_vorticity", TX_ROW("diffusivity"), TX_ROW("injection_mode"), TX_ROW("injection_scale"),
                        TX_ROW("drag"), TX_ROWS_ETDRK));
