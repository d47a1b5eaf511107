/* Where a command writes what it was asked for. */
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "file/atomic.h"
#include "file/sources.h"
#include "trainax/file.h"

tx_status tx_input_check(const char *path, const char *const *inputs, tx_error *error)
{
    for (; *inputs; inputs++) {
        bool found;
        TX_TRY(tx_sources_have(*inputs, path, error, &found));
        if (found) {
            const char *how = tx_same_file(path, *inputs) ? "an input" : "a part of an input";
            const bool same = strcmp(path, *inputs) == 0;
            return tx_error_set(error, TX_INVALID, "'%s' is %s%s%s%s, which is never replaced: write elsewhere", path, how,
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
               : tx_error_set(error, TX_INVALID,
                              "'%s' exists: give --overwrite (a program: overwrite) to replace it, or write elsewhere",
                              output->path);
}

static tx_status look(const tx_output *output, const char *const *inputs, tx_error *error, char **path)
{
    TX_TRY(tx_duplicate(output->path, error, path));
    TX_TRY(tx_path_follow(path, error));
    TX_TRY(check(output, *path, inputs, error));
    tx_atomic_sweep_beside(*path);
    return TX_OK;
}

tx_status tx_output_find(tx_parallel *parallel, const tx_output *output, const char *const *inputs, tx_error *error, char **out)
{
    char *path = NULL;
    tx_status status = !parallel || tx_parallel_rank(parallel) == 0 ? look(output, inputs, error, &path) : TX_OK;
    if (parallel) {
        status = tx_parallel_agree(parallel, status, error);
        status = status ? status : tx_parallel_broadcast_text(parallel, &path, error);
    }
    if (status != TX_OK) {
        tx_free(path);
        return status;
    }
    *out = path;
    return TX_OK;
}
