/* The operations' cases: builders, then the table. */
#include "bench/operations.h"

#include <string.h>

typedef const tx_operation_case tx_case;

/* ---- Parts that builders share ---- */

static tx_node parameter(tx_case_graph *g, int64_t size)
{
    const int64_t offset = g->num_parameters;
    g->num_parameters += size;
    return tx_parameter(g->graph, offset, size);
}

static int64_t result_channels(tx_case *self, const tx_case_graph *g, tx_node x)
{
    return self->channels ? self->channels : tx_node_shape(g->graph, x).channels;
}

static tx_convolution convolution_of(tx_case *self, int64_t channels)
{
    tx_convolution c = {.out_channels = channels, .groups = self->groups ? self->groups : 1};
    for (int d = 0; d < TX_MAX_AXES; d++) {
        c.kernel[d] = self->kernel ? self->kernel : 1;
        c.dilation[d] = self->dilation ? self->dilation : 1;
        c.stride[d] = self->stride;
    }
    return c;
}

static tx_node weights(tx_case_graph *g, tx_node x, const tx_convolution *c)
{
    const tx_shape shape = tx_node_shape(g->graph, x);
    int64_t size = c->out_channels * (shape.channels / c->groups);
    for (int d = 0; d < shape.axes; d++) {
        size *= c->kernel[d];
    }
    return parameter(g, size);
}

/* A convolution with a bias, of x padded as the case says by as much as keeps the points. */
static tx_node convolve(tx_case *self, tx_case_graph *g, tx_node x, int64_t channels)
{
    const tx_convolution c = convolution_of(self, channels);
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES];
    for (int d = 0; d < TX_MAX_AXES; d++) {
        const int64_t reach = (c.kernel[d] - 1) * c.dilation[d];
        low[d] = reach / 2;
        high[d] = reach - reach / 2;
    }
    const tx_node weight = weights(g, x, &c), bias = parameter(g, channels);
    return tx_convolve(g->graph, tx_pad(g->graph, x, self->mode, low, high), &c, weight, bias);
}

/* What x is compared with. */
static tx_node target(tx_case_graph *g, tx_node x)
{
    return tx_window(g->graph, 1, tx_node_shape(g->graph, x));
}

/* ---- Convolutions ---- */

static tx_node conv(tx_case *self, tx_case_graph *g, tx_node x)
{
    return tx_activate(g->graph, convolve(self, g, x, result_channels(self, g, x)), self->activation);
}

/* As many times more points as the stride says. */
static tx_node transposed(tx_case *self, tx_case_graph *g, tx_node x)
{
    const tx_convolution c = convolution_of(self, result_channels(self, g, x));
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES];
    for (int d = 0; d < TX_MAX_AXES; d++) {
        low[d] = 1;
        high[d] = self->stride;
    }
    const tx_node weight = weights(g, x, &c), bias = parameter(g, c.out_channels);
    return tx_convolve_transposed(g->graph, x, &c, low, high, weight, bias);
}

/* Two layers, of which the first is read by the second only, and a skip: activation, mask and sum go into the convolutions. */
static tx_node layers(tx_case *self, tx_case_graph *g, tx_node x)
{
    const int64_t channels = tx_node_shape(g->graph, x).channels;
    const tx_node h = tx_activate(g->graph, convolve(self, g, x, channels), self->activation);
    return tx_add(g->graph, convolve(self, g, h, channels), x);
}

/* x padded and not convolved: a copy with a halo, whose adjoint folds it back. */
static tx_node pad(tx_case *self, tx_case_graph *g, tx_node x)
{
    int64_t low[TX_MAX_AXES] = {2, 1, 1}, high[TX_MAX_AXES] = {1, 2, 0};
    const tx_node padded = tx_pad(g->graph, x, self->mode, low, high);
    return tx_multiply(g->graph, padded, padded);
}

