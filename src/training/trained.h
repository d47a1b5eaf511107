/* Which leaves are trained: all, or, with `freeze`, some. The optimizer sees these alone, one behind the other; its task and its
 * state are of them. Where they lie together in the whole vector, nothing is copied. */
#pragma once

#include "problem/problem.h"

typedef struct tx_trained_run { /* of numbers that are neighbours in the whole */
    int64_t first, count;
} tx_trained_run;

typedef enum tx_trained_room { TX_ROOM_GRADIENT, TX_ROOM_PARAMETERS, TX_ROOM_NEXT, TX_ROOM_ANSWER, TX_NUM_ROOMS } tx_trained_room;

typedef struct tx_trained {
    tx_precision precision;
    int64_t whole, count; /* numbers; those that are trained */
    int num_leaves, num_runs;
    tx_leaf *leaves; /* their offsets are among the numbers that are trained */
    tx_trained_run *runs;
    void *rooms[TX_NUM_ROOMS]; /* of `count` reals each; NULL where these lie together */
    void *at, *along;          /* whole vectors for what an optimizer asks; NULL: all is trained, or it asks nothing */
} tx_trained;

/* TX_INVALID, at `freeze`: a pattern that is no leaf's, or nothing is left. */
tx_status tx_trained_create(const tx_problem *problem, tx_error *error, tx_trained *out);
void tx_trained_destroy(tx_trained *trained); /* takes a zeroed one */
static inline bool tx_trained_is_all(const tx_trained *trained)
{
    return trained->count == trained->whole;
}

/* Rooms; asks: the optimizer asks more of its task than a gradient. */
size_t tx_trained_bytes(const tx_trained *trained, bool asks);
tx_status tx_trained_allocate(tx_trained *trained, bool asks, tx_error *error);

/* The numbers of a whole vector that are trained: where they lie, if they lie together, else gathered in that room. */
const void *tx_trained_of(const tx_trained *trained, const void *whole, tx_trained_room room);
/* Where an optimizer is to put the next ones: there, or in a room, from where they are then brought there. */
void *tx_trained_place(const tx_trained *trained, void *whole);
void tx_trained_bring(const tx_trained *trained, void *whole);
void tx_trained_gather(const tx_trained *trained, const void *whole, void *part);
/* A whole vector: others are those of `parameters`, or 0. Valid until it is asked for again. */
const void *tx_trained_at(const tx_trained *trained, const void *part, const void *parameters);
const void *tx_trained_along(const tx_trained *trained, const void *part);
void tx_trained_clear_others(const tx_trained *trained, void *whole);
