/* A build without ScaLAPACK: whoever asks is told so, and gets no further. */
#include "algebra/symmetric.h"

#include <stdio.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

tx_status tx_symmetric_known(tx_error *error)
{
    return tx_error_set(error, TX_FAILURE, "this build has no ScaLAPACK (cmake -DTRAINAX_SCALAPACK=ON says what it lacks)");
}

void tx_symmetric_library(char *text, size_t size)
{
    snprintf(text, size, "none");
}

tx_grid tx_symmetric_grid(const tx_symmetric_setup *setup, int num_ranks)
{
    return (tx_grid){1, 1};
}

size_t tx_symmetric_bytes(const tx_symmetric_setup *setup, int num_ranks)
{
    return 0;
}

tx_status tx_symmetric_create(tx_parallel *parallel, const tx_symmetric_setup *setup, tx_error *error, tx_symmetric **out)
{
    return tx_symmetric_known(error);
}

void tx_symmetric_destroy(tx_symmetric *matrix) {}

void tx_symmetric_begin(tx_symmetric *matrix, int64_t size) {}

void tx_symmetric_add_rows(tx_symmetric *matrix, int64_t count, int64_t most, double *rows) {}

void tx_symmetric_add_columns(tx_symmetric *matrix, int64_t length, int64_t most, const double *columns) {}

tx_status tx_symmetric_sum(tx_symmetric *matrix, double scale, tx_error *error)
{
    return tx_symmetric_known(error);
}

tx_status tx_symmetric_largest(tx_symmetric *matrix, tx_error *error, double *out)
{
    return tx_symmetric_known(error);
}

tx_status tx_symmetric_factor(tx_symmetric *matrix, double shift, tx_error *error, double *pivot)
{
    return tx_symmetric_known(error);
}

tx_status tx_symmetric_solve(tx_symmetric *matrix, int64_t count, double *vectors, tx_error *error)
{
    return tx_symmetric_known(error);
}

tx_status tx_symmetric_eigen(tx_symmetric *matrix, tx_error *error, double *values)
{
    return tx_symmetric_known(error);
}

tx_status tx_symmetric_vectors(tx_symmetric *matrix, int64_t first, int64_t count, double *out, tx_error *error)
{
    return tx_symmetric_known(error);
}
