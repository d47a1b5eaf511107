/* Many runs one after another, and tables of what they have found. */
#pragma once

#include "trainax/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_study_source {
    const char *path;             /* STUDY.yaml; read by rank 0 */
    const char *const *overrides; /* texts of --set; may be NULL */
    int num_overrides;
} tx_study_source;

/* `trainax study`: all settings of the file with all seeds, each in a run directory of its own, DIR/runs/SETTING/SEED, to the bytes
 * of the single run, and tables of those that have ended in DIR (options->output; runs/<name of the file> if NULL), which it owns
 * meanwhile. A run that diverges holds up nobody. Collective; every rank returns the same status and message.
 * TX_INVALID with the place of what is wrong in the file, before anything is trained, or when DIR holds a study that is neither
 * resumed nor overwritten; TX_STOPPED after a stop request; TX_DIVERGED when all runs have diverged. */
tx_status tx_study(const tx_registry *registry, tx_parallel *parallel, const tx_study_source *source,
                   const tx_train_options *options, tx_error *error);

typedef struct tx_apebench_options {
    const char *study;            /* a scenario, or a file; read by rank 0 */
    const char *const *overrides; /* texts of --set; may be NULL */
    int num_overrides;
    bool has_start_seed;
    int64_t start_seed; /* instead of all that are written */
    int num_metrics;    /* to be melted */
    const char *const *metrics;
    bool melt_metrics, melt_losses, melt_samples;
} tx_apebench_options;

/* `trainax apebench`: APEBench's experiments, each seed a run as of `scenario`, and its tables of them, in the directory of
 * options->output ("results" if NULL), which it owns meanwhile. An experiment whose table is there is skipped, unless
 * options->start is TX_START_OVERWRITE; else its runs go on where they were stopped (TX_START_RESUME). Otherwise as tx_study.
 * Collective. */
tx_status tx_apebench(const tx_registry *registry, tx_parallel *parallel, const tx_apebench_options *asked,
                      const tx_train_options *options, tx_error *error);

#ifdef __cplusplus
}
#endif
