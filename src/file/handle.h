/* What the files of this room share: an open file, HDF5 ids that close themselves, and errors of HDF5 put into words. */
#pragma once

#include <hdf5.h>
#include <limits.h>

#include "file/cover.h"
#include "file/reading.h"
#include "trainax/file.h"

struct tx_file {
    hid_t id;
    char *path;                     /* as the user wrote it; of a created file: what messages call it */
    bool created;                   /* in memory, may be written to */
    bool outside;                   /* it is no HDF5 file: what HDF5 knows of it is in memory, the numbers are external */
    struct tx_file_stream *streams; /* what comes when it is saved (stream.c) */
    tx_cover *cover;                /* of its trajectories; NULL: they have none */
    struct tx_kept *kept;           /* what is held of compressed datasets (kept.c); NULL: the file was created */
};

/* HDF5 prints its errors by default. Every public function begins with TX_QUIETLY, which lasts until it returns and leaves
 * the setting of the program that we are part of as it was. */
typedef struct tx_quiet {
    H5E_auto2_t function;
    void *data;
} tx_quiet;
tx_quiet tx_quiet_begin(void);
void tx_quiet_end(const tx_quiet *quiet);
#define TX_QUIETLY __attribute__((cleanup(tx_quiet_end), unused)) const tx_quiet tx_quiet_scope_ = tx_quiet_begin()

/* Stands where HDF5 reads what is in a file: its structure, or its numbers. One that we create is nobody's damage. */
#define TX_READING(file) TX_READING_PATH((file)->created ? NULL : (file)->path, false)
#define TX_READING_NUMBERS(file) TX_READING_PATH((file)->created ? NULL : (file)->path, true)

/* `tx_scoped_id space = H5Screate(…)`: an id (not a file's) that is closed where its scope ends; negative ones are let be. */
void tx_id_release(const hid_t *id);
#define tx_scoped_id __attribute__((cleanup(tx_id_release))) hid_t

/* What HDF5 says about its last failure, one line. Any other call of HDF5 forgets it. */
typedef struct tx_reason {
    char text[256];
    bool truncated; /* the file ends before its data do */
    bool no_hdf5;
} tx_reason;
tx_reason tx_reason_last(void);

/* "cannot VERB 'object' in 'file': reason"; returns `status`. To be called right after the call of HDF5 that failed. */
tx_status tx_file_failed(const tx_file *file, tx_status status, const char *verb, const char *object, tx_error *error);
#ifdef __clang_analyzer__ /* as tx_error_set */
#define tx_file_failed(file, status, verb, object, error) (tx_file_failed(file, status, verb, object, error), (status))
#endif

/* Property lists: how files are opened, how groups are created (order of creation tracked, no times: same content, same
 * bytes). Negative when there is no memory. */
hid_t tx_file_access(void);
hid_t tx_group_creation(hid_t class);

/* HDF5's types of a precision: in memory, in files. */
hid_t tx_real_type(tx_precision precision);
hid_t tx_stored_real_type(tx_precision precision);

/* A dataset of (rank, size) whose numbers get neither memory nor a place before the file is on disk. */
tx_status tx_array_announce(tx_file *file, const char *path, int rank, const int64_t *size, hid_t stored, tx_error *error);

/* A dataset's id; the message lists what is there where it is not. */
tx_status tx_array_open(const tx_file *file, const char *path, tx_error *error, hid_t *out);

/* Shape and type of an open dataset. */
tx_status tx_array_describe(const tx_file *file, const char *path, hid_t dataset, tx_error *error, tx_array_shape *out);

/* Datasets through filters that were read last stay open, with the chunks that may be asked for again: any chunk is undone once as
 * long as what is read goes through the dataset along its first axis. A file's chunks of a dataset: sizes in elements; false where
 * it has none. */
bool tx_array_chunk(hid_t dataset, int rank, int64_t *chunk);
tx_status tx_kept_create(tx_error *error, struct tx_kept **out);
void tx_kept_destroy(struct tx_kept *kept); /* before the file is closed; takes NULL */
void tx_array_keep(const tx_file *file, const char *path);

/* Is a file, not opened by HDF5 yet or opened through a link, whole and finished? As tx_file_open finds it. */
tx_status tx_file_look(const char *path, tx_error *error);

/* Or has a link led into another file? */
bool tx_array_is_inside(const tx_file *file, hid_t dataset);

/* `name`, or beside `base` (a file) where it is relative; empty where that is too long. */
enum { TX_NAME_SIZE = PATH_MAX };
void tx_file_beside(const char *base, const char *name, char out[TX_NAME_SIZE]);

/* TX_BAD_DATA where HDF5 would answer for some of the elements first, first + 1, …, first + count - 1 (along each axis) of an
 * open dataset with what nobody stored, or cannot undo the filters through which they were stored. */
tx_status tx_stored_check(const tx_file *file, const char *path, hid_t dataset, const int64_t *first, const int64_t *count,
                          tx_error *error);

/* A numbered source of a virtual dataset: "%b" in its name is the number of the block, "%%" is "%". In place; empty where that
 * is too long. */
void tx_block_name(char *name, size_t size, hsize_t block);

/* Makes the groups above the last name of `path`, or `path` itself too. */
tx_status tx_file_make_groups(tx_file *file, const char *path, bool last_too, tx_error *error);

/* Saves the image of a file that has streams, as tx_file_save does, or tx_file_save_new (fresh). */
tx_status tx_file_save_streams(const tx_file *file, const char *path, const char *previous, bool fresh, const void *image,
                               size_t bytes, tx_error *error);
void tx_file_free_streams(tx_file *file);

/* The whole file as it would stand on disk, with room for `extra` bytes behind it (tx_free). */
tx_status tx_file_image(tx_file *file, size_t extra, tx_error *error, unsigned char **image, size_t *bytes);
