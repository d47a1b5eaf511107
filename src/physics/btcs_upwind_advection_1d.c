/* Upwind advection, implicit in time, as a residuum on a periodic axis.
 * cfl < 0: r_i = next_i - prev_i + cfl (next_(i+1) - next_i); else r_i = next_i - prev_i + cfl (next_i - next_(i-1)). */
#include "physics/stencil.h"
#include "trainax/physics.h"

static tx_node residuum(const tx_section *section, tx_graph *graph, tx_node next, tx_node previous)
{
    const double cfl = tx_get_real(section, "cfl");
    const double left[] = {1 - cfl, cfl}, right[] = {-cfl, 1 + cfl};
    const tx_node implicit = cfl < 0 ? tx_stencil_apply(graph, next, left, 2, 0) : tx_stencil_apply(graph, next, right, 2, 1);
    return tx_subtract(graph, implicit, previous);
}

static const tx_option options[] = {TX_OPTION_CFL, {.name = NULL}};

static const tx_residuum_class class_ = {.check = tx_stencil_check, .apply = residuum};
const tx_component tx_residuum_btcs_upwind_advection_1d = {.kind = TX_KIND_RESIDUUM,
                                                           .name = "btcs_upwind_advection_1d",
                                                           .summary = "implicit upwind advection, periodic",
                                                           .options = options,
                                                           .implementation = &class_};
