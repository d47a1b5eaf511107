/* What each operation of a graph is in ONNX. Tensors are (batch, channels, *points). */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "kernel/halo.h"
#include "simulation/onnx.h"
#include "tensor/operation.h"

static int binary(tx_onnx *onnx, const char *type, int a, int b)
{
    return tx_onnx_add(onnx, type, a, b, TX_NONE, NULL);
}

static int along(tx_onnx *onnx, const char *type, int a, int b, const char *attribute, int64_t axis)
{
    return tx_onnx_add(onnx, type, a, b, TX_NONE, (const tx_onnx_attribute[]){{.name = attribute, .integer = {axis}}, {0}});
}

/* ---- what is given; parameters are written where they are read ---- */

static int nothing(tx_onnx *onnx, const tx_graph_node *node)
{
    (void)onnx, (void)node;
    return TX_NONE;
}

static int load(tx_onnx *onnx, const tx_graph_node *node)
{
    if (node->attributes.source != TX_SOURCE_WINDOW || node->attributes.offset) {
        onnx->bytes.status = tx_error_set(onnx->bytes.error, TX_INVALID,
                                          "the network reads numbers beside its state, which an exported model is not given");
    }
    return 0;
}

/* ---- pointwise ---- */

/* What follows on x, in reverse Polish notation. By operators that runtimes have in double, too. */
static const char *const activations[TX_ACTIVATION_COUNT] = {
    [TX_IDENTITY] = "",
    [TX_RELU] = "Relu",
    [TX_TANH] = "Tanh",
    [TX_SIGMOID] = "Sigmoid",
    [TX_GELU] = "0.5 Mul x x Mul 0.044715 Mul 1 Add x Mul 0.79788456080286536 Mul Tanh 1 Add Mul",
    [TX_SILU] = "x Sigmoid Mul",
    [TX_LEAKY_RELU] = "x 0.01 Mul Max",
    [TX_ELU] = "Relu x 0 Min Exp 1 Sub Add",
    [TX_SOFTPLUS] = "Relu x Abs Neg Exp 1 Add Log Add",
};

static int activate(tx_onnx *onnx, const tx_graph_node *node)
{
    enum { WORD = 24, DEPTH = 4 };
    char word[WORD];
    double number;
    int stack[DEPTH] = {tx_onnx_input(onnx, node, 0)}, top = 0, length;
    for (const char *at = activations[node->attributes.activation]; sscanf(at, "%23s%n", word, &length) == 1; at += length) {
        if (strcmp(word, "x") == 0) {
            stack[++top] = tx_onnx_input(onnx, node, 0);
        } else if (tx_parse_real(word, &number)) {
            stack[++top] = tx_onnx_reals(onnx, 0, NULL, &number);
        } else if (top > 0 && strstr("Add Sub Mul Min Max", word)) {
            top--;
            stack[top] = binary(onnx, word, stack[top], stack[top + 1]);
        } else {
            stack[top] = binary(onnx, word, stack[top], TX_NONE);
        }
    }
    return stack[0];
}

static int scaled(tx_onnx *onnx, int x, double factor)
{
    return factor == 1 ? x : binary(onnx, "Mul", x, tx_onnx_reals(onnx, 0, NULL, &factor));
}

static int add(tx_onnx *onnx, const tx_graph_node *node)
{
    const int a = scaled(onnx, tx_onnx_input(onnx, node, 0), node->attributes.alpha);
    return binary(onnx, "Add", a, scaled(onnx, tx_onnx_input(onnx, node, 1), node->attributes.beta));
}

/* ---- shapes ---- */

/* (batch, *shape) */
static int to_shape(tx_onnx *onnx, int x, const tx_shape *shape)
{
    int64_t dims[2 + TX_MAX_AXES] = {0, shape->channels};
    memcpy(dims + 2, shape->n, (size_t)shape->axes * sizeof *dims);
    return tx_onnx_reshape(onnx, x, 2 + shape->axes, dims);
}

static int reshape(tx_onnx *onnx, const tx_graph_node *node)
{
    return to_shape(onnx, tx_onnx_input(onnx, node, 0), &node->shape);
}

static int concatenate(tx_onnx *onnx, const tx_graph_node *node)
{
    return along(onnx, "Concat", tx_onnx_input(onnx, node, 0), tx_onnx_input(onnx, node, 1), "axis", 1);
}

static int pad_zeros(tx_onnx *onnx, int x, int axes, const int64_t *low, const int64_t *high)
{
    int64_t pads[2 * (2 + TX_MAX_AXES)] = {0};
    memcpy(pads + 2, low, (size_t)axes * sizeof *pads);
    memcpy(pads + 4 + axes, high, (size_t)axes * sizeof *pads);
    return binary(onnx, "Pad", x, tx_onnx_integers(onnx, 1, (const int64_t[]){4 + 2 * axes}, pads));
}

