/* Joining a job, leaving it, and who shares this machine. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "parallel/job.h"
#include "parallel/launcher.h"

/* ---- Joining and leaving ---- */

/* Handles on an MPI that one of them has started, which ends with the last of them. MPI is the process's, and so is this. */
static atomic_int guests;

int64_t tx_parallel_count(void)
{
    static atomic_int_fast64_t count;
    return ++count;
}

static tx_status start(tx_parallel *parallel, tx_error *error)
{
    int provided;
    TX_TRY(tx_mpi_status(MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided), "starting", error));
    parallel->started = true;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    return TX_OK;
}

static tx_status duplicate(tx_parallel *parallel, MPI_Comm communicator, tx_error *error)
{
    TX_TRY(tx_mpi_status(MPI_Comm_dup(communicator, &parallel->all), "duplicating the communicator", error));
    MPI_Comm_set_errhandler(parallel->all, MPI_ERRORS_RETURN);
    MPI_Comm_rank(parallel->all, &parallel->rank);
    MPI_Comm_size(parallel->all, &parallel->size);
    return TX_OK;
}

static tx_status find_machine(tx_parallel *parallel, tx_error *error)
{
    MPI_Comm machine;
    TX_TRY(tx_mpi_status(MPI_Comm_split_type(parallel->all, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine),
                         "finding the ranks of this machine", error));
    return tx_parallel_group(parallel, machine, error);
}

static tx_status join(tx_parallel *parallel, const MPI_Comm *communicator, bool running, tx_error *error)
{
    if (!running) {
        TX_TRY(start(parallel, error));
    }
    parallel->guest = parallel->started || guests;
    guests += parallel->guest;
    TX_TRY(duplicate(parallel, communicator ? *communicator : MPI_COMM_WORLD, error));
    if (parallel->started) {
        TX_TRY(tx_launcher_check_size(parallel->size, error));
    }
    const tx_status mine = tx_allocate_array((size_t)parallel->size, sizeof(int), error, &parallel->machine_of);
    TX_TRY(tx_parallel_agree(parallel, mine, error));
    return find_machine(parallel, error);
}

static tx_status is_running(const void *communicator, bool *out, tx_error *error)
{
    int running, over;
    MPI_Initialized(&running);
    MPI_Finalized(&over);
    if (over) {
        return tx_error_set(error, TX_FAILURE,
                            "MPI has been finalised in this process, and cannot start again: keep a handle that has started it, or "
                            "start MPI yourself");
    }
    if (communicator && !running) {
        return tx_error_set(error, TX_FAILURE, "a communicator was given, but MPI does not run");
    }
    *out = running;
    return TX_OK;
}

