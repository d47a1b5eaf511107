/* A network as a model in ONNX's format: its graph's operations become ONNX's nodes, its leaves initializers of their names.
 * Private to this room. */
#pragma once

#include "simulation/protobuf.h"
#include "simulation/stored.h"
#include "tensor/graph.h"

/* The opset is the least that has all: more runtimes read it. */
enum { TX_ONNX_OPSET = 13, TX_ONNX_IR_VERSION = 7 };

/* ---- For the operations (onnx_operations.c, onnx_spectral.c) ---- */

/* A model that is being written. A value is a number: of a node's result, or of an initializer; TX_NONE: none. */
typedef struct tx_onnx {
    tx_message bytes;
    const tx_exported *network;
    const tx_leaves *leaves;
    const tx_graph *graph;
    int *value; /* [nodes of the graph] */
    int count;  /* of values */
} tx_onnx;

/* An array (tx_free); NULL where there is no memory, which fails the model. */
void *tx_onnx_room(tx_onnx *onnx, int64_t count, size_t size);

/* An integer, `count` of them as a list (0: no list), or a text. */
typedef struct tx_onnx_attribute {
    const char *name, *text;
    int count;
    int64_t integer[2 * TX_MAX_AXES + 3];
} tx_onnx_attribute;

/* A node of ONNX's operator with up to three inputs. attributes: ends with a name NULL; NULL: none. */
int tx_onnx_add(tx_onnx *onnx, const char *type, int a, int b, int c, const tx_onnx_attribute *attributes);
/* Initializers: integers, and numbers in the network's precision, in C order. */
int tx_onnx_integers(tx_onnx *onnx, int rank, const int64_t *dims, const int64_t *integers);
int tx_onnx_reals(tx_onnx *onnx, int rank, const int64_t *dims, const double *reals);
/* The numbers of a parameter in that shape. */
int tx_onnx_numbers(tx_onnx *onnx, tx_node node, int rank, const int64_t *dims);
int tx_onnx_reshape(tx_onnx *onnx, int x, int rank, const int64_t *dims); /* a 0: as many as x has there */
int tx_onnx_einsum(tx_onnx *onnx, int a, int b, const char *equation);

/* Of an operation's node, whose inputs have their values: its own. */
typedef int tx_onnx_translation(tx_onnx *onnx, const tx_graph_node *node);
tx_onnx_translation tx_onnx_analyse, tx_onnx_multiply_modes, tx_onnx_synthesise; /* onnx_spectral.c */
/* Sets the node's value. */
tx_status tx_onnx_translate(tx_onnx *onnx, tx_node node, tx_error *error);

static inline int tx_onnx_input(const tx_onnx *onnx, const tx_graph_node *node, int which)
{
    return onnx->value[node->input[which]];
}
static inline const tx_shape *tx_onnx_input_shape(const tx_onnx *onnx, const tx_graph_node *node)
{
    return &tx_graph_at(onnx->graph, node->input[0])->shape;
}
