/* Where a command writes what it was asked for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/atomic.h"
#include "trainax/file.h"

enum { PATH_SIZE = 4096, MOST_LINKS = 40 };

/* One link further: *path becomes what it points to. */
static tx_status follow_once(char **path, const char *target, tx_error *error)
{
    const char *slash = strrchr(*path, '/');
    const int folder = slash && *target != '/' ? (int)(slash + 1 - *path) : 0;
    const size_t bytes = strlen(*path) + strlen(target) + 1;
    char *next;
    TX_TRY(tx_allocate(bytes, error, &next));
    snprintf(next, bytes, "%.*s%s", folder, *path, target);
    tx_free(*path);
    *path = next;
    return TX_OK;
}

/* To what is no link, whether or not anything stands there. */
static tx_status follow(char **path, tx_error *error)
{
    for (int k = 0; k < MOST_LINKS; k++) {
        char target[PATH_SIZE];
        const ssize_t length = readlink(*path, target, sizeof target - 1);
        if (length < 0) {
            return TX_OK;
        }
        target[length] = '\0';
        TX_TRY(follow_once(path, target, error));
    }
    return tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", *path, strerror(ELOOP));
}

tx_status tx_input_check(const char *path, const char *const *inputs, tx_error *error)
{
    for (; *inputs; inputs++) {
        if (tx_same_file(path, *inputs)) {
            const bool same = strcmp(path, *inputs) == 0;
            return tx_error_set(error, TX_INVALID, "'%s' is an input%s%s%s, which is never replaced: write elsewhere", path,
                                same ? "" : " (", same ? "" : *inputs, same ? "" : ")");
        }
    }
    return TX_OK;
}

static tx_status check(const tx_output *output, const char *path, const char *const *inputs, tx_error *error)
{
    struct stat info;
    TX_TRY(tx_input_check(path, inputs, error));
    return output->overwrite || stat(path, &info) || !S_ISREG(info.st_mode)
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "'%s' exists: give --overwrite to replace it, or another --output", output->path);
}

static tx_status look(const tx_output *output, const char *const *inputs, tx_error *error, char **path)
{
    TX_TRY(tx_duplicate(output->path, error, path));
    TX_TRY(follow(path, error));
    TX_TRY(check(output, *path, inputs, error));
    tx_atomic_sweep_beside(*path);
    return TX_OK;
}

tx_status tx_output_find(tx_parallel *parallel, const tx_output *output, const char *const *inputs, tx_error *error, char **out)
{
    char *path = NULL;
    tx_status status = tx_parallel_rank(parallel) == 0 ? look(output, inputs, error, &path) : TX_OK;
    status = tx_parallel_agree(parallel, status, error);
    status = status ? status : tx_parallel_broadcast_text(parallel, &path, error);
    if (status != TX_OK) {
        tx_free(path);
        return status;
    }
    *out = path;
    return TX_OK;
}
