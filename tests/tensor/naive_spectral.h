/* Spectral convolution as the original writes it: a half spectrum (real FFT), blocks of it multiplied, an inverse real FFT. */
#pragma once

#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include "tensor/graph.h"

/* Where mode `mode` of group `group` lies in an FFT's result along each axis. */
static inline void naive_mode(const tx_convolution *modes, const tx_shape *x, int64_t group, int64_t mode, int64_t *index)
{
    for (int d = x->axes - 1; d >= 0; mode /= modes->kernel[d], d--) {
        const bool high = d < x->axes - 1 && (group >> d & 1);
        index[d] = (high ? x->n[d] - modes->kernel[d] : 0) + mode % modes->kernel[d];
    }
}

/* exp(2 pi i sum of index * point / n) */
static inline double complex naive_wave(const tx_shape *x, const int64_t *index, int64_t point)
{
    double turns = 0;
    for (int d = x->axes - 1; d >= 0; point /= x->n[d], d--) {
        turns += (double)(point % x->n[d] * index[d] % x->n[d]) / (double)x->n[d];
    }
    return cexp(2 * M_PI * I * turns);
}

static inline void naive_analyse(const tx_graph_node *node, const tx_shape *in, const double *x, double *y)
{
    const int64_t modes = node->shape.n[0], points = tx_shape_points(in), groups = node->attributes.convolution.groups;
    for (int64_t k = 0; k < groups * in->channels * modes; k++) {
        const int64_t g = k / (in->channels * modes), c = k / modes % in->channels, m = k % modes;
        int64_t index[3];
        double complex sum = 0;
        naive_mode(&node->attributes.convolution, in, g, m, index);
        for (int64_t p = 0; p < points; p++) {
            sum += x[c * points + p] * conj(naive_wave(in, index, p));
        }
        y[2 * (g * in->channels + c) * modes + m] = creal(sum);
        y[(2 * (g * in->channels + c) + 1) * modes + m] = cimag(sum);
    }
}

static inline void naive_synthesise(const tx_graph_node *node, const tx_shape *in, const double *x, double *y)
{
    const tx_shape *out = &node->shape;
    const int64_t modes = in->n[0], points = tx_shape_points(out), groups = node->attributes.convolution.groups;
    const int64_t last = out->n[out->axes - 1], half = last / 2 + 1, wide = points / last * half;
    double complex *spectrum = calloc((size_t)wide, sizeof *spectrum);
    for (int64_t c = 0; c < out->channels; c++) {
        for (int64_t k = 0; k < wide; k++) {
            spectrum[k] = 0;
        }
        for (int64_t k = 0; k < groups * modes; k++) { /* a later group overwrites */
            const int64_t g = k / modes, m = k % modes, at = 2 * (g * out->channels + c) * modes + m;
            int64_t index[3], flat = 0;
            naive_mode(&node->attributes.convolution, out, g, m, index);
            for (int d = 0; d < out->axes; d++) {
                flat = flat * (d == out->axes - 1 ? half : out->n[d]) + index[d];
            }
            spectrum[flat] = x[at] + I * x[at + modes];
        }
        for (int64_t p = 0; p < points; p++) {
            double sum = 0;
            for (int64_t k = 0; k < wide; k++) {
                int64_t index[3], rest = k / half;
                index[out->axes - 1] = k % half;
                for (int d = out->axes - 2; d >= 0; rest /= out->n[d], d--) {
                    index[d] = rest % out->n[d];
                }
                const bool own_image = k % half == 0 || 2 * (k % half) == last;
                sum += (own_image ? 1 : 2) * creal(spectrum[k] * naive_wave(out, index, p));
            }
            y[c * points + p] = sum / (double)points;
        }
    }
    free(spectrum);
}

static inline void naive_multiply_modes(const tx_graph_node *node, const tx_shape *in, const double *x, const double *wr,
                                        const double *wi, double *y)
{
    const int64_t modes = in->n[0], groups = node->attributes.convolution.groups;
    const int64_t ci = in->channels / (2 * groups), co = node->shape.channels / (2 * groups);
    for (int64_t k = 0; k < groups * co * modes; k++) {
        const int64_t g = k / (co * modes), o = k / modes % co, m = k % modes;
        double complex sum = 0;
        for (int64_t i = 0; i < ci; i++) {
            const int64_t w = ((g * co + o) * ci + i) * modes + m, from = 2 * (g * ci + i) * modes + m;
            sum += (wr[w] + I * wi[w]) * (x[from] + I * x[from + modes]);
        }
        y[2 * (g * co + o) * modes + m] = creal(sum);
        y[(2 * (g * co + o) + 1) * modes + m] = cimag(sum);
    }
}

/* -- all modes, as rfftn and irfftn have them -- */

static inline void naive_full_mode(const tx_shape *x, int64_t mode, int64_t *index)
{
    for (int d = x->axes - 1; d >= 0; d--) {
        const int64_t count = d == x->axes - 1 ? x->n[d] / 2 + 1 : x->n[d];
        index[d] = mode % count;
        mode /= count;
    }
}

static inline void naive_rfftn(const tx_graph_node *node, const tx_shape *in, const double *x, double *y)
{
    const int64_t modes = node->shape.n[0] / 2, points = tx_shape_points(in);
    for (int64_t k = 0; k < in->channels * modes; k++) {
        int64_t index[3];
        double complex sum = 0;
        naive_full_mode(in, k % modes, index);
        for (int64_t p = 0; p < points; p++) {
            sum += x[k / modes * points + p] * conj(naive_wave(in, index, p));
        }
        y[2 * k] = creal(sum);
        y[2 * k + 1] = cimag(sum);
    }
}

static inline void naive_irfftn(const tx_graph_node *node, const tx_shape *in, const double *x, double *y)
{
    const tx_shape *out = &node->shape;
    const int64_t modes = in->n[0] / 2, points = tx_shape_points(out), last = out->n[out->axes - 1];
    for (int64_t k = 0; k < out->channels * points; k++) {
        double sum = 0;
        for (int64_t m = 0; m < modes; m++) {
            const double *z = x + 2 * (k / points * modes + m);
            int64_t index[3] = {0};
            naive_full_mode(out, m, index);
            const bool own_image = index[out->axes - 1] == 0 || 2 * index[out->axes - 1] == last;
            sum += (own_image ? 1 : 2) * creal((z[0] + I * z[1]) * naive_wave(out, index, k % points));
        }
        y[k] = sum / (double)points;
    }
}

static inline void naive_multiply_table(const tx_graph_node *node, const double *x, const double *table, double *y)
{
    const int64_t numbers = node->shape.channels * node->shape.n[0], size = node->attributes.convolution.groups * node->shape.n[0];
    for (int64_t k = 0; k < numbers; k += 2) {
        const double *t = table + k % size;
        y[k] = x[k] * t[0] - x[k + 1] * t[1];
        y[k + 1] = x[k] * t[1] + x[k + 1] * t[0];
    }
}
