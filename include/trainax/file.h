/* Files: a small layer over HDF5 that speaks in our terms. Nobody else includes hdf5.h.
 *
 * Files that one rank writes (networks, checkpoints) are built in memory and reach the disk as a whole: temporary name,
 * fsync, rename, fsync of the folder. A full disk is TX_BAD_DATA and leaves nothing under the final name; so does anything
 * else that the system refuses: the message names the path and says what it said. Such a file ends with a checksum, behind
 * what HDF5 reads. The same content gives the same bytes. HDF5 never prints.
 *
 * Only the writer at the end is for all ranks together; everything else concerns the calling process alone and works without
 * MPI. One thread at a time: HDF5 is not made for several. Paths inside a file are absolute ("/parameters/weight"). */
#pragma once

#include <stdint.h>

#include "trainax/parallel.h"
#include "trainax/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TX_FILE_MAX_RANK = 8 };

typedef struct tx_file tx_file;
void tx_file_library(char *text, size_t size); /* the version of HDF5 */

tx_status tx_file_create(tx_error *error, tx_file **out); /* empty, in memory */
/* For reading. TX_BAD_DATA: missing, a folder, no HDF5, cut off, open for writing elsewhere, or it has a checksum and that is
 * wrong (says which). */
tx_status tx_file_open(const char *path, tx_error *error, tx_file **out);
/* Likewise for files that must come from tx_file_save (checkpoints): one without a checksum is damaged too. */
tx_status tx_file_open_checked(const char *path, tx_error *error, tx_file **out);
const char *tx_file_path(const tx_file *file); /* as the user wrote it; for messages */
void tx_file_close(tx_file *file);             /* what was not saved is gone */
/* Writes what was created to `path` atomically; with `previous` (a path in the same folder) not NULL the file that stood at
 * `path` is kept under that name. May be called again after more has been written. A device or a pipe is refused. */
tx_status tx_file_save(tx_file *file, const char *path, const char *previous, tx_error *error);
tx_status tx_file_save_new(tx_file *file, const char *path, tx_error *error); /* TX_INVALID when something stands at `path` */

typedef struct tx_array_shape { /* of one HDF5 dataset */
    int rank;
    int64_t size[TX_FILE_MAX_RANK];
    bool is_float; /* of any width (float16 too) and byte order */
    bool is_integer;
    int bytes;        /* of one element */
    const char *type; /* in words: float16, float32, float64, float, integer; no numbers: complex64, complex128, text, record, … */
} tx_array_shape;
bool tx_file_has(const tx_file *file, const char *path); /* a dataset or group */
/* TX_BAD_DATA: missing (the message lists what is there), a group, more than 8 axes, or sizes whose product is no size: that of
 * all axes is at most 2^50. */
tx_status tx_file_shape(const tx_file *file, const char *path, tx_error *error, tx_array_shape *out);
/* Follows a read: goes over its numbers while they are still in a cache, up to `end`, which only grows; the whole follows unless
 * the read fails. Perhaps on another thread, but never after the read has returned. `known`, where not NULL: the 32-bit words since
 * the call before are those from `first` on in the file's dataset, and have this checksum (base/hash.h) as such. */
typedef struct tx_known_sum {
    uint64_t first, sum;
} tx_known_sum;
typedef struct tx_follower {
    void (*reach)(void *user, const void *end, const tx_known_sum *known);
    void *user;
} tx_follower;

/* Is the hyperslab all there (files can answer with something where nothing was stored)? Reading asks that too; here it is asked
 * before there is memory for the numbers. TX_BAD_DATA: says what is missing. */
tx_status tx_file_stored(const tx_file *file, const char *path, const int64_t *offset, const int64_t *count, tx_error *error);
/* What reading such a dataset takes beside the numbers, where that is much: chunks that were stored through filters. Their sizes go
 * to `chunk` (TX_FILE_MAX_RANK; may be NULL), else 1. */
size_t tx_file_working(const tx_file *file, const char *path, int64_t *chunk);
/* Names of a group's members in order of creation (by name where the file has none); *names is one allocation (tx_free). */
tx_status tx_file_members(const tx_file *file, const char *group, tx_error *error, int *count, char ***names);

