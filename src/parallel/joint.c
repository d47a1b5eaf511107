/* Joints: the first rank is told what is asked for, and tells all what comes next; both are messages of a few numbers. */
#include "parallel/joint.h"

#include <pthread.h>
#include <string.h>

#include "base/memory.h"
#include "parallel/job.h"

enum { ASK = 1, NEXT }; /* tags */

struct tx_joint {
    tx_parallel *parallel; /* not looked at when it is over, */
    int64_t number;        /* which its number tells */
    MPI_Comm ours, theirs; /* for messages of this file; for those of the parts */
    int rank, size;
    tx_joint_part *part;
    void *object;
    MPI_Request request; /* for the next message, which comes here: */
    tx_joint_call message;
    void *own; /* of what this rank has asked for */
    bool done; /* that has been done */
    tx_status status;
    tx_error error;
    tx_joint *next;
};

/* MPI is the process's, and so is this: what a rank takes part in while it waits, whatever it waits for. */
static tx_joint *all;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER; /* of the thread that takes part; joints come and go by one alone */

static const char doing[] = "computing together with other ranks";

/* ---- Making ---- */

static tx_status listen(tx_joint *joint, tx_error *error)
{
    const bool first = joint->rank == 0;
    const int code = MPI_Irecv(&joint->message, sizeof joint->message, MPI_BYTE, first ? MPI_ANY_SOURCE : 0, first ? ASK : NEXT,
                               joint->ours, &joint->request);
    return tx_mpi_status(code, doing, error);
}

static tx_status check_size(const tx_parallel *parallel, int ranks, tx_error *error)
{
    for (const tx_joint *other = all; other; other = other->next) {
        if (tx_joint_is_of(other, parallel) && other->size != ranks) {
            return tx_error_set(error, TX_INVALID, "%d here, but %d of another component: they must be the same", ranks,
                                other->size);
        }
    }
    return TX_OK;
}

static tx_status make(tx_joint *joint, tx_error *error)
{
    const tx_parallel *parallel = joint->parallel;
    TX_TRY(tx_mpi_status(MPI_Comm_split(parallel->all, parallel->rank / joint->size, parallel->rank, &joint->ours), doing, error));
    MPI_Comm_set_errhandler(joint->ours, MPI_ERRORS_RETURN);
    MPI_Comm_rank(joint->ours, &joint->rank);
    TX_TRY(tx_mpi_status(MPI_Comm_dup(joint->ours, &joint->theirs), doing, error));
    MPI_Comm_set_errhandler(joint->theirs, MPI_ERRORS_ARE_FATAL); /* nobody else looks at what they return */
    return listen(joint, error);
}

tx_status tx_joint_create(tx_parallel *parallel, int ranks, tx_joint_part *part, void *object, tx_error *error, tx_joint **out)
{
    tx_joint *joint = NULL;
    tx_status status = check_size(parallel, ranks, error);
    status = tx_parallel_agree(parallel, status ? status : tx_allocate(sizeof *joint, error, &joint), error);
    if (status != TX_OK) {
        tx_free(joint);
        return status;
    }
    *joint = (tx_joint){.parallel = parallel,
                        .number = parallel->number,
                        .ours = MPI_COMM_NULL,
                        .theirs = MPI_COMM_NULL,
                        .size = ranks,
                        .part = part,
                        .object = object,
                        .request = MPI_REQUEST_NULL};
    status = tx_parallel_agree(parallel, make(joint, error), error);
    if (status != TX_OK) {
        tx_joint_destroy(joint);
        return status;
    }
    pthread_mutex_lock(&turn);
    joint->next = all;
    all = joint;
    pthread_mutex_unlock(&turn);
    *out = joint;
    return TX_OK;
}

static void forget(const tx_joint *joint)
{
    pthread_mutex_lock(&turn);
    tx_joint *before = all;
    if (before == joint) {
        all = joint->next;
    } else {
        while (before && before->next != joint) {
            before = before->next;
        }
        if (before) {
            before->next = joint->next;
        }
    }
    pthread_mutex_unlock(&turn);
}

static void leave(tx_joint *joint)
{
    if (joint->request != MPI_REQUEST_NULL) {
        MPI_Cancel(&joint->request);
        MPI_Wait(&joint->request, MPI_STATUS_IGNORE);
    }
    for (int k = 0; k < 2; k++) {
        MPI_Comm *communicator = k ? &joint->ours : &joint->theirs;
        if (*communicator != MPI_COMM_NULL) {
            MPI_Comm_free(communicator);
        }
    }
}

void tx_joint_destroy(tx_joint *joint)
{
    int over;
    if (!joint) {
        return;
    }
    forget(joint);
    MPI_Finalized(&over);
    if (!over) {
        leave(joint);
    }
    tx_free(joint);
}

