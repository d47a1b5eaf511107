/* The windows of minibatches on their way to this rank: those of a step come while the step before is computed. */
#pragma once

#include "parallel/crew.h"
#include "problem/problem.h"
#include "training/changes.h"

/* This rank's windows of one step, on their way or here. */
typedef struct tx_fetch {
    int64_t step; /* -1: nothing asked for */
    tx_minibatch minibatch;
    int64_t first, count; /* this rank's samples of the minibatch */
    int64_t together;     /* samples of the block that this rank's crew computes; 0: it has none */
    int64_t *levels;      /* first level of each window */
    int64_t *strides;     /* of each; NULL: all levels follow each other */
    const void **numbers; /* of each one's trajectory; NULL: nobody reads any */
    char *rows;           /* copies of these, with the windows' own strides behind them; NULL: nobody reads these */
    uint32_t *which;      /* number of each among all windows; NULL: they are not changed */
} tx_fetch;

typedef struct tx_fetching {
    const tx_problem *problem;
    tx_parallel *parallel;
    const tx_crew *crew;
    const tx_dataset *dataset;
    tx_mixer *mixer;
    int levels; /* fetched of each window: the most that anybody reads */
    tx_changes changes;
    tx_fetch fetches[TX_STORE_SLOTS];
    const void *const *windows; /* of the last step that was waited for */
    double waiting;             /* seconds, on several ranks, until they were there */
} tx_fetching;

/* This rank's part of a minibatch. */
typedef struct tx_share {
    const void *const *windows;
    int64_t count;
    int64_t together;           /* samples of the block that its crew computes: its first rank has their windows; 0: none */
    int64_t batch_size;         /* of the whole minibatch */
    const void *const *numbers; /* of each sample's trajectory; NULL: nobody reads any */
    const void *const *seeds;   /* [count] cotangents, where a plan wants some */
} tx_share;

/* `levels` and the plan of changes must stand. Not collective; what it borrows must outlive it. */
tx_status tx_fetching_create(tx_fetching *fetching, const tx_problem *problem, const tx_crew *crew, tx_parallel *parallel,
                             const tx_dataset *dataset, tx_error *error);
void tx_fetching_destroy(tx_fetching *fetching); /* takes a zeroed one */

/* This step's windows are there, the next one's (if the run has one) on their way. */
tx_status tx_fetching_turn(tx_fetching *fetching, int64_t step, tx_error *error);
/* Until nothing is on its way for this step: where a run ends early. */
tx_status tx_fetching_settle(tx_fetching *fetching, int64_t step, tx_error *error);
/* Around somebody else's use of the store during a step: until it is idle, and until it is again as it was. */
tx_status tx_fetching_pause(tx_fetching *fetching, int64_t step, tx_error *error);
tx_status tx_fetching_resume(tx_fetching *fetching, int64_t step, tx_error *error);

static inline const tx_fetch *tx_fetching_of(const tx_fetching *fetching, int64_t step)
{
    return &fetching->fetches[tx_store_slot(step)];
}
static inline tx_share tx_fetching_share(const tx_fetching *fetching, int64_t step)
{
    const tx_fetch *fetch = tx_fetching_of(fetching, step);
    const void **changed = fetching->changes.changed_numbers;
    return (tx_share){.windows = fetching->windows,
                      .numbers = changed ? changed : fetch->numbers,
                      .count = fetch->count,
                      .together = fetch->together,
                      .batch_size = fetch->minibatch.count};
}
