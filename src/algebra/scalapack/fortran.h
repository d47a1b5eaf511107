/* What is called of BLAS, LAPACK, BLACS and ScaLAPACK, which come without headers for C. */
#pragma once

#include <mpi.h>

typedef const int *tx_in;
typedef const char *tx_letter;

/* clang-format off */
void dgemm_(tx_letter, tx_letter, tx_in m, tx_in n, tx_in k, const double *, const double *a, tx_in, const double *b, tx_in,
            const double *, double *c, tx_in);
void dgeev_(tx_letter, tx_letter, tx_in n, double *a, tx_in, double *real, double *imaginary, double *left, tx_in, double *right, tx_in,
            double *work, tx_in, int *info);
void dsyrk_(tx_letter, tx_letter, tx_in n, tx_in k, const double *, const double *a, tx_in, const double *, double *c, tx_in);
void dsymm_(tx_letter, tx_letter, tx_in m, tx_in n, const double *, const double *a, tx_in, const double *b, tx_in, const double *,
            double *c, tx_in);
void dpotrf_(tx_letter, tx_in n, double *a, tx_in, int *info);
void dpotrs_(tx_letter, tx_in n, tx_in count, const double *a, tx_in, double *b, tx_in, int *info);
void dsyevd_(tx_letter, tx_letter, tx_in n, double *a, tx_in, double *w, double *work, tx_in, int *iwork, tx_in, int *info);

int Csys2blacs_handle(MPI_Comm);
void Cfree_blacs_system_handle(int);
void Cblacs_gridinit(int *context, tx_letter, int rows, int columns);
void Cblacs_gridexit(int context);

/* A matrix is given by its own part, the indices of its first element, and its descriptor. */
#define TX_MATRIX tx_in, tx_in, tx_in
int numroc_(tx_in n, tx_in block, tx_in place, tx_in first, tx_in places);
void descinit_(int *descriptor, tx_in, tx_in, tx_in, tx_in, tx_in, tx_in, tx_in context, tx_in, int *info);
void pdgemr2d_(tx_in m, tx_in n, const double *a, TX_MATRIX, double *b, TX_MATRIX, tx_in context);
void pdsyrk_(tx_letter, tx_letter, tx_in n, tx_in k, const double *, const double *a, TX_MATRIX, const double *, double *c, TX_MATRIX);
void pdsymm_(tx_letter, tx_letter, tx_in m, tx_in n, const double *, const double *a, TX_MATRIX, const double *b, TX_MATRIX,
             const double *, double *c, TX_MATRIX);
void pdpotrf_(tx_letter, tx_in n, double *a, TX_MATRIX, int *info);
void pdpotrs_(tx_letter, tx_in n, tx_in count, const double *a, TX_MATRIX, double *b, TX_MATRIX, int *info);
void pdsyevd_(tx_letter, tx_letter, tx_in n, double *a, TX_MATRIX, double *w, double *z, TX_MATRIX, double *work, tx_in, int *iwork,
              tx_in, int *info);
/* clang-format on */

/* Of OpenBLAS alone: its threads would be beside those of the ranks on a machine; "OpenBLAS 0.3.21 …". */
void openblas_set_num_threads(int) __attribute__((weak));
const char *openblas_get_config(void) __attribute__((weak));
