/* The graph: nodes in order of creation, which is an order of evaluation. Private to this room.
 *
 * A node has an operation (a row of tx_operations), at most five inputs, attributes and a shape. Nodes are values of a
 * block of samples, except parameters (flat ranges) and effects, which have no value: they add into the flat gradient. */
#pragma once

#include "kernel/kernel.h"
#include "trainax/tensor.h"

enum { TX_MAX_INPUTS = 5, TX_NONE = -1 };

typedef enum tx_op {
    TX_OP_WINDOW,    /* a level of the windows */
    TX_OP_PARAMETER, /* a range of the flat parameters */
    TX_OP_CONSTANT,  /* a range of the graph's constants */
    TX_OP_SEED,      /* the cotangent of each sample's loss: a lane scalar, 0 in padding lanes */
    TX_OP_BATCH_SIZE, /* a lane scalar */
    TX_OP_STOP,
    TX_OP_PAD,
    TX_OP_FOLD,         /* adjoint of pad */
    TX_OP_CONV,         /* (x, w, bias or none, mask or none, add or none) */
    TX_OP_CONV_WEIGHTS, /* effect: (x, dy) into the range of w */
    TX_OP_BIAS_GRADIENT, /* effect: (dy); of `size` channels from `mode` on */
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
    TX_OP_GROUP_STATISTICS,    /* (x): mean and 1 / deviation of each group: 2 groups lane scalars; alpha: eps */
    TX_OP_GROUP_NORM,          /* (x, statistics, weight, bias, add or none): activation of the normalised x, plus add */
    TX_OP_GROUP_MOMENTS,       /* (dy, x, statistics): sums of dy and of dy times the normalised x: 2 channels lane scalars */
    TX_OP_GROUP_PULL,          /* (moments, statistics, weight): 4 groups lane scalars, all that the gradient needs; alpha: 1 / points */
    TX_OP_GROUP_NORM_GRADIENT, /* (dy, x, pull, weight, add or none): … + add; mode TX_RELU: 0 where x <= 0 */
    /* Spectral: convolution.kernel holds the modes an axis, convolution.groups the blocks of them. */
    TX_OP_SPECTRAL_ANALYSE,    /* (x): modes; mode 1: weighted as the inverse is */
    TX_OP_SPECTRAL_SYNTHESISE, /* (modes): its transpose */
    TX_OP_SPECTRAL_MULTIPLY,   /* (modes, real, imaginary weights); flip: the adjoint */
    TX_OP_SPECTRAL_WEIGHTS,    /* effect: (modes, their cotangent); mode 1: imaginary parts */
    TX_OP_CONCATENATE,         /* (a, b) */
    TX_OP_CHANNELS,            /* (x): as many as it has from `offset` on, a view */
    TX_OP_SPLIT,               /* (x): as phases of convolution.stride, cell 0 of x at fine cell `low`, zeros around it */
    TX_OP_JOIN,                /* (phases) */
    TX_OP_COUNT,
} tx_op;

/* Everything that distinguishes two nodes of the same operation and inputs. Compared bytewise: zero what is not used. */
typedef struct tx_attributes {
    double alpha, beta;
    int64_t offset, size; /* parameter, constant: its range; effects: the range of the gradient; window: offset = level */
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES]; /* pad, fold; conv: low is tx_conv_shape's shift */
    int64_t mode;                                /* tx_padding_mode, tx_activation */
    tx_convolution convolution;
    int64_t flip;       /* conv: adjoint with respect to its input */
    int64_t transposed; /* conv: the stride is its result's, not its input's */
    int64_t activation; /* conv: applied to its output */
    const tx_function *function;
} tx_attributes;

/* Where a node comes from. Changes no value. */
typedef struct tx_context {
    int step;         /* of the rollout */
    const char *part; /* of the program, for reports */
} tx_context;

typedef struct tx_graph_node {
    tx_op op;
    tx_node input[TX_MAX_INPUTS];
    tx_attributes attributes;
    tx_shape shape;
    tx_context context; /* the graph's when the node was made; of adjoints, that of what they are the adjoint of */
} tx_graph_node;

struct tx_graph {
    tx_graph_node *nodes;
    size_t capacity;
    int count;
    int *table; /* hash of equal nodes: index + 1, 0 = free; its size is a power of two */
    size_t slots;
    double *constants;
    size_t num_constants, constant_capacity;
    tx_context context; /* given to new nodes */
    tx_error error; /* sticky */
};

/* Appends a node, or returns an equal one that is there (effects are never merged). Inputs beyond those given are TX_NONE;
 * a failed graph gives -1. */
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

/* Gives `target`, which has none, the constants of `graph`. */
tx_status tx_graph_copy_constants(const tx_graph *graph, tx_graph *target, tx_error *error);

/* Appends the gradient of the lane scalar `loss` with respect to all parameters, as effects. */
tx_status tx_graph_differentiate(tx_graph *graph, tx_node loss, tx_error *error);

/* Appends a CONV (all but the attribute `convolution` and the output channels is there) after checking groups and weights. */
tx_node tx_convolution_append(tx_graph *graph, tx_graph_node *node, const tx_convolution *convolution, int64_t in_channels);
bool tx_is_strided(const tx_convolution *convolution);
/* Appends a CONV's adjoint with respect to its x, and the zeros that it needs around dy: */
tx_node tx_convolution_adjoint(tx_graph *graph, const tx_graph_node *conv, tx_node dy);
void tx_convolution_adjoint_padding(const tx_attributes *a, const tx_shape *x, const tx_shape *y, int64_t *low, int64_t *high);
/* A strided CONV or CONV_WEIGHTS between phases, as kernels have it. */
tx_node tx_convolution_to_phases(tx_graph *graph, const tx_graph_node *conv);
tx_node tx_convolution_weights_to_phases(tx_graph *graph, const tx_graph_node *effect);

/* A view of some of x's channels: for adjoints, it has none itself. */
tx_node tx_channels(tx_graph *graph, tx_node x, int64_t first, int64_t count);

/* Appends what a GROUP_NORM's adjoint needs: effects for weight and bias, and (else TX_NONE) the cotangent of its x. */
tx_node tx_group_norm_derive(tx_graph *graph, const tx_graph_node *norm, tx_node dy, bool wants_x);

/* The adjoints of the spectral operations with respect to their first input, in its shape. */
tx_node tx_spectral_derive(tx_graph *graph, const tx_graph_node *node, tx_node dy);
/* An effect node for the real or the imaginary weights of a product, but for where it adds. */
tx_graph_node tx_spectral_weights(const tx_graph_node *product, tx_node dy, bool imaginary);

/* A new graph that computes the same outputs (renumbered in place) and effects with what one kernel can do at once
 * merged, stop_gradient removed and dead nodes left out. */
tx_status tx_graph_fuse(const tx_graph *graph, tx_node *outputs, int num_outputs, tx_error *error, tx_graph **out);
/* live[node] = 1 for everything that outputs and effects need; live has one byte a node, zeroed. */
void tx_graph_mark_live(const tx_graph *graph, const tx_node *outputs, int num_outputs, char *live);

static inline const tx_graph_node *tx_graph_at(const tx_graph *graph, tx_node node) { return &graph->nodes[node]; }
static inline bool tx_op_is_effect(tx_op op) { return op == TX_OP_CONV_WEIGHTS || op == TX_OP_BIAS_GRADIENT || op == TX_OP_SPECTRAL_WEIGHTS; }
static inline bool tx_shape_is_lane(const tx_shape *shape) { return shape->axes == 0 && shape->channels == 1; }
