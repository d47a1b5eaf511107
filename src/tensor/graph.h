/* The graph: nodes in order of creation, which is an order of evaluation. Private to this room.
 *
 * A node has an operation (a row of tx_operations), at most four inputs, attributes and a shape. Nodes are values of a
 * block of samples, except parameters (flat ranges) and effects, which have no value: they add into the flat gradient. */
#pragma once

#include "kernel/kernel.h"
#include "trainax/tensor.h"

enum { TX_MAX_INPUTS = 4, TX_NONE = -1 };

typedef enum tx_op {
    TX_OP_WINDOW,    /* a level of the windows */
    TX_OP_PARAMETER, /* a range of the flat parameters */
    TX_OP_CONSTANT,  /* a range of the graph's constants */
    TX_OP_SEED,      /* the cotangent of each sample's loss: a lane scalar, 0 in padding lanes */
    TX_OP_BATCH_SIZE, /* a lane scalar */
    TX_OP_STOP,
    TX_OP_PAD,
    TX_OP_FOLD,         /* adjoint of pad */
    TX_OP_CONV,         /* (x, w, bias or none, mask or none) */
    TX_OP_CONV_WEIGHTS, /* effect: (x, dy) into the range of w */
    TX_OP_BIAS_GRADIENT, /* effect: (dy) */
    TX_OP_ACTIVATE,
    TX_OP_ACTIVATE_GRADIENT, /* (dy, saved) */
    TX_OP_ADD,               /* alpha a + beta b */
    TX_OP_SCALE,             /* alpha a */
    TX_OP_MULTIPLY,
    TX_OP_POWER,          /* |x|^alpha */
    TX_OP_POWER_GRADIENT, /* (dy, x) */
    TX_OP_LANE_SCALE, /* (x, s): alpha s x */
    TX_OP_BROADCAST,  /* (s): alpha s everywhere */
    TX_OP_SUM,        /* (x): alpha sum x */
    TX_OP_DOT,        /* (x, z): alpha sum x z */
    TX_OP_SQUARE_ERROR,          /* (x, z): alpha sum (x - z)^2 */
    TX_OP_SQUARE_ERROR_GRADIENT, /* (x, z, s, add or none): alpha s (x - z) + add */
    TX_OP_FLATTEN,
    TX_OP_UNFLATTEN,
    TX_OP_CALL,     /* (x) */
    TX_OP_CALL_VJP, /* (x, dy) */
    TX_OP_COUNT,
} tx_op;

/* Everything that distinguishes two nodes of the same operation and inputs. Compared bytewise: zero what is not used. */
typedef struct tx_attributes {
    double alpha, beta;
    int64_t offset, size; /* parameter, constant: its range; effects: the range of the gradient; window: offset = level */
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES]; /* pad, fold */
    int64_t mode;                                /* tx_padding_mode, tx_activation */
    tx_convolution convolution;
    int64_t flip;       /* conv: adjoint with respect to its input */
    int64_t activation; /* conv: applied to its output */
    const tx_function *function;
} tx_attributes;

typedef struct tx_graph_node {
    tx_op op;
    tx_node input[TX_MAX_INPUTS];
    tx_attributes attributes;
    tx_shape shape;
} tx_graph_node;

struct tx_graph {
    tx_graph_node *nodes;
    size_t capacity;
    int count;
    int *table; /* hash of equal nodes: index + 1, 0 = free; its size is a power of two */
    size_t slots;
    double *constants;
    size_t num_constants, constant_capacity;
    tx_error error; /* sticky */
};

/* Appends a node, or returns an equal one that is there (effects are never merged). Inputs beyond those given are TX_NONE;
 * a failed graph gives -1. */
tx_node tx_graph_append(tx_graph *graph, const tx_graph_node *node);
tx_node tx_graph_fail(tx_graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
tx_status tx_graph_copy(const tx_graph *graph, tx_error *error, tx_graph **out);

/* Gives `target`, which has none, the constants of `graph`. */
tx_status tx_graph_copy_constants(const tx_graph *graph, tx_graph *target, tx_error *error);

/* Appends the gradient of the lane scalar `loss` with respect to all parameters, as effects. */
tx_status tx_graph_differentiate(tx_graph *graph, tx_node loss, tx_error *error);

/* A new graph that computes the same outputs (renumbered in place) and effects with what one kernel can do at once
 * merged, stop_gradient removed and dead nodes left out. */
tx_status tx_graph_fuse(const tx_graph *graph, tx_node *outputs, int num_outputs, tx_error *error, tx_graph **out);
/* live[node] = 1 for everything that outputs and effects need; live has one byte a node, zeroed. */
void tx_graph_mark_live(const tx_graph *graph, const tx_node *outputs, int num_outputs, char *live);

static inline const tx_graph_node *tx_graph_at(const tx_graph *graph, tx_node node) { return &graph->nodes[node]; }
static inline bool tx_op_is_effect(tx_op op) { return op == TX_OP_CONV_WEIGHTS || op == TX_OP_BIAS_GRADIENT; }
static inline bool tx_shape_is_lane(const tx_shape *shape) { return shape->axes == 0 && shape->channels == 1; }