/* Groups of a path are made on the way (link creation order tracked). `size` may be NULL for rank 0 (a single number). */
tx_status tx_file_write_reals(tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                              const void *data, tx_error *error);
tx_status tx_file_write_integers(tx_file *file, const char *path, int rank, const int64_t *size, const int64_t *data,
                                 tx_error *error);
/* The same for numbers that need not be in memory together: they are asked for while the file is saved, from the first on, in
 * pieces along the first axis (items first to first + count - 1). */
typedef struct tx_file_source {
    tx_status (*read)(void *user, int64_t first, int64_t count, void *data, tx_error *error);
    void *user;
} tx_file_source;
tx_status tx_file_stream_reals(tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                               tx_file_source source, tx_error *error);
/* So many bytes of numbers, and more, are not copied: they are written when the file is saved, and stay as they are until then. */
enum { TX_FILE_REFERRED = 1 << 16 };
tx_status tx_file_refer_reals(tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                              const void *data, tx_error *error);
tx_status tx_file_stream_integers(tx_file *file, const char *path, int rank, const int64_t *size, tx_file_source source,
                                  tx_error *error);
/* Reads a whole dataset of reals or integers, rounding to the nearest number of `precision`; its shape must be (rank, size).
 * Packed reals (CF: scale_factor, add_offset) are unpacked, missing ones (_FillValue, missing_value) are NaN. TX_BAD_DATA:
 * missing, another shape, no numbers (or no integers), unreadable, damaged, not all stored. */
tx_status tx_file_read_reals(const tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                             void *data, tx_error *error);
tx_status tx_file_read_integers(const tx_file *file, const char *path, int rank, const int64_t *size, int64_t *data,
                                tx_error *error);
/* Reads a hyperslab: along each of `rank` axes `count` numbers from `offset` on. follower: NULL: none. */
typedef struct tx_slab {
    int rank;
    const int64_t *offset, *count;
} tx_slab;
tx_status tx_file_read_integer_slab(const tx_file *file, const char *path, const tx_slab *slab, int64_t *data, tx_error *error);
tx_status tx_file_read_slab(const tx_file *file, const char *path, const tx_slab *slab, tx_precision precision,
                            const tx_follower *follower, void *data, tx_error *error);

/* Attributes of an object ("/" for the root; setting makes the group where nothing is there). Setting one again replaces it.
 * Text is UTF-8 of any length; read are texts and numbers in all forms that hold one value. TX_BAD_DATA: missing, another
 * type, several values. */
bool tx_file_has_attribute(const tx_file *file, const char *object, const char *name);
tx_status tx_file_set_text(tx_file *file, const char *object, const char *name, const char *text, tx_error *error);
tx_status tx_file_set_integer(tx_file *file, const char *object, const char *name, int64_t value, tx_error *error);
tx_status tx_file_set_real(tx_file *file, const char *object, const char *name, double value, tx_error *error);
tx_status tx_file_get_text(const tx_file *file, const char *object, const char *name, tx_error *error, char **out); /* tx_free */
tx_status tx_file_get_integer(const tx_file *file, const char *object, const char *name, tx_error *error, int64_t *out);
tx_status tx_file_get_real(const tx_file *file, const char *object, const char *name, tx_error *error, double *out);
/* Lists: of integers or truth values (1, 0), `most` of them at most; of texts of any length, one allocation (tx_free). */
enum { TX_FILE_MOST_VALUES = 65536 };
tx_status tx_file_get_integers(const tx_file *file, const char *object, const char *name, int most, tx_error *error, int64_t *out,
                               int *count);
tx_status tx_file_get_texts(const tx_file *file, const char *object, const char *name, tx_error *error, int *count, char ***out);
tx_status tx_file_set_texts(tx_file *file, const char *name, int count, const char *const *texts,
                            tx_error *error); /* new, root's */
/* Copies an attribute as it stands, whatever its type and shape (a list of texts), to the same object of a created file. */
tx_status tx_file_copy_attribute(const tx_file *from, tx_file *to, const char *object, const char *name, tx_error *error);

