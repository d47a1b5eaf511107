/* Incompressible flow in two dimensions by its vorticity: Navier and Stokes, Kolmogorov, and by coefficients. The velocity is (d_1
 * psi, -d_0 psi), lap psi = u; N(u) is, b the scale, -b velocity . grad u, and what an injection adds. */
#include "physics/spectral.h"

enum { VELOCITY_0, VELOCITY_1, SLOPE_0, SLOPE_1 }; /* tables, of modes that are kept */

static tx_node advection(const tx_equation *e, tx_graph *graph, tx_node h)
{
    tx_node product[2];
    for (int axis = 0; axis < 2; axis++) {
        product[axis] =
            tx_multiply(graph, tx_equation_field(e, graph, VELOCITY_0 + axis, h), tx_equation_field(e, graph, SLOPE_0 + axis, h));
    }
    return tx_add(graph, product[0], product[1]);
}

static tx_node advected(const tx_equation *e, tx_graph *graph, tx_node h)
{
    return tx_rfftn(graph, advection(e, graph, h));
}

/* number[0]: b */
static tx_node injected(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const tx_node field = tx_fixed(graph, e->shape, e->field);
    return tx_rfftn(graph, e->number[0] == 0 ? field : tx_plus(graph, field, -e->number[0], advection(e, graph, h)));
}

static tx_status add_advection(tx_equation *e, double scale, tx_error *error)
{
    tx_mode *velocity[2];
    e->nonlinear = advected;
    e->scale = -scale;
    for (int axis = 0; axis < 2; axis++) {
        TX_TRY(tx_equation_table(e, 1, error, &velocity[axis]));
        for (int64_t k = 0; k < e->modes; k++) {
            const tx_mode lap = tx_laplacian(e, k), psi = lap == 0 ? 1 : 1 / lap;
            velocity[axis][k] = (axis ? -1 : 1) * e->d[1 - axis][k] * psi;
        }
        TX_TRY(tx_keep(e, VELOCITY_0 + axis, velocity[axis], error));
        TX_TRY(tx_keep(e, SLOPE_0 + axis, e->d[axis], error));
    }
    return TX_OK;
}

/* A wave along the last axis, of one mode where the grid has it. */
static tx_status add_injection(tx_equation *e, double scale, tx_error *error)
{
    const int64_t mode = tx_get_integer(e->section, "injection_mode"), n = e->points;
    const double size = mode < 1 || mode > n / 2 ? 0 : -(double)mode * tx_number(e, "injection_scale");
    TX_TRY(tx_equation_own(e, (size_t)(n * n) * sizeof *e->field, error, &e->field));
    for (int64_t j = 0; j < n * n; j++) {
        e->field[j] = size * cos(2 * M_PI * (double)(mode * (j % n) % n) / (double)n);
    }
    e->nonlinear = injected;
    e->scale = 1;
    e->number[0] = scale;
    return TX_OK;
}

static tx_status add_vorticity(tx_equation *e, double scale, tx_error *error)
{
    TX_TRY(scale == 0 ? TX_OK : add_advection(e, scale, error));
    return tx_knows(e->section, "injection_scale") && tx_number(e, "injection_scale") != 0 ? add_injection(e, scale, error) : TX_OK;
}

static tx_status build_named(tx_equation *e, tx_error *error)
{
    tx_add_linear(e, (const double[]){tx_number(e, "drag"), 0, tx_number(e, "diffusivity")}, 3);
    return add_vorticity(e, tx_number(e, tx_equation_class(e)->nonlinear), error);
}

static tx_status build_general(tx_equation *e, tx_error *error)
{
    TX_TRY(tx_add_general_linear(e, error));
    return add_vorticity(e, tx_number(e, "vorticity_convection_scale"), error);
}

/* ---- Components ---- */

#define VORTICITY(BUILD, ...)                                                                                                      \
    {                                                                                                                              \
        .stepper = TX_SPECTRAL_STEPPER, .build = BUILD, .channels = 1, .axes = 2, __VA_ARGS__                                      \
    }
#define INJECTION(SCALE)                                                                                                           \
    {.name = "injection_mode", .type = TX_TYPE_INTEGER, .initial = "4", .unit = "", .text = "wavenumber of what is injected"},     \
        TX_OPTION_NUMBER("injection_scale", SCALE, "of -injection_mode cos(injection_mode 2 pi y / domain_extent)")
#define CONVECTION(NAME) TX_OPTION_NUMBER(NAME, "1.0", "of velocity . grad u")

static const tx_option navier_stokes_options[] = {
    TX_OPTION_NUMBER("diffusivity", "0.01", "of the second derivatives"),
    CONVECTION("vorticity_convection_scale"),
    TX_OPTION_NUMBER("drag", "0.0", "of u, twice as Exponax has it; below 0 it slows"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option kolmogorov_flow_options[] = {
    TX_OPTION_NUMBER("diffusivity", "0.001", "of the second derivatives"),
    CONVECTION("convection_scale"),
    TX_OPTION_NUMBER("drag", "-0.1", "of u, twice as Exponax has it; below 0 it slows"),
    INJECTION("1.0"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};
static const tx_option general_options[] = {
    CONVECTION("vorticity_convection_scale"),
    TX_OPTION_NUMBERS("linear_coefficients", "[0.0, 0.0, 0.001]", "of the derivatives of order 0, 1, …"),
    INJECTION("0.0"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK(TX_TWO_THIRDS),
    {0}};

static const tx_spectral_class navier_stokes = VORTICITY(build_named, .nonlinear = "vorticity_convection_scale"),
                               kolmogorov_flow = VORTICITY(build_named, .nonlinear = "convection_scale"),
                               general = VORTICITY(build_general, .linear = "linear_coefficients");

const tx_component tx_stepper_navier_stokes_vorticity =
    TX_STEPPER("navier_stokes_vorticity", "flow in 2D by its vorticity", navier_stokes_options, &navier_stokes);
const tx_component tx_stepper_kolmogorov_flow_vorticity = TX_STEPPER(
    "kolmogorov_flow_vorticity", "flow in 2D by its vorticity, which is injected", kolmogorov_flow_options, &kolmogorov_flow);
const tx_component tx_stepper_general_vorticity_convection = TX_STEPPER(
    "general_vorticity_convection_stepper", "flow in 2D by its vorticity, with any linear terms", general_options, &general);
