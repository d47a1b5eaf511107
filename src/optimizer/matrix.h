/* Small dense matrices, of some tens of rows: products, Householder's QR, Jacobi's eigenvectors. Row by row, without gaps, no
 * operand overlapping a result. Every sum has an order of its own that the sizes alone decide, so that all ranks get the same bits,
 * and nothing is left to a library. */
#pragma once

#include <stdint.h>

#include "trainax/random.h"

typedef struct tx_sizes {
    int64_t k, m, n;
} tx_sizes;

/* c (m, n) = a' b, of a (k, m) and b (k, n); each sum in the order of k. b may be a (then m is n). */
void tx_matrix_product(tx_precision precision, tx_sizes sizes, const void *a, const void *b, void *c);
/* out (columns, rows) = a', of a (rows, columns) */
void tx_matrix_transpose(tx_precision precision, int64_t rows, int64_t columns, const void *a, void *out);

/* Of n numbers each. */
double tx_matrix_dot(int64_t n, const double *x, const double *y);
/* The places of n numbers, the largest first, of equal ones the first. */
void tx_matrix_order(int64_t n, const double *numbers, int64_t *places);
/* q (n, n) = the transposed Q of rows' = Q R, orthogonal whatever rows are, whose numbers below 1e-150 are taken for
 * 0; these become reflectors. */
void tx_matrix_orthogonalise(int64_t n, double *rows, double *q);
/* rows (n, 2 n): on entry, on the left, a symmetric matrix without negative eigenvalues; afterwards, on the right, its
 * eigenvectors, in no order, each times its eigenvalue on the left: one-sided Jacobi rotations (Hestenes 1958), as long as there is
 * anything to rotate, but 60 sweeps at most. */
void tx_matrix_diagonalise(int64_t n, double *rows);
