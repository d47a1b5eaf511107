/* A build without ScaLAPACK: nobody gets as far as this. */
#include "algebra/dense.h"

#include "algebra/symmetric.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

void tx_dense_multiply(const tx_product *product, const double *a, const double *b, double *c) {}

tx_status tx_dense_spectral_radius(int64_t size, double *matrix, tx_error *error, double *out)
{
    return tx_symmetric_known(error);
}

tx_status tx_dense_eigen(int64_t size, double *matrix, tx_error *error, double *values)
{
    return tx_symmetric_known(error);
}