bool tx_joint_is_of(const tx_joint *joint, const tx_parallel *parallel)
{
    return joint->number == parallel->number;
}

int tx_joint_rank(const tx_joint *joint)
{
    return joint->rank;
}

int tx_joint_communicator(const tx_joint *joint)
{
    return (int)MPI_Comm_c2f(joint->theirs);
}

/* ---- Taking part ---- */

static void take_part(tx_joint *joint, const tx_joint_call *call)
{
    const bool mine = call->root == joint->rank;
    joint->part(joint->object, call, mine ? joint->own : NULL);
    joint->done = joint->done || mine;
}

/* The first rank's: all are told. So little that MPI takes it at once. */
static tx_status start(tx_joint *joint, const tx_joint_call *call, tx_error *error)
{
    for (int rank = 1; rank < joint->size; rank++) {
        TX_TRY(tx_mpi_status(MPI_Send(call, sizeof *call, MPI_BYTE, rank, NEXT, joint->ours), doing, error));
    }
    take_part(joint, call);
    return TX_OK;
}

static tx_status serve(tx_joint *joint, tx_error *error)
{
    int there;
    TX_TRY(tx_mpi_status(MPI_Test(&joint->request, &there, MPI_STATUS_IGNORE), doing, error));
    if (!there) {
        return TX_OK;
    }
    const tx_joint_call call = joint->message;
    TX_TRY(listen(joint, error));
    if (joint->rank == 0) {
        return start(joint, &call, error);
    }
    take_part(joint, &call);
    return TX_OK;
}

static void serve_all(void)
{
    for (tx_joint *joint = all; joint; joint = joint->next) {
        if (joint->status == TX_OK) {
            joint->status = serve(joint, &joint->error);
        }
    }
}

bool tx_joint_any(void)
{
    return all != NULL;
}

bool tx_joint_take_turn(void)
{
    if (pthread_mutex_trylock(&turn)) {
        return false;
    }
    serve_all();
    return true;
}

void tx_joint_end_turn(void)
{
    pthread_mutex_unlock(&turn);
}

/* ---- Asking ---- */

static tx_status check_thread(tx_error *error)
{
    int level, main;
    MPI_Query_thread(&level);
    MPI_Is_thread_main(&main);
    return main || level >= MPI_THREAD_SERIALIZED
               ? TX_OK
               : tx_error_set(error, TX_FAILURE,
                              "MPI was started for one thread alone, and another one is to compute with other "
                              "ranks: start it with MPI_THREAD_SERIALIZED");
}

static tx_status ask(tx_joint *joint, const tx_joint_call *call, tx_error *error)
{
    tx_patience patience = {.crowded = tx_parallel_oversubscribed(joint->parallel)};
    joint->done = false;
    serve_all();
    if (joint->rank == 0) {
        TX_TRY(joint->status ? TX_OK : start(joint, call, error));
    } else {
        TX_TRY(tx_mpi_status(MPI_Send(call, sizeof *call, MPI_BYTE, 0, ASK, joint->ours), doing, error));
    }
    while (!joint->done && joint->status == TX_OK) {
        serve_all();
        TX_TRY(joint->done ? TX_OK : tx_parallel_relax(joint->parallel, &patience, doing, error));
    }
    return joint->status ? tx_error_set(error, joint->status, "%s", joint->error.message) : TX_OK;
}

tx_status tx_joint_ask(tx_joint *joint, const int64_t numbers[TX_JOINT_NUMBERS], void *own, tx_error *error)
{
    tx_joint_call call = {.root = joint->rank};
    memcpy(call.numbers, numbers, sizeof call.numbers);
    TX_TRY(check_thread(error));
    pthread_mutex_lock(&turn);
    joint->own = own;
    const tx_status status = ask(joint, &call, error);
    joint->own = NULL;
    pthread_mutex_unlock(&turn);
    return status;
}

/* ---- Of a part ---- */

tx_status tx_joint_broadcast(tx_joint *joint, const tx_joint_call *call, void *data, size_t bytes, tx_error *error)
{
    return tx_parallel_broadcast_from(joint->parallel, joint->ours, (int)call->root, data, bytes, error);
}

tx_status tx_joint_gather(tx_joint *joint, const tx_joint_call *call, const void *mine, int bytes, void *out, tx_error *error)
{
    MPI_Request request;
    const int code = MPI_Igather(mine, bytes, MPI_BYTE, out, bytes, MPI_BYTE, (int)call->root, joint->ours, &request);
    TX_TRY(tx_mpi_status(code, doing, error));
    return tx_parallel_wait(joint->parallel, 1, &request, doing, error);
}

bool tx_joint_all(tx_joint *joint, bool mine)
{
    int64_t good = mine;
    return tx_parallel_allreduce(joint->parallel, joint->ours, &good, 1, MPI_INT64_T, MPI_MIN, NULL) == TX_OK && good;
}
