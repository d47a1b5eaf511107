/* Runs one after another, each in a directory of its own to the bytes of the single run, and what became of them: a study, or
 * APEBench's experiments. */
#pragma once

#include "run/members.h"
#include "study/sheet.h"
#include "trainax/component.h"

/* ---- What became of a run: stands in outcome.csv of its directory ---- */

typedef struct tx_run_outcome {
    bool ended; /* finished or diverged; else it was stopped */
    bool diverged;
    int64_t steps;  /* made */
    double seconds; /* from the first minibatch on, in all its starts */
} tx_run_outcome;
/* False: there is none that can be read. */
bool tx_run_outcome_read(const char *directory, tx_run_outcome *out);
tx_status tx_run_outcome_write(const char *directory, const tx_run_outcome *outcome, tx_error *error);

#define TX_SAMPLES_FILE "sample_rollout.h5" /* rollouts that are kept of a run */

/* ---- All ---- */

typedef struct tx_series {
    int count;
    const char *const *directories; /* of the runs, all different */
    const char *again;              /* how to go on, at the end of a message: "run again with --resume to go on" */
    /* That of run k, for training; the caller's. The same on all ranks. */
    tx_status (*configure)(void *user, int run, tx_error *error, tx_config **out);
    /* Names of metrics for its metrics.csv, separated by commas; NULL: those of its evaluation. `text`: room for them. */
    const char *(*metrics)(void *user, const tx_config *config, tx_text *text, tx_error *error);
    /* A run has ended, now or, `found`, before. Collective. */
    tx_status (*ended)(void *user, int run, const tx_config *config, const tx_run_outcome *outcome, bool found, tx_error *error);
    void *user;
} tx_series;
/* Trains all that has not ended, in this order; where one ended well, metrics.csv in its directory is as `evaluate` writes it of
 * its network (network_ema.h5 where there is one). One that diverges holds up nobody; TX_DIVERGED if all have. TX_STOPPED after a
 * stop request, or near the time limit of the job; any other failure ends the series, too. options: of each run, but for `output`.
 * Collective. */
tx_status tx_series_train(const tx_series *series, tx_parallel *parallel, const tx_train_options *options, tx_error *error);
