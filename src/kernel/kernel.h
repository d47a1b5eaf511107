/* The table of CPU kernels. The same sources are compiled for float and double, each for several instruction sets; a
 * program asks for one tx_kernels and never branches on type again.
 *
 * Conventions. Tensors are pointers to the start of their allocation (64-byte aligned) together with a tx_layout, which may
 * be a view. A kernel reads interior cells, and halo cells only where said; it writes the cells of the interior and nothing
 * else (`halo` is called by whoever runs the kernel, after it). No kernel allocates, communicates, or calls libm; sums run
 * in an order that is a compile-time constant of the ISA. Operands beyond a row are masked on both sides: NaN in slack or in
 * unfilled halos never reaches a result. All layouts of a call have the same block.
 * Lane scalars are tensors of shape (1) without axes: one real per sample of the block, from the start of their allocation.
 * Parameters, weights and their gradients are plain contiguous arrays in C order (Equinox's shapes), at any alignment.
 * Everything a call needs is made by a _create; the objects are read-only from then on and may be shared by threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/layout.h"
#include "trainax/kernel.h"
#include "trainax/status.h"

/* An activation's derivative is a function of its output y (relu, tanh, …) or of its input x (gelu, silu, …). */
typedef struct tx_activation_row {
    const char *name;
    bool from_output;
} tx_activation_row;
extern const tx_activation_row tx_activation_rows[TX_ACTIVATION_COUNT];

/* y[o, p] = e( bias[o] + sum over i, t of w[o, i, t] * x[i, p + shift + t * dilation] ), a cross-correlation at stride 1.
 * The output's interior decides which p; x's halo must be filled as far as the taps reach (conv_create: TX_FAILURE if they
 * reach beyond it). axes 0: a dense layer (one tap, no points). `flip`: the adjoint with respect to x: the weight array is
 * still the forward one, read as w[i, o, K-1-t] (i: this call's input channel = the forward's output channel); its shift is
 * -(forward's shift) - (K-1) * dilation. With groups, channels of x and y are split in `groups` equal parts and w is
 * (C_out_forward, C_in_forward / groups, *K).
 *
 * Stride is no attribute of the sum but of a tensor, whose cells are then kept as phases: with s phases along an axis, cell q
 * of channel (c, r) is cell s q + r of channel c (r counts over all axes, the last one fastest; `split` and `join` below).
 * With phases in x the formula reads x at s p + shift + t * dilation: a strided convolution. With phases in y it reads, for the
 * cell p = s q + r, x at (p + shift + t * dilation) / s over those t for which that is whole: a transposed one, which is a
 * plain convolution with some of the taps for each phase. Each is the other's adjoint. x or y has phases, not both. */
typedef struct tx_conv_shape {
    tx_layout x, y;
    int64_t kernel[TX_MAX_AXES], dilation[TX_MAX_AXES];
    int64_t shift[TX_MAX_AXES]; /* position in x (relative to its interior) of tap 0 for output cell 0; may be negative */
    int64_t x_phases[TX_MAX_AXES], y_phases[TX_MAX_AXES]; /* 0 means 1 */
    int groups;                                           /* 0 means 1 */
    bool flip;
    tx_activation activation; /* e: applied to the output */
    bool masked;              /* relu's adjoint: the result is zero where the tensor m (layout of y) is <= 0 */
} tx_conv_shape;
typedef struct tx_conv tx_conv; /* offset tables and blocking for one shape; read-only once made, shared by threads */

/* Halo tables: runs of (cells, where they come from or zero), built once with the plan; nothing of it depends on ISA or
 * precision. Handles widths beyond N as numpy.pad does (wrap, reflect without the edge, edge). */
typedef struct tx_halo tx_halo;
tx_status tx_halo_create(const tx_layout *layout, tx_padding_mode mode, tx_error *error, tx_halo **out);
void tx_halo_destroy(tx_halo *halo);

