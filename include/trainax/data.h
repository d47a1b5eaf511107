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
    int64_t num_trajectories, num_levels; /* levels of the longest */
    tx_shape state;                       /* of one level */
    double dt;                            /* spacing of the stored levels; 0: unknown */
    double domain_extent;                 /* 0: unknown */
    const int64_t *lengths; /* levels of each trajectory, behind which there are zeros; NULL: all have num_levels. It belongs to the
                             * source or data set whose shape this is */
    int64_t stride[2];      /* who makes windows takes every k-th level, k drawn between these; 0 means 1 */
    int64_t parameters, constants; /* numbers beside each trajectory: its parameters, then its constant fields, (fields, *n) */
    const char *const *parameter_names, *const *constant_names; /* of the fields; NULL: not known. As lengths */
} tx_data_shape;
static inline int64_t tx_data_length(const tx_data_shape *shape, int64_t trajectory)
{
    return shape->lengths ? shape->lengths[trajectory] : shape->num_levels;
}
/* The least: of who draws none. */
static inline int64_t tx_data_stride(const tx_data_shape *shape)
{
    return shape->stride[0] > 1 ? shape->stride[0] : 1;
}
int64_t tx_data_level_size(const tx_data_shape *shape); /* numbers in one level */

/* How numbers come to be that are not there yet. The bits depend on `random` and `isa`, which all ranks have in common, never on
 * threads. */
typedef struct tx_data_setup {
    tx_random random;
    int isa;     /* level of tx_isa_name */
    int threads; /* of a rank, that compute trajectories; 0 means 1 */
} tx_data_setup;

/* A part of a source's own trajectories, before anything is chosen from them; points along each axis, (0, 1) where there is none.
 */
typedef struct tx_data_box {
    int64_t trajectory, trajectories, level, levels, first[TX_MAX_AXES], count[TX_MAX_AXES];
} tx_data_box;

/* Channels, parameters, fields: how many, and their names; NULL: not known. */
typedef struct tx_named {
    int count;
    const char *const *names;
} tx_named;

/* Numbers are (x - mean)/std, for each channel, in the run's precision; mean NULL: as they come. */
typedef struct tx_normalization {
    int64_t channels;
    double *mean, *std; /* one allocation; tx_normalization_free */
} tx_normalization;
tx_status tx_normalization_copy(const tx_normalization *from, tx_error *error, tx_normalization *out);
void tx_normalization_free(tx_normalization *normalization);

/* A source: its shape is known after create; read delivers any range of flattened levels (trajectory-major) in the run's
 * precision, the same bits whatever the range. Neither is collective: a rank reads its own range. TX_BAD_DATA for files,
 * naming path and place; TX_INVALID for options that do not fit the data.
 *
 * A class knows its own trajectories alone. What all sources share is done around it: `samples`, `levels`, `points` choose,
 * `normalize` changes the units. */
