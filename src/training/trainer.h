/* The trainer, as the room's own files see it: a member, what a group of ranks trains it with, and the data that members share. */
#pragma once

#include "base/clock.h"
#include "problem/budget.h"
#include "training/member.h"
#include "training/shared.h"

struct tx_trainer {
    tx_parallel *parallel; /* the ranks that train: a group of the job, or all of it */
    const tx_log *log;
    const tx_shared *shared; /* the data: the next one's, or what members of one job have together */
    tx_shared own;
    tx_problem problem;
    tx_crew crew;
    tx_workers workers;
    tx_rooms rooms; /* for the problem's plan */
    tx_failure failure;
    size_t planned; /* bytes of the plan: all that stands before there is room for numbers */
    double start;   /* clock when training began; 0: not yet */
    tx_member member;
};
static inline double tx_trainer_seconds(const tx_trainer *trainer) /* since then; 0: not yet. NULL: there is no trainer */
{
    return trainer && trainer->start ? tx_clock() - trainer->start : 0;
}

/* terminal: for progress. with_progress: whether to add the standard progress line. resumes: parameters come from a checkpoint.
 * shared: made for this configuration, among others; NULL: the trainer loads its own data. */
typedef struct tx_trainer_setup {
    const tx_log *log;
    const tx_shared *shared;
    bool terminal, with_progress, resumes;
    tx_run_folder folder;
} tx_trainer_setup;
tx_status tx_trainer_create_with(const tx_config *config, tx_parallel *parallel, const tx_trainer_setup *setup, tx_error *error,
                                 tx_trainer **out);

/* The plan of a trainer, without room for any numbers: for what it would occupy as one of num_ranks. shared: without datasets. */
tx_status tx_trainer_plan(const tx_config *config, const tx_shared *shared, int num_ranks, tx_error *error, tx_trainer **out);

/* memory.c: what it would take to keep no more than the states between rollout steps; zero where nothing can be computed again. */
tx_status tx_problem_states(const tx_problem *problem, tx_error *error, tx_trade *out);
/* What its plans read beside each trajectory of the training data, and of the held-out data where these are the job's. */
int64_t tx_trainer_numbers(const tx_trainer *trainer);
int64_t tx_trainer_held_out_numbers(const tx_trainer *trainer);
/* What it occupies at most as one of num_ranks ranks, and as this one: known once it is planned. A device's memory counts where it
 * is the host's, too. */
tx_budget tx_trainer_budget(const tx_trainer *trainer, int num_ranks);
tx_budget tx_trainer_own_budget(const tx_trainer *trainer);
size_t tx_trainer_device_bytes(const tx_trainer *trainer, int num_ranks); /* about; 0: there is no device */
/* What rank 0 takes beside that while it writes a checkpoint: the file without its many numbers, as HDF5 has it and as a copy. */
size_t tx_trainer_image_bytes(const tx_trainer *trainer);
tx_memory_estimate tx_trainer_memory(const tx_trainer *trainer, int num_ranks);
/* Where `parallel.memory` says so, makes the loss's program keep less. TX_INVALID, at that place of the file: not even the least
 * that is possible fits. */
tx_status tx_trainer_fit(tx_trainer *trainer, int num_ranks, tx_error *error);
/* TX_INVALID: this rank's part takes more than a device of its backend has free. */
tx_status tx_trainer_check_device(const tx_trainer *trainer, int num_ranks, tx_error *error);
void tx_trainer_advise(const void *trainer, double allowed, char *text, size_t size); /* a tx_advice */
