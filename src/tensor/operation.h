/* Operations: one descriptor each, in operation/, in a file with its kin. A pass over the graph knows no operation by name, but for
 * the few that it makes itself: what it wants to know stands in the descriptor. Private to this room.
 *
 * To add one: a descriptor (and its builder) here, a kernel of its name in each backend, cases in bench/operations.c. */
#pragma once

#include "kernel/backend.h"
#include "tensor/graph.h"

typedef struct tx_planner tx_planner;
typedef struct tx_fuser tx_fuser;

typedef enum tx_trait {
    TX_OP_EFFECT = 1,     /* has no value: adds into the flat gradient, at `offset` of its attributes */
    TX_OP_FLAT = 2,       /* a range of a flat array, `offset` and `size` of its attributes; no buffer */
    TX_OP_GIVEN = 4,      /* a lane scalar that the caller of a run gives; no buffer */
    TX_OP_VIEW = 8,       /* shares its first input's buffer, or may */
    TX_OP_CUT = 16,       /* hands no cotangent on, and no tangent */
    TX_OP_INPUT = 32,     /* loaded again wherever it is needed: never has to be kept */
    TX_OP_WIDE = 64,      /* can write a view that takes in a halo */
    TX_OP_SILENT = 128,   /* computes nothing when it runs */
    TX_OP_SCALABLE = 256, /* a factor of its result can go into alpha */
} tx_trait;

/* How several threads share an instruction: not at all; each takes some of the channels, or the part that it is told. */
typedef enum tx_sharing { TX_SHARE_NOTHING, TX_SHARE_CHANNELS, TX_SHARE_PARTS } tx_sharing;

struct tx_operation {
    const char *name; /* of its kernel, too */
    unsigned traits;
    unsigned overwrites; /* bit k: the result may take the place of input k */
    unsigned alike;      /* bit k: input k has to be laid out as the result */
    tx_sharing sharing;
    const char
        *take_lane; /* of an effect: the kernel that brings one lane of its inputs into tensors of their own; NULL: take_lane */

    /* Sets the node's shape from its inputs, or fails the graph; NULL: who makes the node says it. */
    bool (*shape)(tx_graph *graph, tx_graph_node *node);
    /* Reverse mode: sets cotangent[k] of the inputs that are wanted, from that of y, this node, and appends the effects of
     * parameters that are wanted (tx_graph_add_effect). NULL: its inputs get none. */
    void (*vjp)(tx_graph *graph, const tx_graph_node *node, tx_node y, tx_node dy, const bool *wanted, tx_node *cotangent);
    /* Forward mode: the tangent of y from those of its inputs, of which at least one is there (the others: TX_NONE). NULL: it has
     * none, and a graph that asks for it fails. */
    tx_node (*jvp)(tx_graph *graph, const tx_graph_node *node, tx_node y, const tx_node *tangent);
    /* Something better for a live node, its inputs already rewritten (`old`: as it was), or TX_NONE. */
    tx_node (*fuse)(tx_fuser *fuser, const tx_graph_node *node, const tx_graph_node *old);
    /* Of one sample; input: the first one's shape. NULL: one a number of the result. */
    double (*flops)(const tx_graph_node *node, const tx_shape *input);
    /* What its instruction needs beside operands, layouts and factors. NULL: nothing. */
    tx_status (*prepare)(tx_planner *planner, tx_node node, tx_instruction *instruction);
};

/* Those that passes and other kin make or look for. */
extern const tx_operation tx_op_load, tx_op_parameter, tx_op_constant, tx_op_seed, tx_op_batch_size; /* input.c */
extern const tx_operation tx_op_scale, tx_op_activate_gradient;                                      /* pointwise.c */
extern const tx_operation tx_op_square_error_gradient;                                               /* lane.c */
extern const tx_operation tx_op_pad, tx_op_fold, tx_op_channels, tx_op_split, tx_op_join;            /* shape.c */
extern const tx_operation tx_op_conv, tx_op_bias_gradient;                                           /* convolution.c */
extern const tx_operation tx_op_call_vjp;                                                            /* call.c */
extern const tx_operation tx_op_group_norm, tx_op_group_norm_gradient;                               /* norm.c */

/* Of each kin, those that builders make, which an exported graph consists of; NULL behind the last. One that refers to what is
 * outside of the graph (a user's function) is in no list. */
extern const tx_operation *const tx_ops_given[],
    *const tx_ops_pointwise[],
        *const tx_ops_lane[], *const tx_ops_shape[], *const tx_ops_fourier[], *const tx_ops_spectral[], *const tx_ops_convolution[],
                                                                                                            *const tx_ops_norm[];

static inline bool tx_has_trait(const tx_graph_node *node, tx_trait trait)
{
    return (node->op->traits & trait) != 0;
}

/* ---- For builders ---- */

static const tx_shape tx_lane_shape = {.channels = 1};
static inline bool tx_shape_is_lane(const tx_shape *shape)
{
    return shape->axes == 0 && shape->channels == 1;
}

/* A node of that operation with up to two inputs (TX_NONE: fewer) and nothing else set. */
tx_graph_node tx_graph_node_of(const tx_operation *op, tx_node a, tx_node b);
/* Appends it if its first inputs `needed` are there, after its shape rule. */
tx_node tx_graph_make(tx_graph *graph, tx_graph_node *node, int needed);
/* Appends an effect that adds into the gradient of `parameter`. */
void tx_graph_add_effect(tx_graph *graph, tx_graph_node *effect, tx_node parameter);
/* Is it a parameter or a constant of so many numbers? */
bool tx_graph_has_numbers(const tx_graph *graph, tx_node node, int64_t size);

/* Builders of one kin that others use: alpha s x, s a lane scalar; zeros; a + b where one of them may be TX_NONE; is there a
 * stride? */
tx_node tx_graph_lane_scale(tx_graph *graph, double alpha, tx_node s, tx_node x);
tx_node tx_graph_zero(tx_graph *graph, tx_shape shape);
tx_node tx_graph_sum_present(tx_graph *graph, tx_node a, tx_node b);
bool tx_is_strided(const tx_convolution *convolution);

/* Shape rules: that of the first input; one number a sample; that of both inputs, which must be the same; the latter for a number a
 * sample of two. */
bool tx_shape_as_first(tx_graph *graph, tx_graph_node *node);
bool tx_shape_lane(tx_graph *graph, tx_graph_node *node);
bool tx_shape_as_both(tx_graph *graph, tx_graph_node *node);
bool tx_shape_lane_of_both(tx_graph *graph, tx_graph_node *node);

/* ---- For fuse rules (fuse.c) ---- */

/* Is old node `n` read once only, and is its rewritten form a node of `op`? Then *out is that form. */
bool tx_fuser_sole(const tx_fuser *fuser, tx_node n, const tx_operation *op, tx_graph_node *out);
tx_graph *tx_fuser_graph(const tx_fuser *fuser); /* the new one */
