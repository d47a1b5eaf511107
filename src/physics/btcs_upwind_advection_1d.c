/* Upwind advection, implicit in time, as a residuum on a periodic axis.
 * cfl < 0: r_i = next_i - prev_i + cfl (next_(i+1) - next_i); else r_i = next_i - prev_i + cfl (next_i - next_(i-1)). */
#include "physics/stencil.h"

static tx_status create(tx_scheme *scheme, tx_error *error)
{
    const double cfl = tx_get_real(scheme->section, "cfl");
    const double left[] = {1 - cfl, cfl}, right[] = {-cfl, 1 + cfl};
    return tx_stencil_create(scheme, cfl < 0 ? left : right, 2, cfl < 0 ? 0 : 1, error);
}

static tx_node residuum(const tx_scheme *scheme, tx_graph *graph, tx_node next, tx_node previous)
{
    return tx_subtract(graph, tx_stencil_apply(scheme, graph, next), previous);
}

static const tx_option options[] = {TX_OPTION_CFL, {0}};

static const tx_residuum_class class_ = {.create = create, .apply = residuum, .destroy = tx_stencil_destroy};
const tx_component tx_residuum_btcs_upwind_advection_1d = {.kind = TX_KIND_RESIDUUM,
                                                           .name = "btcs_upwind_advection_1d",
                                                           .summary = "implicit upwind advection, periodic",
                                                           .options = options,
                                                           .implementation = &class_};
