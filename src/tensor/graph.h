/* The graph: nodes in order of creation, which is an order of evaluation. Private to this room.
 *
 * A node has an operation (operation.h), at most five inputs, attributes and a shape. Nodes are values of a
 * block of samples, except parameters (flat ranges) and effects, which have no value: they add into the flat gradient. */
#pragma once

#include "kernel/backend.h"
#include "tensor/fields.h"
#include "trainax/tensor.h"

typedef struct tx_operation tx_operation; /* operation.h */

/* Everything that distinguishes two nodes of the same operation and inputs. Compared bytewise: zero what is not used. */
typedef struct tx_attributes {
    double alpha, beta;
    int64_t offset, size; /* in reals: of a flat array (parameter, constant, effects: of the gradient), of a sample (load) */
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES]; /* pad, fold; conv: low is tx_conv_shape's shift */
    int64_t padding;                             /* pad, fold: a tx_padding_mode */
    int64_t source;                              /* load, parameter: a tx_source */
    int64_t weighted;                            /* Fourier transforms: as tx_spectral_shape */
    int64_t channel;                             /* bias_gradient, channels: the first */
    tx_convolution convolution;
    int64_t flip;       /* conv, products of modes: adjoint with respect to the input; their weights: the imaginary ones */
    int64_t transposed; /* conv: the stride is its result's, not its input's */
    int64_t activation; /* what activate applies; conv, group_norm: to its output; their adjoints: whose derivative */
    const tx_function *function;
} tx_attributes;

/* Where a node comes from. Changes no value. */
typedef struct tx_context {
    int step;         /* of the rollout */
    const char *part; /* of the program, for reports */
} tx_context;

typedef struct tx_graph_node {
    const tx_operation *op;
    tx_node input[TX_MAX_INPUTS];
    tx_attributes attributes;
    tx_shape shape;
    tx_context context; /* the graph's when the node was made; of adjoints, that of what they are the adjoint of */
} tx_graph_node;

/* Constants that are numbers of channels, each as often as there are points: from where, and where to. */
typedef struct tx_late {
    const double *numbers;
    int64_t channels, points;
    size_t offset; /* in the constants */
    bool inverse;
} tx_late;

struct tx_graph {
    tx_graph_node *nodes;
    size_t capacity;
    int count;
    int *table; /* hash of equal nodes: index + 1, 0 = free; its size is a power of two */
    size_t slots;
    double *constants;
    size_t num_constants, constant_capacity;
    tx_late *late;
    size_t num_late, late_capacity;
    tx_context context; /* given to new nodes */
    tx_fields fields;
    tx_error error; /* sticky */
};

/* Appends a node, or returns an equal one that is there (effects are never merged). Inputs beyond those given are TX_NONE;
 * a failed graph gives TX_NONE. */
tx_node tx_graph_append(tx_graph *graph, const tx_graph_node *node);
/* Makes room for so many nodes in all. */
tx_status tx_graph_reserve(tx_graph *graph, size_t count, tx_error *error);
/* Leaves out what neither outputs (renumbered in place) nor effects need. origin (NULL: none): a number of each node, moved
 * with it. From then on nodes can be repeated, but not appended: equal ones are not found any more. */
tx_status tx_graph_drop_dead(tx_graph *graph, tx_node *outputs, int num_outputs, int *origin, tx_error *error);
/* Appends a node even where an equal one is there: it is computed again. */
tx_node tx_graph_repeat(tx_graph *graph, const tx_graph_node *node);
tx_node tx_graph_fail(tx_graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
tx_status tx_graph_copy(const tx_graph *graph, tx_error *error, tx_graph **out);

double tx_late_value(const tx_late *late, int64_t channel);
/* Gives `target`, which has none, the constants of `graph`. */
tx_status tx_graph_copy_constants(const tx_graph *graph, tx_graph *target, tx_error *error);

/* Reverse mode, graph to graph (differentiate.c): appends the gradient with respect to all parameters, as effects, of the lane
 * scalar `loss`, whose cotangent is 1 / batch size; or of all outputs, whose cotangents a run is given, one output behind the
 * other. */
tx_status tx_graph_differentiate(tx_graph *graph, tx_node loss, tx_error *error);
tx_status tx_graph_pull_back(tx_graph *graph, const tx_node *outputs, int num_outputs, tx_error *error);
/* The output becomes the cotangent of the window's one level, for a cotangent of the output that a run is given; the parameters get
 * theirs where it is asked for. Zeros, of the output's shape, where it does not depend on the window. */
tx_status tx_graph_pull_to_window(tx_graph *graph, bool of_parameters, tx_node *output, tx_error *error);
/* Forward mode (tangent.c): appends the outputs' tangents for a tangent of the parameters and (windows) of the windows.
 * tangents[k]: of outputs[k]; zeros where it depends on neither. */
tx_status tx_graph_push_forward(tx_graph *graph, bool windows, const tx_node *outputs, int num_outputs, tx_error *error,
                                tx_node *tangents);
/* An input that a run is given for each sample: part of an output's cotangent. */
tx_node tx_graph_seed(tx_graph *graph, int64_t offset, tx_shape shape);

/* A new graph that computes the same outputs (renumbered in place) and effects with what one kernel can do at once
 * merged, stop_gradient removed and dead nodes left out. */
tx_status tx_graph_fuse(const tx_graph *graph, tx_node *outputs, int num_outputs, tx_error *error, tx_graph **out);
/* live[node] = 1 for everything that outputs and effects need; live has one byte a node, zeroed. */
void tx_graph_mark_live(const tx_graph *graph, const tx_node *outputs, int num_outputs, char *live);

static inline const tx_graph_node *tx_graph_at(const tx_graph *graph, tx_node node)
{
    return &graph->nodes[node];
}
