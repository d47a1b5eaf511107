/* The normal equations of a task: of its residuals r, whose derivatives are J at the task's parameters,
 *
 *     (J'J + mu I) v = -J'f                      over parameters (primal), or, where a full minibatch has fewer rows than these,
 *     v = -J'(J J' + mu I)^-1 f                  over rows (dual).
 *
 * Rows of J are there a chunk at a time: by vjp, or, where a sample has more of them than there are parameters, as columns by jvp.
 * Of a dual system this rank has its own columns of all of them. All but bytes and setup is collective, and all ranks get the same.
 */
#pragma once

#include "algebra/slices.h"
#include "algebra/symmetric.h"
#include "trainax/task.h"

/* Seconds so far, of this rank: for rows of J, for their sum, for factors and solutions. */
typedef struct tx_normal_times {
    double jacobian, gram, factor;
} tx_normal_times;

typedef struct tx_normal {
    const tx_task *task;
    tx_parallel *parallel;
    int64_t chunk;   /* of rows, of each rank */
    bool by_columns; /* rows of J come so: as was asked for when the task had most rows */
    tx_symmetric *matrix;
    double *rows;    /* [chunk][parameters], or by columns [parameters][chunk] */
    void *direction; /* which column */
    void *at;        /* the parameters that J is of */
    bool built;      /* is there any? */
    tx_normal_times times;
    double *r, *other; /* own residuals: at the task's parameters; elsewhere */
    /* Of a dual system. */
    tx_slices slices;
    double *slice;             /* [rows][own columns] of J */
    double *whole;             /* all ranks' r, in the order of the system */
    double *multiplier, *bent; /* that v is -J' of; the same of f */
    int64_t *samples;          /* of a full batch, what these are in that order */
} tx_normal;

bool tx_normal_is_dual(const tx_task *task);              /* what has to be known of it: parameters, and most_rows */
unsigned tx_normal_asks(const tx_task *task, bool bends); /* of a task that is asked for residuals already, TX_ASKS_… */
tx_symmetric_setup tx_normal_setup(const tx_task *task, bool eigen);
size_t tx_normal_bytes(const tx_task *task, bool eigen, int num_ranks);

/* Takes a zeroed one; destroy: also of one that is half made. The task, which must outlive it, is asked for rows. */
tx_status tx_normal_create(tx_normal *normal, const tx_task *task, bool eigen, tx_error *error);
void tx_normal_destroy(tx_normal *normal);

/* r at the task's parameters. *square: |r|^2 */
tx_status tx_normal_look(tx_normal *normal, tx_error *error, double *square);
/* What |r|^2 is less at other parameters than it was there. */
tx_status tx_normal_compare(tx_normal *normal, const void *parameters, tx_error *error, double *decrease);
/* The system of J, once r was looked at. Of a full batch, where parameters are what they were, it is there already. */
tx_status tx_normal_build(tx_normal *normal, tx_error *error);
tx_status tx_normal_largest(tx_normal *normal, tx_error *error, double *out); /* on the diagonal of J'J */

/* What follows is of the system with this mu. *pivot as of tx_symmetric_factor. */
tx_status tx_normal_factor(tx_normal *normal, double mu, tx_error *error, double *pivot);
/* v, where f is r. g: J'r */
tx_status tx_normal_descend(tx_normal *normal, const double *g, tx_error *error, double *v);
/* The same of f = (2/e) ((r(p + e v) - r)/e - J v), e = 0.1: how r bends along v, after Transtrum and Sethna. there: room for
 * parameters. *finite false: it bends too much, nothing is solved. Asks the task for an adjoint product, unless dual. */
tx_status tx_normal_bend(tx_normal *normal, const double *g, const double *v, double mu, void *there, tx_error *error, double *out,
                         bool *finite);
