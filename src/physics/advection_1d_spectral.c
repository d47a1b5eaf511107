/* Exact advection on a periodic axis: mode k turns by -k cfl 2 pi / N a step; at k = N/2 the inverse real transform keeps the real
 * part. On short axes that is a convolution in space, with the trigonometric kernel D(n) = (1/N) sum over k of
 * exp(2 pi i k (n - cfl) / N). */
#include <math.h>

#include "base/memory.h"
#include "physics/stencil.h"

enum { LONGEST_KERNEL = 1024 };

static double kernel(int64_t offset, int64_t n, double cfl)
{
    double sum = 1;
    for (int64_t k = 1; 2 * k <= n; k++) {
        const double turns = (double)(((k * offset) % n + n) % n) / (double)n;
        const double wave = cos(2 * M_PI * (turns - (double)k * cfl / (double)n));
        sum += 2 * k == n ? cos(2 * M_PI * turns) * cos(M_PI * cfl) : 2 * wave;
    }
    return sum / (double)n;
}

static bool is_short(const tx_scheme *scheme)
{
    return scheme->shape.n[0] <= LONGEST_KERNEL;
}

static tx_status create_kernel(tx_scheme *scheme, double cfl, tx_error *error)
{
    const int64_t n = scheme->shape.n[0], before = (n - 1) / 2;
    double weights[LONGEST_KERNEL];
    for (int64_t t = 0; t < n; t++) {
        weights[t] = kernel(before - t, n, cfl);
    }
    return tx_stencil_create(scheme, weights, n, before, error);
}

/* What the modes are multiplied with. */
static tx_status create_turns(tx_scheme *scheme, double cfl, tx_error *error)
{
    const int64_t n = scheme->shape.n[0], modes = tx_rfftn_modes(scheme->shape);
    double *turns;
    TX_TRY(tx_memory_check(6 * (size_t)modes * sizeof *turns, error)); /* graph and plan have them, too */
    TX_TRY(tx_allocate_array((size_t)modes, 2 * sizeof *turns, error, &turns));
    scheme->tables = turns;
    for (int64_t k = 0; k < modes; k++) {
        const double angle = 2 * M_PI * fmod((double)k * cfl / (double)n, 1);
        turns[2 * k] = cos(angle);
        turns[2 * k + 1] = -sin(angle);
    }
    return TX_OK;
}

static tx_status create(tx_scheme *scheme, tx_error *error)
{
    const double cfl = tx_get_real(scheme->section, "cfl");
    TX_TRY(tx_stencil_check(scheme, error));
    return is_short(scheme) ? create_kernel(scheme, cfl, error) : create_turns(scheme, cfl, error);
}

static tx_node step(const tx_scheme *scheme, tx_graph *graph, tx_node x)
{
    if (is_short(scheme)) {
        return tx_stencil_apply(scheme, graph, x);
    }
    const tx_node turns = tx_constant(graph, scheme->tables, 2 * tx_rfftn_modes(scheme->shape));
    return tx_irfftn(graph, tx_multiply_modes(graph, tx_rfftn(graph, x), turns), scheme->shape);
}

static void destroy(tx_scheme *scheme)
{
    if (is_short(scheme)) {
        tx_stencil_destroy(scheme);
    }
}

static const tx_option options[] = {TX_OPTION_CFL, {0}};

static const tx_stepper_class class_ = {.create = create, .apply = step, .destroy = destroy};
const tx_component tx_stepper_advection_1d_spectral = {.kind = TX_KIND_STEPPER,
                                                       .name = "advection_1d_spectral",
                                                       .summary = "exact advection by a Fourier shift, periodic",
                                                       .options = options,
                                                       .implementation = &class_};
