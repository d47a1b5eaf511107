/* Collective calls, all of them through nonblocking MPI: how to wait is ours to decide. */
#include <sched.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "parallel/job.h"

#undef tx_parallel_agree /* what stands in for it under the analyzer */

enum { CHUNK = 1 << 28 }; /* elements a call: MPI counts are int */

tx_status tx_parallel_barrier(tx_parallel *parallel, tx_error *error)
{
    if (parallel->size == 1) {
        return TX_OK;
    }
    MPI_Request request;
    TX_TRY(tx_mpi_status(MPI_Ibarrier(parallel->all, &request), "waiting for all ranks", error));
    return tx_parallel_wait(parallel, 1, &request, "waiting for all ranks", error);
}

tx_status tx_parallel_broadcast_from(const tx_parallel *parallel, MPI_Comm communicator, int root, void *data, size_t bytes,
                                     tx_error *error)
{
    for (size_t done = 0; done < bytes; done += CHUNK) {
        const int count = (int)(bytes - done < CHUNK ? bytes - done : CHUNK);
        MPI_Request request;
        const int code = MPI_Ibcast((char *)data + done, count, MPI_BYTE, root, communicator, &request);
        TX_TRY(tx_mpi_status(code, "broadcasting", error));
        TX_TRY(tx_parallel_wait(parallel, 1, &request, "broadcasting", error));
    }
    return TX_OK;
}

tx_status tx_parallel_broadcast(tx_parallel *parallel, void *data, size_t bytes, tx_error *error)
{
    return parallel->size == 1 ? TX_OK : tx_parallel_broadcast_from(parallel, parallel->all, 0, data, bytes, error);
}

tx_status tx_parallel_broadcast_text(tx_parallel *parallel, char **text, tx_error *error)
{
    int64_t bytes = parallel->rank == 0 && *text ? (int64_t)strlen(*text) + 1 : 0;
    TX_TRY(tx_parallel_broadcast(parallel, &bytes, sizeof bytes, error));
    char *copy = parallel->rank == 0 ? *text : NULL;
    tx_status status = parallel->rank && bytes ? tx_allocate((size_t)bytes, error, &copy) : TX_OK;
    status = tx_parallel_agree(parallel, status, error);
    if (status == TX_OK) {
        status = tx_parallel_broadcast(parallel, copy, (size_t)bytes, error);
    }
    if (status == TX_OK) {
        *text = copy;
    } else if (parallel->rank) {
        tx_free(copy);
    }
    return status;
}

tx_status tx_parallel_allreduce(const tx_parallel *parallel, MPI_Comm communicator, void *values, size_t count, MPI_Datatype type,
                                MPI_Op op, tx_error *error)
{
    int size;
    MPI_Type_size(type, &size);
    for (size_t done = 0; done < count; done += CHUNK) {
        const int part = (int)(count - done < CHUNK ? count - done : CHUNK);
        MPI_Request request;
        const int code = MPI_Iallreduce(MPI_IN_PLACE, (char *)values + done * (size_t)size, part, type, op, communicator, &request);
        TX_TRY(tx_mpi_status(code, "reducing", error));
        TX_TRY(tx_parallel_wait(parallel, 1, &request, "reducing", error));
    }
    return TX_OK;
}

static tx_status reduce_integers(tx_parallel *parallel, int64_t *values, size_t count, MPI_Op op, tx_error *error)
{
    return parallel->size == 1 ? TX_OK : tx_parallel_allreduce(parallel, parallel->all, values, count, MPI_INT64_T, op, error);
}

tx_status tx_parallel_sum(tx_parallel *parallel, int64_t *values, size_t count, tx_error *error)
{
    return reduce_integers(parallel, values, count, MPI_SUM, error);
}

tx_status tx_parallel_max(tx_parallel *parallel, int64_t *values, size_t count, tx_error *error)
{
    return reduce_integers(parallel, values, count, MPI_MAX, error);
}

tx_status tx_parallel_add(tx_parallel *parallel, double *values, size_t count, tx_error *error)
{
    return parallel->size == 1 ? TX_OK : tx_parallel_allreduce(parallel, parallel->all, values, count, MPI_DOUBLE, MPI_SUM, error);
}

/* As integers that are in the order of the numbers; its own inverse. */
static int64_t ordered(int64_t bits)
{
    return bits ^ (bits >> 63 & INT64_MAX);
}

tx_status tx_parallel_largest(tx_parallel *parallel, double *value, tx_error *error)
{
    int64_t bits;
    memcpy(&bits, value, sizeof bits);
    bits = ordered(bits);
    TX_TRY(tx_parallel_max(parallel, &bits, 1, error));
    bits = ordered(bits);
    memcpy(value, &bits, sizeof bits);
    return TX_OK;
}

static tx_status start_exchange(const tx_parallel *parallel, const tx_parcel *to, const tx_parcel *from, MPI_Request *requests,
                                tx_error *error)
{
    enum { TAG = 1 };
    for (int k = 0; k < parallel->size; k++) {
        const int rank = (parallel->rank + k) % parallel->size;
        const int received = MPI_Irecv(from[rank].values, (int)from[rank].count, MPI_DOUBLE, rank, TAG, parallel->all, requests++);
        TX_TRY(tx_mpi_status(received, "receiving parcels", error));
        const int sent = MPI_Isend(to[rank].values, (int)to[rank].count, MPI_DOUBLE, rank, TAG, parallel->all, requests++);
        TX_TRY(tx_mpi_status(sent, "sending parcels", error));
    }
    return TX_OK;
}

tx_status tx_parallel_exchange(tx_parallel *parallel, const tx_parcel *to, const tx_parcel *from, tx_error *error)
{
    MPI_Request *requests;
    if (parallel->size == 1) {
        memcpy(from->values, to->values, to->count * sizeof *to->values);
        return TX_OK;
    }
    const tx_status status = tx_allocate_array(2 * (size_t)parallel->size, sizeof *requests, error, &requests);
    TX_TRY(tx_parallel_agree(parallel, status, error));
    tx_status moved = start_exchange(parallel, to, from, requests, error);
    moved = moved ? moved : tx_parallel_wait(parallel, 2 * parallel->size, requests, "exchanging parcels", error);
    tx_free(requests);
    return moved;
}

/* ---- Agreement ---- */

tx_status tx_parallel_agree(tx_parallel *parallel, tx_status mine, tx_error *error)
{
    if (parallel->size == 1) {
        return mine;
    }
    int64_t worst = mine == TX_OK ? 0 : (int64_t)(parallel->size - parallel->rank) << 8 | mine; /* lowest rank: largest */
    TX_TRY(tx_parallel_max(parallel, &worst, 1, error));
    if (!worst) {
        return TX_OK;
    }
    tx_error unread = {0}, *shared = error ? error : &unread;
    const int root = parallel->size - (int)(worst >> 8);
    TX_TRY(tx_parallel_broadcast_from(parallel, parallel->all, root, shared->message, sizeof shared->message, error));
    shared->status = (tx_status)(worst & 255);
    return shared->status;
}

tx_status tx_parallel_gather_machine(tx_parallel *parallel, const void *mine, size_t bytes, void *all, tx_error *error)
{
    if (parallel->machine_size == 1) {
        memcpy(all, mine, bytes);
        return TX_OK;
    }
    MPI_Request request;
    const int code = MPI_Iallgather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, parallel->machine, &request);
    TX_TRY(tx_mpi_status(code, "gathering on a machine", error));
    return tx_parallel_wait(parallel, 1, &request, "gathering on a machine", error);
}
