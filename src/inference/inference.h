/* What an inference is made of, for the files that make it and run it. */
#pragma once

#include "trainax/inference.h"
#include "trainax/plan.h"

/* A plan, and what running it takes. */
typedef struct tx_program {
    tx_plan *plan;
    tx_values *values;
    tx_workspace *workspace;
} tx_program;

/* What a run reads and writes of a block: pointers to its samples, and room for those that lie otherwise than kernels want. */
typedef struct tx_staging {
    void *sample[TX_LARGEST_BLOCK];
    char *room;
} tx_staging;

struct tx_inference {
    tx_shape state;
    tx_precision precision;
    size_t bytes; /* of a state */
    int block;    /* states that `many` and `adjoint` compute together */
    void *reals;  /* a copy of the parameters */
    size_t parameter_bytes;
    tx_parameters parameters;
    tx_program one, many, adjoint; /* many: empty where one does, adjoint where none is wanted */
    tx_staging x, seeds, y;
    char *gradient;        /* of a block, then the sum of all; NULL: not wanted */
    double *normalization; /* means, what is divided by; NULL: none */
    bool physical;         /* are states of programs before it? */
};