/* So many modes an axis, or as many as there are. */
static tx_node spectral(tx_case *self, tx_case_graph *g, tx_node x)
{
    const tx_shape shape = tx_node_shape(g->graph, x);
    const int64_t channels = result_channels(self, g, x);
    int64_t modes[TX_MAX_AXES], size = shape.channels * channels;
    for (int d = 0; d < shape.axes; d++) {
        const int64_t most = d == shape.axes - 1 ? shape.n[d] / 2 + 1 : shape.n[d];
        modes[d] = self->modes < most ? self->modes : most;
        size *= modes[d] * (d > 0 ? 2 : 1);
    }
    const tx_node re = parameter(g, size), im = parameter(g, size);
    return tx_spectral_convolve(g->graph, x, re, im, modes, channels);
}

/* ---- Norms ---- */

static tx_node norm(tx_case *self, tx_case_graph *g, tx_node x)
{
    const int64_t channels = tx_node_shape(g->graph, x).channels;
    const tx_node weight = parameter(g, channels), bias = parameter(g, channels);
    return tx_group_norm(g->graph, x, self->groups ? self->groups : 1, 1e-5, weight, bias);
}

static tx_node group_norm(tx_case *self, tx_case_graph *g, tx_node x)
{
    return tx_activate(g->graph, norm(self, g, x), self->activation);
}

/* With x added, and read by one activation. */
static tx_node norm_layers(tx_case *self, tx_case_graph *g, tx_node x)
{
    return tx_activate(g->graph, tx_add(g->graph, norm(self, g, x), x), self->activation);
}

/* ---- Pointwise ---- */

static tx_node activate(tx_case *self, tx_case_graph *g, tx_node x)
{
    return tx_activate(g->graph, x, self->activation);
}

static tx_node add(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    return tx_add(g->graph, tx_add(g->graph, x, target(g, x)), tx_scale(g->graph, x, 0.75));
}

static tx_node subtract(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    return tx_subtract(g->graph, target(g, x), x);
}

static tx_node scale(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    return tx_scale(g->graph, x, -0.625);
}

static tx_node multiply(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    return tx_multiply(g->graph, tx_multiply(g->graph, x, target(g, x)), x);
}

static tx_node power(tx_case *self, tx_case_graph *g, tx_node x)
{
    return tx_power(g->graph, x, self->exponent);
}

/* ---- One number a sample ---- */

static tx_node sum(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    return tx_sum(g->graph, x);
}

static tx_node sum_square(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    return tx_sum_square(g->graph, x);
}

static tx_node square_error(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    return tx_square_error(g->graph, x, target(g, x));
}

/* Both sides move, and the gradient of one is added to something else. */
static tx_node square_errors(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    const tx_node other = tx_scale(g->graph, tx_multiply(g->graph, x, target(g, x)), 0.5);
    const tx_node moving = tx_scale(g->graph, tx_square_error(g->graph, x, other), 0.25);
    return tx_add(g->graph, moving, tx_square_error(g->graph, x, target(g, x)));
}

/* A root of a sum of powers. */
static tx_node length(tx_case *self, tx_case_graph *g, tx_node x)
{
    return tx_power(g->graph, tx_sum(g->graph, tx_power(g->graph, x, self->exponent)), 1 / self->exponent);
}

/* x over the root of its length, times the batch. */
static tx_node lane_scale(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    const tx_node inverse = tx_power(g->graph, tx_sum_square(g->graph, x), -0.25);
    return tx_multiply(g->graph, x, tx_multiply(g->graph, inverse, tx_batch_size(g->graph)));
}

/* ---- Numbers moved ---- */

static tx_node flatten(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    const tx_node flat = tx_flatten(g->graph, x);
    return tx_multiply(g->graph, flat, flat);
}

static tx_node unflatten(tx_case *self, tx_case_graph *g, tx_node x)
{
    const tx_shape shape = tx_node_shape(g->graph, x);
    const int64_t points = tx_shape_points(&shape);
    (void)self;
    return tx_unflatten(g->graph, tx_flatten(g->graph, x), (tx_shape){points, 1, {shape.channels}});
}

