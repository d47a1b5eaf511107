/* First-order upwind advection with explicit Euler steps on a periodic axis, as stepper and as residuum.
 * cfl < 0: u_i <- (1 + cfl) u_i - cfl u_(i+1); else u_i <- (1 - cfl) u_i + cfl u_(i-1). */
#include "physics/stencil.h"

static tx_status create(tx_scheme *scheme, tx_error *error)
{
    const double cfl = tx_get_real(scheme->section, "cfl");
    const double left[] = {1 + cfl, -cfl}, right[] = {cfl, 1 - cfl};
    return tx_stencil_create(scheme, cfl < 0 ? left : right, 2, cfl < 0 ? 0 : 1, error);
}

static tx_node residuum(const tx_scheme *scheme, tx_graph *graph, tx_node next, tx_node previous)
{
    return tx_subtract(graph, next, tx_stencil_apply(scheme, graph, previous));
}

static const tx_option options[] = {TX_OPTION_CFL, {0}};

static const tx_stepper_class stepper_class = {.create = create, .apply = tx_stencil_apply, .destroy = tx_stencil_destroy};
const tx_component tx_stepper_fou_advection_1d = {.kind = TX_KIND_STEPPER,
                                                  .name = "fou_advection_1d",
                                                  .summary = "first-order upwind advection, explicit, periodic",
                                                  .options = options,
                                                  .implementation = &stepper_class};

static const tx_residuum_class residuum_class = {.create = create, .apply = residuum, .destroy = tx_stencil_destroy};
const tx_component tx_residuum_fou_advection_1d = {.kind = TX_KIND_RESIDUUM,
                                                   .name = "fou_advection_1d",
                                                   .summary = "next - explicit upwind step of prev, periodic",
                                                   .options = options,
                                                   .implementation = &residuum_class};
