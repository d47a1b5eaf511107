/* What a study has found: its tables, of the runs that have ended. */
#pragma once

#include "study/series.h"

typedef struct tx_record {
    bool ended, diverged;
    bool reached;  /* the target */
    int64_t steps; /* at which it was seen, else all that were made */
    double seconds;
    double loss; /* the last that was recorded */
    double mean; /* of `values` over the first 100 steps: geometric, of correlations arithmetic */
    int64_t num_values;
    double *values; /* of the metric at steps 1, 2, … of the rollouts; tx_free */
} tx_record;

typedef struct tx_results {
    int num_settings, num_seeds;
    const char *const *settings; /* names */
    const int64_t *seeds;
    tx_record *records;      /* [num_settings][num_seeds] */
    const char *metric;      /* its name */
    bool has_target, rising; /* is there one? Is more better, as of correlations? */
    double target;
    int digits;
} tx_results;

/* That of a run that has ended, from history.csv and metrics.csv in its directory. TX_BAD_DATA: they are not what they should
 * be. */
tx_status tx_record_read(const char *directory, const tx_run_outcome *outcome, const tx_results *results, tx_error *error,
                         tx_record *out);
/* The column of a metric in metrics.csv: of that name, or the last one. */
int tx_metric_column(const tx_numbers_table *table, const char *metric);

/* Writes study.csv, summary.csv, tests.csv, study.json and study.md. */
tx_status tx_results_write(const tx_results *results, const char *directory, tx_error *error);
