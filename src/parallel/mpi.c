/* MPI as the files of this room use it: errors become statuses, waiting is polite. */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "parallel/job.h"
#include "parallel/link.h"

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

tx_patience tx_parallel_patience(const tx_parallel *parallel)
{
    return (tx_patience){.crowded = parallel->oversubscribed, .watch = parallel->watch};
}

static void nap(double seconds)
{
    const struct timespec time = {.tv_nsec = (long)(seconds * 1e9)};
    nanosleep(&time, NULL);
}

static tx_status say_lost(const tx_watch *watch, tx_error *error)
{
    return tx_error_set(error, TX_FAILURE, "%s", watch->lost);
}

/* About once a second. What was silent before the wait does not count: it may not have been asked anything. */
static tx_status look_around(tx_patience *patience, double now, const char *doing, tx_error *error)
{
    tx_watch *watch = patience->watch;
    char peer[TX_LINK_NAME];
    if (now < patience->next_look) {
        return TX_OK;
    }
    patience->next_look = now + 1;
    if (watch->attention.waiting) {
        watch->attention.waiting(watch->attention.user);
    }
    if (watch->bound > 0 && tx_link_find_dead(watch->bound, peer) && now - patience->start > watch->bound) {
        snprintf(
            watch->lost, sizeof watch->lost,
            "%s has not answered for %g s while %s: that machine or the network is down (after how long, TRAINAX_DEAD_LINK says)",
            peer, watch->bound, doing);
        return say_lost(watch, error);
    }
    return TX_OK;
}

/* Sleeping for a sixteenth of the time waited so far makes a wait at most that much longer. */
tx_status tx_parallel_relax(tx_patience *patience, const char *doing, tx_error *error)
{
    if (++patience->polls < (patience->crowded ? 4 : 64)) {
        return TX_OK;
    }
    const double now = tx_clock();
    patience->start = patience->start > 0 ? patience->start : now;
    const double waited = now - patience->start;
    if (waited < 50e-6 && !patience->crowded) {
        return TX_OK;
    }
    if (waited < (patience->crowded ? 200e-6 : 1e-3)) {
        sched_yield();
        return TX_OK;
    }
    nap(waited < 16e-3 ? waited / 16 : 1e-3);
    return waited < 1 ? TX_OK : look_around(patience, now, doing, error);
}

tx_status tx_parallel_wait(const tx_parallel *parallel, int count, MPI_Request *requests, const char *doing, tx_error *error)
{
    tx_patience patience = tx_parallel_patience(parallel);
    TX_TRY(*parallel->watch->lost ? say_lost(parallel->watch, error) : TX_OK);
    for (;;) {
        int done = 0;
        TX_TRY(tx_mpi_status(MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE), doing, error));
        if (done) {
            return TX_OK;
        }
        TX_TRY(tx_parallel_relax(&patience, doing, error));
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
    tx_patience patience = tx_parallel_patience(parallel);
    TX_TRY(*parallel->watch->lost ? say_lost(parallel->watch, error) : TX_OK);
    for (;;) {
        TX_TRY(serve(parallel, &patience, doing, error));
        if (atomic_load_explicit(count, memory_order_acquire) >= target) {
            return TX_OK;
        }
        TX_TRY(tx_parallel_relax(&patience, doing, error));
    }
}
