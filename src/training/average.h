/* A running mean of the parameters over the updates, as optax.ema makes it: m = (1 - decay) theta + decay m from 0 on, divided by
 * what the weights so far add up to. */
#pragma once

#include "problem/problem.h"
#include "trainax/file.h"

typedef struct tx_average {
    tx_precision precision;
    int64_t count; /* numbers; 0: there is none */
    double decay;
    int64_t updates; /* so far, of `mean` */
    int64_t made;    /* updates that `value` is of; -1: of none */
    void *mean;      /* m, which is kept */
    void *value;     /* the mean itself, as it was last asked for */
} tx_average;

bool tx_average_is_wanted(const tx_section *trainer);
/* TX_INVALID: a decay that would never take anything up. */
tx_status tx_average_plan(const tx_problem *problem, tx_error *error, tx_average *out);
size_t tx_average_bytes(const tx_average *average);
tx_status tx_average_allocate(tx_average *average, tx_error *error);
void tx_average_destroy(tx_average *average); /* takes a zeroed one */

/* After an update, number `updates`. */
void tx_average_add(tx_average *average, const void *parameters, int64_t updates);
/* The mean, valid until it is asked for again; the parameters, where nothing is kept or there was no update. */
const void *tx_average_of(tx_average *average, const void *parameters);

/* In checkpoints: rank 0's business. */
tx_status tx_average_put(const tx_average *average, tx_file *file, tx_error *error);
tx_status tx_average_get(tx_average *average, const tx_file *file, tx_error *error);
/* After that, rank 0's for all. Collective. */
tx_status tx_average_share(tx_average *average, tx_parallel *parallel, int64_t updates, tx_error *error);
