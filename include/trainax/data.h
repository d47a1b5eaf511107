/* Reference trajectories: where they come from, how windows are cut from them, in which order they are visited. */
#pragma once

#include <stdint.h>

#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/parallel.h"
#include "trainax/random.h"
#include "trainax/shape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* (num_trajectories, num_levels, *state). A level is one contiguous (channels, *n) array. */
typedef struct tx_data_shape {
    int64_t num_trajectories, num_levels;
    tx_shape state;       /* of one level */
    double dt;            /* spacing of the stored levels; 0: unknown */
    double domain_extent; /* 0: unknown */
} tx_data_shape;
int64_t tx_data_level_size(const tx_data_shape *shape); /* numbers in one level */

/* How numbers come to be that are not there yet. The bits depend on `random` and `isa`, which all ranks have in common, never on
 * threads. */
typedef struct tx_data_setup {
    tx_random random;
    int isa;     /* level of tx_isa_name */
    int threads; /* of a rank, that compute trajectories; 0 means 1 */
} tx_data_setup;

/* A source: its shape is known after create; read delivers any range of flattened levels (trajectory-major) in the run's
 * precision, the same bits whatever the range. Neither is collective: a rank reads its own range. TX_BAD_DATA for files,
 * naming path and place; TX_INVALID for options that do not fit the data. */
typedef struct tx_data_source tx_data_source;
typedef struct tx_data_class { /* a data component's `implementation` */
    /* source->setup is there. Sets source->shape (dt is the option's value already, 0 where it was not given), source->state, and
     * source->working: what reading takes, which is not taken yet where it grows with the shape. */
    tx_status (*create)(const tx_section *section, tx_error *error, tx_data_source *source);
    tx_status (*prepare)(tx_data_source *source, tx_error *error); /* takes that; called before the first read; may be NULL */
    tx_status (*read)(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error);
    /* Names a level for messages, as the user knows it; may be NULL. */
    void (*locate)(const tx_data_source *source, int64_t trajectory, int64_t level, char *text, size_t bytes);
    /* Writes into a file in memory what belongs to the trajectories beside them (interface: Files): `/parameters`, the attribute
     * channel_names. Called on one rank alone; may be NULL. */
    tx_status (*describe)(const tx_data_source *source, tx_file *file, tx_error *error);
    bool anywhere; /* parts of a trajectory cost as much as they are long, wherever they lie: nothing is computed up to them */
    /* Frees what hangs on state (which may be NULL after a failed create), but not state itself; may be NULL. */
    void (*destroy)(tx_data_source *source);
} tx_data_class;
struct tx_data_source {
    const tx_data_class *class_;
    const tx_section *section;
    tx_data_setup setup; /* threads >= 1 */
    tx_data_shape shape; /* set by create */
    size_t working;      /* bytes, beside the result, while it is read */
    bool prepared;
    tx_follower follower; /* of what read delivers: read may let it follow, and need not */
    void *state;          /* the class's own: one tx_allocate */
};
tx_status tx_data_source_create(const tx_section *section, tx_data_setup setup, tx_error *error, tx_data_source **out);
/* TX_INVALID for more numbers than can be counted: for a class that computes with its shape in create. */
tx_status tx_data_check_size(const tx_data_source *source, tx_error *error);
/* Reads a range of levels and checks that all numbers are finite (TX_BAD_DATA: which trajectory, which level). */
tx_status tx_data_source_read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error);
/* Also what these levels add to the checksum of all of them, whatever the range: a sum modulo 2^64 (base/hash.h). */
tx_status tx_data_source_read_sum(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error,
                                  uint64_t *sum);
/* Names a flattened level for messages, as the user knows it: file, trajectory, level, counted from 0. */
void tx_data_source_locate(const tx_data_source *source, int64_t level, char *text, size_t bytes);
void tx_data_source_destroy(tx_data_source *source);

/* All trajectories of a source, spread over the ranks. Collective, also in its errors (the message of the lowest failing
 * rank). Checks that all numbers are finite (TX_BAD_DATA: which trajectory, which level). */
typedef struct tx_dataset {
    tx_data_shape shape;
    tx_precision precision;
    uint64_t checksum; /* of all numbers in that precision: the same for the same data, whatever they are called */
    tx_store *store;   /* items: levels */
} tx_dataset;
tx_status tx_dataset_create(tx_parallel *parallel, const tx_section *section, tx_data_setup setup, tx_placement placement,
                            tx_error *error, tx_dataset **out);
/* The same in two steps: the source, whose shape says what loading will take; then all that it delivers. Both collective. */
tx_status tx_data_source_open(tx_parallel *parallel, const tx_section *section, tx_data_setup setup, tx_error *error,
                              tx_data_source **out);
tx_status tx_dataset_load(tx_parallel *parallel, tx_data_source *source, tx_placement placement, tx_error *error, tx_dataset **out);
size_t tx_dataset_bytes(const tx_data_source *source, tx_placement placement, int num_ranks); /* of a rank, at most */
void tx_dataset_destroy(tx_dataset *dataset);                                                 /* collective */

/* Writes a source into a trajectories file (interface: Files), in parallel, under a temporary name first. Collective. */
tx_status tx_dataset_write(tx_parallel *parallel, tx_data_source *source, const tx_output *output, tx_error *error);
size_t tx_dataset_write_bytes(const tx_data_source *source, int num_ranks); /* that it takes on a rank, at most */

/* Windows (substacks) of `length` levels: sample-major, all starts of trajectory 0 first; or start 0 alone. */
typedef struct tx_windows {
    int64_t num_levels;
    int length;
    int64_t per_trajectory;
    int64_t count;
} tx_windows;
/* TX_INVALID when the trajectories have too few levels for one window; the message names both numbers. */
tx_status tx_windows_make(const tx_data_shape *shape, int length, bool do_sub_stacking, tx_error *error, tx_windows *out);
static inline int64_t tx_windows_first_level(const tx_windows *windows, int64_t index)
{
    return index / windows->per_trajectory * windows->num_levels + index % windows->per_trajectory;
}

/* The order of the samples: Trainax's PermutationMixer. The same on every rank, from the key alone; nothing to store. */
typedef struct tx_mixer tx_mixer;
tx_status tx_mixer_create(tx_random random, tx_key key, int64_t num_windows, int64_t batch_size, tx_error *error, tx_mixer **out);
void tx_mixer_destroy(tx_mixer *mixer);
size_t tx_mixer_bytes(int64_t num_windows);          /* that one takes */
int64_t tx_mixer_batch_size(const tx_mixer *mixer);  /* after clipping to the number of windows */
int64_t tx_mixer_minibatches(const tx_mixer *mixer); /* per epoch */
typedef struct tx_minibatch {
    int64_t epoch, batch;    /* Trainax's 0-based pair */
    int64_t count;           /* the last of an epoch may be short */
    const uint32_t *windows; /* `count` window numbers, owned by the mixer, valid until its next call */
} tx_minibatch;
/* The minibatch of any update step >= 0; going on by one is cheap, anything else recomputes the epoch's permutation. */
void tx_mixer_minibatch(tx_mixer *mixer, int64_t step, tx_minibatch *out);

#ifdef __cplusplus
}
#endif
