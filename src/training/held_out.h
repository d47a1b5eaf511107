/* The held-out data of callbacks: all their metrics in one evaluation, which runs at most once a step. */
#pragma once

#include "evaluation/evaluation.h"
#include "problem/problem.h"
#include "trainax/callback.h"

typedef struct tx_held_out {
    size_t capacity;
    int num_names;
    char **names; /* of metrics, all different */
    tx_evaluation *evaluation;
    const tx_network *network; /* whose constants it has */
    bool shares_data;          /* with the training */
    int64_t current;           /* step of the result, -1: none */
    tx_evaluation_result result;
} tx_held_out;

/* The metrics that an option of a section asks for. */
typedef struct tx_metrics_wanted {
    const tx_section *section;
    const char *option;
    int num_texts;
    const char *const *texts;
} tx_metrics_wanted;
/* As the callbacks' service of this name. */
tx_status tx_held_out_add_metrics(tx_held_out *held_out, const tx_problem *problem, const tx_metrics_wanted *wanted,
                                  tx_error *error, int *count, tx_asked_metric **out);
/* Whether the evaluation section, used or not, suits its data's shape. Not collective. */
tx_status tx_held_out_check(const tx_problem *problem, tx_error *error);
/* Is the evaluation section's data other than that of the training? */
bool tx_held_out_differs(const tx_problem *problem);
/* After all were added: what it takes on one of num_ranks ranks is known then. Nothing where no callback asks. shape: of data of
 * the evaluation that will be there already; without trajectories: it loads its own. */
tx_status tx_held_out_plan(tx_held_out *held_out, const tx_problem *problem, const tx_data_shape *shape, int rank, int num_ranks,
                           tx_error *error);
size_t tx_held_out_bytes(const tx_held_out *held_out);
int64_t tx_held_out_numbers(const tx_held_out *held_out); /* that are read of a trajectory */
/* dataset: those of the training where it shares them, else those that will be there already; NULL: none. Collective. */
tx_status tx_held_out_load(tx_held_out *held_out, tx_parallel *parallel, tx_dataset *dataset, const tx_normalization *normalization,
                           tx_error *error);
void tx_held_out_destroy(tx_held_out *held_out); /* collective */

/* For the parameters of `step`; where they are evaluated already, nothing is done. Nobody else may fetch from the data meanwhile.
 * Collective. */
tx_status tx_held_out_measure(tx_held_out *held_out, int64_t step, const void *parameters, tx_error *error);
