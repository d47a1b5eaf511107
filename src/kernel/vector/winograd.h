/* Winograd's F(2, 3) along an axis of rows (Lavin and Gray, Fast algorithms for convolutional neural networks, 2016): two rows of
 * results under three taps take four products of rows instead of six. With d[0 … 3] the four rows that the taps reach, and g[0 … 2]
 * their weights,
 *   e = (d0 - d2, d1 + d2, d2 - d1, d1 - d3),  u = (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2),  m[k] = u[k] e[k],
 *   y = (m0 + m1 + m2, m1 - m2 - m3).
 * Each product m[k] is an ordinary convolution over what is left of the kernel, of rows that lie next to each other in a buffer:
 * short rows fill whole tiles there. */
#pragma once

#include "kernel/vector/conv.h"

enum { PRODUCTS = 4 };

/* How rows are taken to the buffers. */
typedef struct winograd_batch {
    int64_t pairs, cuts; /* at once, of a row; one of them is 1: short rows are taken together, long ones cut */
    int64_t next;        /* reals from row to row in a buffer */
    int64_t buffer;      /* of a channel */
    tx_conv product;     /* of e and u to m: kernel_taps are the side taps, those beside the axis */
} winograd_batch;

struct conv_winograd {
    int (*triple)[3];          /* of each side tap: the three taps of the weight array */
    conv_row *pair;            /* the first row of two; neighbours along a third axis follow each other */
    int64_t num_pairs, column; /* columns of so many pairs */
    int64_t reach, third_step; /* rows that side taps reach beyond a column, and from one to the next in x */
    int64_t x_step, y_step;    /* from a row to the next that the three taps reach; to the second row of a pair */
    int64_t span;              /* reals that side taps reach beyond a row */
    winograd_batch apply, sums;
};

/* Makes conv->winograd and takes the rows that it computes out of conv->row, where that is faster. */
tx_status VARIANT(winograd_create)(const tx_conv_shape *shape, tx_conv *conv, tx_error *error);
void VARIANT(winograd_destroy)(struct conv_winograd *winograd);
size_t VARIANT(winograd_packed_size)(const tx_conv *conv); /* reals, all groups */
size_t VARIANT(winograd_scratch)(const tx_conv *conv);     /* reals */
void VARIANT(winograd_pack)(const tx_conv *conv, const real *w, real *packed);
/* One group; packed: the group's. */
void VARIANT(winograd_apply)(const tx_conv *conv, tx_part part, const conv_arrays *a, real *scratch);
void VARIANT(winograd_weights)(const tx_conv *conv, tx_part part, const real *x, const real *dy, real *dw, real *scratch);