typedef struct tx_data_source tx_data_source;
typedef struct tx_data_class { /* a data component's `implementation` */
    /* source->setup is there. Sets source->whole (dt is the option's value already, 0 where it was not given), source->state, and
     * source->working: what reading takes, which is not taken yet where it grows with the shape. */
    tx_status (*create)(const tx_section *section, tx_error *error, tx_data_source *source);
    tx_status (*prepare)(tx_data_source *source, tx_error *error); /* takes that; called before the first read; may be NULL */
    tx_status (*read)(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error);
    /* Who can read a part by itself: a box, out (trajectories, levels, channels, *count), instead of `read`. */
    tx_status (*read_box)(tx_data_source *source, const tx_data_box *box, void *out, tx_error *error);
    /* Is the box all there, before there is memory for it? May be NULL. */
    tx_status (*check)(tx_data_source *source, const tx_data_box *box, tx_error *error);
    /* What stands beside the trajectories, of who says that he has some: parameters of all trajectories (trajectories, count);
     * constant fields of the box's one trajectory (count, *points). */
    tx_status (*parameters)(tx_data_source *source, void *out, tx_error *error);
    tx_status (*constants)(tx_data_source *source, const tx_data_box *box, void *out, tx_error *error);
    /* Statistics that stand with the data, for `normalize`: std, or rms; NULL: they are computed. */
    tx_status (*statistics)(tx_data_source *source, bool rms, double *mean, double *std, tx_error *error);
    /* Names a number's place for messages, as the user knows it; channel -1: the whole level. May be NULL. */
    void (*locate)(const tx_data_source *source, int64_t trajectory, int64_t level, int64_t channel, char *text, size_t bytes);
    /* By content: is a file or folder of this kind? May be NULL. */
    bool (*recognizes)(const char *path);
    /* Frees what hangs on state (which may be NULL after a failed create), but not state itself; may be NULL. */
    void (*destroy)(tx_data_source *source);
} tx_data_class;
struct tx_data_source {
    const tx_data_class *class_;
    const tx_section *section;
    tx_data_setup setup; /* threads >= 1 */
    tx_data_shape whole; /* set by create: of all its own trajectories */
    tx_data_shape shape; /* of those that are chosen, which read delivers */
    size_t working;      /* bytes, beside the result, while it is read */
    int together; /* set by create: trajectories that are best read at once, from their first level on, because they are computed
                     together, or lie in the same chunks of a file; 0: any levels */
    /* Set by create; the names are the state's. */
    const char *stored_type;          /* of the numbers, where they are stored: "float32"; a constant */
    const char *const *channel_names; /* NULL: not known */
    tx_named parameters, constants;
    bool shared_constants;    /* one set for all trajectories */
    struct tx_choice *choice; /* of samples, levels, points */
    tx_normalization normalization;
    bool prepared, settled;
    tx_follower follower;         /* of what read delivers: read may let it follow, and need not */
    const tx_parallel *job;       /* which may be asked to stop: then what takes long ends with TX_STOPPED. NULL: none */
    struct tx_data_source *inner; /* set by create: the one whose levels it changes, or NULL; settled, stopped, destroyed with it */
    void *state;                  /* the class's own: one tx_allocate */
};
tx_status tx_data_source_create(const tx_section *section, tx_data_setup setup, tx_error *error, tx_data_source **out);
/* Finds the numbers of `normalize`, by a pass over all data where they must be computed. Loading and writing begin with it.
 * Collective. */
tx_status tx_data_source_settle(tx_parallel *parallel, tx_data_source *source, tx_error *error);
/* Before that: takes these numbers, unless the section says something itself. */
tx_status tx_data_source_inherit(tx_data_source *source, const tx_normalization *normalization, tx_error *error);
/* What stands beside the chosen trajectories, in the run's precision, finite (TX_BAD_DATA): parameters (trajectories, count);
 * constant fields of one of them (count, *n). */
tx_status tx_data_source_parameters(tx_data_source *source, void *out, tx_error *error);
tx_status tx_data_source_constants(tx_data_source *source, int64_t trajectory, void *out, tx_error *error);

/* The numbers of all trajectories, on every rank all of them, in the run's precision: what graphs read by tx_numbers. Constant
 * fields are there where any of them is asked for, of each trajectory, also where all have the same. */
typedef struct tx_beside {
    int64_t count; /* of a trajectory; 0: nobody asks */
    size_t bytes;  /* of a trajectory */
    char *rows;
} tx_beside;
/* The first `asked` numbers, or more. */
tx_status tx_beside_read(tx_data_source *source, int64_t asked, tx_error *error, tx_beside *out);
void tx_beside_free(tx_beside *beside); /* takes a zeroed one */
/* TX_INVALID: trajectories of this shape have less. */
tx_status tx_beside_check(const tx_data_shape *shape, int64_t asked, tx_error *error);
size_t tx_beside_bytes(const tx_data_shape *shape, tx_precision precision, int64_t asked); /* that reading them takes */
static inline const void *tx_beside_of(const tx_beside *beside, int64_t trajectory)
{
    return beside->count ? beside->rows + (size_t)trajectory * beside->bytes : NULL;
}
/* TX_INVALID for more numbers than can be counted: for a class that computes with its shape in create. */
tx_status tx_data_check_size(const tx_data_source *source, tx_error *error);
/* Reads a range of levels and checks that all numbers are finite (TX_BAD_DATA: which trajectory, which level). */
tx_status tx_data_source_read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error);
/* Levels that a pass over all of them reads at a time, from multiples of that number on: what `bytes` hold, or, up to 256 MiB, all
 * that is best read at once. */
int64_t tx_data_source_batch(const tx_data_source *source, int64_t bytes);
/* The same, whatever the numbers are. */
tx_status tx_data_source_read_any(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error);
/* Also what these levels add to the checksum of all of them, whatever the range: a sum modulo 2^64 (base/hash.h). */
tx_status tx_data_source_read_sum(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error,
                                  uint64_t *sum);
/* Names a flattened level for messages, as the user knows it: file, trajectory, level, counted from 0. */
void tx_data_source_locate(const tx_data_source *source, int64_t level, char *text, size_t bytes);
void tx_data_source_destroy(tx_data_source *source);

