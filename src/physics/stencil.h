/* Linear schemes on one periodic axis: a convolution with fixed weights, each channel for itself. */
#pragma once

#include "trainax/physics.h"

#define TX_OPTION_CFL                                                                                                              \
    {                                                                                                                              \
        .name = "cfl", .type = TX_TYPE_REAL, .unit = "",                                                                           \
        .text = "advection speed * time step / grid spacing; negative: to the left"                                                \
    }

/* TX_INVALID unless states have one spatial axis. */
tx_status tx_stencil_check(const tx_scheme *scheme, tx_error *error);
/* Makes the stencil that is all of a scheme's tables: y_i = sum over t of weights[t] * x_(i + t - before). */
tx_status tx_stencil_create(tx_scheme *scheme, const double *weights, int64_t size, int64_t before, tx_error *error);
tx_node tx_stencil_apply(const tx_scheme *scheme, tx_graph *graph, tx_node x);
void tx_stencil_destroy(tx_scheme *scheme);
