/* Exact advection on a periodic axis: mode k turns by -k cfl 2 pi / N a step. In space that is a convolution with the
 * trigonometric kernel D(n) = (1/N) sum over k of exp(2 pi i k (n - cfl) / N); at k = N/2 the inverse real transform keeps
 * the real part. */
#include <math.h>

#include "base/memory.h"
#include "physics/stencil.h"

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

static tx_status create(tx_scheme *scheme, tx_error *error)
{
    const int64_t n = scheme->shape.n[0], before = (n - 1) / 2;
    const double cfl = tx_get_real(scheme->section, "cfl");
    double *weights;
    TX_TRY(tx_stencil_check(scheme, error));
    TX_TRY(tx_allocate_array((size_t)n, sizeof *weights, error, &weights));
    for (int64_t t = 0; t < n; t++) {
        weights[t] = kernel(before - t, n, cfl);
    }
    const tx_status status = tx_stencil_create(scheme, weights, n, before, error);
    tx_free(weights);
    return status;
}

static const tx_option options[] = {TX_OPTION_CFL, {.name = NULL}};

static const tx_stepper_class class_ = {.create = create, .apply = tx_stencil_apply, .destroy = tx_stencil_destroy};
const tx_component tx_stepper_advection_1d_spectral = {.kind = TX_KIND_STEPPER,
                                                       .name = "advection_1d_spectral",
                                                       .summary = "exact advection by a Fourier shift, periodic",
                                                       .options = options,
                                                       .implementation = &class_};
