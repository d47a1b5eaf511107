/* Trajectories that lie in files: which datasets of which files hold which channels, along which axes. A source from files is a
 * function that says so in these terms; all reading is done here.
 *
 * Trajectories lie in volumes, one behind the other: a file, or a group in one (`prefix`). Each volume has the same fields:
 * datasets, each of one or several channels. A letter says what an axis of a dataset counts:
 *
 *     s trajectories   t levels   c components   x y z points along the first, second, third axis
 *     . nothing: it has size 1, or is not there
 *
 * Two axes s, or two neighbouring ones c, count together, the last one fastest; the two c may also be one. Without s or t a field
 * is the same for all trajectories or levels, without one of x y z the same along that axis. */
#pragma once

#include "file/find.h"
#include "trainax/data.h"

typedef struct tx_layout_field {
    char *dataset; /* behind the volume's prefix */
    char axes[TX_FILE_MAX_RANK + 1];
    int64_t components;   /* that the dataset has in every volume; 0: nobody has looked yet */
    int64_t first, count; /* which of them; count 0: all */
    bool later;           /* its levels come after the ones of the field before, in the same channels */
    bool single;          /* it has one level, and others come later */
    int64_t channel;      /* of the first component: set when the layout is settled */
} tx_layout_field;

typedef struct tx_layout_fields {
    size_t count, capacity;
    tx_layout_field *item;
    int64_t channels; /* of all: when settled */
} tx_layout_fields;

typedef struct tx_layout_volume {
    const char *file; /* the layout's */
    char *prefix;     /* "", or a group: "/0000" */
    int64_t first;    /* trajectory among all */
    int64_t from;     /* its place among those of the datasets */
    int64_t samples, levels;
} tx_layout_volume;

typedef struct tx_layout { /* a source's state */
    tx_paths paths;
    tx_layout_volume *volumes;
    size_t num_volumes, volume_capacity;
    tx_layout_fields fields, constants, parameters;
    char **names[3];  /* of channels, constants, parameters, one allocation each; may be NULL */
    const char *type; /* of the first field */
    size_t working;   /* of that dataset which takes most to read */
    int64_t together; /* trajectories of a chunk of a dataset, of that which has most */
    int axes;
    int64_t points[TX_MAX_AXES];
    bool own_lengths;    /* of trajectories of unequal length each keeps its own; else the shortest counts for all */
    int64_t *lengths;    /* as read with the files; else NULL */
    bool array, fortran; /* files of numpy; what is open has its axes in the opposite order */
    const tx_layout_volume *opened;
    tx_file *file; /* of that volume */
    char *staging;
    size_t staging_bytes;
} tx_layout;

/* What the files of `paths` (an option of that type) are; source->state is the layout from then on. Files are of numpy: array. */
tx_status tx_layout_create(tx_data_source *source, bool array, tx_error *error, tx_layout **out);
tx_status tx_layout_add_volume(tx_layout *layout, const char *file, const char *prefix, tx_error *error);
tx_status tx_layout_add_field(tx_layout_fields *fields, const char *dataset, const char *axes, tx_error *error,
                              tx_layout_field **out); /* *out until the next one is added; may be NULL */
/* The volume's file, open until another volume's is asked for. */
tx_status tx_layout_open(tx_layout *layout, const tx_layout_volume *volume, tx_error *error, tx_file **out);
/* The letters of a dataset's own axes (out: TX_FILE_MAX_RANK + 1); false: its shape is another. */
bool tx_layout_align(const char *axes, const tx_array_shape *shape, char *out);
/* … of the field in what is open. */
bool tx_layout_align_field(const tx_layout *layout, const tx_layout_field *field, const tx_array_shape *shape, char *out);
/* Looks at all datasets: they must fit together (TX_BAD_DATA). Sets the source's shape but for dt and extent. */
tx_status tx_layout_settle(tx_layout *layout, tx_data_source *source, tx_error *error);
/* After that: keeps `count` trajectories from `first` on. */
void tx_layout_keep(tx_layout *layout, tx_data_source *source, int64_t first, int64_t count);
/* "/0000" + "/data" */
enum { TX_LAYOUT_PATH = 1024 };
const char *tx_layout_path(const tx_layout_volume *volume, const tx_layout_field *field, char path[TX_LAYOUT_PATH]);

/* Functions of a source's class. */
tx_status tx_layout_check(tx_data_source *source, const tx_data_box *box, tx_error *error);
tx_status tx_layout_read(tx_data_source *source, const tx_data_box *box, void *out, tx_error *error);
tx_status tx_layout_read_constants(tx_data_source *source, const tx_data_box *box, void *out, tx_error *error);
tx_status tx_layout_read_parameters(tx_data_source *source, void *out, tx_error *error);
void tx_layout_locate(const tx_data_source *source, int64_t trajectory, int64_t level, int64_t channel, char *text, size_t bytes);
void tx_layout_destroy(tx_data_source *source);
#define TX_LAYOUT_METHODS                                                                                                          \
    .check = tx_layout_check, .read_box = tx_layout_read, .constants = tx_layout_read_constants,                                   \
    .parameters = tx_layout_read_parameters, .locate = tx_layout_locate, .destroy = tx_layout_destroy
