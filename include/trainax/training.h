/* Training: a configuration in, a trained network and its files out. What the command does, as functions. */
#pragma once

#include <signal.h>

#include "trainax/component.h"
#include "trainax/evaluation.h"
#include "trainax/file.h"
#include "trainax/network.h"
#include "trainax/parallel.h"
#include "trainax/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A registry with everything that this library knows. */
tx_status tx_registry_create_builtin(tx_error *error, tx_registry **out);

typedef enum tx_start { TX_START_NEW, TX_START_RESUME, TX_START_OVERWRITE } tx_start;
typedef struct tx_train_options {
    const char *output; /* run directory; NULL: the configuration's */
    tx_start start;
    double time_limit;                 /* seconds; 0: none */
    const volatile sig_atomic_t *stop; /* non-zero: stop at the next step boundary; may be NULL */
    tx_log log;                        /* progress, notes, warnings; used on rank 0. All but progress stands in run.log too */
    bool terminal;                     /* progress lines may overwrite each other */
} tx_train_options;

/* Trains and writes the run directory, which it owns meanwhile. Collective; every rank returns the same status and message.
 * TX_INVALID when it is another run's (alive, or finished and neither resumed nor overwritten), TX_STOPPED after a
 * stop request, TX_DIVERGED when loss or gradient became non-finite: the checkpoint holds the last finite state. */
tx_status tx_train(const tx_config *config, tx_parallel *parallel, const tx_train_options *options, tx_error *error);

/* Precision and streams of a configuration. */
tx_random tx_config_random(const tx_config *config);
/* Writes the `data` section's trajectories to a file. Collective. TX_INVALID as tx_output_find; so below. */
tx_status tx_generate(const tx_config *config, tx_parallel *parallel, const tx_output *output, tx_error *error);

/* The pieces, for programs that train without files. All collective. */
typedef struct tx_trainer tx_trainer;
tx_status tx_trainer_create(const tx_config *config, tx_parallel *parallel, const tx_log *log, tx_error *error, tx_trainer **out);
void tx_trainer_destroy(tx_trainer *trainer);
/* One update: loss and gradient of the next minibatch, the callbacks that are due, the optimizer. TX_DIVERGED: the update was
 * not made. After any other failure every further step fails alike. */
tx_status tx_trainer_step(tx_trainer *trainer, tx_error *error);
int64_t tx_trainer_steps_done(const tx_trainer *trainer);
bool tx_trainer_is_done(const tx_trainer *trainer); /* all steps that the configuration asks for, or a callback has ended them */
double tx_trainer_loss(const tx_trainer *trainer);  /* of the last step */
/* What callbacks observed in the last step: the columns of history.csv behind its loss. False: that cell is empty. */
int tx_trainer_num_columns(const tx_trainer *trainer);
const char *tx_trainer_column(const tx_trainer *trainer, int column);
bool tx_trainer_observed(const tx_trainer *trainer, int column, double *out);
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
/* On num_ranks ranks of one machine. Reads the data's shape, not the data. Not collective. */
tx_status tx_memory_predict(const tx_config *config, int num_ranks, tx_error *error, tx_memory_estimate *out);

/* Rolls a stored network out from the first level of every trajectory of a file. Collective. */
tx_status tx_rollout(tx_parallel *parallel, const tx_registry *registry, const char *network_path, const char *initial_path,
                     int64_t num_steps, const tx_output *output, tx_error *error);

/* Trainax's full_loss: the value of the trainer's configuration over all windows of a data set, in blocks, never all at the
 * same time. Summed exactly: the same to the bit on any number of ranks. Collective. */
tx_status tx_full_loss(tx_parallel *parallel, const tx_section *run, struct tx_dataset *dataset, const tx_network *network,
                       const void *parameters, tx_error *error, double *out);

typedef struct tx_evaluate_options {
    const char *network; /* network file or checkpoint */
    const char *metrics; /* names separated by commas; NULL: the configuration's */
    tx_output output;    /* metrics.csv; path NULL: the table is part of the text */
    bool full_loss;      /* of the `trainer` section on `data` */
} tx_evaluate_options;
/* `trainax evaluate`: text for the screen (tx_free; NULL on all ranks but 0). Collective. TX_BAD_DATA: what is wrong with the
 * network file. */
tx_status tx_evaluate(const tx_config *config, tx_parallel *parallel, const tx_evaluate_options *options, tx_error *error,
                      char **out);

/* The text of `inspect` for a file (network, checkpoint, trajectories); tx_free. Not collective. */
tx_status tx_inspect_file(const tx_registry *registry, const char *path, tx_error *error, char **out);
/* … and for a configuration on `num_ranks` ranks: resolved YAML, parameter count, arena, memory per rank. */
tx_status tx_inspect_config(const tx_config *config, int num_ranks, tx_error *error, char **out);

#ifdef __cplusplus
}
#endif
