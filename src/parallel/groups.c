/* Groups of a job's ranks. Their first ranks send each other messages of at most a number: who asks for a ticket, who gets which,
 * who wants all to stop. */
#include "parallel/groups.h"

#include "base/clock.h"
#include "base/memory.h"
#include "parallel/job.h"
#include "parallel/joint.h"

enum { ASK = 1, TICKET, STOP }; /* tags */

/* Seconds between two looks at MPI, each of which takes as long as a small step's block, and on crowded cores hands the core over.
 * Who reads from another machine waits for the next one. */
static const double between_messages = 1e-3, between_readers = 1e-4;

struct tx_groups {
    tx_parallel *job, *mine;
    int count;
    int64_t tickets, given; /* rank 0 of the job */
    bool stop;              /* somebody has asked to */
    double listened;        /* clock when this rank last looked for messages */
    int64_t said, heard;    /* how often this rank told all first ranks to, and was told */
    tx_status status;       /* of messages */
    tx_error error;
};

/* ---- Making ---- */

static int first_rank(const tx_groups *groups, int group)
{
    return (int)(((int64_t)group * groups->job->size + groups->count - 1) / groups->count);
}

static bool is_first(const tx_groups *groups)
{
    return groups->mine->rank == 0;
}

static tx_status split(tx_parallel *mine, const tx_parallel *job, int group, tx_error *error)
{
    MPI_Comm machine;
    TX_TRY(tx_mpi_status(MPI_Comm_split(job->all, group, job->rank, &mine->all), "dividing the ranks", error));
    MPI_Comm_set_errhandler(mine->all, MPI_ERRORS_RETURN);
    MPI_Comm_rank(mine->all, &mine->rank);
    MPI_Comm_size(mine->all, &mine->size);
    const tx_status status = tx_allocate_array((size_t)mine->size, sizeof(int), error, &mine->machine_of);
    TX_TRY(tx_parallel_agree(mine, status, error));
    const int code = MPI_Comm_split(mine->all, job->machine_of[job->rank], mine->rank, &machine);
    TX_TRY(tx_mpi_status(code, "dividing the ranks of a machine", error));
    TX_TRY(tx_parallel_group(mine, machine, error));
    mine->crowd = job->crowd;
    mine->machine_cores = job->machine_cores;
    mine->serves = mine->size == job->size ? 0 : job->machine_size == job->size ? between_messages : between_readers;
    return TX_OK;
}

static tx_status divide(tx_groups *groups, tx_error *error)
{
    const tx_parallel *job = groups->job;
    const int group = (int)((int64_t)job->rank * groups->count / job->size);
    return job->all == MPI_COMM_NULL ? TX_OK : split(groups->mine, job, group, error);
}

static tx_status make(tx_parallel *job, int count, int64_t tickets, tx_error *error, tx_groups **out)
{
    TX_TRY(tx_allocate(sizeof **out, error, out));
    **out = (tx_groups){.job = job, .count = count < job->size ? count : job->size, .tickets = tickets};
    TX_TRY(tx_allocate(sizeof *(*out)->mine, error, &(*out)->mine));
    *(*out)->mine = (tx_parallel){.number = tx_parallel_count(),
                                  .all = MPI_COMM_NULL,
                                  .machine = MPI_COMM_NULL,
                                  .size = 1,
                                  .machine_size = 1,
                                  .cores = job->cores,
                                  .crowd = job->crowd,
                                  .machine_cores = job->machine_cores,
                                  .watch = job->watch};
    return TX_OK;
}

tx_status tx_groups_create(tx_parallel *job, int count, int64_t tickets, tx_error *error, tx_groups **out)
{
    tx_groups *groups = NULL;
    tx_status status = tx_parallel_agree(job, make(job, count, tickets, error, &groups), error);
    status = status ? status : tx_parallel_agree(job, divide(groups, error), error);
    if (status != TX_OK) {
        tx_groups_destroy(groups);
        return status;
    }
    *out = groups;
    return TX_OK;
}

void tx_groups_destroy(tx_groups *groups)
{
    if (groups) {
        tx_parallel_destroy(groups->mine);
        tx_free(groups);
    }
}

tx_parallel *tx_groups_mine(const tx_groups *groups)
{
    return groups->mine;
}

/* ---- Messages ---- */

static tx_status receive(tx_groups *groups, int source, int tag, int64_t *number, tx_error *error)
{
    const int code = MPI_Recv(number, 1, MPI_INT64_T, source, tag, groups->job->all, MPI_STATUS_IGNORE);
    return tx_mpi_status(code, "hearing from another group", error);
}

/* So little that MPI takes it at once. */
static tx_status send(tx_groups *groups, int target, int tag, int64_t number, tx_error *error)
{
    return tx_mpi_status(MPI_Send(&number, 1, MPI_INT64_T, target, tag, groups->job->all), "telling another group", error);
}

static int64_t give(tx_groups *groups)
{
    return groups->stop || groups->given == groups->tickets ? -1 : groups->given++;
}

