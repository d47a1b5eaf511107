/* The best network so far: kept beside the current one, in checkpoints, and as best.h5. */
#pragma once

#include "problem/problem.h"
#include "trainax/callback.h"
#include "trainax/file.h"
#include "trainax/training.h"

/* By a metric that a callback measures. The same on all ranks but for what a resume brings, which rank 0 has. */
typedef struct tx_best {
    const tx_callback *keeper; /* NULL: none is kept, nothing of all this is there */
    tx_kept_metric metric;
    double value; /* NaN: none yet */
    int64_t step; /* updates done */
    void *parameters;
    bool changed; /* since it was saved */
} tx_best;

/* As the callbacks' service of this name. */
tx_status tx_best_keep(tx_best *best, const tx_callback *callback, const tx_kept_metric *metric, tx_error *error);
/* bytes: of all parameters. */
size_t tx_best_bytes(const tx_best *best, size_t bytes);
tx_status tx_best_allocate(tx_best *best, size_t bytes, tx_error *error); /* after all callbacks were made */
/* What the metric is of these parameters: taken if the callback is the keeper and it is better. */
void tx_best_offer(tx_best *best, const tx_callback *callback, double value, int64_t step, const void *parameters, size_t bytes);
bool tx_best_find(const tx_best *best, tx_best_network *out); /* false: none yet */

/* Rank 0's business. */
tx_status tx_best_put(const tx_best *best, const tx_problem *problem, tx_file *file, tx_error *error); /* into a checkpoint */
tx_status tx_best_get(tx_best *best, const tx_problem *problem, const tx_file *file, tx_error *error); /* from a checkpoint */
/* The step of the best network in a checkpoint; -1: it has none. */
tx_status tx_best_stored_step(const tx_file *file, tx_error *error, int64_t *out);
/* Writes DIRECTORY/best.h5; where nothing has been measured yet removes it. */
tx_status tx_best_save(tx_best *best, const tx_problem *problem, const char *directory, tx_error *error);