static tx_node concatenate(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    const tx_node square = tx_multiply(g->graph, x, x);
    return tx_concatenate(g->graph, tx_concatenate(g->graph, square, target(g, x)), x);
}

/* What a trajectory is known by: the next numbers of it. */
static tx_node known(tx_case_graph *g, tx_shape shape)
{
    const int64_t offset = g->num_numbers;
    g->num_numbers += shape.channels * tx_shape_points(&shape);
    return tx_numbers(g->graph, offset, shape);
}

/* One for the whole state, and a field. */
static tx_node numbers(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    const tx_node factor = known(g, (tx_shape){.channels = 1}), field = known(g, tx_node_shape(g->graph, x));
    return tx_add(g->graph, tx_multiply(g->graph, x, factor), tx_multiply(g->graph, x, field));
}

/* Of what does not move: differences know no cut. */
static tx_node stop_gradient(tx_case *self, tx_case_graph *g, tx_node x)
{
    (void)self;
    return tx_multiply(g->graph, x, tx_stop_gradient(g->graph, known(g, tx_node_shape(g->graph, x))));
}

/* A mask and a forcing, each number another one. */
static tx_node fixed(tx_case *self, tx_case_graph *g, tx_node x)
{
    enum { MOST = 32 };
    double values[2 * MOST];
    const tx_shape shape = tx_node_shape(g->graph, x);
    (void)self;
    for (int k = 0; k < 2 * MOST; k++) {
        values[k] = 1.0 / (k + 2) - 0.25 * (k % 3);
    }
    const tx_node mask = tx_fixed(g->graph, shape, values), forcing = tx_fixed(g->graph, shape, values + MOST);
    return tx_add(g->graph, tx_multiply(g->graph, x, mask), forcing);
}

/* The channels apart, all but the last and all but the first: those in the middle twice. Convolved, they are padded and added to.
 */
static tx_node take_channels(tx_case *self, tx_case_graph *g, tx_node x)
{
    const int64_t channels = tx_node_shape(g->graph, x).channels;
    const tx_node low = tx_take_channels(g->graph, x, 0, channels - 1), high = tx_take_channels(g->graph, x, 1, channels - 1);
    return tx_add(
        g->graph,
        tx_activate(g->graph, convolve(self, g, tx_activate(g->graph, low, self->activation), channels - 1), self->activation),
        high);
}

/* x less its mean. */
static tx_node broadcast(tx_case *self, tx_case_graph *g, tx_node x)
{
    const tx_shape shape = tx_node_shape(g->graph, x);
    const double size = (double)(shape.channels * tx_shape_points(&shape));
    (void)self;
    return tx_subtract(g->graph, x, tx_broadcast(g->graph, tx_scale(g->graph, tx_sum(g->graph, x), 1 / size), shape));
}

/* A linear layer whose weights are fixed. */
static tx_node constant(tx_case *self, tx_case_graph *g, tx_node x)
{
    static const double taps[] = {0.25, -0.5, 0.125};
    (void)self;
    const tx_convolution c = {.out_channels = 1, .kernel = {3}, .dilation = {1}, .groups = 1};
    return tx_convolve(g->graph, tx_pad(g->graph, x, TX_PAD_CIRCULAR, (int64_t[]){1}, (int64_t[]){1}), &c,
                       tx_constant(g->graph, taps, 3), TX_NONE);
}

/* ---- Transforms over the whole spectrum ---- */

/* Factors that are all different: what they make of the modes of a real field are not those of another. */
static tx_node factors(tx_case_graph *g, tx_shape shape)
{
    enum { MOST = 32 * 32 * 17 };
    static double table[2 * MOST];
    const int64_t modes = tx_rfftn_modes(shape);
    for (int64_t k = 0; k < 2 * modes && k < 2 * MOST; k++) {
        table[k] = 1.0 / (double)(k + 2) - 0.25 * (double)(k % 3);
    }
    return tx_constant(g->graph, table, 2 * modes);
}

