/* MPI as the files of this room use it: errors become statuses, waiting is polite. */
#include <stdatomic.h>
#include <stdio.h>

#include "parallel/job.h"
#include "parallel/joint.h"
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

static tx_status say_lost(const tx_watch *watch, tx_error *error)
{
    return tx_error_set(error, TX_FAILURE, "%s", watch->lost);
}

/* What was silent before the wait does not count: it may not have been asked anything. */
static tx_status look_around(const tx_parallel *parallel, const tx_patience *patience, const char *doing, tx_error *error)
{
    tx_watch *watch = parallel->watch;
    char peer[TX_LINK_NAME];
    int main;
    MPI_Is_thread_main(&main);
    if (watch->attention.waiting && main) {
        watch->attention.waiting(watch->attention.user);
    }
    if (watch->bound > 0 && tx_link_find_dead(watch->bound, peer) && patience->waited > watch->bound) {
        snprintf(
            watch->lost, sizeof watch->lost,
            "%s has not answered for %g s while %s: that machine or the network is down (after how long, TRAINAX_DEAD_LINK says)",
            peer, watch->bound, doing);
        return say_lost(watch, error);
    }
    return TX_OK;
}

tx_status tx_parallel_relax(const tx_parallel *parallel, tx_patience *patience, const char *doing, tx_error *error)
{
    return tx_patience_relax(patience) ? look_around(parallel, patience, doing, error) : TX_OK;
}

static void take_part(void)
{
    if (tx_joint_take_turn()) {
        tx_joint_end_turn();
    }
}

tx_status tx_parallel_wait(const tx_parallel *parallel, int count, MPI_Request *requests, const char *doing, tx_error *error)
{
    tx_patience patience = {.crowded = tx_parallel_oversubscribed(parallel)};
    TX_TRY(*parallel->watch->lost ? say_lost(parallel->watch, error) : TX_OK);
    for (;;) {
        int done = 0;
        TX_TRY(tx_mpi_status(MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE), doing, error));
        if (done) {
            return TX_OK;
        }
        take_part();
        TX_TRY(tx_parallel_relax(parallel, &patience, doing, error));
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
    tx_patience patience = {.crowded = tx_parallel_oversubscribed(parallel)};
    TX_TRY(*parallel->watch->lost ? say_lost(parallel->watch, error) : TX_OK);
    for (;;) {
        TX_TRY(serve(parallel, &patience, doing, error));
        take_part();
        if (atomic_load_explicit(count, memory_order_acquire) >= target) {
            return TX_OK;
        }
        TX_TRY(tx_parallel_relax(parallel, &patience, doing, error));
    }
}
