/* A member: a network's parameters, and all that belongs to them alone. One step of it is compute, check, prepare, observe, record,
 * update. */
#pragma once

#include "trainax/optimizer.h"
#include "trainax/training.h"
#include "training/answers.h"
#include "training/average.h"
#include "training/best.h"
#include "training/callbacks.h"
#include "training/curriculum.h"
#include "training/held_out.h"
#include "training/programs.h"

/* Where files of a run may be written. */
typedef struct tx_run_folder {
    const char *directory;     /* of the run; NULL: there is none */
    const char *const *inputs; /* what the run reads, NULL behind the last; NULL: unknown */
    bool overwrite;            /* may files of save_network that are there be replaced? */
    const tx_section *earlier; /* rank 0 of a resumed run: the whole configuration that it had before; else NULL */
} tx_run_folder;

/* What callbacks save at single steps: who, and PATH of PATH_STEP.h5, one name for one place. */
typedef struct tx_snapshots {
    struct tx_saved {
        const tx_section *callback;
        char *path;
    } * saved;
    int count;
    size_t capacity;
} tx_snapshots;

typedef struct tx_member {
    tx_trainer *trainer; /* whose plans and workers it uses */
    void *parameters, *next_parameters;
    tx_parameters bound; /* the former, as plans are bound to them */
    tx_trained trained;  /* which of them */
    tx_average average;  /* of them, over the updates */
    tx_optimizer *optimizer;
    tx_task task; /* as the optimizer sees this step's minibatch */
    tx_answers answers;
    tx_fetching fetching;
    tx_reduction *reduction; /* of the step: loss, gradient, requests, failures; its scales are state */
    tx_evaluator evaluator;  /* of the step */
    tx_curriculum curriculum;
    tx_reduction *losses; /* of values without a gradient: of callbacks and answers */
    tx_callbacks callbacks;
    tx_snapshots snapshots;
    tx_programs programs;
    tx_held_out held_out;
    tx_best best;
    struct tx_history *history; /* rank 0 of a run */
    tx_run_folder folder;
    int64_t step;                       /* updates done */
    int64_t first_step;                 /* of this process */
    int64_t ended_at;                   /* updates after which a callback or the optimizer ended the run, -1: none has */
    const tx_share *given;              /* of a step on other windows than the data's; else NULL */
    bool computing;                     /* `step` is being computed: all that is kept is as the one before has left it */
    bool stuck;                         /* the optimizer knows no update of `step`, whose row stands already */
    double loss;                        /* of the last computed step */
    int64_t requests[TX_REQUEST_COUNT]; /* this rank's before a step's sum, everybody's after it */
} tx_member;

/* step.c. One step, whoever drives it: the windows that were asked for a step ago, the blocks, one allreduce, callbacks, the
 * history, the optimizer. requests: what this rank asks of the others, TX_REQUEST_COUNT numbers; member->requests are then
 * everybody's. TX_DIVERGED: the update was not made. After any other failure every further step fails alike. Collective. */
tx_status tx_member_step(tx_member *member, const int64_t *requests, tx_error *error);
bool tx_member_is_done(const tx_member *member);
/* Its parts. Loss and gradient of step `member->step`, summed over all ranks. Collective. */
tx_status tx_member_compute(tx_member *member, tx_error *error);
/* TX_DIVERGED when the computed loss or gradient is not finite. Collective. */
tx_status tx_member_check(tx_member *member, tx_error *error);
/* Shows the optimizer its task: what it tells to callbacks is then there. TX_DIVERGED as the update. Collective. */
tx_status tx_member_prepare(tx_member *member, tx_error *error);
/* The optimizer's step, once prepared. TX_DIVERGED, with nothing changed, when the new parameters would not be finite. */
tx_status tx_member_update(tx_member *member, tx_error *error);
/* What held-out data are measured with. */
static inline const void *tx_member_measured(tx_member *member)
{
    return tx_average_of(&member->average, member->parameters);
}
/* After any change of the parameters but an update's. */
void tx_member_refresh(tx_member *member);

/* blame.c: TX_DIVERGED at this step because of `what`, and the windows of the minibatch that look like it. Collective. */
tx_status tx_member_blame(tx_member *member, const char *what, tx_error *error);

/* task.c: this rank's part of the step's minibatch; nothing where something has failed here. */
tx_share tx_member_share(const tx_member *member);
/* Once the problem is there; what is of a step is filled in by tx_member_pose. */
tx_task tx_member_task(tx_member *member);
void tx_member_pose(tx_member *member);

/* observe.c. Calls the callbacks that are due. Collective. */
tx_callback_setup tx_member_callback_setup(tx_member *member, bool terminal);
tx_status tx_member_observe(tx_member *member, tx_error *error);
tx_status tx_member_conclude(tx_member *member, tx_error *error);
