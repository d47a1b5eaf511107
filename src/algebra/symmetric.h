/* A symmetric matrix that all ranks have together: a sum of squares of rows, wherever these lie; its Cholesky factor, its
 * eigensystem. All in double. Every solution and every eigensystem is checked by its residual.
 *
 * A small one is whole on every rank while rows are added, a large one is spread over them. Below 512 numbers a row the first rank
 * factors, above it ScaLAPACK does, on a grid of nearly as many rows as columns. Sums over ranks are rounded as their number has
 * it; what is handed out has the same bits on all ranks.
 *
 * Everything but size, grid and bytes is collective, and all ranks get the same status. */
#pragma once

#include "trainax/parallel.h"

typedef struct tx_symmetric tx_symmetric;

typedef struct tx_symmetric_setup {
    int64_t size;        /* the largest: numbers of a row */
    int64_t solutions;   /* so many at once at most; 0: will not be factored */
    bool eigen;          /* will be asked for its eigensystem */
    int block;           /* of the distribution; 0: 64 */
    int64_t alone_below; /* rows of which one rank factors; 0: 512 */
    int64_t whole_up_to; /* rows that every rank adds for itself; 0: 8192 */
} tx_symmetric_setup;

typedef struct tx_grid {
    int rows, columns;
} tx_grid;

/* TX_FAILURE: this build has no ScaLAPACK; then nothing else here does anything. */
tx_status tx_symmetric_known(tx_error *error);
void tx_symmetric_library(char *text, size_t size); /* "OpenBLAS 0.3.21"; "none" */

tx_grid tx_symmetric_grid(const tx_symmetric_setup *setup, int num_ranks); /* that factors; the other ranks wait */
size_t tx_symmetric_bytes(const tx_symmetric_setup *setup, int num_ranks); /* that one of so many takes at most */

/* parallel must outlive it. TX_INVALID: too large for ScaLAPACK's numbers, or for the memory that is free. */
tx_status tx_symmetric_create(tx_parallel *parallel, const tx_symmetric_setup *setup, tx_error *error, tx_symmetric **out);
void tx_symmetric_destroy(tx_symmetric *matrix); /* takes NULL */

/* Zero again, of so many numbers a row, at most the setup's. */
void tx_symmetric_begin(tx_symmetric *matrix, int64_t size);
/* Adds R'R of this rank's own rows R: `count` of them, one behind the other. most: that any rank adds in this call, the same on all
 * ranks; there must be room for so many in `rows`, what is behind the own ones is set to zero. */
void tx_symmetric_add_rows(tx_symmetric *matrix, int64_t count, int64_t most, double *rows);
/* Adds C'C of columns of which this rank has `length` numbers each: [size][length], number for number of one column. most: as
 * above, of lengths. */
void tx_symmetric_add_columns(tx_symmetric *matrix, int64_t length, int64_t most, const double *columns);
/* Once all are added, times `scale`: what is below asks for that. */
tx_status tx_symmetric_sum(tx_symmetric *matrix, double scale, tx_error *error);
/* The largest number on its diagonal. */
tx_status tx_symmetric_largest(tx_symmetric *matrix, tx_error *error, double *out);

/* A + shift I = L L'. *pivot: the smallest of L_ii^2 / (A_ii + shift): of the order of rounding where that is singular; 0: it is
 * not positive definite, and has no factor. Any number of times. */
tx_status tx_symmetric_factor(tx_symmetric *matrix, double shift, tx_error *error, double *pivot);
/* `count` vectors of right-hand sides, one behind the other, the same on all ranks, become solutions of the system that was
 * factored last. TX_FAILURE: the residual is too large. */
tx_status tx_symmetric_solve(tx_symmetric *matrix, int64_t count, double *vectors, tx_error *error);

/* All eigenvalues, descending, and what tx_symmetric_vectors reads until the next call of another function. TX_FAILURE: they cannot
 * be found, or the residual is too large. */
tx_status tx_symmetric_eigen(tx_symmetric *matrix, tx_error *error, double *values);
/* Eigenvectors first … first + count - 1 in that order, one behind the other, of length 1. */
tx_status tx_symmetric_vectors(tx_symmetric *matrix, int64_t first, int64_t count, double *out, tx_error *error);
