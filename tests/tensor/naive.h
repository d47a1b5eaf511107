/* A graph evaluated as its definition says, one sample at a time, in double: the reference for programs. Slow on purpose. */
#pragma once

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "naive_spectral.h"
#include "tensor/operation.h"

enum { NAIVE_BATCH = 2 }; /* samples of the whole minibatch, for which programs are run */

static inline int64_t naive_size(const tx_shape *shape)
{
    return shape->channels * tx_shape_points(shape);
}

/* Where numpy.pad takes cell i of a padded axis from: an index of 0 … n-1, or -1 for zero. */
static inline int64_t naive_source(tx_padding_mode mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n) {
        return i;
    }
    switch (mode) {
    case TX_PAD_CIRCULAR:
        return ((i % n) + n) % n;
    case TX_PAD_REPLICATE:
        return i < 0 ? 0 : n - 1;
    case TX_PAD_REFLECT:
        if (n == 1) {
            return 0;
        }
        i = ((i % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2);
        return i < n ? i : 2 * n - 2 - i;
    default:
        return -1;
    }
}

static inline void naive_unravel(const tx_shape *shape, int64_t flat, int64_t *index)
{
    for (int d = shape->axes - 1; d >= 0; d--) {
        index[d] = flat % shape->n[d];
        flat /= shape->n[d];
    }
}

static inline void naive_pad(const tx_graph_node *node, const tx_shape *in, const double *x, double *y)
{
    const int64_t points = tx_shape_points(&node->shape), in_points = tx_shape_points(in);
    for (int64_t c = 0; c < in->channels; c++) {
        for (int64_t p = 0; p < points; p++) {
            int64_t index[3], from = 0;
            naive_unravel(&node->shape, p, index);
            for (int d = 0; d < in->axes && from >= 0; d++) {
                const int64_t s =
                    naive_source((tx_padding_mode)node->attributes.padding, index[d] - node->attributes.low[d], in->n[d]);
                from = s < 0 ? -1 : from * in->n[d] + s;
            }
            y[c * points + p] = from < 0 ? 0 : x[c * in_points + from];
        }
    }
}

static inline void naive_conv(const tx_graph_node *node, const tx_shape *in, const double *x, const double *w, const double *bias,
                              double *y)
{
    const tx_convolution *conv = &node->attributes.convolution;
    const tx_shape *out = &node->shape;
    tx_shape taps = {.axes = out->axes};
    memcpy(taps.n, conv->kernel, sizeof taps.n);
    const int64_t points = tx_shape_points(out), in_points = tx_shape_points(in), num_taps = tx_shape_points(&taps);
    const int64_t ci = in->channels / conv->groups, co = out->channels / conv->groups;
    for (int64_t o = 0; o < out->channels; o++) {
        for (int64_t p = 0; p < points; p++) {
            double sum = bias ? bias[o] : 0;
            int64_t at[3], tap[3];
            naive_unravel(out, p, at);
            for (int64_t i = 0; i < ci; i++) {
                for (int64_t t = 0; t < num_taps; t++) {
                    int64_t from = 0;
                    bool whole = true;
                    naive_unravel(&taps, t, tap);
                    for (int d = 0; d < out->axes; d++) {
                        const int64_t s = conv->stride[d] ? conv->stride[d] : 1, scale = node->attributes.transposed ? 1 : s;
                        const int64_t cell = scale * at[d] + node->attributes.low[d] + tap[d] * conv->dilation[d];
                        whole = whole && (!node->attributes.transposed || cell % s == 0);
                        from = from * in->n[d] + cell / (node->attributes.transposed ? s : 1);
                    }
                    sum += whole ? w[(o * ci + i) * num_taps + t] * x[(o / co * ci + i) * in_points + from] : 0;
                }
            }
            y[o * points + p] = sum;
        }
    }
}

static inline double naive_activation(tx_activation activation, double x)
{
    switch (activation) {
    case TX_RELU:
        return x > 0 ? x : 0;
    case TX_TANH:
        return tanh(x);
    case TX_SIGMOID:
        return 1 / (1 + exp(-x));
    case TX_GELU:
        return x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))) / 2;
    case TX_SILU:
        return x / (1 + exp(-x));
    case TX_LEAKY_RELU:
        return x >= 0 ? x : 0.01 * x;
    case TX_ELU:
        return x > 0 ? x : expm1(x);
    case TX_SOFTPLUS:
        return fmax(x, 0) + log1p(exp(-fabs(x)));
    default:
        return x;
    }
}

/* Mean and 1 / sqrt(variance + eps) of every group. */
static inline void naive_statistics(const tx_graph_node *node, const tx_shape *in, const double *x, double *y)
{
    const int groups = node->attributes.convolution.groups;
    const int64_t size = naive_size(in) / groups;
    for (int g = 0; g < groups; g++, x += size) {
        double mean = 0, square = 0;
        for (int64_t k = 0; k < size; k++) {
            mean += x[k] / (double)size;
        }
        for (int64_t k = 0; k < size; k++) {
            square += (x[k] - mean) * (x[k] - mean) / (double)size;
        }
        y[g] = mean;
        y[groups + g] = 1 / sqrt(square + node->attributes.alpha);
    }
}

