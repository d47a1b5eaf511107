/* Held-out data: a network is rolled out from the first level of each trajectory and compared with the others. */
#pragma once

#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/network.h"
#include "trainax/parallel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Trajectories, metrics and programs, ready to evaluate any parameters of one network, as often as wanted (a callback does so
 * every k steps). Trajectories are spread over the ranks, samples over ranks and threads; beside its part of the trajectories, or
 * the few levels that are read at a time, a rank holds its samples' quantities at all steps. The numbers are the same to the bit on
 * any number of ranks and threads. */
typedef struct tx_evaluation tx_evaluation;
typedef struct tx_evaluation_setup {
    const tx_section *run;      /* of the whole configuration: its `evaluation`, or its `data` where that names none */
    const tx_section *network;  /* of the network: the configuration's own or a file's */
    const char *metrics;        /* names separated by commas, instead of evaluation.metrics; may be NULL */
    struct tx_dataset *dataset; /* trajectories that are loaded already (the caller's; nobody else may fetch from them while
                                 * the evaluation lives); NULL: it loads its own */
    int networks; /* how many of that section are rolled out beside each other, for metrics of their mean, `spread` and
                   * `crps`; 0: one, for its own metrics */
    bool once;    /* its own are not loaded: their levels are read when they are needed, in each run */
    const struct tx_normalization *normalization; /* that its own are in where they say nothing of it; may be NULL */
} tx_evaluation_setup;
typedef struct tx_evaluation_result { /* owned by the evaluation, valid until its next run */
    int64_t num_steps;
    int num_metrics; /* columns */
    const char *const *names;
    const double *values; /* [num_steps][num_metrics], from step 1 on; rounded to the run's precision */
    double gmean;         /* geometric mean of mean_nRMSE over the first 100 steps, or all if fewer */
} tx_evaluation_result;
/* Collective. TX_INVALID: no data section, an unknown metric, channels or axes that are not the network's, more steps than
 * the trajectories have. */
tx_status tx_evaluation_create(tx_parallel *parallel, const tx_evaluation_setup *setup, tx_error *error, tx_evaluation **out);
void tx_evaluation_destroy(tx_evaluation *evaluation);                    /* collective */
const tx_network *tx_evaluation_network(const tx_evaluation *evaluation); /* how its parameters lie */
const struct tx_dataset *tx_evaluation_dataset(const tx_evaluation *evaluation);
/* Collective; all ranks get the result. parameters: flat, in the run's precision, the same on all ranks. */
tx_status tx_evaluation_run(tx_evaluation *evaluation, const void *parameters, tx_error *error, tx_evaluation_result *out);

/* The same of setup.networks of them. */
tx_status tx_evaluation_run_all(tx_evaluation *evaluation, const void *const *parameters, tx_error *error,
                                tx_evaluation_result *out);

/* Rolls a stored network out from the first level of every trajectory of a file. network_path: may be an ensemble's directory; the
 * file then has the mean of its finished members, and in `/spread` their standard deviation. device: of OpenCL, as parallel.device;
 * NULL: on the CPU. Collective. */
tx_status tx_rollout(tx_parallel *parallel, const tx_registry *registry, const char *network_path, const char *initial_path,
                     int64_t num_steps, const char *device, const tx_output *output, tx_error *error);

/* Trainax's full_loss: the value of the trainer's configuration over all windows of a data set, in blocks, never all at the
 * same time. Summed exactly: the same to the bit on any number of ranks. Collective. */
tx_status tx_full_loss(tx_parallel *parallel, const tx_section *run, struct tx_dataset *dataset, const tx_network *network,
                       const void *parameters, tx_error *error, double *out);

typedef struct tx_evaluate_options {
    const char *network;        /* network file or checkpoint; or an ensemble's directory: those of its finished members */
    const char *metrics;        /* names separated by commas; NULL: the configuration's */
    tx_output output;           /* metrics.csv; path NULL: the table is part of the text */
    bool full_loss;             /* of the `trainer` section on `data` */
    struct tx_dataset *dataset; /* as of tx_evaluation_setup: the trajectories to evaluate on; NULL: they are read */
} tx_evaluate_options;
/* `trainax evaluate`: text for the screen (tx_free; NULL on all ranks but 0). Collective. TX_BAD_DATA: what is wrong with the
 * network file. */
tx_status tx_evaluate(const tx_config *config, tx_parallel *parallel, const tx_evaluate_options *options, tx_error *error,
                      char **out);

#ifdef __cplusplus
}
#endif
