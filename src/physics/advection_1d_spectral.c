/* Exact advection on a periodic axis: mode k turns by -k cfl 2 pi / N a step. In space that is a convolution with the
 * trigonometric kernel D(n) = (1/N) sum over k of exp(2 pi i k (n - cfl) / N); at k = N/2 the inverse real transform keeps
 * the real part. Where that kernel is long, the modes are turned as they are: n log n operations and n weights' memory. */
#include <math.h>

#include "physics/stencil.h"
#include "trainax/physics.h"

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

static tx_node convolve(const tx_section *section, tx_graph *graph, tx_node x)
{
    const tx_shape shape = tx_node_shape(graph, x);
    const int64_t n = shape.n[0], before = (n - 1) / 2;
    tx_error error = {0};
    double *weights;
    if (tx_allocate_array((size_t)n, sizeof *weights, &error, &weights)) {
        return tx_graph_stick(graph, &error);
    }
    for (int64_t t = 0; t < n; t++) {
        weights[t] = kernel(before - t, n, tx_get_real(section, "cfl"));
    }
    const tx_node y = tx_stencil_apply(graph, x, weights, n, before);
    tx_free(weights);
    return y;
}

/* The modes' matrices over the channels, (channels, channels, modes), are zero but on the diagonal. */
static void turn(int64_t n, double cfl, int64_t channels, int64_t modes, double *real, double *imaginary)
{
    for (int64_t c = 0; c < channels; c++) {
        for (int64_t k = 0; k < modes; k++) {
            const double angle = 2 * M_PI * fmod((double)k * cfl, (double)n) / (double)n;
            real[c * (channels + 1) * modes + k] = cos(angle);
            imaginary[c * (channels + 1) * modes + k] = 2 * k == n ? 0 : -sin(angle);
        }
    }
}

static tx_node transform(const tx_section *section, tx_graph *graph, tx_node x)
{
    const tx_shape shape = tx_node_shape(graph, x);
    const int64_t modes = shape.n[0] / 2 + 1, size = shape.channels * shape.channels * modes;
    tx_error error = {0};
    double *weights;
    if (tx_allocate_array(2 * (size_t)size, sizeof *weights, &error, &weights)) {
        return tx_graph_stick(graph, &error);
    }
    turn(shape.n[0], tx_get_real(section, "cfl"), shape.channels, modes, weights, weights + size);
    const tx_node real = tx_constant(graph, weights, size), imaginary = tx_constant(graph, weights + size, size);
    tx_free(weights);
    return tx_spectral_convolve(graph, x, real, imaginary, &modes, shape.channels);
}

static tx_node step(const tx_section *section, tx_graph *graph, tx_node x)
{
    return (tx_node_shape(graph, x).n[0] <= LONGEST_KERNEL ? convolve : transform)(section, graph, x);
}

static const tx_option options[] = {TX_OPTION_CFL, {.name = NULL}};

static const tx_stepper_class class_ = {.check = tx_stencil_check, .apply = step};
const tx_component tx_stepper_advection_1d_spectral = {.kind = TX_KIND_STEPPER,
                                                       .name = "advection_1d_spectral",
                                                       .summary = "exact advection by a Fourier shift, periodic",
                                                       .options = options,
                                                       .implementation = &class_};