/* The real Fourier transform over all axes of x, of which `count` modes an axis are kept: wavenumbers 0 … count - 1 of the
 * last axis, and of every other axis these (its low block) and the last `count` (its high block). Group g of 2^(axes - 1) is
 * a choice of blocks: bit d tells whether axis d's is the high one. modes: (2 groups channels of x, product of counts), block
 * of x, no halos. weighted: every mode is multiplied by what it counts in the inverse transform, so that weighted synthesis
 * is the inverse (as irfftn), plain analysis the transform, and each the other's adjoint where both are weighted or plain. */
typedef struct tx_spectral_shape {
    tx_layout x, modes;
    int64_t count[TX_MAX_AXES];
    bool weighted;
} tx_spectral_shape;
typedef struct tx_spectral tx_spectral;

/* The real Fourier transform over all axes of x (numpy's rfftn), with all its modes. modes: (channels of x, twice their number),
 * block of x, no halos: real and imaginary parts in turn, in C order of the wavenumbers, of which the last axis has those up to n
 * / 2. Weighted as above: forward, plain, is rfftn; backward, weighted, irfftn, which takes the real parts of complex lines at the
 * last axis's wavenumbers 0 and n / 2; backward plain is the transpose of the one, forward weighted of the other. `count` is not
 * looked at. */
typedef struct tx_rfft tx_rfft;

/* What one of several threads computes of a result: part `index` of `count`. The parts write different numbers, and all of
 * them together the same bits as the one part of one. */
typedef struct tx_part {
    int index, count;
} tx_part;
static const tx_part tx_whole = {0, 1};
/* What a part has of n things. */
static inline int64_t tx_part_begin(tx_part part, int64_t n)
{
    return n * part.index / part.count;
}
static inline int64_t tx_part_end(tx_part part, int64_t n)
{
    return n * (part.index + 1) / part.count;
}

/* What a convolution reads and writes. */
typedef struct tx_conv_operands {
    const void *x, *packed;
    const void *bias; /* NULL: none; not used with flip */
    const void *m;    /* if masked */
    const void *add;  /* NULL: none; laid out as y: summed in before e and mask */
    void *y;          /* may be m or add */
    void *scratch;    /* of conv_scratch reals, any content, 64-byte aligned; may be NULL where that is 0 */
} tx_conv_operands;

/* A tensor of a block, for kernels of several. */
typedef struct tx_tensor {
    const tx_layout *layout;
    void *data;
} tx_tensor;

