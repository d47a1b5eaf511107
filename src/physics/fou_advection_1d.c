/* First-order upwind advection with explicit Euler steps on a periodic axis, as stepper and as residuum.
 * cfl < 0: u_i <- (1 + cfl) u_i - cfl u_(i+1); else u_i <- (1 - cfl) u_i + cfl u_(i-1). */
#include "physics/stencil.h"
#include "trainax/physics.h"

static tx_node step(const tx_section *section, tx_graph *graph, tx_node x)
{
    const double cfl = tx_get_real(section, "cfl");
    const double left[] = {1 + cfl, -cfl}, right[] = {cfl, 1 - cfl};
    return cfl < 0 ? tx_stencil_apply(graph, x, left, 2, 0) : tx_stencil_apply(graph, x, right, 2, 1);
}

static tx_node residuum(const tx_section *section, tx_graph *graph, tx_node next, tx_node previous)
{
    return tx_subtract(graph, next, step(section, graph, previous));
}

static const tx_option options[] = {TX_OPTION_CFL, {.name = NULL}};

static const tx_stepper_class stepper_class = {.check = tx_stencil_check, .apply = step};
const tx_component tx_stepper_fou_advection_1d = {.kind = TX_KIND_STEPPER,
                                                  .name = "fou_advection_1d",
                                                  .summary = "first-order upwind advection, explicit, periodic",
                                                  .options = options,
                                                  .implementation = &stepper_class};

static const tx_residuum_class residuum_class = {.check = tx_stencil_check, .apply = residuum};
const tx_component tx_residuum_fou_advection_1d = {.kind = TX_KIND_RESIDUUM,
                                                   .name = "fou_advection_1d",
                                                   .summary = "next - explicit upwind step of prev, periodic",
                                                   .options = options,
                                                   .implementation = &residuum_class};
