/* Linear schemes on a periodic axis are convolutions with fixed weights, each channel for itself. */
#pragma once

#include "base/memory.h"
#include "trainax/component.h"
#include "trainax/tensor.h"

#define TX_OPTION_CFL                                                                                            \
    {.name = "cfl", .type = TX_TYPE_REAL, .unit = "", .text = "advection speed * time step / grid spacing; negative: to the left"}

/* TX_INVALID unless states have one spatial axis. */
static inline tx_status tx_stencil_check(const tx_section *section, tx_shape state, tx_error *error)
{
    return state.axes == 1 ? TX_OK
                           : tx_section_error(section, NULL, error, TX_INVALID, "%s works on states with one spatial axis, these have %d",
                                              tx_section_name(section), state.axes);
}

/* y_i = sum over t of weights[t] * x_(i + t - before), periodic. */
static inline tx_node tx_stencil_apply(tx_graph *graph, tx_node x, const double *weights, int64_t size, int64_t before)
{
    const tx_shape shape = tx_node_shape(graph, x);
    const tx_convolution conv = {.out_channels = shape.channels, .kernel = {size}, .dilation = {1}, .groups = (int)shape.channels};
    tx_error error = {0};
    double *all;
    if (tx_allocate_array((size_t)(shape.channels * size), sizeof *all, &error, &all)) {
        return tx_graph_stick(graph, &error);
    }
    for (int64_t k = 0; k < shape.channels * size; k++) {
        all[k] = weights[k % size];
    }
    const tx_node constant = tx_constant(graph, all, shape.channels * size);
    tx_free(all);
    const int64_t after = size - 1 - before;
    return tx_convolve(graph, tx_pad(graph, x, TX_PAD_CIRCULAR, &before, &after), &conv, constant, -1);
}
