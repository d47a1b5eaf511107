/* What baselines leave behind: a network file each, and two tables. */
#pragma once

#include "baseline/baseline.h"
#include "trainax/file.h"

typedef struct tx_report {
    tx_parallel *parallel;
    const char *directory;
    bool overwrite;
    tx_precision precision;
    int count;
    tx_baseline *baselines;
    int64_t num_steps;
    const tx_normalization *normalization; /* units of the data */
} tx_report;

/* Before there are results: may they be written there? inputs: NULL behind the last. Collective. */
tx_status tx_report_check(const tx_report *report, const char *const *inputs, tx_error *error);
/* Writes all; *out: the second table, on rank 0 (tx_free). Collective. */
tx_status tx_report_write(const tx_report *report, tx_error *error, char **out);