static inline void naive_group_norm(const tx_graph_node *node, const double *x, const double *s, const double *w,
                                    const double *bias, double *y)
{
    const int groups = node->attributes.convolution.groups;
    const int64_t points = tx_shape_points(&node->shape);
    for (int64_t k = 0; k < naive_size(&node->shape); k++) {
        const int64_t c = k / points, g = c / (node->shape.channels / groups);
        y[k] = w[c] * ((x[k] - s[g]) * s[groups + g]) + bias[c];
    }
}

/* The operations that stand in graphs as they are built. */
typedef enum naive_op {
    NAIVE_LOAD,
    NAIVE_PARAMETER,
    NAIVE_CONSTANT,
    NAIVE_FIXED,
    NAIVE_STOP,
    NAIVE_FLATTEN,
    NAIVE_UNFLATTEN,
    NAIVE_PAD,
    NAIVE_CONV,
    NAIVE_SPECTRAL_ANALYSE,
    NAIVE_SPECTRAL_SYNTHESISE,
    NAIVE_SPECTRAL_MULTIPLY,
    NAIVE_RFFTN,
    NAIVE_IRFFTN,
    NAIVE_MULTIPLY_TABLE,
    NAIVE_GROUP_STATISTICS,
    NAIVE_GROUP_NORM,
    NAIVE_CONCATENATE,
    NAIVE_TAKE_CHANNELS,
    NAIVE_BROADCAST,
    NAIVE_BATCH_SIZE,
    NAIVE_CALL,
    NAIVE_CALL_RESULT,
    NAIVE_ACTIVATE,
    NAIVE_ADD,
    NAIVE_SCALE,
    NAIVE_MULTIPLY,
    NAIVE_LANE_SCALE,
    NAIVE_POWER,
    NAIVE_SUM,
    NAIVE_DOT,
    NAIVE_SQUARE_ERROR,
    NAIVE_COUNT,
} naive_op;

static inline naive_op naive_find(const char *name)
{
    static const char *const names[NAIVE_COUNT] = {
        [NAIVE_LOAD] = "load",
        [NAIVE_PARAMETER] = "parameter",
        [NAIVE_CONSTANT] = "constant",
        [NAIVE_FIXED] = "fixed",
        [NAIVE_STOP] = "stop_gradient",
        [NAIVE_FLATTEN] = "flatten",
        [NAIVE_UNFLATTEN] = "unflatten",
        [NAIVE_PAD] = "pad",
        [NAIVE_CONV] = "conv",
        [NAIVE_SPECTRAL_ANALYSE] = "spectral_analyse",
        [NAIVE_SPECTRAL_SYNTHESISE] = "spectral_synthesise",
        [NAIVE_SPECTRAL_MULTIPLY] = "spectral_multiply",
        [NAIVE_RFFTN] = "rfftn",
        [NAIVE_IRFFTN] = "irfftn",
        [NAIVE_MULTIPLY_TABLE] = "multiply_modes",
        [NAIVE_GROUP_STATISTICS] = "group_statistics",
        [NAIVE_GROUP_NORM] = "group_norm",
        [NAIVE_CONCATENATE] = "concatenate",
        [NAIVE_TAKE_CHANNELS] = "take_channels",
        [NAIVE_BROADCAST] = "broadcast",
        [NAIVE_BATCH_SIZE] = "batch_size",
        [NAIVE_CALL] = "call",
        [NAIVE_CALL_RESULT] = "call_result",
        [NAIVE_ACTIVATE] = "activate",
        [NAIVE_ADD] = "add",
        [NAIVE_SCALE] = "scale",
        [NAIVE_MULTIPLY] = "multiply",
        [NAIVE_LANE_SCALE] = "lane_scale",
        [NAIVE_POWER] = "power",
        [NAIVE_SUM] = "sum",
        [NAIVE_DOT] = "dot",
        [NAIVE_SQUARE_ERROR] = "square_error",
    };
    int op = 0;
    while (op < NAIVE_COUNT && strcmp(names[op], name) != 0) {
        op++;
    }
    return (naive_op)op;
}

/* Values of all nodes for one sample; window: its levels; numbers: of its trajectory (NULL: none). Returns the value of `loss` (a
 * lane scalar). values: a fresh array of pointers, one a node, freed by naive_free. */
/* y of one sample; its tape is for derivatives, of which there are none here. */
static inline void naive_call(const tx_function *function, const double *x, double *y)
{
    const tx_function_call call = {.user = function->user, .num_samples = 1, .tape = calloc(1, function->tape_bytes)};
    function->forward(&call, x, y);
    free(call.tape);
}

