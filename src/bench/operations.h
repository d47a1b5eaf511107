/* The operations of tensor programs as cases: one table, which the benchmark times and the tests hold against references. Every
 * kernel of a backend is called by some case: forward, by a derivative, or where nodes have become one. */
#pragma once

#include "trainax/tensor.h"

/* Parameters, numbers and constants that a case has asked for so far. */
typedef struct tx_case_graph {
    tx_graph *graph;
    int64_t num_parameters;
    int64_t num_numbers; /* of a sample's trajectory */
} tx_case_graph;

enum { TX_CASE_LEVELS = 2 }; /* of a window, each of the case's shape: what x comes from, what it is compared with */

typedef struct tx_operation_case tx_operation_case;
struct tx_operation_case {
    const char *name;
    /* The operation on x, of the case's shape; may read window 1. A tensor, or one number a sample. */
    tx_node (*build)(const tx_operation_case *self, tx_case_graph *g, tx_node x);
    tx_shape shape; /* small: for references that loop */
    int block;
    tx_shape timed; /* no channels: not worth timing */
    int timed_block;
    /* what the operation is made with, as far as it reads them */
    int64_t channels; /* of its result; 0: as many as x has */
    int64_t kernel, dilation, stride, modes;
    int groups;
    tx_padding_mode mode;
    tx_activation activation;
    double exponent;
};
/* Of users' functions: one with a tape; one of both precisions, sample by sample, that adds its cotangents (functions.c). */
tx_node tx_case_call(const tx_operation_case *self, tx_case_graph *g, tx_node x);
tx_node tx_case_call_adding(const tx_operation_case *self, tx_case_graph *g, tx_node x);
extern const tx_operation_case tx_operation_cases[]; /* ends with a case without name */
