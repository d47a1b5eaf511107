/* Callbacks: what is observed of a training step, before its update. One file a callback.
 *
 * A callback has any number of columns in history.csv. At the steps that its `every` selects it is called on every rank,
 * sees the network as it is before the update, and the minibatch of that step. At all other steps it costs nothing. */
#pragma once

#include "trainax/component.h"
#include "trainax/network.h"
#include "trainax/parallel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A callback's part of one row of history.csv: its k-th column stands at values[first + k]. */
typedef struct tx_cells {
    double *values;
    int64_t *present; /* bit first + k: that cell has a value */
    int first;
} tx_cells;
static inline void tx_cell_set(tx_cells cells, int column, double value)
{
    cells.values[cells.first + column] = value;
    *cells.present |= (int64_t)1 << (cells.first + column);
}
static inline bool tx_cell_has(tx_cells cells, int column)
{
    return *cells.present >> (cells.first + column) & 1;
}

/* A file DIRECTORY/NAME_STEP.h5 with the network of this step, or with a gradient of it. */
typedef struct tx_snapshot {
    const char *directory; /* made where it is missing; NULL: the run directory */
    const char *name;
    const void *gradient; /* NULL: the network */
    double loss;          /* whose gradient that is */
} tx_snapshot;

struct tx_evaluation_result; /* trainax/evaluation.h */

/* One of the metrics that the held-out data are measured with. */
typedef struct tx_asked_metric {
    const char *name; /* the trainer's */
    int index;        /* in the result's rows */
} tx_asked_metric;

/* By which best.h5 is chosen. */
typedef struct tx_kept_metric {
    const char *name; /* the trainer's */
    bool rising;      /* is more better? */
    bool asked;       /* the user names it; else it is what a callback watches anyway */
} tx_kept_metric;

struct tx_callback;

/* What a trainer does for its callbacks; the first argument is setup's or observation's `trainer`. */
typedef struct tx_trainer_services {
    /* -- at creation, on each rank alone -- */

    /* The callback's `configuration`, with `ref_stepper` and `residuum_fn` beside it, as a program. TX_INVALID: it reads more
     * levels than the trainer's windows have, …. */
    tx_status (*add_program)(void *trainer, const tx_section *callback, bool gradient, tx_error *error, int *handle);
    /* Metrics on held-out data (texts as tx_metrics_create takes them, read from an option, for messages). *out: one
     * allocation of *count metrics, the callback's (tx_free). All callbacks share one rollout a step. */
    tx_status (*add_metrics)(void *trainer, const tx_section *section, const char *option, int num_texts, const char *const *texts,
                             tx_error *error, int *count, tx_asked_metric **out);
    /* The run keeps the network that is best by this metric, of those that the callback offers. One callback keeps it: that which
     * was asked to (TX_INVALID: two were), else the first. */
    tx_status (*keep_best)(void *trainer, const struct tx_callback *callback, const tx_kept_metric *metric, tx_error *error);
    /* A checkpoint before every step that is a multiple of `every`, step 0 excepted. */
    tx_status (*add_checkpoints)(void *trainer, int64_t every, tx_error *error);

    /* Tells of files that this callback (whose section it is) will save at the steps that are multiples of `every`. TX_INVALID: the
     * run reads one of them, or another callback saves them too. */
    tx_status (*add_snapshots)(void *trainer, const tx_section *callback, const tx_snapshot *snapshot, int64_t every,
                               tx_error *error);

    /* -- while it observes; collective, all ranks get the same -- */

    /* Loss of a program on this minibatch and, where it was added with one, its gradient (flat, in the run's precision, valid
     * until the next call; else NULL). */
    tx_status (*evaluate)(void *trainer, int handle, tx_error *error, double *loss, const void **gradient);
    /* The network rolled out over the held-out data. */
    tx_status (*measure)(void *trainer, tx_error *error, const struct tx_evaluation_result **out);

    /* -- while it observes; on all ranks alike -- */

    /* Written by rank 0. What goes wrong ends the run at its next step. */
    void (*save)(void *trainer, const tx_snapshot *snapshot);
    /* The value of that metric for the network as it is; ignored unless this callback keeps the best one. */
    void (*offer)(void *trainer, const struct tx_callback *callback, double value);
    double (*learning_rate)(const void *trainer); /* of this step's update; NaN: it has none */
    /* What the optimizer tells of this step under that name, NaN: nothing this time. False: it has no such number, which can also
     * be asked at creation. */
    bool (*optimizer_number)(const void *trainer, const char *name, double *out);
    void (*end)(void *trainer); /* this step's update is the last of the run, which is then finished */
} tx_trainer_services;

/* What a callback sees: the network before the update of `step`, on that step's minibatch. */
typedef struct tx_observation {
    int64_t step, num_steps, epoch, batch;
    double loss; /* the trainer's, on this minibatch */
    tx_precision precision;
    const tx_network *network;
    const void *parameters; /* flat */
    double seconds;         /* since training began */
    int64_t first_step;     /* of this process (after a resume) */
    const tx_trainer_services *services;
    void *trainer;
} tx_observation;

/* Offered at creation. */
typedef struct tx_callback_setup {
    const tx_trainer_services *services;
    void *trainer;
    const tx_section *run; /* the whole configuration */
    tx_parallel *parallel; /* NULL: nothing will be observed (inspect) */
    tx_precision precision;
    const tx_log *log;
    bool terminal; /* progress lines may overwrite each other */
    int64_t every; /* of the composite that it stands in: both must select a step; 0: it stands in none */
} tx_callback_setup;

typedef struct tx_callback tx_callback;
typedef struct tx_callback_class { /* a callback component's `implementation` */
    /* May be NULL. Sets callback->columns where `column` does not say them. */
    tx_status (*create)(tx_callback *callback, const tx_callback_setup *setup, tx_error *error);
    /* Called on every rank at the steps that `every` selects; fails on all ranks or on none. */
    tx_status (*observe)(tx_callback *callback, const tx_observation *observation, tx_error *error, tx_cells cells);
    /* Once, after the last update, whatever `every` selects: the network that the run leaves. There is no minibatch and no row.
     * Otherwise as observe; may be NULL. */
    tx_status (*conclude)(tx_callback *callback, const tx_observation *observation, tx_error *error);
    /* After a resume, on rank 0, for each row that the run has so far, in order: what it observed then. May be NULL: it has
     * no memory of earlier steps. */
    void (*recall)(tx_callback *callback, int64_t step, tx_cells cells);
    void (*destroy)(tx_callback *callback); /* may be NULL: state is one tx_allocate, freed afterwards in any case */
    const char *column;                     /* its one column's default name; "": `name` is required; NULL: see create */
} tx_callback_class;

struct tx_callback {
    const tx_callback_class *class_;
    const tx_section *section;
    int num_columns;
    const char *const *columns; /* names */
    const char *column;         /* the one of those that have one */
    int64_t every;
    const tx_log *log;
    bool terminal;
    void *state;
};

/* TX_INVALID: no `name` where one is required, or what the class refuses. */
tx_status tx_callback_create(const tx_section *section, const tx_callback_setup *setup, tx_error *error, tx_callback **out);
void tx_callback_destroy(tx_callback *callback);
/* Observes if this step is one of its steps. Collective. */
tx_status tx_callback_observe(tx_callback *callback, const tx_observation *observation, tx_error *error, tx_cells cells);
tx_status tx_callback_conclude(tx_callback *callback, const tx_observation *observation, tx_error *error); /* collective */
void tx_callback_recall(tx_callback *callback, int64_t step, tx_cells cells);

#ifdef __cplusplus
}
#endif
