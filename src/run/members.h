/* Runs of several members in one job. */
#pragma once

#include "parallel/groups.h"
#include "trainax/run.h"
#include "training/shared.h"

/* ---- One run, alone or among others ---- */

typedef struct tx_run_place {
    const tx_shared *shared; /* NULL: the run loads its own data */
    tx_groups *groups;       /* all of which a stop request ends; NULL: there are no others */
    double end;              /* by tx_clock, until when it may go on; 0: for ever. Known to the first rank of those that train */
    const char *stale;       /* a file in the run directory that goes when the run begins or goes on; NULL: none */
    bool looks;              /* does nothing unless the run is finished: what is told of it then, and steps; else these are -1 */
} tx_run_place;

typedef struct tx_train_end {
    int64_t steps;  /* that the run has done */
    double seconds; /* since the first minibatch of this start; 0: it did not come to one */
} tx_train_end;

/* run.c. As tx_train, which does this for a run that is alone. parallel: the group's ranks. error: not NULL, without a status.
 * end: on its rank 0, whatever came of it. Collective over `parallel`. */
tx_status tx_train_at(const tx_run_place *place, const tx_config *config, tx_parallel *parallel, const tx_train_options *options,
                      tx_error *error, tx_train_end *end);

/* ---- All ---- */

typedef struct tx_members {
    int count; /* at least 1 */
    const tx_config *const *configs;
    const char *const *directories; /* run directories, all different */
    int groups;                     /* of ranks, which train members one after another: at most so many */
    bool measured;                  /* TX_MEMBER_METRICS of each that is finished, as `evaluate` writes it, in its directory */
    tx_status (*begin)(void *user, tx_error *error); /* rank 0, once there is room for all, before any begins; may be NULL */
    void *user;
} tx_members;

typedef struct tx_member_end {
    tx_status status; /* as of tx_train; TX_STOPPED also where it was not begun */
    int64_t steps;    /* done */
} tx_member_end;

/* Trains all, each to the bytes of its run alone, whatever the number of ranks and groups and whoever trains it. The members have
 * the same data, which are read once. One that diverges, stops early or fails holds up nobody; a stop request to any rank, or the
 * time limit, ends all at their next steps. options: of each, but for `output`; its log is used by the first rank of every group,
 * and told warnings and what befell a member. Those that are finished already where the start is to resume cost no data.
 *
 * The status is that of the first member that failed otherwise than by diverging or being stopped, with its message; before any
 * has begun, TX_INVALID as of tx_shared_create. `ends`, of all members on all ranks, is there unless that, or MPI, has failed
 * (status TX_OK everywhere then, no steps). Collective. */
tx_status tx_train_members(const tx_members *members, tx_parallel *job, const tx_train_options *options, tx_error *error,
                           tx_member_end *ends);
