/* The trainer, as the room's own files see it: one step is compute, observe, update. */
#pragma once

#include "training/budget.h"
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

/* What a thread writes while it computes blocks, of whatever program. */
typedef struct tx_worker {
    void *gradient; /* of a block, or of all that run at once */
    double *losses; /* of their samples */
    tx_team *team;  /* of threads that share a block */
    tx_status status; /* what went wrong in this step's blocks */
    tx_error error;
} tx_worker;

/* A plan over the blocks of a minibatch, and where its sums go. */
typedef struct tx_evaluator {
    tx_loss_plan loss;
    tx_values *values;
    tx_workspace **workspaces; /* [threads] */
    tx_reduction *reduction;   /* the trainer's; its last counter counts failures of users' functions */
    bool gradient;
} tx_evaluator;

/* What a callback evaluates: a program of its own, or the trainer's, whose numbers are there already. */
typedef struct tx_callback_program {
    bool same; /* as the trainer's */
    tx_evaluator evaluator;
} tx_callback_program;

/* The rollout on held-out data that all callbacks share: at most one a step. */
typedef struct tx_held_out {
    size_t capacity;
    int num_names;
    char **names; /* of metrics, all different */
    tx_evaluation *evaluation;
    bool shares_data; /* with the trainer */
    int64_t current;  /* step of the result, -1: none */
    tx_evaluation_result result;
} tx_held_out;

/* The best network so far, by a metric that a callback measures: the same on all ranks but for what a resume brings, which rank 0
 * has. */
typedef struct tx_best {
    const tx_callback *keeper; /* NULL: none is kept */
    tx_kept_metric metric;
    double value; /* NaN: none yet */
    int64_t step; /* updates done */
    void *parameters;
    bool changed; /* since it was saved */
} tx_best;

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
    tx_reduction *reduction; /* of the step: loss, gradient, requests, failures */
    tx_reduction *losses;    /* of callbacks without a gradient */
    tx_reduction *gradients; /* of callbacks with one; measured anew each time */
    tx_worker *workers;      /* [threads] */
    tx_evaluator evaluator;  /* of the step */
    int levels;              /* fetched of each window: the most that anybody reads */
    size_t program_capacity, column_capacity, checkpoint_capacity;
    int num_programs, num_callbacks, num_columns, num_checkpoints;
    tx_callback_program *programs; /* of callbacks */
    tx_callback **callbacks;
    tx_callback *progress; /* the standard one, NULL: the configuration has one, or nobody listens */
    tx_config *progress_config;
    const char **columns; /* names of callbacks' columns, in order */
    int64_t present;      /* what they observed in tx_trainer_step, as tx_trainer_observe sets it */
    double *values;
    int64_t *checkpoints; /* a checkpoint before every step that is a multiple of one of these */
    tx_held_out held_out;
    tx_best best;
    struct tx_history *history; /* rank 0 of a run: its losses stand in snapshots */
    const char *directory;      /* of the run, for snapshots; NULL: there is none */
    const char *const *inputs;  /* what the run reads, NULL behind the last; NULL: unknown */
    bool overwrite;             /* may files of save_network that are there be replaced? */
    const tx_section *earlier;  /* rank 0 of a resumed run: the whole configuration that it had before; else NULL */
    size_t planned;             /* bytes of the plan: all that stands before there is room for numbers */
    size_t data_bytes, loading; /* of this rank's data, and what reading them takes beside */
    int64_t ended_at;           /* updates after which a callback ended the run, -1: none has */
    tx_fetch fetches[2];
    const void *const *windows; /* of this step, this rank's */
    void *parameters, *next_parameters;
    tx_parameters shared; /* the former, as plans are bound to them */
    int64_t step;       /* updates done */
    double loss;        /* of the last computed step */
    double start;       /* clock when training began */
    double reducing;    /* seconds since then in reductions, on several ranks: waiting for others included */
    int64_t first_step; /* of this process */
    tx_status local;    /* what went wrong on this rank, told to all at the next reduction */
    tx_error local_error;
    int64_t requests[TX_REQUEST_COUNT]; /* mine before a step, everybody's sum after it */
};

/* terminal: for progress. with_progress: whether to add the standard progress line. resumes: parameters come from a checkpoint.
 * directory, inputs, overwrite, earlier: of the run, as above. */
typedef struct tx_trainer_setup {
    const tx_log *log;
    bool terminal, with_progress, resumes, overwrite;
    const char *directory;
    const char *const *inputs;
    const tx_section *earlier;
} tx_trainer_setup;
tx_status tx_trainer_create_with(const tx_config *config, tx_parallel *parallel, const tx_trainer_setup *setup, tx_error *error,
                                 tx_trainer **out);

/* The plan of a trainer, without room for any numbers: for what it would occupy as one of num_ranks. */
tx_status tx_trainer_plan(const tx_config *config, const tx_data_source *data, int num_ranks, tx_error *error, tx_trainer **out);

/* Loss and gradient of step `trainer->step`, summed over all ranks. Collective. */
tx_status tx_trainer_compute(tx_trainer *trainer, tx_error *error);
/* TX_DIVERGED when the computed loss or gradient is not finite. Collective. */
tx_status tx_trainer_check(tx_trainer *trainer, tx_error *error);
/* Calls the callbacks that are due. present: bit k + 1 where values[k + 1] was set (the loss's place is left alone). */
tx_status tx_trainer_observe(tx_trainer *trainer, tx_error *error, int64_t *present, double *values);
/* The optimizer's step. TX_DIVERGED, with nothing changed, when the new parameters would not be finite. */
tx_status tx_trainer_update(tx_trainer *trainer, tx_error *error);
/* blame.c: TX_DIVERGED at this step because of `what`, and the windows of the minibatch that look like it. Collective. */
tx_status tx_trainer_blame(tx_trainer *trainer, const char *what, tx_error *error);
size_t tx_trainer_parameter_bytes(const tx_trainer *trainer);
/* Whether a finished reduction carries somebody's request to abort: what went wrong, on all ranks. Collective. */
tx_status tx_trainer_check_abort(const tx_trainer *trainer, const tx_reduction *reduction, tx_error *error);
/* Something failed on this rank alone: all learn of it in the next reduction. */
void tx_trainer_note_failure(tx_trainer *trainer, tx_status status);
/* After any change of trainer->parameters. */
void tx_trainer_refresh(tx_trainer *trainer);

