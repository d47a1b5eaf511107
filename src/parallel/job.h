/* The inside of a tx_parallel, and MPI as the files of this room use it: errors become statuses, waiting is polite. */
#pragma once

#include <mpi.h>

#include "base/patience.h"
#include "parallel/communicator.h"
#include "parallel/machine.h"

/* What a rank looks at while it waits. */
typedef struct tx_watch {
    tx_attention attention;
    double bound;               /* seconds that a machine may be silent; 0: for ever */
    double served;              /* clock when MPI last saw to those who read this rank's memory */
    char lost[TX_MESSAGE_SIZE]; /* why the others cannot be reached any more; "": they can */
} tx_watch;

struct tx_parallel {
    int64_t number;        /* of the handle: no other one of this process has had it */
    MPI_Comm all, machine; /* the job; its ranks on this machine. Both MPI_COMM_NULL when alone */
    bool started;          /* it has started MPI */
    bool guest;            /* MPI is ours to finalise, once no guest is left */
    int rank, size, cores;
    int machine_rank, machine_size;
    int *machine_of;          /* machine_of[rank]: the lowest rank on its machine */
    int crowd, machine_cores; /* the job's ranks on this machine, the cores for all of them */
    double serves;            /* of a group, where the job has others: seconds between two looks for who reads its memory; else 0 */
    tx_watch *watch;          /* its own, or that of the job which a group is of */
    tx_watch own_watch;
};

int64_t tx_parallel_count(void); /* a number for a new handle */

/* TX_OK, or TX_FAILURE with MPI's own words: "MPI failed while <doing>: <its message>". */
tx_status tx_mpi_status(int code, const char *doing, tx_error *error);

/* After a poll in vain; what a rank has to look at meanwhile is looked at. TX_FAILURE when a machine has not been heard of for too
 * long (`doing` what, the message says). */
tx_status tx_parallel_relax(const tx_parallel *parallel, tx_patience *patience, const char *doing, tx_error *error);
/* Waits so for all requests; fails at once where the others are lost already. */
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
