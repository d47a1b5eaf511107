/* What an evaluation consists of, as the files that make it and run it see it. */
#pragma once

#include "evaluation/evaluation.h"
#include "evaluation/levels.h"
#include "problem/problem.h"
#include "trainax/metric.h"

typedef struct evaluation_worker {
    tx_workspace *workspace;
    tx_metric_scratch *scratch;
    char *next;               /* [networks][block] states */
    char *mean;               /* of several networks: a state */
    double *sorted;           /* [networks] */
    const void **predictions; /* [networks] */
    tx_status status;         /* of its runs */
    tx_error error;
} evaluation_worker;

struct tx_evaluation {
    tx_parallel *parallel;
    tx_random random;
    tx_data_source *source; /* of its own trajectories, until they are loaded */
    bool once;              /* they are not */
    size_t data_bytes;      /* that these take, 0: they are the caller's */
    tx_data_shape shape;
    tx_levels levels;          /* of the trajectories */
    tx_dataset *dataset, *own; /* the one that is used; NULL where it is the caller's */
    tx_beside beside;          /* of trajectories that are not loaded */
    tx_network *network;
    const tx_backend *backend; /* NULL: the caller's */
    tx_plan *plan;             /* of one step */
    bool several;              /* networks, of whose mean the metrics are, and which have a spread; else one */
    int networks;              /* that are rolled out beside each other */
    tx_parameters *parameters;
    tx_values **bound;
    tx_metrics *metrics;
    const char **names;
    int num_metrics, nrmse; /* asked for; where mean_nRMSE stands, maybe behind those */
    int num_columns;        /* the metrics, of several networks then their spread and crps */
    int width;              /* numbers of a sample: the metrics' quantities, then the same two */
    int64_t num_steps, num_samples;
    int rank, num_ranks;
    int threads, block; /* samples that advance together: from all of them, so that no number of ranks changes a bit */
    evaluation_worker *workers;
    int given;           /* levels that a network is given */
    char *states;        /* [networks][group][given]: where each network stands */
    int *present;        /* [group]: samples of a group that have the level of a step */
    double *measured;    /* [num_steps][count][width], of this rank's samples */
    int64_t *quantities; /* [num_samples][width] doubles as integers */
    double *sorted, *row;
    double *values; /* [num_steps][num_columns] */
    double *errors; /* [num_steps]: mean_nRMSE */
};
