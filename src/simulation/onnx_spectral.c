/* Spectral convolutions in ONNX: transforms axis by axis, as sums with tables of cosines and sines.
 *
 * Modes are (batch, channels, *modes, real and imaginary part), along an axis those of low wavenumbers, then those of high ones; of
 * the last axis low ones alone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "simulation/onnx.h"

enum { EQUATION = 48 };

/* Of all axes, by how many of the first are points (small letters), not modes. */
static const char *const letters[TX_MAX_AXES][TX_MAX_AXES + 1] = {{"X", "x"}, {"XY", "xY", "xy"}, {"XYZ", "xYZ", "xyZ", "xyz"}};

/* ---- along an axis ---- */

typedef struct axis_transform {
    int axes, axis;
    int64_t points, modes;
    bool last, forward;
} axis_transform;

static int64_t wavenumber(const axis_transform *t, int64_t mode)
{
    return t->last || mode < t->modes / 2 ? mode : t->points - t->modes + mode;
}

/* What a mode counts on the way back. Where both ends overlap, the high one is written over the low one. */
static double weight_of(const axis_transform *t, int64_t mode)
{
    if (t->forward) {
        return 1;
    }
    if (t->last) {
        return (mode == 0 || 2 * mode == t->points ? 1.0 : 2.0) / (double)t->points;
    }
    return mode < t->modes / 2 && mode >= t->points - t->modes / 2 ? 0 : 1 / (double)t->points;
}

/* exp(-2 pi i k j / n), backwards its conjugate, as what part `from` of a number is multiplied by for part `to` of the product. */
static double factor_of(const axis_transform *t, int64_t mode, int64_t point, int from, int to)
{
    const double angle = 2 * M_PI * (double)(wavenumber(t, mode) * point % t->points) / (double)t->points;
    const double sine = t->forward ? -sin(angle) : sin(angle);
    return weight_of(t, mode) * (from == to ? cos(angle) : from ? -sine : sine);
}

/* (points, modes, parts from, parts to): the last axis's points are real, which takes away one of these. */
static int table_of(tx_onnx *onnx, const axis_transform *t)
{
    const int from = t->last && t->forward ? 1 : 2, to = t->last && !t->forward ? 1 : 2;
    const int64_t count = t->points * t->modes, dims[] = {t->points, t->modes, 2, 2};
    double *table = tx_onnx_room(onnx, count * from * to, sizeof *table), *at = table;
    for (int64_t k = 0; table && k < count; k++) {
        for (int part = 0; part < from * to; part++) {
            *at++ = factor_of(t, k % t->modes, k / t->modes, part / to, part % to);
        }
    }
    const int value = tx_onnx_reals(onnx, t->last ? 3 : 4, dims, table);
    tx_free(table);
    return value;
}

static int transform_axis(tx_onnx *onnx, const axis_transform *t, int x)
{
    const char *const *of = letters[t->axes - 1];
    const char *from = t->last && t->forward ? "" : "r", *to = t->last && !t->forward ? "" : "s";
    const int point = t->axis + 1, mode = t->axis; /* how many axes are points where this one is a point, a mode */
    char equation[EQUATION];
    snprintf(equation, sizeof equation, "bc%s%s,%c%c%s%s->bc%s%s", of[t->forward ? point : mode], from, of[t->axes][t->axis],
             of[0][t->axis], from, to, of[t->forward ? mode : point], to);
    return tx_onnx_einsum(onnx, x, table_of(onnx, t), equation);
}

static int transform(tx_onnx *onnx, const tx_graph_node *node, const tx_shape *shape, bool forward)
{
    int x = tx_onnx_input(onnx, node, 0);
    for (int k = 0; k < shape->axes; k++) {
        const int d = forward ? shape->axes - 1 - k : k;
        const bool last = d == shape->axes - 1;
        const axis_transform along = {.axes = shape->axes,
                                      .axis = d,
                                      .points = shape->n[d],
                                      .modes = (last ? 1 : 2) * node->attributes.convolution.kernel[d],
                                      .last = last,
                                      .forward = forward};
        x = transform_axis(onnx, &along, x);
    }
    return x;
}

int tx_onnx_analyse(tx_onnx *onnx, const tx_graph_node *node)
{
    return transform(onnx, node, tx_onnx_input_shape(onnx, node), true);
}

int tx_onnx_synthesise(tx_onnx *onnx, const tx_graph_node *node)
{
    return transform(onnx, node, &node->shape, false);
}

/* ---- products ---- */

/* Both leaves (groups, out, in, *modes) as (out, in, *modes, part): a group's bit d says which end of axis d it is. */
static int weights_of(tx_onnx *onnx, const tx_graph_node *node, int axes, const int64_t *channels)
{
    const int64_t *modes = node->attributes.convolution.kernel;
    int64_t leaf[3 + TX_MAX_AXES] = {node->attributes.convolution.groups, channels[0], channels[1]};
    int64_t apart[2 + 2 * TX_MAX_AXES], joined[3 + TX_MAX_AXES] = {channels[0], channels[1]};
    tx_onnx_attribute order[] = {{.name = "perm", .count = 2 + 2 * axes, .integer = {axes, axes + 1}}, {0}};
    int64_t *to = order[0].integer + 2;
    for (int d = 0; d < axes; d++) {
        const bool last = d == axes - 1;
        leaf[3 + d] = apart[2 + axes + d] = modes[d];
        apart[d] = 2;
        joined[2 + d] = (last ? 1 : 2) * modes[d];
        if (!last) {
            *to++ = axes - 1 - d;
        }
        *to++ = 2 + axes + d;
    }
    memcpy(apart + axes, channels, 2 * sizeof *channels);
    joined[2 + axes] = 2;
    const int real = tx_onnx_numbers(onnx, node->input[1], 3 + axes, leaf),
              imaginary = tx_onnx_numbers(onnx, node->input[2], 3 + axes, leaf);
    int w = tx_onnx_add(onnx, "Concat", real, imaginary, TX_NONE, (const tx_onnx_attribute[]){{.name = "axis"}, {0}});
    w = tx_onnx_add(onnx, "Transpose", tx_onnx_reshape(onnx, w, 2 + 2 * axes, apart), TX_NONE, TX_NONE, order);
    return tx_onnx_reshape(onnx, w, 3 + axes, joined);
}

/* Weights as matrices over real and imaginary part, then their product with the modes. */
int tx_onnx_multiply_modes(tx_onnx *onnx, const tx_graph_node *node)
{
    static const double complex_product[2][2][2] = {{{1, 0}, {0, 1}}, {{0, 1}, {-1, 0}}};
    const int groups = node->attributes.convolution.groups, axes = groups / 2 + 1; /* 1, 2 and 4 groups */
    const int64_t channels[] = {node->shape.channels / (2 * groups), tx_onnx_input_shape(onnx, node)->channels / (2 * groups)};
    const char *modes = letters[axes - 1][0];
    char equation[EQUATION];
    const int product = tx_onnx_reals(onnx, 3, (const int64_t[]){2, 2, 2}, &complex_product[0][0][0]);
    snprintf(equation, sizeof equation, "oi%sp,prs->oi%srs", modes, modes);
    const int matrices = tx_onnx_einsum(onnx, weights_of(onnx, node, axes, channels), product, equation);
    snprintf(equation, sizeof equation, "bi%sr,oi%srs->bo%ss", modes, modes, modes);
    return tx_onnx_einsum(onnx, tx_onnx_input(onnx, node, 0), matrices, equation);
}
