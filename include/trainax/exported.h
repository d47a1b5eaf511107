/* A network as data of a C program: what `trainax export --c` writes, and what an inference is made of (trainax/inference.h). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/shape.h"
#include "trainax/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TX_EXPORTED_VERSION = 2, TX_EXPORTED_INPUTS = 5, TX_EXPORTED_NUMBERS = 26 };

/* An operation of the graph that a step is, in the order of evaluation. */
typedef struct tx_exported_node {
    const char *operation;
    int input[TX_EXPORTED_INPUTS]; /* earlier nodes; -1: none */
    tx_shape shape;                /* of its result */
    double alpha, beta;
    int64_t number[TX_EXPORTED_NUMBERS]; /* its other attributes, by this version's order */
} tx_exported_node;

typedef struct tx_exported {
    int version;    /* TX_EXPORTED_VERSION */
    tx_shape state; /* of what it maps, and maps to */
    tx_precision precision;
    int output, num_nodes; /* which node the next state is */
    const tx_exported_node *nodes;
    size_t num_constants;
    const double *constants;
    int64_t num_parameters;
    const void *parameters; /* in that precision, in the order of the network's leaves */
    /* Of the data that it was trained on, (x - mean)/std: the channels' means, then what they were divided by. NULL: they were
     * taken as they came. */
    const double *normalization;
} tx_exported;

#ifdef __cplusplus
}
#endif
