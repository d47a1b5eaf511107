/* The inside of a tx_parallel, and MPI as the files of this room use it: errors become statuses, waiting is polite. */
#pragma once

#include <mpi.h>

#include "parallel/communicator.h"
#include "parallel/machine.h"

struct tx_parallel {
    MPI_Comm all, machine; /* the job; its ranks on this machine. Both MPI_COMM_NULL when alone */
    bool started;          /* MPI was started by us, so it is ours to finalise */
    int rank, size, cores;
    int machine_rank, machine_size;
    int *machine_of; /* machine_of[rank]: the lowest rank on its machine */
    bool oversubscribed;
    bool serves; /* a group of a job that has others */
};

/* TX_OK, or TX_FAILURE with MPI's own words: "MPI failed while <doing>: <its message>". */
tx_status tx_mpi_status(int code, const char *doing, tx_error *error);

/* Called after each poll in vain: spins for some microseconds where a core is free, then yields it, then sleeps. */
typedef struct tx_patience {
    bool crowded; /* more ranks than cores: whoever we wait for may need ours */
    int polls;
    double start;
} tx_patience;
void tx_parallel_relax(tx_patience *patience);
/* Waits so for all requests. */
tx_status tx_parallel_wait(const tx_parallel *parallel, int count, MPI_Request *requests, const char *doing, tx_error *error);

/* Likewise, until neighbours have raised a number in shared memory to `target`. */
tx_status tx_parallel_wait_for(const tx_parallel *parallel, const _Atomic int64_t *count, int64_t target, const char *doing,
                               tx_error *error);

/* In place over `communicator` (the job's or the machine's). Collective over it. */
tx_status tx_parallel_allreduce(const tx_parallel *parallel, MPI_Comm communicator, void *values, size_t count, MPI_Datatype type,
                                MPI_Op op, tx_error *error);
tx_status tx_parallel_broadcast_from(const tx_parallel *parallel, MPI_Comm communicator, int root, void *data, size_t bytes,
                                     tx_error *error);

/* Takes over `machine`, a partition of the job's ranks into machines: the real one, or one that a test made up. Collective. */
tx_status tx_parallel_group(tx_parallel *parallel, MPI_Comm machine, tx_error *error);
