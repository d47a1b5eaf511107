/* MPI as the files of this room use it: errors become statuses, waiting is polite. */
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "parallel/job.h"

tx_status tx_mpi_status(int code, const char *doing, tx_error *error)
{
    if (code == MPI_SUCCESS) {
        return TX_OK;
    }
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length;
    MPI_Error_string(code, text, &length);
    return tx_error_set(error, TX_FAILURE, "MPI failed while %s: %s", doing, text);
}

/* ---- Waiting ---- */

static void nap(double seconds)
{
    const struct timespec time = {.tv_nsec = (long)(seconds * 1e9)};
    nanosleep(&time, NULL);
}

/* Sleeping for a sixteenth of the time waited so far makes a wait at most that much longer. */
void tx_parallel_relax(tx_patience *patience)
{
    if (++patience->polls < (patience->crowded ? 4 : 64)) {
        return;
    }
    const double now = tx_clock();
    patience->start = patience->start > 0 ? patience->start : now;
    const double waited = now - patience->start;
    if (waited < 50e-6 && !patience->crowded) {
        return;
    }
    if (waited < (patience->crowded ? 200e-6 : 1e-3)) {
        sched_yield();
        return;
    }
    nap(waited < 16e-3 ? waited / 16 : 1e-3);
}

tx_status tx_parallel_wait(const tx_parallel *parallel, int count, MPI_Request *requests, const char *doing, tx_error *error)
{
    tx_patience patience = {.crowded = parallel->oversubscribed};
    for (;;) {
        int done = 0;
        TX_TRY(tx_mpi_status(MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE), doing, error));
        if (done) {
            return TX_OK;
        }
        tx_parallel_relax(&patience);
    }
}

/* Others may be reading this rank's memory through MPI: on other machines at any time, on this one where it cannot be shared. */
static tx_status serve(const tx_parallel *parallel, const tx_patience *patience, const char *doing, tx_error *error)
{
    int any;
    if (!parallel->serves && parallel->machine_size == parallel->size && patience->polls < 64) {
        return TX_OK;
    }
    return tx_mpi_status(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, parallel->all, &any, MPI_STATUS_IGNORE), doing, error);
}

tx_status tx_parallel_wait_for(const tx_parallel *parallel, const _Atomic int64_t *count, int64_t target, const char *doing,
                               tx_error *error)
{
    tx_patience patience = {.crowded = parallel->oversubscribed};
    for (;;) {
        TX_TRY(serve(parallel, &patience, doing, error));
        if (atomic_load_explicit(count, memory_order_acquire) >= target) {
            return TX_OK;
        }
        tx_parallel_relax(&patience);
    }
}