/* Axis `axis` of x becomes axes of the table's shape, its cells those of these numbers, which are freed. */
static int gather(tx_onnx *onnx, int x, int axis, int rank, const int64_t *dims, int64_t *cells)
{
    const int table = cells ? tx_onnx_integers(onnx, rank, dims, cells) : TX_NONE;
    tx_free(cells);
    return along(onnx, "Gather", x, table, "axis", axis);
}

static int pad_axis(tx_onnx *onnx, int x, const tx_graph_node *node, int d)
{
    const tx_attributes *a = &node->attributes;
    const int64_t count = node->shape.n[d], n = count - a->low[d] - a->high[d];
    if (count == n) {
        return x;
    }
    int64_t *cells = tx_onnx_room(onnx, count, sizeof *cells);
    for (int64_t k = 0; cells && k < count; k++) {
        cells[k] = tx_halo_source((tx_padding_mode)a->padding, k - a->low[d], n);
    }
    return gather(onnx, x, 2 + d, 1, &count, cells);
}

static int pad(tx_onnx *onnx, const tx_graph_node *node)
{
    int x = tx_onnx_input(onnx, node, 0);
    if (node->attributes.padding == TX_PAD_ZEROS) {
        return pad_zeros(onnx, x, node->shape.axes, node->attributes.low, node->attributes.high);
    }
    for (int d = 0; d < node->shape.axes; d++) {
        x = pad_axis(onnx, x, node, d);
    }
    return x;
}

/* ---- convolutions ---- */

/* What a plain convolution reads instead: stride - 1 zeros between the cells of axis d and more around them, all of them copies of
 * one that x has behind its last. */
static int dilate_axis(tx_onnx *onnx, const tx_graph_node *node, int x, int d)
{
    const tx_convolution *c = &node->attributes.convolution;
    const int64_t n = tx_onnx_input_shape(onnx, node)->n[d], stride = c->stride[d] ? c->stride[d] : 1;
    const int64_t count = node->shape.n[d] + (c->kernel[d] - 1) * c->dilation[d];
    int64_t *cells = tx_onnx_room(onnx, count, sizeof *cells);
    for (int64_t k = 0; cells && k < count; k++) {
        const int64_t at = k + node->attributes.low[d];
        cells[k] = at >= 0 && at % stride == 0 && at / stride < n ? at / stride : n;
    }
    return gather(onnx, x, 2 + d, 1, &count, cells);
}

static int dilate(tx_onnx *onnx, const tx_graph_node *node, int x)
{
    x = pad_zeros(onnx, x, node->shape.axes, (const int64_t[TX_MAX_AXES]){0}, (const int64_t[TX_MAX_AXES]){1, 1, 1});
    for (int d = 0; d < node->shape.axes; d++) {
        x = dilate_axis(onnx, node, x, d);
    }
    return x;
}

static int bias_of(tx_onnx *onnx, const tx_graph_node *node, int rank)
{
    const int64_t dims[1 + TX_MAX_AXES] = {node->shape.channels, 1, 1, 1};
    return node->input[2] < 0 ? TX_NONE : tx_onnx_numbers(onnx, node->input[2], rank, dims);
}

static int dense(tx_onnx *onnx, const tx_graph_node *node, int x)
{
    const int64_t dims[] = {node->shape.channels, tx_onnx_input_shape(onnx, node)->channels};
    const int weight = tx_onnx_numbers(onnx, node->input[1], 2, dims);
    return tx_onnx_add(onnx, "Gemm", x, weight, bias_of(onnx, node, 1),
                       (const tx_onnx_attribute[]){{.name = "transB", .integer = {1}}, {0}});
}

static int convolve_whole(tx_onnx *onnx, const tx_graph_node *node, const tx_convolution *c, int x)
{
    const int axes = node->shape.axes;
    int64_t dims[2 + TX_MAX_AXES] = {c->out_channels, tx_onnx_input_shape(onnx, node)->channels / c->groups};
    tx_onnx_attribute attributes[] = {
        {.name = "strides", .count = axes}, {.name = "dilations", .count = axes}, {.name = "group", .integer = {c->groups}}, {0}};
    memcpy(dims + 2, c->kernel, sizeof c->kernel);
    memcpy(attributes[0].integer, c->stride, sizeof c->stride);
    memcpy(attributes[1].integer, c->dilation, sizeof c->dilation);
    const int weight = tx_onnx_numbers(onnx, node->input[1], 2 + axes, dims);
    return tx_onnx_add(onnx, "Conv", x, weight, bias_of(onnx, node, 1), attributes);
}

/* Axis `axis` of x becomes (taps, points). */
static int windows(tx_onnx *onnx, int x, int axis, const tx_convolution *c, int d, int64_t points)
{
    const int64_t dims[] = {c->kernel[d], points};
    int64_t *cells = tx_onnx_room(onnx, dims[0] * points, sizeof *cells);
    for (int64_t k = 0; cells && k < dims[0] * points; k++) {
        cells[k] = k / points * c->dilation[d] + k % points * c->stride[d];
    }
    return gather(onnx, x, axis, 2, dims, cells);
}