/* Text files (config.yaml), atomically as above; of the second TX_INVALID when something stands at the path. */
tx_status tx_text_save(const char *path, const char *text, size_t bytes, tx_error *error);
tx_status tx_text_save_new(const char *path, const char *text, size_t bytes, tx_error *error);
tx_status tx_text_read(const char *path, tx_error *error, char **out);
/* With parents; temporaries of processes that were killed are removed. TX_BAD_DATA when it cannot be made or written in (tried
 * with a file that is removed at once). */
tx_status tx_directory_make(const char *path, tx_error *error);
/* Could it be made, or is it there to be written in? Changes nothing. TX_BAD_DATA: no. */
tx_status tx_directory_check(const char *path, tx_error *error);

/* A file that the user asked for. */
typedef struct tx_output {
    const char *path;
    bool overwrite; /* may a file that stands there be replaced? */
} tx_output;
/* Looks, before any work is done, where that is to be written: the target of a link, which stays; *out (tx_free). TX_INVALID:
 * something stands there and may not be replaced; or it is one of `inputs` (NULL behind the last), as tx_input_check finds.
 * Collective; rank 0 looks. parallel NULL: this process alone. */
tx_status tx_output_find(tx_parallel *parallel, const tx_output *output, const char *const *inputs, tx_error *error, char **out);
/* TX_INVALID when there is such a file and it is one of the inputs, in a folder that is one, or what an HDF5 file among them leads
 * to: links, sources of virtual datasets, external files. Not collective. */
tx_status tx_input_check(const char *path, const char *const *inputs, tx_error *error);

/* A trajectories file written by all ranks together (where its name ends with .npy, one of numpy: the numbers alone): created under
 * a temporary name with room for (rank, size) at
 * `/trajectories` (rank at least 2; the disk space is reserved, so that a full disk is found here), each rank writes its own
 * ranges along the first two axes flattened, each level once; `finish` puts checksums behind it (of the numbers by groups, so
 * that who reads a part checks that part; of all the rest) and renames it, `abandon` removes it. `parallel` NULL: this process
 * alone.
 *
 * Collective: create, set_real, finish, abandon. Not collective: write, any number of times on each rank. A failed write is
 * remembered and makes finish fail on all ranks; a rank may also abandon while the others finish: then they fail too. */
typedef struct tx_file_writer tx_file_writer;
tx_status tx_file_writer_create(tx_parallel *parallel, const char *path, int rank, const int64_t *size, tx_precision precision,
                                tx_error *error, tx_file_writer **out);
/* The same with other things beside the trajectories: `file` holds them, created in memory and filled by the caller. Only rank
 * 0's is looked at (elsewhere NULL will do); it must have no `/trajectories`, and remains the caller's, with that dataset in it. */
tx_status tx_file_writer_create_in(tx_parallel *parallel, tx_file *file, const char *path, int rank, const int64_t *size,
                                   tx_precision precision, tx_error *error, tx_file_writer **out);
tx_status tx_file_writer_set_real(tx_file_writer *writer, const char *name, double value, tx_error *error); /* root attribute */
tx_status tx_file_writer_write(tx_file_writer *writer, int64_t first_level, int64_t num_levels, const void *data, tx_error *error);
/* Likewise into `/spread`, of the same size, where the caller's file has announced such a dataset (tx_file_announce_spread). A file
 * of numpy has none: nothing is written. */
#define TX_SPREAD_PATH "/spread"
tx_status tx_file_announce_spread(tx_file *file, int rank, const int64_t *size, tx_precision precision, tx_error *error);
tx_status tx_file_writer_write_spread(tx_file_writer *writer, int64_t first, int64_t count, const void *data, tx_error *error);
tx_status tx_file_writer_finish(tx_file_writer *writer, tx_error *error); /* frees the writer, whatever happens */
/* The same where nothing may be replaced: TX_INVALID when something stands at the path by now. */
tx_status tx_file_writer_finish_new(tx_file_writer *writer, tx_error *error);
void tx_file_writer_abandon(tx_file_writer *writer); /* frees the writer */

#ifdef __cplusplus
}
#endif
