/* Tensor programs: a graph is built once a run by maps, losses and configurations, differentiated, planned, and then run
 * over blocks of samples (trainax/plan.h).
 *
 * Building computes nothing. A node has a static shape (channels, *n) of ONE sample; the block of samples is implicit.
 * Errors are sticky: a builder may chain calls (a failed node is TX_NONE and makes every later one TX_NONE) and check once at the
 * end with tx_graph_status. Equal nodes are merged when built. A lane scalar, one number a sample, is a node of shape (1)
 * without axes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/kernel.h"
#include "trainax/shape.h"
#include "trainax/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_graph tx_graph;
typedef int tx_node;
enum { TX_NONE = -1 }; /* no node: where one may be left out */

tx_status tx_graph_create(tx_error *error, tx_graph **out);
void tx_graph_destroy(tx_graph *graph);
tx_status tx_graph_status(const tx_graph *graph, tx_error *error); /* TX_INVALID: the first shape error of building */
/* A builder's own error (of memory) sticks as those of the graph do. Returns TX_NONE. */
tx_node tx_graph_stick(tx_graph *graph, const tx_error *error);
tx_shape tx_node_shape(const tx_graph *graph, tx_node node);

/* -- inputs -- */
tx_node tx_window(tx_graph *graph, int level, tx_shape shape); /* level 0 is the initial state */
/* Numbers of each sample's trajectory (its parameters, fixed fields): those from `offset` on, C order, in the shape given. */
tx_node tx_numbers(tx_graph *graph, int64_t offset, tx_shape shape);
tx_node tx_batch_size(tx_graph *graph); /* samples in the whole minibatch, a lane scalar */
/* A leaf of the flat parameters: `size` numbers from `offset`, C order. */
tx_node tx_parameter(tx_graph *graph, int64_t offset, int64_t size);
/* Fixed numbers, usable wherever a parameter is (the weights of a linear stepper). Copied. */
tx_node tx_constant(tx_graph *graph, const double *values, int64_t size);
/* A tensor of fixed numbers, C order, the same in each sample (a forcing, a mask, a grid). Copied. */
tx_node tx_fixed(tx_graph *graph, tx_shape shape, const double *values);

/* The same of one number a channel, or of one by each, which plans take anew whenever their parameters have changed: the numbers
 * may have changed before that, and must stay where they are. */
tx_node tx_channel_numbers(tx_graph *graph, tx_shape shape, const double *numbers, bool inverse);

/* -- maps -- */
/* numpy.pad's zeros (constant), wrap, reflect (without the edge), edge, per spatial axis; widths >= 0. */
tx_node tx_pad(tx_graph *graph, tx_node x, tx_padding_mode mode, const int64_t *low, const int64_t *high);

typedef struct tx_convolution {
    int64_t out_channels;
    int64_t kernel[TX_MAX_AXES], dilation[TX_MAX_AXES];
    int64_t stride[TX_MAX_AXES]; /* 0 means 1 */
    int groups;
} tx_convolution;
/* Cross-correlation without padding ("valid"), as jax.lax: weight (C_out, C_in / groups, *K), bias (C_out) or TX_NONE.
 * Without spatial axes it is a dense layer: weight (out, in). */
tx_node tx_convolve(tx_graph *graph, tx_node x, const tx_convolution *convolution, tx_node weight, tx_node bias);
/* Transposed, as jax.lax with lhs_dilation = stride: between the cells of x lie stride - 1 zeros, low and high more around them
 * (negative: as many cells less), then a cross-correlation at stride 1. The weights are not reversed. */
tx_node tx_convolve_transposed(tx_graph *graph, tx_node x, const tx_convolution *convolution, const int64_t *low,
                               const int64_t *high, tx_node weight, tx_node bias);

/* Spectral convolution, as PDEquinox's SpectralConv: real FFT of x, per mode a complex matrix over channels, inverse FFT of
 * these modes alone. Weights: two leaves (2^(D-1), out_channels, C_in, *modes), real and imaginary parts; group g counts the
 * blocks of low and high wavenumbers, the first axis fastest. modes: at most n / 2 + 1 of the last axis, n of the others. */
tx_node tx_spectral_convolve(tx_graph *graph, tx_node x, tx_node weight_real, tx_node weight_imag, const int64_t *modes,
                             int64_t out_channels);