/* There, times a table, and back. */
static tx_node fourier(tx_case *self, tx_case_graph *g, tx_node x)
{
    const tx_shape shape = tx_node_shape(g->graph, x);
    (void)self;
    return tx_irfftn(g->graph, tx_multiply_modes(g->graph, tx_rfftn(g->graph, x), factors(g, shape)), shape);
}

/* A step as spectral steppers make it: a square in space of modes times factors, its modes times factors added to those of x. */
static tx_node spectral_step(tx_case *self, tx_case_graph *g, tx_node x)
{
    const tx_shape shape = tx_node_shape(g->graph, x);
    const tx_node h = tx_rfftn(g->graph, x), table = factors(g, shape);
    const tx_node u = tx_irfftn(g->graph, tx_multiply_modes(g->graph, h, table), shape);
    const tx_node square = tx_multiply_modes(g->graph, tx_rfftn(g->graph, tx_multiply(g->graph, u, u)), table);
    (void)self;
    return tx_irfftn(g->graph, tx_add(g->graph, tx_multiply_modes(g->graph, h, table), square), shape);
}

/* ---- The table ---- */

#define CASE(NAME, BUILD, BLOCK, ...) .name = "operation/" NAME, .build = BUILD, .block = BLOCK, .shape = __VA_ARGS__
#define TIMED(BLOCK, ...) .timed_block = BLOCK, .timed = __VA_ARGS__
#define CIRCULAR .mode = TX_PAD_CIRCULAR
#define ZEROS .mode = TX_PAD_ZEROS
#define REFLECT .mode = TX_PAD_REFLECT
#define REPLICATE .mode = TX_PAD_REPLICATE

