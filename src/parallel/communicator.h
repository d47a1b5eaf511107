/* For rooms that hand the communicator to a library (HDF5, ScaLAPACK). */
#pragma once

#include <mpi.h>

#include "trainax/parallel.h"

MPI_Comm tx_parallel_communicator(const tx_parallel *parallel); /* MPI_COMM_NULL when MPI was not started */