/* In double, in which runtimes have no Conv: the weights times the windows that they see. */
static int convolve_windows(tx_onnx *onnx, const tx_graph_node *node, const tx_convolution *c, int x)
{
    static const char *const equations[] = {"bgikp,goik->bgop", "bgikplq,goikl->bgopq", "bgikplqmr,goiklm->bgopqr"};
    const int axes = node->shape.axes;
    const int64_t groups = c->groups, in = tx_onnx_input_shape(onnx, node)->channels / groups;
    int64_t apart[3 + 2 * TX_MAX_AXES] = {0, groups, in}, dims[3 + TX_MAX_AXES] = {groups, c->out_channels / groups, in};
    for (int d = 0; d < axes; d++) {
        x = windows(onnx, x, 2 + 2 * d, c, d, node->shape.n[d]);
        dims[3 + d] = apart[3 + 2 * d] = c->kernel[d];
        apart[4 + 2 * d] = node->shape.n[d];
    }
    x = tx_onnx_reshape(onnx, x, 3 + 2 * axes, apart);
    x = tx_onnx_einsum(onnx, x, tx_onnx_numbers(onnx, node->input[1], 3 + axes, dims), equations[axes - 1]);
    x = to_shape(onnx, x, &node->shape);
    return node->input[2] < 0 ? x : binary(onnx, "Add", x, bias_of(onnx, node, 1 + axes));
}

static int convolve(tx_onnx *onnx, const tx_graph_node *node)
{
    const bool transposed = node->attributes.transposed;
    int x = tx_onnx_input(onnx, node, 0);
    if (!node->shape.axes) {
        return dense(onnx, node, x);
    }
    tx_convolution plain = node->attributes.convolution;
    for (int d = 0; d < TX_MAX_AXES; d++) {
        plain.stride[d] = transposed || !plain.stride[d] ? 1 : plain.stride[d];
    }
    x = transposed ? dilate(onnx, node, x) : x;
    return onnx->network->precision == TX_FLOAT64 ? convolve_windows(onnx, node, &plain, x) : convolve_whole(onnx, node, &plain, x);
}

/* ---- group norm: its statistics are no node of their own ---- */

static int mean_of_rows(tx_onnx *onnx, int x)
{
    return tx_onnx_add(onnx, "ReduceMean", x, TX_NONE, TX_NONE,
                       (const tx_onnx_attribute[]){{.name = "axes", .count = 1, .integer = {2}}, {0}});
}

static int group_norm(tx_onnx *onnx, const tx_graph_node *node)
{
    const double eps = tx_graph_at(onnx->graph, node->input[1])->attributes.alpha;
    const int64_t channels[1 + TX_MAX_AXES] = {node->shape.channels, 1, 1, 1};
    int x = tx_onnx_reshape(onnx, tx_onnx_input(onnx, node, 0), 3, (const int64_t[]){0, node->attributes.convolution.groups, -1});
    x = binary(onnx, "Sub", x, mean_of_rows(onnx, x));
    const int variance = mean_of_rows(onnx, binary(onnx, "Mul", x, x));
    const int deviation = binary(onnx, "Sqrt", binary(onnx, "Add", variance, tx_onnx_reals(onnx, 0, NULL, &eps)), TX_NONE);
    x = to_shape(onnx, binary(onnx, "Div", x, deviation), &node->shape);
    x = binary(onnx, "Mul", x, tx_onnx_numbers(onnx, node->input[2], 1 + node->shape.axes, channels));
    return binary(onnx, "Add", x, tx_onnx_numbers(onnx, node->input[3], 1 + node->shape.axes, channels));
}

/* ---- the table ---- */

static const struct {
    const char *operation;
    tx_onnx_translation *translate;
} rows[] = {
    {"load", load},
    {"parameter", nothing},
    {"activate", activate},
    {"add", add},
    {"pad", pad},
    {"flatten", reshape},
    {"unflatten", reshape},
    {"concatenate", concatenate},
    {"conv", convolve},
    {"group_statistics", nothing},
    {"group_norm", group_norm},
    {"spectral_analyse", tx_onnx_analyse},
    {"spectral_multiply", tx_onnx_multiply_modes},
    {"spectral_synthesise", tx_onnx_synthesise},
};

tx_status tx_onnx_translate(tx_onnx *onnx, tx_node n, tx_error *error)
{
    const tx_graph_node *node = tx_graph_at(onnx->graph, n);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (strcmp(rows[k].operation, node->op->name) == 0) {
            onnx->value[n] = rows[k].translate(onnx, node);
            return onnx->bytes.status;
        }
    }
    return tx_error_set(error, TX_INVALID, "the network has an operation '%s', which cannot be exported to ONNX", node->op->name);
}
