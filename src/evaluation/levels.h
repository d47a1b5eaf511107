/* Reference levels as an evaluation goes through them: this rank's samples in groups, of each group level after level. They lie in
 * a store, the next ones on their way; or they are read when they are asked for, a bounded piece at a time. */
#pragma once

#include "trainax/data.h"

typedef struct tx_levels {
    tx_data_source *source;     /* where they are read from … */
    tx_store *store;            /* … or fetched */
    const tx_beside *beside;    /* the numbers of the trajectories */
    int64_t first, count;       /* this rank's samples */
    int64_t needed;             /* levels that are asked for of each: every stride-th, from the first on */
    const tx_data_shape *shape; /* of the trajectories */
    size_t level_bytes;
    int group;     /* samples of a group, but for the last */
    int64_t piece; /* levels that are read together */
    char *buffer;  /* [group][piece] */
    const void **windows;
    int64_t *places; /* [group], in the store */
} tx_levels;

/* Are parts of its trajectories as cheap as they are short, or whole ones asked for? */
bool tx_levels_can_be_read(const tx_data_source *source);
/* Has this trajectory that level? Instead of one that it has not it shows its last. */
bool tx_levels_has(const tx_data_shape *shape, int64_t trajectory, int64_t level);
/* What has no place yet: of the levels that are read, for groups of `least` to `most` samples. */
void tx_levels_choose(tx_levels *levels, int least, int most);
size_t tx_levels_bytes(const tx_levels *levels); /* that it takes */
tx_status tx_levels_allocate(tx_levels *levels, tx_error *error);
void tx_levels_free(tx_levels *levels); /* neither source nor store */

int64_t tx_levels_groups(const tx_levels *levels);
int tx_levels_group_size(const tx_levels *levels, int64_t group);
/* Of that sample's trajectory. */
const void *tx_levels_numbers(const tx_levels *levels, int64_t group, int sample);
/* To be called for all levels of all groups, in order, after the first call of begin. (*out)[k]: a level of sample
 * group * levels->group + k, until the next call. */
tx_status tx_levels_begin(tx_levels *levels, tx_error *error);
tx_status tx_levels_get(tx_levels *levels, int64_t group, int64_t level, tx_error *error, const void *const **out);
