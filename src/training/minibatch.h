/* Plans over the blocks of a minibatch, computed by this rank's threads and summed over all ranks. */
#pragma once

#include "parallel/crew.h"
#include "training/fetching.h"

/* What one rank may ask of all others; travels in the step's one allreduce. */
typedef enum tx_request {
    TX_REQUEST_STOP,       /* a signal, the time limit */
    TX_REQUEST_CHECKPOINT, /* rank 0's clock says so */
    TX_REQUEST_ABORT,      /* something has failed here */
    TX_REQUEST_COUNT,
} tx_request;

/* What went wrong on this rank alone: all learn of it in the next sum of a step, which fails then. The first one counts. */
typedef struct tx_failure {
    tx_status status;
    tx_error error;
} tx_failure;
static inline void tx_failure_note(tx_failure *failure, tx_status status)
{
    failure->status = failure->status ? failure->status : status;
}

/* What a thread writes while it computes blocks, of whatever plan. */
typedef struct tx_worker {
    void *gradient;   /* of a block, or of all that run at once */
    double *losses;   /* of their samples */
    tx_team *team;    /* of threads that share a block; the first one's, in a crew: of all of that */
    tx_status status; /* what the backend has failed with */
    tx_error error;
} tx_worker;

typedef struct tx_workers {
    const tx_problem *problem;
    tx_parallel *parallel;
    tx_crew *crew; /* of ranks that share a block, as their threads do */
    tx_failure *failure;
    tx_worker *worker; /* [threads] */
    double reducing;   /* seconds in reductions, on several ranks: waiting for others included */
} tx_workers;

/* Gradients of blocks that a worker takes at once: one, where those of blocks that run together are added up before. */
int tx_problem_gradients_at_once(const tx_problem *problem, int num_ranks);
/* Of the ranks that are to share blocks: none where this has no use, or where it cannot be. Collective; *out is for the workers. */
tx_status tx_workers_join(const tx_problem *problem, tx_parallel *parallel, tx_error *error, tx_crew *out);
/* Not collective; what it borrows must outlive it. */
tx_status tx_workers_create(tx_workers *workers, const tx_problem *problem, tx_parallel *parallel, tx_crew *crew,
                            tx_failure *failure, tx_error *error);
void tx_workers_destroy(tx_workers *workers); /* takes a zeroed one */

/* A sum over the blocks of a minibatch: the loss, requests, failures of users' functions (its last counter), maybe a gradient. */
tx_status tx_workers_reduction(const tx_workers *workers, bool gradient, tx_error *error, tx_reduction **out);

/* What running a plan takes, of all threads: shared by those who do so one after the other. */
typedef struct tx_rooms {
    int count;
    tx_workspace **workspaces;
    bool together; /* there is one, in the memory of a crew */
} tx_rooms;

tx_status tx_rooms_create(const tx_plan *plan, int threads, int blocks, tx_error *error, tx_rooms *out);
/* As the workers run it: a rank that never has a block needs none. */
tx_status tx_workers_rooms(const tx_workers *workers, const tx_plan *plan, tx_error *error, tx_rooms *out);
void tx_rooms_destroy(tx_rooms *rooms); /* takes a zeroed one */

/* A plan over the blocks of a minibatch, with one vector of parameters, and where its sums go. All but the values is the caller's.
 */
typedef struct tx_evaluator {
    tx_loss_plan loss;
    tx_values *values;
    const tx_rooms *rooms;
    tx_reduction *reduction;
    bool gradient;      /* the plan gives one */
    bool sums_gradient; /* and it is added up */
} tx_evaluator;

tx_status tx_evaluator_create(tx_loss_plan loss, const tx_parameters *parameters, const tx_rooms *rooms, tx_reduction *reduction,
                              bool gradient, tx_error *error, tx_evaluator *out);
void tx_evaluator_destroy(tx_evaluator *evaluator); /* takes a zeroed one */

/* Computes this rank's share, which may be empty, and adds up all; with what this rank asks of the others (TX_REQUEST_COUNT
 * numbers, or NULL). Where a rank asked to abort, or its backend has failed, all fail as that rank did. Collective. */
tx_status tx_workers_sum(tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, const int64_t *requests,
                         tx_error *error);
/* Of the last sum; NaN where a user's function failed. */
double tx_evaluator_loss(const tx_evaluator *evaluator);

/* How bad a sample is, alone in a block: infinitely where its loss or gradient is not finite or (*failed) a function fails, or as
 * its loss says. */
double tx_workers_badness(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int64_t sample,
                          tx_function_failure *failed);
/* As tx_trainer_profile: of the share's first block, times the blocks of a minibatch. */
tx_status tx_workers_profile(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int repetitions,
                             tx_error *error, tx_operation_time **out, int *count);
