/* An evaluation in two steps, for those who say first what they take: it is planned, then it loads its data and is ready. */
#pragma once

#include "problem/budget.h"
#include "trainax/data.h"
#include "trainax/evaluation.h"

/* For rank `rank` of num_ranks, whose plan is for `backend`, which outlives it. shape: of trajectories that will be there already
 * when it loads; NULL: they are its own, whose source is opened. Not collective. */
tx_status tx_evaluation_plan(const tx_evaluation_setup *setup, const tx_data_shape *shape, int rank, int num_ranks,
                             const tx_backend *backend, tx_error *error, tx_evaluation **out);
/* Do steps, network and metrics suit trajectories of this shape? Not collective. */
tx_status tx_evaluation_check(const tx_evaluation_setup *setup, const tx_data_shape *shape, tx_error *error);
int64_t tx_evaluation_numbers(const tx_evaluation *evaluation); /* that are read beside each trajectory */
/* Adds what it will take, beside a data set that will be there already. */
void tx_evaluation_add_budget(const tx_evaluation *evaluation, tx_budget *budget);
/* dataset: those trajectories, with the numbers beside them; NULL: its own, in the units of `normalization` (may be NULL) where
 * they have none. Collective. */
tx_status tx_evaluation_load(tx_evaluation *evaluation, tx_parallel *parallel, tx_dataset *dataset,
                             const tx_normalization *normalization, tx_error *error);
