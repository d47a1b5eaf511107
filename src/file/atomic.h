/* Files that appear whole or not at all: written under a temporary name in the same folder, flushed to the disk, renamed.
 * Plain POSIX; every error is TX_BAD_DATA, names the path and leaves neither a temporary nor a changed file behind. */
#pragma once

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trainax/status.h"

void tx_folder_of(const char *path, char folder[PATH_MAX]); /* of a file; "." where the path names none */

/* "folder/.name.WRITER.tmp" for "folder/name" (tx_free): no other process has the same. TX_BAD_DATA when something stands at
 * `path` that a file cannot replace: a folder, a device. A link at `path` is replaced, never followed. */
tx_status tx_atomic_temporary(const char *path, tx_error *error, char **out);
/* The same without a name, where the file system has such files: nothing is left of it however the process ends. The path, of
 * /proc, is good for all processes that see this one there. */
tx_status tx_atomic_hidden(const char *path, tx_error *error, char **out);
/* Removes from a folder the temporaries whose process is dead: asked where it is one of this machine, else where nothing has been
 * written for a day. */
void tx_atomic_sweep(const char *folder);
void tx_atomic_sweep_beside(const char *path); /* the folder of a file */

/* A file in that folder without a name, gone when it is closed or the process is killed: a descriptor, or -1 and errno. */
int tx_unnamed_open(const char *folder);
int tx_unnamed_open_beside(const char *path); /* in the folder of a file */

/* Writes the file `temporary`, to the disk; removed on failure. Messages name `path`. */
tx_status tx_atomic_write(const char *temporary, const char *path, const void *data, size_t bytes, tx_error *error);
void tx_atomic_remove(const char *temporary); /* gives it up */
/* Removes what this process has written and not published yet. For handlers of signals that end the process. */
void tx_atomic_remove_unfinished(void);

/* Gives the file `temporary` the disk space for `bytes` bytes, or says that there is not enough of it. Its size may grow. */
tx_status tx_atomic_reserve(const char *temporary, const char *path, size_t bytes, tx_error *error);

/* While much is written one behind the other: bytes from `at` on begin their way to the disk; those before have arrived, and leave
 * memory, which would otherwise hold all of the file. False: the disk failed (errno). */
bool tx_atomic_flow(int fd, int64_t at, int64_t bytes);

/* Flushes to the disk what someone else (a library) wrote to `temporary`. */
tx_status tx_atomic_flush(const char *temporary, const char *path, tx_error *error);

/* Renames the flushed `temporary` to `path`; what stood there becomes `previous` unless that is NULL. Removes `temporary`
 * on failure. */
tx_status tx_atomic_publish(const char *temporary, const char *path, const char *previous, tx_error *error);

/* The same where nothing may be replaced: TX_INVALID when something stands at `path`, even since a moment ago. */
tx_status tx_atomic_publish_new(const char *temporary, const char *path, tx_error *error);

/* All of it at once. */
tx_status tx_atomic_save(const char *path, const char *previous, const void *data, size_t bytes, tx_error *error);
tx_status tx_atomic_save_new(const char *path, const void *data, size_t bytes, tx_error *error);

/* Follows a link: *path (allocated) becomes the name of what is none, whether or not anything stands there. */
tx_status tx_path_follow(char **path, tx_error *error);

bool tx_same_file(const char *a, const char *b); /* by whatever names: links of both kinds are seen through */

/* A limit of the shell (ulimit -f) sends a writing thread SIGXFSZ, which ends the program by default. Until the end of the
 * scope that has TX_HOLD_SIZE_LIMIT in it, a write fails with EFBIG instead: an error like a full disk. */
typedef struct tx_size_limit {
    sigset_t before;
} tx_size_limit;
tx_size_limit tx_size_limit_hold(void);
void tx_size_limit_release(const tx_size_limit *limit);
#define TX_HOLD_SIZE_LIMIT                                                                                                         \
    __attribute__((cleanup(tx_size_limit_release), unused)) const tx_size_limit tx_size_limit_ = tx_size_limit_hold()