/* APEBench's texts for initial conditions, "fourier;5;true;true": a tx_descriptor_rule, and their forms. */
tx_status tx_initial_describe(const char *descriptor, size_t size, char *section, tx_error *error);
tx_short_form tx_initial_form(int index);

/* All trajectories of a source, spread over the ranks. Collective, also in its errors (the message of the lowest failing
 * rank). Checks that all numbers are finite (TX_BAD_DATA: which trajectory, which level). */
typedef struct tx_dataset {
    tx_data_shape shape;
    tx_normalization normalization; /* that it is in */
    tx_precision precision;
    uint64_t checksum;      /* of all numbers in that precision: the same for the same data, whatever they are called */
    bool partial;           /* the job was asked to stop before all were there: they are of no use */
    tx_store *store;        /* items: levels */
    tx_beside beside;       /* as far as somebody has needed them */
    tx_data_source *source; /* where these can still be read; NULL: nowhere */
    const char **names[2];  /* of parameters and constant fields, as shape has them */
} tx_dataset;
tx_status tx_dataset_create(tx_parallel *parallel, const tx_section *section, tx_data_setup setup, tx_placement placement,
                            tx_error *error, tx_dataset **out);
/* The same in two steps: the source, whose shape says what loading will take; then all that it delivers. Both collective. */
tx_status tx_data_source_open(tx_parallel *parallel, const tx_section *section, tx_data_setup setup, tx_error *error,
                              tx_data_source **out);
tx_status tx_dataset_load(tx_parallel *parallel, tx_data_source *source, tx_placement placement, tx_error *error, tx_dataset **out);
/* Of each trajectory the first `asked` numbers, from the source of the data, or NULL: the one that it keeps. Collective. */
tx_status tx_dataset_need(tx_parallel *parallel, tx_dataset *dataset, tx_data_source *source, int64_t asked, tx_error *error);
size_t tx_dataset_need_bytes(const tx_dataset *dataset, int64_t asked); /* that this takes */
/* Takes the source over, for those who do not know yet what they need (tx_dataset_create keeps its own); one that has nothing
 * beside its trajectories is gone at once. */
void tx_dataset_keep(tx_dataset *dataset, tx_data_source *source);
size_t tx_dataset_bytes(const tx_data_source *source, tx_placement placement, int num_ranks); /* of a rank, at most */
void tx_dataset_destroy(tx_dataset *dataset);                                                 /* collective */

/* Writes a source into a trajectories file (interface: Files), in parallel, under a temporary name first. Collective. */
tx_status tx_dataset_write(tx_parallel *parallel, tx_data_source *source, const tx_output *output, tx_error *error);
size_t tx_dataset_write_bytes(const tx_data_source *source, int num_ranks); /* that it takes on a rank, at most */

/* Windows (substacks) of `length` levels, every k-th one: sample-major, all starts of trajectory 0 first; or start 0 alone.
 * Trajectories of unequal length have as many as fit, maybe none. */
typedef struct tx_windows {
    int64_t num_levels; /* of the longest trajectory */
    int length;
    int64_t stride[2];      /* k: the least, the largest that is drawn */
    int64_t per_trajectory; /* of the longest */
    int64_t count;
    int64_t num_trajectories, too_short; /* of them, for any window */
    int64_t *lengths;                    /* of each trajectory; NULL: all alike. tx_windows_free */
    int64_t *before;                     /* how many windows come before each, and before the end; behind lengths */
} tx_windows;
/* TX_INVALID when the trajectories have too few levels for one window; the message names both numbers. */
tx_status tx_windows_make(const tx_data_shape *shape, int length, bool do_sub_stacking, tx_error *error, tx_windows *out);
void tx_windows_free(tx_windows *windows);                               /* takes a zeroed one */
int64_t tx_windows_trajectory(const tx_windows *windows, int64_t index); /* of unequal ones */
static inline int64_t tx_windows_first_level(const tx_windows *windows, int64_t index)
{
    if (!windows->lengths) {
        return index / windows->per_trajectory * windows->num_levels + index % windows->per_trajectory;
    }
    const int64_t trajectory = tx_windows_trajectory(windows, index);
    return trajectory * windows->num_levels + index - windows->before[trajectory];
}
/* The stride of a window at a step: `key` is the trainer's, folded with the purpose of strides and the step. */
int64_t tx_windows_draw_stride(const tx_windows *windows, tx_random random, tx_key key, int64_t index);

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
