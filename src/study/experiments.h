/* APEBench's CONFIGS: what is to be run, and how it is called. */
#pragma once

#include "component/variant.h"

enum { TX_EXPERIMENT_NAME = 250 };

typedef struct tx_experiment {
    const char *name;     /* of its files */
    const char *words[4]; /* scenario, task, train, net: as they are written */
    const char *column;   /* the scenario's name in tables */
    const char *kwargs;   /* its further keys, as Python writes a dictionary */
    int64_t first, seeds;
    const tx_yaml *tree; /* of its runs' configurations, but for the seed */
    int num_metrics;
    const char *const *metrics;
    int64_t horizon; /* steps of a test rollout */
    int64_t samples; /* rollouts that are kept whole */
} tx_experiment;
enum { TX_WORD_SCENARIO, TX_WORD_TASK, TX_WORD_TRAIN, TX_WORD_NET };

typedef struct tx_experiments {
    tx_pool pool;
    const char *name; /* of the file, or of the one scenario */
    int count;
    tx_experiment *items;
} tx_experiments;

/* text: of the file `name`; NULL: `name` is a scenario, the one entry, whose keys overrides set. start_seed: instead of all others;
 * NULL: none. TX_INVALID with the place of what is wrong. To be closed in any case. */
typedef struct tx_experiments_source {
    const char *name, *text;
    const char *const *overrides;
    int num_overrides;
    const int64_t *start_seed;
} tx_experiments_source;
tx_status tx_experiments_read(tx_experiments *experiments, const tx_registry *registry, const tx_experiments_source *source,
                              tx_error *error);
void tx_experiments_close(tx_experiments *experiments); /* takes a zeroed one */

/* The configuration of a run alone in this directory; the experiments outlive it. */
tx_status tx_experiment_run(tx_experiments *experiments, const tx_registry *registry, int experiment, int64_t seed,
                            const char *directory, tx_error *error, tx_config **out);
/* One whose evaluation.data has just the trajectories that rollouts are kept of, and as few levels as can be. */
tx_status tx_experiment_starts(tx_experiments *experiments, const tx_registry *registry, int experiment, tx_error *error,
                               tx_config **out);