const tx_operation_case tx_operation_cases[] = {
    {CASE("dense", conv, 7, {5, 0, {0}}), TIMED(32, {64, 0, {0}})},
    {CASE("dilated_1d", conv, 5, {3, 1, {19}}), TIMED(5, {32, 1, {160}}), .kernel = 3, .dilation = 8, CIRCULAR},
    {CASE("dilated_2d", conv, 1, {2, 2, {9, 17}}), TIMED(1, {32, 2, {64, 64}}), .kernel = 3, .dilation = 8, CIRCULAR},
    {CASE("strided_1d", conv, 5, {3, 1, {14}}), TIMED(5, {24, 1, {160}}), .kernel = 3, .stride = 2, CIRCULAR},
    {CASE("strided_2d", conv, 1, {2, 2, {7, 6}}), TIMED(1, {24, 2, {64, 64}}), .kernel = 3, .stride = 2, CIRCULAR},
    {CASE("strided_3d", conv, 2, {2, 3, {4, 5, 6}}), TIMED(2, {12, 3, {32, 32, 32}}), .kernel = 3, .stride = 2, CIRCULAR},
    {CASE("transposed_1d", transposed, 5, {3, 1, {7}}), TIMED(5, {24, 1, {80}}), .kernel = 3, .stride = 2},
    {CASE("transposed_2d", transposed, 1, {2, 2, {3, 4}}), TIMED(1, {24, 2, {32, 32}}), .kernel = 3, .stride = 2},
    {CASE("transposed_3d", transposed, 2, {2, 3, {3, 2, 3}}), TIMED(2, {12, 3, {16, 16, 16}}), .kernel = 3, .stride = 2},
    {CASE("group_norm_1d", group_norm, 5, {4, 1, {11}}), TIMED(5, {32, 1, {160}}), .activation = TX_RELU},
    {CASE("group_norm_2d", group_norm, 1, {4, 2, {3, 5}}), TIMED(1, {32, 2, {64, 64}}), .activation = TX_RELU},
    {CASE("gelu_1d", activate, 5, {3, 1, {13}}), TIMED(5, {18, 1, {160}}), .activation = TX_GELU},
    {CASE("spectral_1d", spectral, 5, {2, 1, {12}}), TIMED(5, {18, 1, {160}}), .modes = 12},
    {CASE("spectral_2d", spectral, 1, {2, 2, {5, 8}}), TIMED(1, {18, 2, {64, 64}}), .modes = 12},
    {CASE("spectral_3d", spectral, 2, {2, 3, {3, 4, 6}}), TIMED(2, {18, 3, {32, 32, 32}}), .modes = 12},

    {CASE("dense_one_number", conv, 1, {1, 0, {0}})},
    {CASE("dense_block_8", conv, 8, {3, 0, {0}}), .channels = 9},
    {CASE("dense_block_17_groups", conv, 17, {6, 0, {0}}), .channels = 4, .groups = 2, .activation = TX_TANH},
    {CASE("dense_block_33", conv, 33, {10, 0, {0}}), .channels = 2, .activation = TX_SILU},
    {CASE("conv_1d_quickstart", conv, 32, {1, 1, {30}}), .kernel = 2, CIRCULAR},
    {CASE("conv_1d_one_cell", conv, 3, {2, 1, {1}}), .kernel = 3, CIRCULAR},
    {CASE("conv_1d_zeros", conv, 4, {3, 1, {13}}), .channels = 7, .kernel = 4, ZEROS},
    {CASE("conv_1d_zeros_dilated", conv, 16, {1, 1, {9}}), .channels = 2, .kernel = 3, .dilation = 3, ZEROS},
    {CASE("conv_1d_reflect", conv, 9, {4, 1, {11}}), .kernel = 5, .groups = 2, REFLECT, .activation = TX_TANH},
    {CASE("conv_1d_replicate", conv, 15, {2, 1, {6}}), .channels = 9, .kernel = 3, .dilation = 2, REPLICATE,
     .activation = TX_SOFTPLUS},
    {CASE("conv_1d_depthwise", conv, 31, {5, 1, {7}}), .kernel = 3, .groups = 5, CIRCULAR},
    {CASE("conv_2d_circular", conv, 3, {2, 2, {5, 7}}), .channels = 3, .kernel = 3, CIRCULAR, .activation = TX_GELU},
    {CASE("conv_2d_reflect", conv, 2, {3, 2, {6, 5}}), .kernel = 2, .dilation = 2, REFLECT},
    {CASE("conv_2d_pairs", conv, 1, {9, 2, {7, 12}}), .channels = 8, .kernel = 3, CIRCULAR},
    {CASE("conv_3d_circular", conv, 2, {2, 3, {3, 4, 5}}), .channels = 3, .kernel = 3, CIRCULAR, .activation = TX_SIGMOID},
    {CASE("conv_3d_zeros", conv, 5, {1, 3, {3, 2, 4}}), .channels = 2, .kernel = 2, ZEROS},
    {CASE("strided_1d_stride_3", conv, 8, {2, 1, {13}}), .channels = 4, .kernel = 4, .stride = 3, REFLECT},
    {CASE("strided_1d_pointwise", conv, 7, {2, 1, {9}}), .kernel = 1, .stride = 4, ZEROS},
    {CASE("strided_2d_zeros", conv, 3, {2, 2, {5, 8}}), .channels = 3, .kernel = 3, .stride = 2, ZEROS},
    {CASE("strided_2d_groups", conv, 4, {4, 2, {4, 5}}), .kernel = 3, .stride = 2, .groups = 2, REPLICATE},
    {CASE("transposed_1d_stride_3", transposed, 9, {2, 1, {6}}), .channels = 3, .kernel = 5, .stride = 3},
    {CASE("transposed_1d_dilated", transposed, 16, {2, 1, {5}}), .kernel = 2, .dilation = 3, .stride = 2},
    {CASE("transposed_2d_groups", transposed, 5, {4, 2, {3, 2}}), .channels = 2, .kernel = 3, .stride = 2, .groups = 2},
    {CASE("block_1d_relu", layers, 5, {3, 1, {11}}), .kernel = 3, CIRCULAR, .activation = TX_RELU},
    {CASE("block_1d_zeros_relu", layers, 8, {2, 1, {10}}), .kernel = 3, ZEROS, .activation = TX_RELU},
    {CASE("block_1d_reflect_relu", layers, 6, {2, 1, {9}}), .kernel = 3, REFLECT, .activation = TX_RELU},
    {CASE("block_2d_tanh", layers, 3, {2, 2, {4, 6}}), .kernel = 3, CIRCULAR, .activation = TX_TANH},
    {CASE("block_3d_silu", layers, 2, {1, 3, {3, 3, 4}}), .kernel = 3, REPLICATE, .activation = TX_SILU},
    {CASE("block_dense", layers, 9, {7, 0, {0}}), .activation = TX_RELU},
    {CASE("constant_weights", constant, 7, {1, 1, {12}})},
    {CASE("pad_zeros", pad, 5, {2, 1, {7}}), ZEROS},
    {CASE("pad_circular", pad, 4, {1, 1, {3}}), CIRCULAR},
    {CASE("pad_reflect_2d", pad, 3, {2, 2, {4, 5}}), REFLECT},
    {CASE("pad_replicate_3d", pad, 2, {1, 3, {2, 3, 4}}), REPLICATE},
    {CASE("spectral_1d_odd", spectral, 8, {3, 1, {9}}), .channels = 2, .modes = 3},
    {CASE("spectral_1d_fft", spectral, 3, {1, 1, {128}}), .modes = 64},
    {CASE("spectral_2d_few_modes", spectral, 3, {1, 2, {6, 5}}), .channels = 2, .modes = 2},
    {CASE("spectral_2d_one_column", spectral, 1, {3, 2, {5, 1}}), .modes = 1},
    {CASE("fourier_1d", fourier, 5, {2, 1, {12}}), TIMED(5, {18, 1, {160}})},
    {CASE("fourier_1d_odd", fourier, 3, {3, 1, {9}})},
    {CASE("fourier_2d", fourier, 2, {2, 2, {5, 6}}), TIMED(1, {4, 2, {160, 160}})},
    {CASE("fourier_3d", fourier, 8, {1, 3, {4, 3, 5}}), TIMED(2, {4, 3, {32, 32, 32}})},
    {CASE("group_norm_dense", group_norm, 9, {6, 0, {0}}), .groups = 2},
    {CASE("group_norm_1d_groups", group_norm, 16, {6, 1, {5}}), .groups = 3, .activation = TX_TANH},
    {CASE("group_norm_3d", group_norm, 3, {2, 3, {2, 3, 3}}), .groups = 2, .activation = TX_SILU},
    {CASE("group_norm_block_1d", norm_layers, 5, {4, 1, {9}}), .groups = 2, .activation = TX_TANH},
    {CASE("group_norm_block_2d_relu", norm_layers, 7, {2, 2, {3, 4}}), .activation = TX_RELU},
    {CASE("relu", activate, 8, {3, 0, {0}}), .activation = TX_RELU},
    {CASE("tanh_2d", activate, 3, {2, 2, {5, 4}}), .activation = TX_TANH},
    {CASE("sigmoid_3d", activate, 2, {1, 3, {3, 2, 5}}), .activation = TX_SIGMOID},
    {CASE("silu_1d", activate, 17, {2, 1, {6}}), .activation = TX_SILU},
    {CASE("leaky_relu_1d", activate, 4, {1, 1, {31}}), .activation = TX_LEAKY_RELU},
    {CASE("elu_1d", activate, 15, {2, 1, {7}}), .activation = TX_ELU},
    {CASE("softplus_1d", activate, 1, {3, 1, {10}}), .activation = TX_SOFTPLUS},
    {CASE("add_1d", add, 5, {3, 1, {13}})},
    {CASE("subtract_2d", subtract, 4, {2, 2, {3, 5}})},
    {CASE("scale_3d", scale, 3, {2, 3, {2, 3, 4}})},
    {CASE("multiply_dense", multiply, 33, {3, 0, {0}})},
    {CASE("multiply_2d", multiply, 7, {2, 2, {4, 3}})},
    {CASE("power_3", power, 5, {2, 1, {9}}), .exponent = 3},
    {CASE("power_2.5_2d", power, 2, {2, 2, {3, 7}}), .exponent = 2.5},
    {CASE("power_1_dense", power, 16, {2, 0, {0}}), .exponent = 1},
    {CASE("power_-1_3d", power, 3, {1, 3, {3, 3, 2}}), .exponent = -1},
    {CASE("sum_1d", sum, 9, {3, 1, {17}})},
    {CASE("sum_square_2d", sum_square, 5, {2, 2, {5, 6}})},
    {CASE("sum_square_dense", sum_square, 32, {4, 0, {0}})},
    {CASE("length_1d", length, 7, {2, 1, {12}}), .exponent = 3},
    {CASE("length_dense", length, 4, {5, 0, {0}}), .exponent = 1.5},
    {CASE("square_error_1d", square_error, 8, {1, 1, {30}})},
    {CASE("square_error_3d", square_error, 3, {2, 3, {3, 2, 4}})},
    {CASE("square_errors_1d", square_errors, 6, {2, 1, {11}})},
    {CASE("lane_scale_1d", lane_scale, 5, {2, 1, {8}})},
    {CASE("lane_scale_2d", lane_scale, 3, {1, 2, {3, 4}})},
    {CASE("flatten_2d", flatten, 5, {2, 2, {3, 4}})},
    {CASE("unflatten_1d", unflatten, 4, {3, 1, {5}})},
    {CASE("concatenate_1d", concatenate, 5, {2, 1, {7}})},
    {CASE("concatenate_3d", concatenate, 2, {1, 3, {2, 3, 2}})},
    {CASE("fixed_dense", fixed, 7, {4, 0, {0}})},
    {CASE("fixed_2d", fixed, 5, {2, 2, {3, 5}})},
    {CASE("take_channels_dense", take_channels, 8, {3, 0, {0}}), .activation = TX_TANH},
    {CASE("take_channels_1d", take_channels, 5, {3, 1, {7}}), .kernel = 3, CIRCULAR, .activation = TX_RELU},
    {CASE("take_channels_3d", take_channels, 2, {4, 3, {2, 3, 2}}), .kernel = 3, ZEROS, .activation = TX_TANH},
    {CASE("broadcast_1d", broadcast, 5, {2, 1, {7}})},
    {CASE("broadcast_dense", broadcast, 9, {5, 0, {0}})},
    {CASE("stop_gradient_1d", stop_gradient, 5, {2, 1, {6}})},
    {CASE("numbers_1d", numbers, 5, {2, 1, {9}})},
    {CASE("numbers_dense", numbers, 8, {3, 0, {0}})},
    {CASE("function_1d", tx_case_call, 5, {2, 1, {3}})},
    {CASE("function_adding_1d", tx_case_call_adding, 5, {2, 1, {3}})},
    {CASE("spectral_step_1d", spectral_step, 5, {2, 1, {12}}), TIMED(5, {1, 1, {160}})},
    {CASE("spectral_step_1d_odd", spectral_step, 17, {1, 1, {7}})},
    {CASE("spectral_step_2d", spectral_step, 2, {1, 2, {6, 5}}), TIMED(1, {1, 2, {160, 160}})},
    {CASE("spectral_step_3d", spectral_step, 1, {2, 3, {4, 4, 4}}), TIMED(1, {1, 3, {32, 32, 32}})},
    {.name = NULL},
};
