/* Training step by step, for programs that train without files. */
#pragma once

#include "trainax/component.h"
#include "trainax/network.h"
#include "trainax/parallel.h"
#include "trainax/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All collective. */
typedef struct tx_trainer tx_trainer;
tx_status tx_trainer_create(const tx_config *config, tx_parallel *parallel, const tx_log *log, tx_error *error, tx_trainer **out);
void tx_trainer_destroy(tx_trainer *trainer);
/* One update: loss and gradient of the next minibatch, the callbacks that are due, the optimizer. TX_DIVERGED: the update was
 * not made. After any other failure every further step fails alike. */
tx_status tx_trainer_step(tx_trainer *trainer, tx_error *error);
/* The same on a minibatch of the caller's instead of the data's: this rank's `count` windows, maybe none, of as many levels as the
 * configuration reads, contiguous, in the run's precision; together they are the minibatch. TX_INVALID, with nothing done: none at
 * all, or more blocks than a minibatch of the configuration has; fewer blocks in that than ranks; an optimizer that asks for
 * residuals. */
tx_status tx_trainer_step_on(tx_trainer *trainer, const void *const *windows, int64_t count, tx_error *error);
int64_t tx_trainer_steps_done(const tx_trainer *trainer);
bool tx_trainer_is_done(const tx_trainer *trainer); /* all steps that the configuration asks for, or a callback has ended them */
double tx_trainer_loss(const tx_trainer *trainer);  /* of the last step */
/* What callbacks observed in the last step: the columns of history.csv behind its loss. False: that cell is empty. */
int tx_trainer_num_columns(const tx_trainer *trainer);
const char *tx_trainer_column(const tx_trainer *trainer, int column);
bool tx_trainer_observed(const tx_trainer *trainer, int column, double *out);
/* A number that the optimizer tells, as of its last step; false: it has none of that name. */
bool tx_trainer_number(const tx_trainer *trainer, const char *name, double *out);
/* Where this rank's time has gone since the trainer was made, in seconds; zero where it is alone. */
typedef struct tx_times {
    double sums;    /* over ranks, waiting for the others included */
    double windows; /* waiting for those of a minibatch */
} tx_times;
tx_times tx_trainer_times(const tx_trainer *trainer);
double tx_trainer_flops(const tx_trainer *trainer); /* operations of a whole step, over all ranks */
/* Where the time of a step's blocks goes, on one thread: the first block of this rank runs `repetitions` times; rows (tx_free)
 * are for as many blocks as a step has in all. Parts are "network", "stepper", "residuum", "loss", and "" for what a
 * configuration does beside these. Not collective; between two steps. No rows on a rank without blocks. */
tx_status tx_trainer_profile(tx_trainer *trainer, int repetitions, tx_error *error, tx_operation_time **out, int *count);
const tx_network *tx_trainer_network(const tx_trainer *trainer);
/* After the last step: callbacks that keep the best network look at the one that came out. Collective. */
tx_status tx_trainer_conclude(tx_trainer *trainer, tx_error *error);
typedef struct tx_best_network { /* owned by the trainer, valid until its next step */
    const void *parameters;
    int64_t step; /* updates done */
    const char *metric;
    double value;
} tx_best_network;
/* The best so far, kept by early_stopping or metrics. False: none is, or none was measured yet. */
bool tx_trainer_best(const tx_trainer *trainer, tx_best_network *out);
/* Flat, in the run's precision, owned by the trainer, valid until the next step. */
const void *tx_trainer_parameters(const tx_trainer *trainer);
/* Copies others of the same form, between two steps, on all ranks alike. */
void tx_trainer_set_parameters(tx_trainer *trainer, const void *parameters);
/* Of the last step's loss with respect to the parameters before it, summed over all ranks, in the same form; valid until the
 * next step. */
const void *tx_trainer_gradient(const tx_trainer *trainer);

/* Memory of a run on one rank, in bytes: the most that it occupies at a time, of the rank that has most. */
typedef struct tx_memory_estimate {
    size_t data;       /* this rank's part of the trajectories */
    size_t arena;      /* a thread's, for activations */
    size_t parameters; /* parameters, their gradients, optimizer state, reduction */
    size_t total;
} tx_memory_estimate;
#ifdef __cplusplus
}
#endif
