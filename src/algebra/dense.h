/* Matrices that a rank has alone, row by row, in double. */
#pragma once

#include "trainax/status.h"

#include <stdint.h>

/* c = A B + keep c: c (rows, columns), A (rows, inner), B (inner, columns); turned: A' lies at a, B' at b. */
typedef struct tx_product {
    int64_t rows, columns, inner;
    bool turned_a, turned_b;
    double keep;
} tx_product;
void tx_dense_multiply(const tx_product *product, const double *a, const double *b, double *c);

/* The largest magnitude of the eigenvalues of a square matrix, which is lost. TX_FAILURE: they cannot be found. */
tx_status tx_dense_spectral_radius(int64_t size, double *matrix, tx_error *error, double *out);

/* All eigenvalues of a symmetric matrix, ascending, and in its place their eigenvectors, one behind the other. TX_FAILURE: they
 * cannot be found. */
tx_status tx_dense_eigen(int64_t size, double *matrix, tx_error *error, double *values);
