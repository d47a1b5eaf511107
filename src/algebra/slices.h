/* Rows that lie on the ranks they belong to, turned into slices: of all rows, in their order, the numbers of this rank's own
 * columns. A matrix with fewer rows than columns has its Gram matrix of rows as a sum over columns. */
#pragma once

#include "parallel/communicator.h"

typedef struct tx_slices {
    tx_parallel *parallel;
    int64_t num_columns, chunk;
    int64_t *first; /* [ranks + 1]: rows of rank k are first[k] … first[k + 1] - 1 */
    double *packed; /* a chunk of rows, by whom its columns are for */
    tx_parcel *to, *from;
} tx_slices;

/* chunk: rows of each rank that are turned at once. */
size_t tx_slices_bytes(int64_t num_columns, int64_t chunk, int num_ranks);
/* Takes a zeroed one. parallel must outlive it. Not collective; destroy: also of one that is half made. */
tx_status tx_slices_create(tx_slices *slices, tx_parallel *parallel, int64_t num_columns, int64_t chunk, tx_error *error);
void tx_slices_destroy(tx_slices *slices);

int64_t tx_slices_first_column(const tx_slices *slices, int rank); /* of rank + 1: where its columns end */
int64_t tx_slices_columns(const tx_slices *slices);                /* own ones */
int64_t tx_slices_most_columns(int64_t num_columns, int num_ranks);

/* Now with so many rows of this rank. Collective. */
tx_status tx_slices_begin(tx_slices *slices, int64_t num_own_rows, tx_error *error);
int64_t tx_slices_rows(const tx_slices *slices);                           /* of all ranks */
int64_t tx_slices_rounds(const tx_slices *slices);                         /* in which all rows are turned, a chunk in each */
int64_t tx_slices_count(const tx_slices *slices, int64_t round, int rank); /* rows of a rank in one of them */
/* rows: this rank's of that round, one behind the other. slice: [rows][own columns], where all ranks' rows go to. Collective. */
tx_status tx_slices_turn(tx_slices *slices, int64_t round, const double *rows, double *slice, tx_error *error);
