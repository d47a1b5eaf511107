/* Configurations of callbacks as plans, on the minibatch that is there anyway. */
#pragma once

#include "training/minibatch.h"

/* What a callback evaluates: a plan of its own, or the trainer's, whose numbers are there already. */
typedef struct tx_callback_program {
    bool same; /* as the trainer's */
    tx_physics physics;
    tx_evaluator evaluator;
    tx_rooms rooms;
} tx_callback_program;

typedef struct tx_programs {
    size_t capacity;
    int count;
    tx_callback_program *programs;
    tx_reduction *gradients; /* of those with one; measured anew each time */
} tx_programs;

/* TX_INVALID: the callback's configuration reads more levels than a window has, …. */
tx_status tx_programs_add(tx_programs *programs, const tx_problem *problem, const tx_section *callback, bool gradient,
                          tx_error *error, int *handle);
int tx_programs_levels(const tx_programs *programs);      /* the most that one of them reads of a window */
int64_t tx_programs_numbers(const tx_programs *programs); /* the most that one of them reads of a trajectory */
bool tx_programs_need_gradients(const tx_programs *programs);
size_t tx_programs_room_bytes(const tx_programs *programs);      /* packed parameters, tables */
size_t tx_programs_workspace_bytes(const tx_programs *programs); /* of one thread */
size_t tx_programs_block_bytes(const tx_programs *programs);     /* more of it for each block more that runs at once */
/* Sums, values and workspaces, after all were added. parameters: referred to; losses: the caller's sum of values without a
 * gradient. */
tx_status tx_programs_allocate(tx_programs *programs, const tx_workers *workers, const tx_parameters *parameters,
                               tx_reduction *losses, tx_error *error);
void tx_programs_destroy(tx_programs *programs); /* takes a zeroed one */

bool tx_programs_is_same(const tx_programs *programs, int handle);
/* Of one that is not the trainer's. gradient: NULL where it was added without; else valid until the next call. Collective. */
tx_status tx_programs_evaluate(const tx_programs *programs, int handle, tx_workers *workers, const tx_share *share, tx_error *error,
                               double *loss, const void **gradient);
