/* What windows are changed by before anybody sees them: symmetries of the grid, then noise on the levels that are given. All of it
 * is drawn by the trainer's key, the step and the window's number alone. */
#pragma once

#include "data/augmentation.h"
#include "problem/problem.h"

typedef struct tx_changes {
    const tx_problem *problem;
    int count; /* of augmentations */
    tx_augmentation *augmentations;
    const tx_section *noise; /* NULL: none */
    double *std;             /* of it, a channel */
    bool per_channel;        /* std waits for that of the data */
    tx_key key;              /* the trainer's */
    int64_t windows;         /* room for so many */
    int levels;              /* of each */
    int64_t numbers;         /* of each one's trajectory; 0: nobody reads any */
    tx_symmetry symmetry;
    char *levels_room, *numbers_room;
    const void **changed, **changed_numbers; /* the changed ones; NULL: the numbers stay as they are */
    void *drawn;                             /* noise of the levels given */
} tx_changes;

static inline bool tx_changes_any(const tx_changes *changes)
{
    return changes->count || changes->noise;
}

/* TX_INVALID, with the place in the file. */
tx_status tx_changes_plan(tx_changes *changes, const tx_problem *problem, tx_error *error);
/* windows: at most so many at once, of so many levels; numbers: that are read of a trajectory. */
size_t tx_changes_bytes(const tx_changes *changes, int64_t windows, int levels, int64_t numbers);
tx_status tx_changes_allocate(tx_changes *changes, int64_t windows, int levels, int64_t numbers, tx_error *error);
/* What noise takes from the data, inside of a mask alone. Before other requests are made of their store. Collective. */
tx_status tx_changes_measure(tx_changes *changes, tx_parallel *parallel, const tx_dataset *dataset, tx_error *error);
void tx_changes_destroy(tx_changes *changes); /* takes a zeroed one */

/* `count` windows of a step, whose numbers among all windows are `which`; numbers NULL: nobody reads any. The changed ones, and
 * their numbers, stand in changes until the next call. */
void tx_changes_make(tx_changes *changes, int64_t step, int64_t count, const uint32_t *which, const void *const *windows,
                     const void *const *numbers);
