/* The trainer, as the room's own files see it: one step is compute, observe, update. */
#pragma once

#include "training/problem.h"
#include "trainax/callback.h"
#include "trainax/optimizer.h"
#include "trainax/training.h"

/* What one rank may ask of all others; travels in the step's one allreduce. */
typedef enum tx_request {
    TX_REQUEST_STOP,       /* a signal, the time limit */
    TX_REQUEST_CHECKPOINT, /* rank 0's clock says so */
    TX_REQUEST_ABORT,      /* something has failed here */
    TX_REQUEST_COUNT,
} tx_request;

/* What a thread writes while it computes blocks. */
typedef struct tx_worker {
    tx_workspace *workspace;
    void *gradient;
    double *losses; /* of a block's samples */
} tx_worker;

/* A program of its own for a callback; no gradient. */
typedef struct tx_evaluator {
    tx_loss_program loss;
    tx_workspace *workspace;
    int64_t current; /* step whose parameters it holds, -1: none */
    double *losses;  /* of a block's samples */
} tx_evaluator;

/* This rank's samples of one step, on their way or here. */
typedef struct tx_fetch {
    int64_t step; /* -1: nothing asked for */
    tx_minibatch minibatch;
    int64_t first, count; /* this rank's samples of the minibatch */
    int64_t *levels;      /* first level of each window */
} tx_fetch;

struct tx_trainer {
    tx_parallel *parallel;
    const tx_log *log;
    tx_problem problem;
    tx_dataset *dataset;
    tx_mixer *mixer;
    tx_optimizer *optimizer;
    tx_reduction *reduction;  /* of the step */
    tx_reduction *evaluation; /* of evaluators: no gradient */
    tx_worker *workers;       /* [threads] */
    size_t evaluator_capacity;
    int num_evaluators, num_callbacks, num_columns;
    tx_evaluator *evaluators;
    size_t evaluator_bytes; /* of their programs and workspaces */
    tx_callback **callbacks;
    tx_callback *progress; /* the standard one, NULL: the configuration has one, or nobody listens */
    tx_config *progress_config;
    const char **columns; /* names of callbacks' columns, in order */
    int levels;           /* fetched of each window: the most that anybody reads */
    tx_fetch fetches[2];
    const void *const *windows; /* of this step, this rank's */
    void *parameters, *next_parameters;
    int64_t step;       /* updates done */
    double loss;        /* of the last computed step */
    double start;       /* clock when training began */
    double reducing;    /* seconds since then in reductions, on several ranks: waiting for others included */
    int64_t first_step; /* of this process */
    tx_status local;    /* what went wrong on this rank, told to all at the next reduction */
    tx_error local_error;
    int64_t requests[TX_REQUEST_COUNT]; /* mine before a step, everybody's sum after it */
};

/* terminal: for progress. with_progress: whether to add the standard progress line. */
typedef struct tx_trainer_setup {
    const tx_log *log;
    bool terminal, with_progress;
} tx_trainer_setup;
tx_status tx_trainer_create_with(const tx_config *config, tx_parallel *parallel, const tx_trainer_setup *setup, tx_error *error,
                                 tx_trainer **out);

/* A trainer without data and other ranks, which cannot step: for what it would occupy as one of num_ranks. */
tx_status tx_trainer_create_alone(const tx_config *config, const tx_data_shape *data, int num_ranks, tx_error *error,
                                  tx_trainer **out);

/* Loss and gradient of step `trainer->step`, summed over all ranks. Collective. */
tx_status tx_trainer_compute(tx_trainer *trainer, tx_error *error);
/* TX_DIVERGED when the computed loss or gradient is not finite. */
tx_status tx_trainer_check(const tx_trainer *trainer, tx_error *error);
/* Calls the callbacks that are due. present: bit k + 1 where values[k + 1] was set (the loss's place is left alone). */
tx_status tx_trainer_observe(tx_trainer *trainer, tx_error *error, int64_t *present, double *values);
/* The optimizer's step. TX_DIVERGED, with nothing changed, when the new parameters would not be finite. */
tx_status tx_trainer_update(tx_trainer *trainer, tx_error *error);
/* After parameters were changed from outside (a resume). */
void tx_trainer_refresh(tx_trainer *trainer);

/* minibatch.c: the blocks of a minibatch, dealt to ranks and threads. */
tx_status tx_trainer_fetch(tx_trainer *trainer, int64_t step, tx_error *error);
tx_status tx_trainer_wait(tx_trainer *trainer, int64_t step, tx_error *error);
void tx_trainer_run_blocks(tx_trainer *trainer);
tx_status tx_trainer_evaluate(void *trainer, int handle, tx_error *error, double *loss);
