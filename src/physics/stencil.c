/* Schemes of one row of weights: the weights of every channel, and the convolution with them. */
#include "physics/stencil.h"

#include "base/memory.h"

typedef struct stencil {
    int64_t size, before;
    double *weights; /* (channels, size) */
} stencil;

tx_status tx_stencil_check(const tx_scheme *scheme, tx_error *error)
{
    return scheme->shape.axes == 1 ? TX_OK
                                   : tx_section_error(scheme->section, NULL, error, TX_INVALID,
                                                      "%s works on states with one spatial axis, these have %d",
                                                      tx_section_name(scheme->section), scheme->shape.axes);
}

tx_status tx_stencil_create(tx_scheme *scheme, const double *weights, int64_t size, int64_t before, tx_error *error)
{
    const int64_t count = scheme->shape.channels * size;
    stencil *s;
    TX_TRY(tx_stencil_check(scheme, error));
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    scheme->tables = s;
    *s = (stencil){.size = size, .before = before};
    TX_TRY(tx_allocate_array((size_t)count, sizeof *s->weights, error, &s->weights));
    for (int64_t k = 0; k < count; k++) {
        s->weights[k] = weights[k % size];
    }
    return TX_OK;
}

tx_node tx_stencil_apply(const tx_scheme *scheme, tx_graph *graph, tx_node x)
{
    const stencil *s = scheme->tables;
    const int64_t channels = scheme->shape.channels, after = s->size - 1 - s->before;
    const tx_convolution conv = {.out_channels = channels, .kernel = {s->size}, .dilation = {1}, .groups = (int)channels};
    const tx_node weights = tx_constant(graph, s->weights, channels * s->size);
    return tx_convolve(graph, tx_pad(graph, x, TX_PAD_CIRCULAR, &s->before, &after), &conv, weights, TX_NONE);
}

void tx_stencil_destroy(tx_scheme *scheme)
{
    const stencil *s = scheme->tables;
    if (s) {
        tx_free(s->weights);
    }
}