static inline double naive_run(const tx_graph *graph, const double *window, const double *numbers, const double *parameters,
                               tx_node loss, double **values)
{
    for (int n = 0; n < graph->count; n++) {
        const tx_graph_node *node = &graph->nodes[n];
        const int64_t size = naive_size(&node->shape);
        const double *a = node->input[0] >= 0 ? values[node->input[0]] : NULL,
                     *b = node->input[1] >= 0 ? values[node->input[1]] : NULL;
        const tx_shape *in = node->input[0] >= 0 ? &graph->nodes[node->input[0]].shape : NULL;
        double *y = values[n] = calloc((size_t)size, sizeof *y);
        /* clang-format off */
        const naive_op op = naive_find(node->op->name);
        switch (op) {
        case NAIVE_LOAD:
            memcpy(y, (node->attributes.source == TX_SOURCE_NUMBERS ? numbers : window) + node->attributes.offset, (size_t)size * sizeof *y);
            break;
        case NAIVE_CONSTANT: memcpy(y, graph->constants + node->attributes.offset, (size_t)size * sizeof *y); break;
        case NAIVE_PARAMETER: memcpy(y, parameters + node->attributes.offset, (size_t)size * sizeof *y); break;
        case NAIVE_FIXED:
        case NAIVE_STOP:
        case NAIVE_FLATTEN:
        case NAIVE_UNFLATTEN: memcpy(y, a, (size_t)size * sizeof *y); break;
        case NAIVE_PAD: naive_pad(node, in, a, y); break;
        case NAIVE_CONV: naive_conv(node, in, a, b, node->input[2] >= 0 ? values[node->input[2]] : NULL, y); break;
        case NAIVE_SPECTRAL_ANALYSE: naive_analyse(node, in, a, y); break;
        case NAIVE_SPECTRAL_SYNTHESISE: naive_synthesise(node, in, a, y); break;
        case NAIVE_SPECTRAL_MULTIPLY: naive_multiply_modes(node, in, a, b, values[node->input[2]], y); break;
        case NAIVE_RFFTN: naive_rfftn(node, in, a, y); break;
        case NAIVE_IRFFTN: naive_irfftn(node, in, a, y); break;
        case NAIVE_MULTIPLY_TABLE: naive_multiply_table(node, a, b, y); break;
        case NAIVE_GROUP_STATISTICS: naive_statistics(node, in, a, y); break;
        case NAIVE_GROUP_NORM: naive_group_norm(node, a, b, values[node->input[2]], values[node->input[3]], y); break;
        case NAIVE_CONCATENATE:
            memcpy(y, a, (size_t)naive_size(in) * sizeof *y);
            memcpy(y + naive_size(in), b, (size_t)(size - naive_size(in)) * sizeof *y);
            break;
        case NAIVE_TAKE_CHANNELS: memcpy(y, a + node->attributes.channel * tx_shape_points(in), (size_t)size * sizeof *y); break;
        case NAIVE_BROADCAST:
            for (int64_t k = 0; k < size; k++) {
                y[k] = node->attributes.alpha * a[0];
            }
            break;
        case NAIVE_BATCH_SIZE: y[0] = NAIVE_BATCH; break;
        case NAIVE_CALL: break; /* its result is the next node */
        case NAIVE_CALL_RESULT: naive_call(node->attributes.function, a, y); break;
        default:
            for (int64_t k = 0; k < (a ? naive_size(in) : 0); k++) {
                const double alpha = node->attributes.alpha, beta = node->attributes.beta;
                switch (op) {
                case NAIVE_ACTIVATE: y[k] = naive_activation((tx_activation)node->attributes.activation, a[k]); break;
                case NAIVE_ADD: y[k] = alpha * a[k] + beta * b[k]; break;
                case NAIVE_SCALE: y[k] = alpha * a[k]; break;
                case NAIVE_MULTIPLY: y[k] = a[k] * b[k]; break;
                case NAIVE_LANE_SCALE: y[k] = alpha * b[0] * a[k]; break;
                case NAIVE_POWER: y[k] = pow(fabs(a[k]), alpha); break;
                case NAIVE_SUM: y[0] += alpha * a[k]; break;
                case NAIVE_DOT: y[0] += alpha * a[k] * b[k]; break;
                case NAIVE_SQUARE_ERROR: y[0] += alpha * (a[k] - b[k]) * (a[k] - b[k]); break;
                default: abort();
                }
            }
        }
        /* clang-format on */
    }
    return values[loss][0];
}

static inline void naive_free(const tx_graph *graph, double **values)
{
    for (int n = 0; n < graph->count; n++) {
        free(values[n]);
    }
}

/* The loss of one sample and, where `out` is not NULL, the value of node `last`. */
static inline double naive_evaluate(const tx_graph *graph, const double *window, const double *numbers, const double *parameters,
                                    tx_node loss, tx_node last, double *out)
{
    double **values = calloc((size_t)graph->count, sizeof *values);
    const double value = naive_run(graph, window, numbers, parameters, loss, values);
    if (out) {
        memcpy(out, values[last], (size_t)naive_size(&graph->nodes[last].shape) * sizeof *out);
    }
    naive_free(graph, values);
    free(values);
    return value;
}