/* trainer_memory.c: what it occupies as one of num_ranks ranks: known once it is planned. */
tx_budget tx_trainer_budget(const tx_trainer *trainer, int num_ranks);
tx_memory_estimate tx_trainer_memory(const tx_trainer *trainer, int num_ranks);
/* Where `parallel.memory` says so, makes the loss's program keep less. TX_INVALID, at that place of the file: not even the least
 * that is possible fits. */
tx_status tx_trainer_fit(tx_trainer *trainer, int num_ranks, tx_error *error);
void tx_trainer_advise(const void *trainer, double allowed, char *text, size_t size); /* a tx_advice */

/* introduction.c: data, network, sizes, in a line each. */
void tx_trainer_introduce(const tx_trainer *trainer, int num_ranks, const tx_log *log);

/* minibatch.c: the blocks of a minibatch, dealt to ranks and threads. */
tx_status tx_trainer_fetch(tx_trainer *trainer, int64_t step, tx_error *error);
tx_status tx_trainer_wait(tx_trainer *trainer, int64_t step, tx_error *error);
/* Blocks of a minibatch that a rank runs in one call: 1, or all of its own. */
int tx_trainer_blocks_at_once(const tx_trainer *trainer);
/* Around somebody else's use of the store: until it is idle, and until it is again as it was. */
tx_status tx_trainer_pause_fetching(tx_trainer *trainer, tx_error *error);
tx_status tx_trainer_resume_fetching(tx_trainer *trainer, tx_error *error);
/* A sum over the blocks of a minibatch: the loss, requests and failures, maybe a gradient. */
tx_status tx_trainer_reduction(const tx_trainer *trainer, bool gradient, tx_error *error, tx_reduction **out);
tx_status tx_evaluator_create(const tx_trainer *trainer, tx_loss_plan loss, tx_reduction *reduction, bool gradient,
                              tx_error *error, tx_evaluator *out);
void tx_evaluator_destroy(const tx_trainer *trainer, tx_evaluator *evaluator); /* takes a zeroed one */
/* A failure of the backend is noted, and counted for all ranks as a request to abort. */
void tx_trainer_run_blocks(tx_trainer *trainer, const tx_evaluator *evaluator);

/* observe.c: callbacks, and what they may ask for. */
tx_status tx_trainer_create_callbacks(tx_trainer *trainer, const tx_trainer_setup *setup, tx_error *error);
tx_status tx_trainer_create_progress(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error);
void tx_trainer_destroy_callbacks(tx_trainer *trainer);
/* A row that the run has so far, after a resume; rank 0. */
void tx_trainer_recall(tx_trainer *trainer, int64_t step, int64_t present, const double *values);
bool tx_trainer_checkpoint_due(const tx_trainer *trainer); /* by callbacks */

/* programs.c: configurations of callbacks on the minibatch. */
tx_status tx_trainer_add_program(void *trainer, const tx_section *callback, bool gradient, tx_error *error, int *handle);
tx_status tx_trainer_evaluate(void *trainer, int handle, tx_error *error, double *loss, const void **gradient);
bool tx_trainer_needs_gradients(const tx_trainer *trainer);
tx_status tx_trainer_allocate_programs(tx_trainer *trainer, tx_error *error); /* sums and workspaces, after all were added */
void tx_trainer_destroy_programs(tx_trainer *trainer);

/* held_out.c: metrics of callbacks on the evaluation section. */
tx_status tx_trainer_add_metrics(void *trainer, const tx_section *section, const char *option, int num_texts,
                                 const char *const *texts, tx_error *error, int *count, tx_asked_metric **out);
/* Whether the evaluation section, used or not, suits its data's shape. Not collective. */
tx_status tx_trainer_check_held_out(const tx_trainer *trainer, tx_error *error);
/* After all were added: what it takes on one of num_ranks ranks is known then. Nothing where no callback asks. */
tx_status tx_trainer_plan_held_out(tx_trainer *trainer, int num_ranks, tx_error *error);
size_t tx_trainer_held_out_bytes(const tx_trainer *trainer);
tx_status tx_trainer_load_held_out(tx_trainer *trainer, tx_error *error); /* collective */
bool tx_trainer_holds_out(const tx_trainer *trainer); /* is the evaluation section's data other than that of the training? */
tx_status tx_trainer_measure(void *trainer, tx_error *error, const tx_evaluation_result **out);
void tx_trainer_destroy_held_out(tx_trainer *trainer); /* collective */

/* best.c */
tx_status tx_trainer_keep_best(void *trainer, const tx_callback *callback, const tx_kept_metric *metric, tx_error *error);
void tx_trainer_offer(void *trainer, const tx_callback *callback, double value);
size_t tx_trainer_best_bytes(const tx_trainer *trainer);
tx_status tx_trainer_allocate_best(tx_trainer *trainer, tx_error *error); /* after all callbacks were made */

/* snapshot.c: networks and gradients of single steps, as files. */
tx_status tx_trainer_add_snapshots(void *trainer, const tx_snapshot *snapshot, int64_t every, tx_error *error);
void tx_trainer_save(void *trainer, const tx_snapshot *snapshot);
