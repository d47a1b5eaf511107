/* Training: a configuration in, a trained network and its files out. What the command does, as functions. */
#pragma once

#include <signal.h>

#include "trainax/component.h"
#include "trainax/network.h"
#include "trainax/parallel.h"

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
    tx_log log;                        /* progress, notes, warnings; used on rank 0 */
    bool terminal;                     /* progress lines may overwrite each other */
} tx_train_options;

/* Trains and writes the run directory. Collective; every rank returns the same status and message. TX_STOPPED after a
 * stop request, TX_DIVERGED when loss or gradient became non-finite: the checkpoint holds the last finite state. */
tx_status tx_train(const tx_config *config, tx_parallel *parallel, const tx_train_options *options, tx_error *error);

/* Precision and streams of a configuration. */
tx_random tx_config_random(const tx_config *config);
/* Writes the `data` section's trajectories to a file. Collective. */
tx_status tx_generate(const tx_config *config, tx_parallel *parallel, const char *path, tx_error *error);

/* The pieces, for programs that train without files. All collective. */
typedef struct tx_trainer tx_trainer;
tx_status tx_trainer_create(const tx_config *config, tx_parallel *parallel, const tx_log *log, tx_error *error, tx_trainer **out);
void tx_trainer_destroy(tx_trainer *trainer);
tx_status tx_trainer_step(tx_trainer *trainer, tx_error *error); /* one update */
int64_t tx_trainer_steps_done(const tx_trainer *trainer);
double tx_trainer_loss(const tx_trainer *trainer); /* of the last step */
const tx_network *tx_trainer_network(const tx_trainer *trainer);
void *tx_trainer_parameters(tx_trainer *trainer); /* flat, in the run's precision, owned by the trainer */

/* Memory of a run on one rank, in bytes, as tx_allocate counts it, and the windows shared with other ranks. */
typedef struct tx_memory_estimate {
    size_t data;       /* this rank's part of the trajectories */
    size_t arena;      /* a thread's, for activations */
    size_t parameters; /* parameters, their gradient, optimizer state, reduction */
    size_t total;
} tx_memory_estimate;
/* On num_ranks ranks of one machine. Reads the data's shape, not the data. Not collective. */
tx_status tx_memory_predict(const tx_config *config, int num_ranks, tx_error *error, tx_memory_estimate *out);

/* Rolls a stored network out from the first level of every trajectory of a file. Collective. */
tx_status tx_rollout(tx_parallel *parallel, const tx_registry *registry, const char *network_path, const char *initial_path,
                     int64_t num_steps, const char *output_path, tx_error *error);

/* The text of `inspect` for a file (network, checkpoint, trajectories); tx_free. Not collective. */
tx_status tx_inspect_file(const tx_registry *registry, const char *path, tx_error *error, char **out);
/* … and for a configuration on `num_ranks` ranks: resolved YAML, parameter count, arena, memory per rank. */
tx_status tx_inspect_config(const tx_config *config, int num_ranks, tx_error *error, char **out);

#ifdef __cplusplus
}
#endif
