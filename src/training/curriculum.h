/* Rollouts that grow while a run goes on: which plan a step takes. The plan of the problem is that of the largest rollouts, by
 * which windows, blocks and memory are chosen; a stage with smaller ones has one of its own, made when the stage begins, in the
 * place of the one before. What a stage is follows from the step alone. */
#pragma once

#include "training/minibatch.h"

typedef struct tx_curriculum {
    int64_t until; /* the step at which the stage has to be looked for; INT64_MAX: never (again) */
    tx_plan *plan; /* of the stage; NULL: it is the problem's */
} tx_curriculum;

tx_curriculum tx_curriculum_begin(const tx_problem *problem);
void tx_curriculum_destroy(tx_curriculum *curriculum); /* takes a zeroed one, after what uses its plan */
/* The loss of a step's stage, instead of that of the one before: the curriculum's, or the problem's. */
tx_status tx_curriculum_plan(tx_curriculum *curriculum, const tx_problem *problem, int64_t step, tx_error *error,
                             tx_loss_plan *out);
