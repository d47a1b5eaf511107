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

typedef struct tx_task_class {
    /* f; not finite where something in it is not. Collective. */
    tx_status (*value)(void *object, const void *parameters, tx_error *error, double *out);
    /* f and df/dparameters. *out: num_parameters reals, the task's, valid until it is asked for a value or a gradient again; so is
     * the gradient that the task came with. Collective. */
    tx_status (*gradient)(void *object, const void *parameters, tx_error *error, double *value, const void **out);
    /* Residuals first … first + count - 1, which must be of this rank's own, and their rows of J, one behind the other: count and
     * count * num_parameters reals of the caller's (jacobian NULL: unwanted). Not collective. */
    tx_status (*rows)(void *object, const void *parameters, int64_t first, int64_t count, tx_error *error, void *residuals,
                      void *jacobian);
    /* out = J v of this rank's own rows; v: num_parameters reals, the same on all ranks. Not collective. */
    tx_status (*product)(void *object, const void *parameters, const void *v, tx_error *error, void *out);
    /* out = J' w, summed over all ranks; w: each rank's own rows. Collective but for w. */
    tx_status (*adjoint_product)(void *object, const void *parameters, const void *w, tx_error *error, void *out);
} tx_task_class;

/* One for a whole run: what is above the line holds for all of it, the rest is of the minibatch of this step. */
typedef struct tx_task {
    const tx_task_class *class_;
    void *object;
    tx_parallel *parallel; /* NULL: this process alone, or nothing will be asked (inspect) */
    tx_precision precision;
    int64_t num_parameters;
    int num_leaves;
    const tx_leaf *leaves; /* that the parameters consist of, one behind the other */
    /* ---- */
    int64_t num_rows, first_row, num_own_rows; /* of all ranks; this rank's own. 0 where there are none */
    const void *parameters;                    /* now, and there, known already: */
    double value;
    const void *gradient;
} tx_task;

#ifdef __cplusplus
}
#endif