int tx_parallel_job_rank(void)
{
    int running, over, rank = 0;
    MPI_Initialized(&running);
    MPI_Finalized(&over);
    if (!running || over) {
        return tx_launcher_look().rank;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

bool tx_parallel_joined(void)
{
    int joined;
    MPI_Initialized(&joined);
    return joined;
}

static tx_status make_watch(tx_parallel *parallel, tx_error *error)
{
    static const char name[] = "TRAINAX_DEAD_LINK";
    const char *text = getenv(name);
    double bound = 120;
    if (text && *text && (!tx_parse_real(text, &bound) || !(bound >= 0))) {
        return tx_error_set(error, TX_INVALID, "%s is '%s': seconds are needed, 0 for any time", name, text);
    }
    parallel->own_watch.bound = bound;
    parallel->watch = &parallel->own_watch;
    return TX_OK;
}

static tx_status make(tx_parallel *parallel, const MPI_Comm *communicator, bool running, bool alone, tx_error *error)
{
    TX_TRY(make_watch(parallel, error));
    return alone ? TX_OK : join(parallel, communicator, running, error);
}

tx_status tx_parallel_create(const void *communicator, tx_error *error, tx_parallel **out)
{
    bool running = false;
    TX_TRY(is_running(communicator, &running, error));
    const bool alone = !running && !tx_parallel_launched();
    if (alone) {
        TX_TRY(tx_launcher_check_alone(error));
    }
    tx_parallel *parallel;
    TX_TRY(tx_allocate(sizeof *parallel, error, &parallel));
    const int cores = tx_threads_cores();
    *parallel = (tx_parallel){.number = tx_parallel_count(),
                              .all = MPI_COMM_NULL,
                              .machine = MPI_COMM_NULL,
                              .size = 1,
                              .machine_size = 1,
                              .cores = cores,
                              .crowd = 1,
                              .machine_cores = cores};
    const tx_status status = make(parallel, communicator, running, alone, error);
    if (status != TX_OK) {
        tx_parallel_destroy(parallel);
        return status;
    }
    *out = parallel;
    return TX_OK;
}

static void free_communicator(MPI_Comm *communicator)
{
    if (*communicator != MPI_COMM_NULL) {
        MPI_Comm_free(communicator);
    }
}

static void leave(tx_parallel *parallel)
{
    if (parallel->machine != MPI_COMM_NULL) {
        tx_parallel_barrier(parallel, NULL); /* politely: MPI would spin for those still at work */
    }
    free_communicator(&parallel->machine);
    free_communicator(&parallel->all);
    if (parallel->guest && --guests == 0) {
        MPI_Finalize();
    }
}

void tx_parallel_destroy(tx_parallel *parallel)
{
    if (!parallel) {
        return;
    }
    if (!tx_parallel_is_lost(parallel)) {
        leave(parallel);
    }
    tx_free(parallel->machine_of);
    tx_free(parallel);
}

/* ---- Who shares this machine ---- */

/* Ranks may be bound to different cores: what counts is what they may use together. */
static tx_status count_cores(const tx_parallel *parallel, int *out, tx_error *error)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores)) {
        CPU_ZERO(&cores); /* more CPUs than a cpu_set_t holds: enough for every rank */
    }
    TX_TRY(tx_parallel_allreduce(parallel, parallel->machine, &cores, sizeof cores, MPI_BYTE, MPI_BOR, error));
    *out = CPU_COUNT(&cores) ? CPU_COUNT(&cores) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return TX_OK;
}

tx_status tx_parallel_group(tx_parallel *parallel, MPI_Comm machine, tx_error *error)
{
    free_communicator(&parallel->machine);
    parallel->machine = machine;
    MPI_Comm_set_errhandler(machine, MPI_ERRORS_RETURN);
    MPI_Comm_rank(machine, &parallel->machine_rank);
    MPI_Comm_size(machine, &parallel->machine_size);
    int leader = parallel->rank;
    TX_TRY(tx_parallel_broadcast_from(parallel, machine, 0, &leader, sizeof leader, error));
    MPI_Request request;
    const int code = MPI_Iallgather(&leader, 1, MPI_INT, parallel->machine_of, 1, MPI_INT, parallel->all, &request);
    TX_TRY(tx_mpi_status(code, "finding the machines", error));
    TX_TRY(tx_parallel_wait(parallel, 1, &request, "finding the machines", error));
    parallel->crowd = parallel->machine_size;
    return count_cores(parallel, &parallel->machine_cores, error);
}

int tx_parallel_rank(const tx_parallel *parallel)
{
    return parallel->rank;
}
int tx_parallel_size(const tx_parallel *parallel)
{
    return parallel->size;
}
int tx_parallel_cores(const tx_parallel *parallel)
{
    return parallel->cores;
}
bool tx_parallel_is_crowded(const tx_parallel *parallel, int threads)
{
    return parallel->crowd * threads > parallel->machine_cores;
}
bool tx_parallel_oversubscribed(const tx_parallel *parallel)
{
    return tx_parallel_is_crowded(parallel, 1);
}
MPI_Comm tx_parallel_communicator(const tx_parallel *parallel)
{
    return parallel->all;
}
int tx_parallel_machine_rank(const tx_parallel *parallel)
{
    return parallel->machine_rank;
}

int tx_parallel_machine_size(const tx_parallel *parallel)
{
    return parallel->machine_size;
}

/* ---- What goes on meanwhile ---- */

void tx_parallel_attend(tx_parallel *parallel, tx_attention attention)
{
    parallel->watch->attention = attention;
}
bool tx_parallel_asked_to_stop(const tx_parallel *parallel)
{
    const tx_attention *attention = &parallel->watch->attention;
    return attention->stop && attention->stop(attention->user);
}
bool tx_parallel_is_lost(const tx_parallel *parallel)
{
    return parallel->watch && *parallel->watch->lost;
}
