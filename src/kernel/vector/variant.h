/* What the sources of one variant give to its table (table.c); the text behind each is in kernel.h. */
#pragma once

#include "kernel/kernel.h"
#include "kernel/vector/vector.h"

tx_status VARIANT(conv_create)(const tx_conv_shape *shape, tx_error *error, tx_conv **out);
void VARIANT(conv_destroy)(tx_conv *conv);
size_t VARIANT(conv_packed_size)(const tx_conv *conv);
void VARIANT(conv_pack)(const tx_conv *conv, const void *w, void *packed);
void VARIANT(conv_apply)(const tx_conv *conv, const void *x, const void *packed, const void *bias, const void *m, void *y);
void VARIANT(conv_weights)(const tx_conv *conv, const void *x, const void *dy, void *dw);
void VARIANT(dense_weights)(const tx_conv *conv, const void *x, const void *dy, void *dw); /* conv_weights without axes */
void VARIANT(bias_gradient)(const tx_layout *dy, const void *dy_data, void *db);

void VARIANT(halo)(const tx_halo *halo, void *x);
void VARIANT(fold)(const tx_halo *halo, void *x);

void VARIANT(zero)(const tx_layout *ly, void *y);
void VARIANT(copy)(const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
void VARIANT(reshape)(const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
void VARIANT(load)(const tx_layout *ly, const void *const *sample, int64_t offset, int count, void *y);
void VARIANT(store)(const tx_layout *lx, const void *x, void *const *sample, int64_t offset, int count);

void VARIANT(activate)(tx_activation activation, const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
void VARIANT(activate_gradient)(tx_activation activation, const tx_layout *ls, const void *s, const tx_layout *ldy, const void *dy,
                                const tx_layout *ldx, void *dx);
void VARIANT(activate_row)(tx_activation activation, int64_t n, const real *x, real *y); /* n reals with slack behind x */
void VARIANT(power)(double p, const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
void VARIANT(power_gradient)(double p, const tx_layout *lx, const void *x, const tx_layout *ldy, const void *dy, const tx_layout *ldx,
                             void *dx);
void VARIANT(axpby)(double alpha, const tx_layout *la, const void *a, double beta, const tx_layout *lb, const void *b,
                    const tx_layout *ly, void *y);
void VARIANT(multiply)(const tx_layout *la, const void *a, const tx_layout *lb, const void *b, const tx_layout *ly, void *y);

void VARIANT(lane_scale)(double alpha, const void *s, const tx_layout *lx, const void *x, const void *z, const tx_layout *ly,
                         void *y);
void VARIANT(lane_sum)(double alpha, const tx_layout *lx, const void *x, void *s);
void VARIANT(lane_dot)(double alpha, const tx_layout *lx, const void *x, const tx_layout *lz, const void *z, void *s);
void VARIANT(lane_square_error)(double alpha, const tx_layout *lx, const void *x, const tx_layout *lz, const void *z, void *s);
void VARIANT(square_error_gradient)(double alpha, const void *s, const tx_layout *lx, const void *x, const tx_layout *lz,
                                    const void *z, const void *add, const tx_layout *ldx, void *dx);

double VARIANT(peak)(int64_t iterations);
