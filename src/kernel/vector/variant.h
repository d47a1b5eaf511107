/* What the sources of one variant give to its table (table.c); the text behind each is in kernel.h. */
#pragma once

#include "kernel/kernel.h"
#include "kernel/vector/vector.h"

tx_status VARIANT(conv_create)(const tx_conv_shape *shape, tx_error *error, tx_conv **out);
void VARIANT(conv_destroy)(tx_conv *conv);
size_t VARIANT(conv_packed_size)(const tx_conv *conv);
void VARIANT(conv_pack)(const tx_conv *conv, const void *w, void *packed);
void VARIANT(conv_apply)(const tx_conv *conv, tx_part part, const tx_conv_operands *operands);
size_t VARIANT(conv_scratch)(const tx_conv *conv);
void VARIANT(conv_weights)(const tx_conv *conv, tx_part part, const void *x, const void *dy, void *dw, void *scratch);
void VARIANT(dense_weights)(const tx_conv *conv, const void *x, const void *dy, void *dw); /* conv_weights without axes */
void VARIANT(bias_gradient)(const tx_layout *dy, const void *dy_data, void *db);

void VARIANT(halo)(const tx_halo *halo, tx_part part, void *x);
void VARIANT(fold)(const tx_halo *halo, tx_part part, void *x);

void VARIANT(zero)(const tx_layout *ly, void *y);
void VARIANT(copy)(const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
void VARIANT(reshape)(const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
void VARIANT(split)(const int64_t stride[TX_MAX_AXES], const int64_t low[TX_MAX_AXES], const tx_layout *lx, const void *x,
                    const tx_layout *lp, void *p);
void VARIANT(join)(const int64_t stride[TX_MAX_AXES], const tx_layout *lp, const void *p, const tx_layout *lx, void *x);
void VARIANT(load)(const tx_layout *ly, const void *const *sample, int64_t offset, int count, void *y);
void VARIANT(store)(const tx_layout *lx, const void *x, void *const *sample, int64_t offset, int count);

void VARIANT(take_lane)(int lane, const tx_layout *lx, const void *x, const tx_layout *ly, void *y);

void VARIANT(activate)(tx_activation activation, const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
void VARIANT(activate_gradient)(tx_activation activation, const tx_layout *ls, const void *s, const tx_layout *ldy, const void *dy,
                                const tx_layout *ldx, void *dx);
void VARIANT(activate_row)(tx_activation activation, int64_t n, const real *x, real *y); /* n reals with slack behind x */
void VARIANT(power)(double p, const tx_layout *lx, const void *x, const tx_layout *ly, void *y);
void VARIANT(power_gradient)(double p, const tx_layout *lx, const void *x, const tx_layout *ldy, const void *dy,
                             const tx_layout *ldx, void *dx);
void VARIANT(axpby)(double alpha, const tx_layout *la, const void *a, double beta, const tx_layout *lb, const void *b,
                    const tx_layout *ly, void *y);
void VARIANT(multiply)(const tx_layout *la, const void *a, const tx_layout *lb, const void *b, const tx_layout *ly, void *y);

void VARIANT(lane_scale)(double alpha, const void *s, tx_tensor x, const void *z, tx_tensor y);
void VARIANT(lane_sum)(double alpha, const tx_layout *lx, const void *x, void *s);
void VARIANT(lane_dot)(double alpha, const tx_layout *lx, const void *x, const tx_layout *lz, const void *z, void *s);
void VARIANT(lane_square_error)(double alpha, const tx_layout *lx, const void *x, const tx_layout *lz, const void *z, void *s);
void VARIANT(square_error_gradient)(double alpha, const void *s, tx_tensor x, tx_tensor z, const void *add, tx_tensor dx);

void VARIANT(group_statistics)(int groups, double eps, tx_tensor x, tx_tensor s);
void VARIANT(group_norm)(int groups, tx_activation e, tx_tensor x, tx_tensor s, const void *w, const void *b, tx_tensor add,
                         tx_tensor y);
void VARIANT(group_moments)(int groups, tx_tensor dy, tx_tensor x, tx_tensor s, tx_tensor m);
void VARIANT(group_pull)(int groups, double share, tx_tensor m, tx_tensor s, const void *w, tx_tensor p);
void VARIANT(group_norm_gradient)(int groups, bool masked, tx_tensor dy, tx_tensor x, tx_tensor p, const void *w, tx_tensor add,
                                  tx_tensor dx);

tx_status VARIANT(spectral_create)(const tx_spectral_shape *shape, tx_error *error, tx_spectral **out);
size_t VARIANT(spectral_bytes)(const tx_spectral *spectral);
tx_status VARIANT(spectral_prepare)(tx_spectral *spectral, tx_error *error);
void VARIANT(spectral_destroy)(tx_spectral *t);
size_t VARIANT(spectral_scratch)(const tx_spectral *t);
void VARIANT(spectral_analyse)(const tx_spectral *t, tx_part part, const void *x, void *modes, void *scratch);
void VARIANT(spectral_synthesise)(const tx_spectral *t, tx_part part, const void *modes, void *x, void *scratch);
void VARIANT(spectral_multiply)(tx_part part, bool adjoint, int64_t groups, const tx_layout *lx, const void *x,
                                const void *real_weight, const void *imaginary_weight, const tx_layout *ly, void *y);
void VARIANT(spectral_weights)(tx_part part, bool imaginary, int64_t groups, const tx_layout *lx, const void *x,
                               const tx_layout *ldy, const void *dy, void *dw);

tx_status VARIANT(rfftn_create)(const tx_spectral_shape *shape, tx_error *error, tx_rfft **out);
void VARIANT(rfftn_destroy)(tx_rfft *rfftn);
size_t VARIANT(rfftn_scratch)(const tx_rfft *rfftn);
void VARIANT(rfftn_forward)(const tx_rfft *rfftn, tx_part part, const void *x, void *modes, void *scratch);
void VARIANT(rfftn_backward)(const tx_rfft *rfftn, tx_part part, const void *modes, void *x, void *scratch);
void VARIANT(multiply_modes)(tx_part part, bool conjugate, int64_t tables, const tx_layout *lx, const void *x, const void *table,
                             const tx_layout *ly, void *y);

double VARIANT(peak)(int64_t iterations);