/* The real Fourier transform over all axes of x, as numpy.fft.rfftn, and back, as irfftn, to states of `shape` (its channels are
 * those of the modes): that drops imaginary parts at the last axis's wavenumbers 0 and n / 2 when the other axes are done, so modes
 * need not be those of a real field. Modes are values of shape (channels, 2 tx_rfftn_modes): add, subtract, scale, concatenate and
 * multiply them with a table, but give them to nothing else, nor out. Gradients are those of these maps of real and imaginary
 * parts, exactly. */
tx_node tx_rfftn(tx_graph *graph, tx_node x);
tx_node tx_irfftn(tx_graph *graph, tx_node modes, tx_shape shape);
/* table: a constant, (tx_rfftn_modes) complex numbers as pairs of reals in C order of the wavenumbers (of the last axis 0 … n / 2),
 * or (channels, tx_rfftn_modes) of them. */
tx_node tx_multiply_modes(tx_graph *graph, tx_node modes, tx_node table);
static inline int64_t tx_rfftn_modes(tx_shape shape)
{
    const int64_t last = shape.axes ? shape.n[shape.axes - 1] : 1;
    return tx_shape_points(&shape) / last * (last / 2 + 1);
}

tx_node tx_activate(tx_graph *graph, tx_node x, tx_activation activation);

/* Group norm (equinox.nn.GroupNorm): each group of channels, over channels and points, to mean 0 and (biased) variance 1,
 * y = weight (x - mean) / sqrt(variance + eps) + bias; weight and bias: a number a channel. */
tx_node tx_group_norm(tx_graph *graph, tx_node x, int64_t groups, double eps, tx_node weight, tx_node bias);

tx_node tx_concatenate(tx_graph *graph, tx_node a, tx_node b); /* channels of a, then those of b */
/* `count` of the channels of x, from `first` on: at least one, and no more than it has. */
tx_node tx_take_channels(tx_graph *graph, tx_node x, int64_t first, int64_t count);
tx_node tx_add(tx_graph *graph, tx_node a, tx_node b);
tx_node tx_subtract(tx_graph *graph, tx_node a, tx_node b);
tx_node tx_multiply(tx_graph *graph, tx_node a, tx_node b);          /* same shapes, or b a lane scalar */
tx_node tx_broadcast(tx_graph *graph, tx_node lane, tx_shape shape); /* a lane scalar everywhere */
tx_node tx_scale(tx_graph *graph, tx_node x, double factor);
tx_node tx_nonzero(tx_graph *graph, tx_node x);                 /* 1 where x is not 0, else 0; has no gradient */
tx_node tx_power(tx_graph *graph, tx_node x, double exponent);  /* |x|^exponent, elementwise */
tx_node tx_sum(tx_graph *graph, tx_node x);                     /* over (C, *N): a lane scalar */
tx_node tx_square_error(tx_graph *graph, tx_node x, tx_node y); /* sum (x - y)^2: a lane scalar */
tx_node tx_sum_square(tx_graph *graph, tx_node x);
tx_node tx_flatten(tx_graph *graph, tx_node x); /* (C, *N) -> (C * N), C order */
tx_node tx_unflatten(tx_graph *graph, tx_node x, tx_shape shape);
tx_node tx_stop_gradient(tx_graph *graph, tx_node x);
/* What is built from here on belongs to the next step of a rollout. Changes no value: where memory is short, only what
 * steps hand on to each other is kept, and the inside of a step is computed again for its adjoint. */
void tx_next_step(tx_graph *graph);
/* The newest levels of a rollout, the oldest first: what a network is given. */
enum { TX_MOST_LEVELS = 1000 };
typedef struct tx_past {
    int count;
    tx_node level[TX_MOST_LEVELS];
} tx_past;
static inline tx_node tx_past_newest(const tx_past *past)
{
    return past->level[past->count - 1];
}
/* The first `count` levels of a window. */
void tx_past_begin(tx_past *past, tx_graph *graph, tx_shape state, int count);
/* One level more; the oldest is dropped. */
void tx_past_push(tx_past *past, tx_node next);

/* What is built from here on, and its adjoint, belongs to this part of the program (a static text) in reports of where the time
 * goes. Returns the part before, to be entered again. Changes no value. */
const char *tx_enter_part(tx_graph *graph, const char *part);

/* A user's function of x, with results of that shape. It outlives the workspaces of all programs that it is in. */
tx_node tx_call(tx_graph *graph, tx_node x, tx_shape shape, const tx_function *function);

#ifdef __cplusplus
}
#endif
