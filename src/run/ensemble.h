/* A run directory that holds those of several members. */
#pragma once

#include "component/ensemble.h"
#include "run/members.h"

/* tx_train of a configuration with a section `ensemble`: member_000, … in its run directory, and tables of all of them behind the
 * last. TX_DIVERGED only where all have; TX_STOPPED where some have not been finished. */
tx_status tx_train_ensemble(const tx_config *config, tx_parallel *job, const tx_train_options *options, tx_error *error);

/* tables.c. members.csv and ensemble.csv, of what stands in the members' directories. Rank 0's business. TX_BAD_DATA: a file of a
 * member cannot be read, or one of the two cannot be written. */
typedef struct tx_ensemble_results {
    const tx_ensemble *ensemble;
    const char *directory;
    const char *const *members; /* their directories */
    const tx_member_end *ends;
    tx_precision precision;
} tx_ensemble_results;
tx_status tx_ensemble_write(const tx_ensemble_results *results, tx_error *error);
