/* Runs: a configuration in, a trained network and its files out. What the command does, as functions. */
#pragma once

#include <signal.h>

#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/parallel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A registry with everything that this library knows. */
tx_status tx_registry_create_builtin(tx_error *error, tx_registry **out);

/* tx_config_load for all ranks: rank 0 alone needs to see the file. Collective. */
tx_status tx_config_load_for_all(tx_parallel *parallel, const char *path, tx_error *error, char **out);

typedef enum tx_start { TX_START_NEW, TX_START_RESUME, TX_START_OVERWRITE } tx_start;
typedef struct tx_train_options {
    const char *output; /* run directory; NULL: the configuration's */
    tx_start start;
    double time_limit;                 /* seconds, checkpoint included; 0: none but that of Slurm's job */
    const volatile sig_atomic_t *stop; /* non-zero: stop at the next step boundary; may be NULL */
    tx_log log;                        /* progress, notes, warnings; used on rank 0. All but progress stands in run.log too */
    bool terminal;                     /* progress lines may overwrite each other */
} tx_train_options;

/* Trains and writes the run directory, which it owns meanwhile. With a section `ensemble`: all its members, by groups of ranks, and
 * their tables; TX_DIVERGED then means all of them, TX_STOPPED that some are not finished. Collective; every rank returns the same
 * status and message. TX_INVALID when it is another run's (alive, or finished and neither resumed nor overwritten), TX_STOPPED
 * after a stop request, TX_DIVERGED when loss or gradient became non-finite: the checkpoint holds the last finite state. */
tx_status tx_train(const tx_config *config, tx_parallel *parallel, const tx_train_options *options, tx_error *error);

/* Writes the trajectories of a section of data to a file, of numpy where its name ends with .npy. Collective. TX_INVALID as
 * tx_output_find; so below. */
tx_status tx_generate(const tx_config *config, const tx_section *data, tx_parallel *parallel, const tx_output *output,
                      tx_error *error);

#ifdef __cplusplus
}
#endif
