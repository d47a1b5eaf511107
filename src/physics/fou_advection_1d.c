/* First-order upwind advection with explicit Euler steps on a periodic axis.
 * cfl < 0: u_i <- (1 + cfl) u_i - cfl u_(i+1); else u_i <- (1 - cfl) u_i + cfl u_(i-1). */
#include "physics/stencil.h"

static tx_status create(tx_scheme *scheme, tx_error *error)
{
    const double cfl = tx_get_real(scheme->section, "cfl");
    const double left[] = {1 + cfl, -cfl}, right[] = {cfl, 1 - cfl};
    return tx_stencil_create(scheme, cfl < 0 ? left : right, 2, cfl < 0 ? 0 : 1, error);
}

static const tx_option options[] = {TX_OPTION_CFL, {0}};

static const tx_stepper_class class_ = {.create = create, .apply = tx_stencil_apply, .destroy = tx_stencil_destroy};
const tx_component tx_stepper_fou_advection_1d = {.kind = TX_KIND_STEPPER,
                                                  .name = "fou_advection_1d",
                                                  .summary = "first-order upwind advection, explicit, periodic",
                                                  .options = options,
                                                  .implementation = &class_};