static tx_status answer(tx_groups *groups, const MPI_Status *from, tx_error *error)
{
    int64_t unused;
    TX_TRY(receive(groups, from->MPI_SOURCE, from->MPI_TAG, &unused, error));
    if (from->MPI_TAG == ASK) {
        return send(groups, from->MPI_SOURCE, TICKET, give(groups), error);
    }
    groups->heard++;
    groups->stop = true;
    return TX_OK;
}

/* All that has come. */
static tx_status hear(tx_groups *groups, tx_error *error)
{
    int there = groups->job->size > 1 && is_first(groups);
    while (there) {
        MPI_Status from;
        const int code = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, groups->job->all, &there, &from);
        TX_TRY(tx_mpi_status(code, "hearing from other groups", error));
        TX_TRY(there ? answer(groups, &from, error) : TX_OK);
    }
    return TX_OK;
}

static tx_status say_stop(tx_groups *groups, tx_error *error)
{
    groups->stop = true;
    groups->said = 1;
    for (int group = 0; group < groups->count; group++) {
        const int target = first_rank(groups, group);
        TX_TRY(target == groups->job->rank ? TX_OK : send(groups, target, STOP, 0, error));
    }
    return TX_OK;
}

static bool poll(tx_groups *groups, bool stop)
{
    tx_status status = groups->status ? groups->status : hear(groups, &groups->error);
    if (status == TX_OK && stop && !groups->stop) {
        status = say_stop(groups, &groups->error);
    }
    groups->status = status;
    return groups->stop || status;
}

bool tx_groups_poll(tx_groups *groups, bool stop)
{
    const double now = tx_clock();
    if (now - groups->listened < between_messages && (groups->stop || !stop)) {
        return groups->stop || groups->status;
    }
    groups->listened = now;
    return poll(groups, stop);
}

void tx_parallel_serve(const tx_parallel *parallel)
{
    if ((parallel->serves == 0 && !tx_joint_any()) || !tx_joint_take_turn()) {
        return;
    }
    const double now = parallel->serves > 0 ? tx_clock() : 0;
    if (parallel->serves > 0 && now - parallel->watch->served >= parallel->serves) {
        int unused;
        parallel->watch->served = now;
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, parallel->all, &unused, MPI_STATUS_IGNORE);
    }
    tx_joint_end_turn();
}

/* ---- Tickets ---- */

static tx_status ask(tx_groups *groups, tx_error *error, int64_t *out)
{
    MPI_Request request;
    const int code = MPI_Irecv(out, 1, MPI_INT64_T, 0, TICKET, groups->job->all, &request);
    TX_TRY(tx_mpi_status(code, "asking for work", error));
    TX_TRY(send(groups, 0, ASK, 0, error));
    return tx_parallel_wait(groups->job, 1, &request, "asking for work", error);
}

static tx_status draw(tx_groups *groups, tx_error *error, int64_t *out)
{
    const bool stop = poll(groups, false);
    if (groups->status) {
        return tx_error_set(error, groups->status, "%s", groups->error.message);
    }
    if (groups->job->rank > 0 && !stop) {
        return ask(groups, error, out);
    }
    *out = give(groups); /* rank 0's; others stop */
    return TX_OK;
}

tx_status tx_groups_next(tx_groups *groups, tx_error *error, int64_t *out)
{
    int64_t ticket = -1;
    TX_TRY(tx_parallel_agree(groups->mine, is_first(groups) ? draw(groups, error, &ticket) : TX_OK, error));
    TX_TRY(tx_parallel_broadcast(groups->mine, &ticket, sizeof ticket, error));
    *out = ticket;
    return TX_OK;
}

/* ---- The end ---- */

/* All that were sent before the barrier; nothing comes afterwards. */
static tx_status hear_the_rest(tx_groups *groups, tx_error *error)
{
    int64_t said = groups->said, unused;
    TX_TRY(tx_parallel_sum(groups->job, &said, 1, error));
    for (const int64_t all = said - groups->said; is_first(groups) && groups->heard < all; groups->heard++) {
        TX_TRY(receive(groups, MPI_ANY_SOURCE, STOP, &unused, error));
    }
    return TX_OK;
}

tx_status tx_groups_wait(tx_groups *groups, const volatile sig_atomic_t *stop, tx_error *error)
{
    static const char doing[] = "waiting for other groups";
    tx_patience patience = {.crowded = tx_parallel_oversubscribed(groups->job)};
    MPI_Request request;
    int done = 0;
    if (groups->job->size == 1) {
        return TX_OK;
    }
    TX_TRY(tx_mpi_status(MPI_Ibarrier(groups->job->all, &request), doing, error));
    while (!done) {
        poll(groups, stop && *stop);
        TX_TRY(tx_mpi_status(MPI_Test(&request, &done, MPI_STATUS_IGNORE), doing, error));
        TX_TRY(done ? TX_OK : tx_parallel_relax(groups->job, &patience, doing, error));
    }
    return hear_the_rest(groups, error);
}
