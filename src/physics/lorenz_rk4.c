/* The Lorenz system by the classical Runge-Kutta scheme, as a stepper. The right-hand side is linear but for two products:
 * f(u) = L u + (A u) * (B u), elementwise, with A u = (0, -x, x) and B u = (0, z, y). */
#include "trainax/physics.h"

static tx_status check(tx_scheme *scheme, tx_error *error)
{
    return scheme->shape.axes == 0 && scheme->shape.channels == 3
               ? TX_OK
               : tx_section_error(scheme->section, NULL, error, TX_INVALID,
                                  "%s works on states of three numbers without spatial axes", tx_section_name(scheme->section));
}

static tx_node matrix(tx_graph *graph, const double *values, tx_node u)
{
    const tx_convolution dense = {.out_channels = 3, .groups = 1};
    return tx_convolve(graph, u, &dense, tx_constant(graph, values, 9), TX_NONE);
}

static tx_node slope(const tx_section *section, tx_graph *graph, tx_node u)
{
    const double sigma = tx_get_real(section, "sigma"), rho = tx_get_real(section, "rho"), beta = tx_get_real(section, "beta");
    const double linear[] = {-sigma, sigma, 0, rho, -1, 0, 0, 0, -beta};
    static const double a[] = {0, 0, 0, -1, 0, 0, 1, 0, 0}, b[] = {0, 0, 0, 0, 0, 1, 0, 1, 0};
    return tx_add(graph, matrix(graph, linear, u), tx_multiply(graph, matrix(graph, a, u), matrix(graph, b, u)));
}

/* u + factor * k */
static tx_node advance(tx_graph *graph, tx_node u, double factor, tx_node k)
{
    return tx_add(graph, u, tx_scale(graph, k, factor));
}

static tx_node step(const tx_scheme *scheme, tx_graph *graph, tx_node u)
{
    const tx_section *section = scheme->section;
    const double dt = tx_get_real(section, "dt");
    const tx_node k1 = slope(section, graph, u);
    const tx_node k2 = slope(section, graph, advance(graph, u, 0.5 * dt, k1));
    const tx_node k3 = slope(section, graph, advance(graph, u, 0.5 * dt, k2));
    const tx_node k4 = slope(section, graph, advance(graph, u, dt, k3));
    const tx_node sum = tx_add(graph, advance(graph, advance(graph, k1, 2, k2), 2, k3), k4);
    return advance(graph, u, dt / 6, sum);
}

static const tx_option options[] = {
    {.name = "dt", .type = TX_TYPE_REAL, .initial = "0.01", .unit = "time", .text = "time step"},
    {.name = "sigma", .type = TX_TYPE_REAL, .initial = "10.0", .unit = "", .text = "Prandtl number"},
    {.name = "rho", .type = TX_TYPE_REAL, .initial = "28.0", .unit = "", .text = "Rayleigh number over its critical value"},
    {.name = "beta", .type = TX_TYPE_REAL, .initial = "2.6666666666666665", .unit = "", .text = "geometric factor"},
    {0},
};

static const tx_stepper_class class_ = {.create = check, .apply = step};
const tx_component tx_stepper_lorenz_rk4 = {.kind = TX_KIND_STEPPER,
                                            .name = "lorenz_rk4",
                                            .summary = "the Lorenz system, Runge-Kutta of fourth order",
                                            .options = options,
                                            .implementation = &class_};
