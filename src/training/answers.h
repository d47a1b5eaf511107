/* What a member's task answers beside its step's own loss and gradient: each kind of question has a plan of its own, made only
 * where the optimizer asks it. */
#pragma once

#include "trainax/task.h"
#include "training/minibatch.h"
#include "training/trained.h"

typedef enum tx_question {
    TX_QUESTION_VALUE,
    TX_QUESTION_RESIDUALS,
    TX_QUESTION_JACOBIAN, /* rows of it, in the lanes of a block */
    TX_QUESTION_PRODUCT,
    TX_QUESTION_ADJOINT_PRODUCT,
    TX_QUESTION_COUNT,
} tx_question;
bool tx_question_is_summed(tx_question question); /* by the workers: on some backends of all blocks at once */

typedef struct tx_answer {
    tx_residual_plan planned; /* plan NULL: nobody asks; of values the loss's plan, without rows */
    int block;
    tx_values *values;
    tx_rooms rooms;
} tx_answer;

typedef struct tx_answers {
    unsigned asked; /* TX_ASKS_… */
    tx_answer answer[TX_QUESTION_COUNT];
    int64_t rows; /* of a sample; 0: nobody asks for any */
    tx_workers *workers;
    const tx_trained *trained;    /* whose columns rows of J have, and adjoint products; what is asked at are whole vectors */
    tx_parameters bound, tangent; /* at which is asked */
    tx_reduction *gradients;      /* of gradients and adjoint products */
    tx_reduction *losses;         /* borrowed */
    void *unit;                   /* 2 rows - 1 reals, the middle one is 1: from within it, any cotangent of a single row */
    void *edges;                  /* residuals of two samples of which not all rows are wanted */
    void *lanes;                  /* a thread: rows of J of a block that is not full, or has columns that are not asked for */
    void **tables;                /* a thread: where a block's outputs go */
    const void **seeds;           /* a sample: its rows' cotangents */
} tx_answers;

/* `trained` must stand. Beside what is planned already. TX_INVALID: see tx_residual_plan_create. */
tx_status tx_answers_plan(tx_answers *answers, const tx_problem *problem, const char *asker, unsigned asked, tx_error *error);
/* The plan of a question with an adjoint part, in so much memory; that of others or of what nobody asks: none. */
tx_status tx_answers_plan_within(const tx_answers *answers, const tx_problem *problem, tx_question question, size_t memory,
                                 tx_error *error, tx_residual_plan *out);
size_t tx_answers_room_bytes(const tx_answers *answers, const tx_problem *problem, int num_ranks);
int64_t tx_answers_numbers(const tx_answers *answers);        /* the most that one of them reads of a trajectory */
size_t tx_answers_workspace_bytes(const tx_answers *answers); /* of one thread */
size_t tx_answers_block_bytes(const tx_answers *answers);     /* more of it for each block more that runs at once */
bool tx_answers_sum_gradients(const tx_answers *answers);
/* After all was planned. losses: a sum of losses alone, the caller's. */
tx_status tx_answers_allocate(tx_answers *answers, tx_workers *workers, tx_reduction *losses, tx_error *error);
void tx_answers_destroy(tx_answers *answers); /* takes a zeroed one */

/* The questions, of a rank's share of a minibatch: as a task's. Rows are counted from the share's first one. */
tx_status tx_answers_value(tx_answers *answers, const tx_share *share, const void *parameters, tx_error *error, double *out);
/* rows.c */
tx_status tx_answers_residuals(tx_answers *answers, const tx_share *share, const void *parameters, int64_t first, int64_t count,
                               tx_error *error, void *out);
tx_status tx_answers_jacobian(tx_answers *answers, const tx_share *share, const void *parameters, int64_t first, int64_t count,
                              tx_error *error, void *out);
tx_status tx_answers_product(tx_answers *answers, const tx_share *share, const void *parameters, const void *v, int64_t first,
                             int64_t count, tx_error *error, void *out);
tx_status tx_answers_adjoint_product(tx_answers *answers, const tx_share *share, const void *parameters, const void *w,
                                     tx_error *error, void *out);
