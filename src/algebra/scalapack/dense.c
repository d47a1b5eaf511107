/* Matrices of one rank by BLAS and LAPACK, to which rows are columns. */
#include "algebra/dense.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>

#include "algebra/scalapack/fortran.h"
#include "base/expect.h"
#include "base/memory.h"

void tx_dense_multiply(const tx_product *product, const double *a, const double *b, double *c)
{
    static const double one = 1;
    const int rows = (int)product->rows, columns = (int)product->columns, inner = (int)product->inner;
    TX_EXPECT(product->rows <= INT_MAX && product->columns <= INT_MAX && product->inner <= INT_MAX);
    if (rows && columns) {
        const int next_a = product->turned_a ? rows : inner, next_b = product->turned_b ? inner : columns,
                  most_a = next_a ? next_a : 1, most_b = next_b ? next_b : 1;
        dgemm_(product->turned_b ? "T" : "N", product->turned_a ? "T" : "N", &columns, &rows, &inner, &one, b, &most_b, a, &most_a,
               &product->keep, c, &columns);
    }
}

static tx_status not_found(int64_t size, int info, tx_error *error)
{
    return tx_error_set(error, TX_FAILURE, "the eigenvalues of %" PRId64 " x %" PRId64 " numbers were not found (LAPACK says %d)",
                        size, size, info);
}

tx_status tx_dense_spectral_radius(int64_t size, double *matrix, tx_error *error, double *out)
{
    const int n = (int)size, one = 1, room = 34 * n;
    double *real;
    int info = 0;
    TX_TRY(tx_allocate_array((size_t)(2 * n + room), sizeof *real, error, &real));
    if (n) {
        dgeev_("N", "N", &n, matrix, &n, real, real + n, NULL, &one, NULL, &one, real + 2 * n, &room, &info);
    }
    *out = 0;
    for (int k = 0; k < n; k++) {
        *out = fmax(*out, hypot(real[k], real[n + k]));
    }
    tx_free(real);
    return info ? not_found(size, info, error) : TX_OK;
}

tx_status tx_dense_eigen(int64_t size, double *matrix, tx_error *error, double *values)
{
    const int n = (int)size, room = 1 + n * (6 + 2 * n), integers = 3 + 5 * n;
    double *work;
    int info;
    TX_TRY(tx_allocate((size_t)room * sizeof *work + (size_t)integers * sizeof(int), error, &work));
    dsyevd_("V", "L", &n, matrix, &n, values, work, &room, (int *)(work + room), &integers, &info);
    tx_free(work);
    return info ? not_found(size, info, error) : TX_OK;
}
