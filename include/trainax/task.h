/* A task: what an optimizer may ask about the minibatch of a step, at any parameters.
 *
 * Its value is the loss f, a mean over the minibatch. Where f is a sum of squares, f = |r|^2, the task also knows its residual
 * rows r, one number each, and J = dr/dparameters (with the cuts of the configuration). The rows of a minibatch are numbered
 * through, and each rank has a range of them of its own.
 *
 * What can be asked is a table of functions: one that an implementation lacks is NULL. All buffers hold reals of the task's
 * precision; parameters are flat, num_parameters of them, the same on all ranks. "Collective": called by all ranks alike, in the
 * same order, with the same arguments; all get the same status and the same bits. */
#pragma once

#include "trainax/leaf.h"
#include "trainax/parallel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What will be asked for, beside the value and the gradient that a task comes with. */
enum {
    TX_ASKS_VALUE = 1,
    TX_ASKS_GRADIENT = 2,
    TX_ASKS_ROWS = 4, /* residuals, too */
    TX_ASKS_PRODUCT = 8,
    TX_ASKS_ADJOINT_PRODUCT = 16,
    TX_ASKS_RESIDUALS = 32, /* of `rows` them alone */
};

typedef struct tx_task_class {
    /* Once, before there are numbers: all that `asker` (a name, for errors) will ask of this task, TX_ASKS_…. What is not named
     * here must not be asked; it takes no memory and no time. NULL: nothing has to be prepared. TX_INVALID, with the place in the
     * file: f is no sum of squares, …. Not collective. */
    tx_status (*prepare)(void *object, const char *asker, unsigned what, tx_error *error);
    /* f; not finite where something in it is not. Costs no gradient. Collective. */
    tx_status (*value)(void *object, const void *parameters, tx_error *error, double *out);
    /* f and df/dparameters. *out: num_parameters reals, the task's, valid until it is asked for a gradient or an adjoint product
     * again; the gradient that the task came with stays. Collective. */
    tx_status (*gradient)(void *object, const void *parameters, tx_error *error, double *value, const void **out);
    /* Residuals first … first + count - 1, which must be of this rank's own, and their rows of J, one behind the other: count and
     * count * num_parameters reals of the caller's; either NULL: unwanted. NaN where a user's function failed. A row has the same
     * bits whatever the range. Rows of J cost a forward and a backward pass each, many of them computed together: ask for
     * hundreds at a time. Residuals cost a forward pass a window: ask for all of them at once. Not collective: a failure is this
     * rank's own, to be agreed upon before anything that is. */
    tx_status (*rows)(void *object, const void *parameters, int64_t first, int64_t count, tx_error *error, void *residuals,
                      void *jacobian);
    /* out = J v of rows first … first + count - 1, of this rank's own; v: num_parameters reals. Costs two forward passes a window.
     * Not collective, as rows. */
    tx_status (*product)(void *object, const void *parameters, const void *v, int64_t first, int64_t count, tx_error *error,
                         void *out);
    /* out = J' w, summed over all ranks (exactly, where the run's reduction is exact); w: each rank's own rows. Two backward
     * passes, as the size of the sum is not known before. Collective but for w. */
    tx_status (*adjoint_product)(void *object, const void *parameters, const void *w, tx_error *error, void *out);
} tx_task_class;

/* One for a whole run: what is above the line holds for all of it, the rest is of the minibatch of this step. All questions of a
 * step are about the same windows. The next step has others, whatever became of this one; of a full batch they
 * are the same in another order: its J'J and J'r at the same parameters differ by rounding alone, and its rows lie on other
 * ranks. */
typedef struct tx_task {
    const tx_task_class *class_;
    void *object;
    tx_parallel *parallel; /* NULL: this process alone, or nothing will be asked (inspect) */
    const tx_log *log;     /* NULL: nothing is told */
    tx_precision precision;
    int64_t num_parameters;
    int num_leaves;
    const tx_leaf *leaves; /* that the parameters consist of, one behind the other */
    int64_t accumulate;    /* minibatches that an update is made of; 0 means 1 */
    bool full_batch;       /* one minibatch an epoch, always of the same windows */
    int64_t sample_rows;   /* of a sample, at most before the first step; 0 where rows are not known, or until they were prepared */
    int64_t most_rows;     /* of a minibatch, likewise */
    /* ---- */
    int64_t num_rows, first_row, num_own_rows; /* of all ranks; this rank's own. 0 where there are none */
    const int64_t *own_samples;                /* of a full batch: numbers by which its samples can be told apart; else NULL */
    const void *parameters;                    /* now, and there, known already: */
    double value;
    const void *gradient;
} tx_task;

#ifdef __cplusplus
}
#endif
