/* Files that appear whole or not at all: written under a temporary name in the same folder, flushed to the disk, renamed.
 * Plain POSIX; every error is TX_BAD_DATA, names the path and leaves neither a temporary nor a changed file behind. */
#pragma once

#include <signal.h>
#include <stddef.h>

#include "trainax/status.h"

/* "folder/.name.tmp" for "folder/name" (tx_free). Always the same, so that what a killed run left is used up. TX_BAD_DATA
 * when something stands at `path` that a file cannot replace: a folder, a device. */
tx_status tx_atomic_temporary(const char *path, tx_error *error, char **out);

/* Writes (or overwrites) the file `temporary`, to the disk; removed on failure. Messages name `path`. */
tx_status tx_atomic_write(const char *temporary, const char *path, const void *data, size_t bytes, tx_error *error);

/* Gives the file `temporary` the disk space for `bytes` bytes, or says that there is not enough of it. Its size may grow. */
tx_status tx_atomic_reserve(const char *temporary, const char *path, size_t bytes, tx_error *error);

/* Flushes to the disk what someone else (a library) wrote to `temporary`. */
tx_status tx_atomic_flush(const char *temporary, const char *path, tx_error *error);

/* Renames the flushed `temporary` to `path`; what stood there becomes `previous` unless that is NULL. Removes `temporary`
 * on failure. */
tx_status tx_atomic_publish(const char *temporary, const char *path, const char *previous, tx_error *error);

/* All of it at once. */
tx_status tx_atomic_save(const char *path, const char *previous, const void *data, size_t bytes, tx_error *error);

/* A limit of the shell (ulimit -f) sends a writing thread SIGXFSZ, which ends the program by default. Until the end of the
 * scope that has TX_HOLD_SIZE_LIMIT in it, a write fails with EFBIG instead: an error like a full disk. */
typedef struct tx_size_limit {
    sigset_t before;
} tx_size_limit;
tx_size_limit tx_size_limit_hold(void);
void tx_size_limit_release(const tx_size_limit *limit);
#define TX_HOLD_SIZE_LIMIT                                                                                                         \
    __attribute__((cleanup(tx_size_limit_release), unused)) const tx_size_limit tx_size_limit_ = tx_size_limit_hold()