typedef struct tx_kernels {
    const char *isa; /* "portable", "x86-64-v3", "x86-64-v4" */
    tx_precision precision;
    int lanes; /* reals per vector */

    tx_status (*conv_create)(const tx_conv_shape *shape, tx_error *error, tx_conv **out);
    void (*conv_destroy)(tx_conv *conv);
    size_t (*conv_packed_size)(const tx_conv *conv); /* reals */
    void (*conv_pack)(const tx_conv *conv, const void *w, void *packed);
    size_t (*conv_scratch)(const tx_conv *conv); /* reals that a part needs for itself; any content, 64-byte aligned */
    /* y from x. y is never x. */
    void (*conv_apply)(const tx_conv *conv, tx_part part, const tx_conv_operands *operands);
    /* dw += sum over points and samples of dy * shifted x, in the weights' own order (conv made with flip = false; phases as
     * in its forward pass). */
    void (*conv_weights)(const tx_conv *conv, tx_part part, const void *x, const void *dy, void *dw, void *scratch);
    /* db[o] += sum over points and samples of dy */
    void (*bias_gradient)(const tx_layout *dy, const void *dy_data, void *db);

    /* Fills the halo from the interior by a table made with tx_halo_create (mode, widths of the layout). */
    void (*halo)(const tx_halo *halo, tx_part part, void *x);
    /* The adjoint: adds the halo cells' values to the cells that they were copied from (zeros: nothing to add). */
    void (*fold)(const tx_halo *halo, tx_part part, void *x);

    /* Interiors become zero, whatever was there. */
    void (*zero)(const tx_layout *ly, void *y);
    /* y = x between two layouts of the same shape (views: crop, padded copy, concatenation). */
    void (*copy)(const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
    /* y = x in C order of the cells, between any two shapes with as many numbers: flatten, unflatten. y is never x. */
    void (*reshape)(const tx_layout *lx, const void *x, const tx_layout *ly, void *y);

    /* p = x as phases: cell s q + r - low of channel c goes to cell q of channel (c, r); cells that x has not are zero. */
    void (*split)(const int64_t stride[TX_MAX_AXES], const int64_t low[TX_MAX_AXES], const tx_layout *lx, const void *x,
                  const tx_layout *lp, void *p);
    /* x = the cells of the phases p; cells of p beyond x are dropped. */
    void (*join)(const int64_t stride[TX_MAX_AXES], const tx_layout *lp, const void *p, const tx_layout *lx, void *x);

    /* b samples, each contiguous (C, *N) reals at sample[k] + offset, to the block layout and back. Lanes >= count repeat
     * sample[0] (load) or are not stored (store); sample[k] is read for k < count only. Transposes in registers. */
    void (*load)(const tx_layout *ly, const void *const *sample, int64_t offset, int count, void *y);
    void (*store)(const tx_layout *lx, const void *x, void *const *sample, int64_t offset, int count);
    /* y, of block 1, = one lane of x. */
    void (*take_lane)(int lane, const tx_layout *lx, const void *x, const tx_layout *ly, void *y);

    /* Pointwise over interiors; any operand may be the result (with the result's layout). Layouts may differ in halo. */
    void (*activate)(tx_activation activation, const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
    /* dx = dy * e'(s), s the saved output or input as the row says */
    void (*activate_gradient)(tx_activation activation, const tx_layout *ls, const void *s, const tx_layout *ldy, const void *dy,
                              const tx_layout *ldx, void *dx);
    /* y = |x|^p; dx = dy * p * |x|^(p - 1) * sign(x), which is 0 at x = 0 unless p < 1 */
    void (*power)(double p, const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
    void (*power_gradient)(double p, const tx_layout *lx, const void *x, const tx_layout *ldy, const void *dy, const tx_layout *ldx,
                           void *dx);
    /* y = alpha * a + beta * b; b NULL (lb too): y = alpha * a */
    void (*axpby)(double alpha, const tx_layout *la, const void *a, double beta, const tx_layout *lb, const void *b,
                  const tx_layout *ly, void *y);
    void (*multiply)(const tx_layout *la, const void *a, const tx_layout *lb, const void *b, const tx_layout *ly, void *y);

    /* y = alpha * s * x + (z or 0), s a lane scalar (b reals); z may be NULL and has y's layout. x.data NULL: ones, which
     * spreads a lane scalar over a tensor, as the adjoint of lane_sum wants. */
    void (*lane_scale)(double alpha, const void *s, tx_tensor x, const void *z, tx_tensor y);
    /* s[k] = alpha * sum over (C, *N) of x, of x * z, of (x - z)^2 (the fused loss), for each sample k. In one order whatever
     * the vector width. s is no part of x or z. */
    void (*lane_sum)(double alpha, const tx_layout *lx, const void *x, void *s);
    void (*lane_dot)(double alpha, const tx_layout *lx, const void *x, const tx_layout *lz, const void *z, void *s);
    void (*lane_square_error)(double alpha, const tx_layout *lx, const void *x, const tx_layout *lz, const void *z, void *s);
    /* dx = alpha * s * (x - z) + (add or 0); add (NULL: none) has dx's layout. */
    void (*square_error_gradient)(double alpha, const void *s, tx_tensor x, tx_tensor z, const void *add, tx_tensor dx);

    /* Group norm, `groups` equal parts of x's channels. Lane scalars are channels of tensors without axes.
     * s (2 groups): mean, then 1 / sqrt(variance + eps) of each group over its channels and points, for each sample. */
    void (*group_statistics)(int groups, double eps, tx_tensor x, tx_tensor s);
    /* y = e((x - mean) / deviation * w[c] + b[c] + (add or 0)); add.data may be NULL */
    void (*group_norm)(int groups, tx_activation e, tx_tensor x, tx_tensor s, const void *w, const void *b, tx_tensor add,
                       tx_tensor y);
    /* m (2 channels): sums over points of dy, then of dy * (x - mean) / deviation */
    void (*group_moments)(int groups, tx_tensor dy, tx_tensor x, tx_tensor s, tx_tensor m);
    /* p (4 groups): 1 / deviation, mean, and the lane scalars q, t of dx = w[c] dy / deviation + q (x - mean) + t. share: 1 /
     * numbers of a group. */
    void (*group_pull)(int groups, double share, tx_tensor m, tx_tensor s, const void *w, tx_tensor p);
    /* dx as above, + (add or 0); masked: 0 where x <= 0 */
    void (*group_norm_gradient)(int groups, bool masked, tx_tensor dy, tx_tensor x, tx_tensor p, const void *w, tx_tensor add,
                                tx_tensor dx);

    /* Truncated Fourier transforms. Modes are tensors [group][channel][re, im] with one axis of all modes of a group, in rows
     * of their own order; nobody else but pointwise kernels may read them. scratch: of a part, 64-byte aligned, any content. Where
     * many modes are kept it is rfftn below that transforms. */
    tx_status (*spectral_create)(const tx_spectral_shape *shape, tx_error *error, tx_spectral **out);
    size_t (*spectral_bytes)(const tx_spectral *spectral);                 /* of its matrices, which stand once it is prepared, */
    tx_status (*spectral_prepare)(tx_spectral *spectral, tx_error *error); /* once, before the first call */
    void (*spectral_destroy)(tx_spectral *spectral);
    size_t (*spectral_scratch)(const tx_spectral *spectral); /* reals */
    void (*spectral_analyse)(const tx_spectral *spectral, tx_part part, const void *x, void *modes, void *scratch);
    /* x = the transpose of that */
    void (*spectral_synthesise)(const tx_spectral *spectral, tx_part part, const void *modes, void *x, void *scratch);
    /* y[g, o] = sum of w[g, o, i] x[g, i] for each mode, w complex (groups, C_out, C_in, *modes); adjoint: sum of
     * conj(w[g, i, o]) x[g, i], w still the forward one. dw += its gradient, the real or the imaginary part. */
    void (*spectral_multiply)(tx_part part, bool adjoint, int64_t groups, const tx_layout *lx, const void *x,
                              const void *real_weight, const void *imaginary_weight, const tx_layout *ly, void *y);
    void (*spectral_weights)(tx_part part, bool imaginary, int64_t groups, const tx_layout *lx, const void *x, const tx_layout *ldy,
                             const void *dy, void *dw);

    /* Modes of a channel lie in its row as [sample][mode][re, im]; nobody else but pointwise kernels may read them. scratch: of a
     * part, 64-byte aligned, any content. Axes of lengths that have other factors than 2, 3 and 5, or that are long, by FFTW, with
     * what that means for the bits. No _create at the same time as another. */
    tx_status (*rfftn_create)(const tx_spectral_shape *shape, tx_error *error, tx_rfft **out);
    void (*rfftn_destroy)(tx_rfft *rfftn);
    size_t (*rfftn_scratch)(const tx_rfft *rfftn); /* reals */
    void (*rfftn_forward)(const tx_rfft *rfftn, tx_part part, const void *x, void *modes, void *scratch);
    void (*rfftn_backward)(const tx_rfft *rfftn, tx_part part, const void *modes, void *x, void *scratch);
    /* y = x times complex numbers (tables, modes), or times their conjugates; tables: 1, or as many as there are channels. y may be
     * x. */
    void (*multiply_modes)(tx_part part, bool conjugate, int64_t tables, const tx_layout *lx, const void *x, const void *table,
                           const tx_layout *ly, void *y);

    /* Runs independent multiply-add chains; returns how many operations that were. What the benchmark measures shares of. */
    double (*peak)(int64_t iterations);
} tx_kernels;

/* tx_isa_count, tx_isa_name, tx_isa_find (trainax/kernel.h) and tx_activation_find live in this room.
 * level: 0 … tx_isa_count() - 1 ("portable" first, best last); any other: NULL. */
const tx_kernels *tx_kernels_get(int level, tx_precision precision);
