/* For rooms that hand the communicator to a library (HDF5, ScaLAPACK), and for what is summed or moved beside it. */
#pragma once

#include <mpi.h>

#include "trainax/parallel.h"

MPI_Comm tx_parallel_communicator(const tx_parallel *parallel); /* MPI_COMM_NULL when MPI was not started */

/* The sum over all ranks, in place: the same bits on all of them, rounded as MPI comes to add, which depends on how many there are.
 * Collective. */
tx_status tx_parallel_add(tx_parallel *parallel, double *values, size_t count, tx_error *error);
/* The largest of all ranks' numbers, which are not NaN, in its place. Collective. */
tx_status tx_parallel_largest(tx_parallel *parallel, double *value, tx_error *error);

/* What goes to, or comes from, a rank. */
typedef struct tx_parcel {
    double *values;
    size_t count; /* at most 2^30 */
} tx_parcel;
/* Parcels between all ranks, one to and one from each, which agree on their sizes. Collective. */
tx_status tx_parallel_exchange(tx_parallel *parallel, const tx_parcel *to, const tx_parcel *from, tx_error *error);
