/* Pairs of consecutive levels (x, y) of the first trajectories of a data set, in double, flattened in C order. Each rank has a
 * range of them of its own, and reads it a round at a time. */
#pragma once

#include "trainax/data.h"

typedef struct tx_pairs {
    tx_parallel *parallel;
    tx_dataset *dataset;
    tx_windows windows;
    int64_t size;              /* numbers of a state */
    int64_t chunk;             /* pairs of a round, of each rank */
    int64_t count, first, own; /* of all ranks; this rank's first; this rank's */
    double *x, *y;             /* [chunk][size]: of the round that was read last */
    double *mean;              /* of x, then of y: what is taken off; NULL: nothing */
} tx_pairs;

int64_t tx_pairs_chunk(int64_t size);
size_t tx_pairs_bytes(int64_t size, tx_precision precision); /* that they take */
/* Of the first `trajectories`. TX_INVALID: they have no two levels. Not collective. */
tx_status tx_pairs_count(const tx_windows *windows, int64_t trajectories, tx_error *error, int64_t *out);

/* Takes a zeroed one; destroy: also of one that is half made. dataset must outlive it. Collective; so is all below. */
tx_status tx_pairs_create(tx_pairs *pairs, tx_parallel *parallel, tx_dataset *dataset, tx_error *error);
void tx_pairs_destroy(tx_pairs *pairs);
/* Those of the first `trajectories`; centred: their means are taken off. */
tx_status tx_pairs_choose(tx_pairs *pairs, int64_t trajectories, bool centred, tx_error *error);

/* The same on all ranks: in which all ranks' pairs are read, and the most that any has in one of them. */
int64_t tx_pairs_rounds(const tx_pairs *pairs);
int64_t tx_pairs_most(const tx_pairs *pairs, int64_t round);
tx_status tx_pairs_read(tx_pairs *pairs, int64_t round, tx_error *error, int64_t *count);
