/* Files by a name that may stand for several: a folder, a pattern. */
#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "file/find.h"

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* *.h5 and *.hdf5, but no hidden ones. */
static bool is_data_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name && *name != '.' && (strcmp(dot, ".h5") == 0 || strcmp(dot, ".hdf5") == 0);
}

static tx_status add(tx_paths *paths, const char *path, tx_error *error)
{
    TX_TRY(tx_reserve(paths->count + 1, sizeof *paths->path, &paths->capacity, error, &paths->path));
    TX_TRY(tx_duplicate(path, error, &paths->path[paths->count]));
    paths->count++;
    return TX_OK;
}

static tx_status add_folder(tx_paths *paths, const char *folder, tx_error *error)
{
    DIR *entries = opendir(folder);
    tx_status status = entries ? TX_OK : tx_error_set(error, TX_BAD_DATA, "cannot open the folder '%s': %m", folder);
    for (const struct dirent *entry; status == TX_OK && (entry = readdir(entries));) {
        char path[PATH_MAX];
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (is_data_name(entry->d_name) && length < PATH_MAX && !is_folder(path)) {
            status = add(paths, path, error);
        }
    }
    if (entries) {
        closedir(entries);
    }
    return status;
}

/* What is no pattern stays as it is: whoever opens it says that it is not there. */
static tx_status add_pattern(tx_paths *paths, const char *pattern, tx_error *error)
{
    glob_t found;
    const int code = glob(pattern, GLOB_NOMAGIC | GLOB_NOSORT | GLOB_BRACE, NULL, &found);
    tx_status status = code == 0              ? TX_OK
                       : code == GLOB_NOMATCH ? tx_error_set(error, TX_BAD_DATA, "no file matches '%s'", pattern)
                                              : tx_error_set(error, TX_BAD_DATA, "cannot look for '%s': %m", pattern);
    for (size_t k = 0; code == 0 && k < found.gl_pathc && status == TX_OK; k++) {
        status = add(paths, found.gl_pathv[k], error);
    }
    globfree(&found);
    return status;
}

static bool is_among(const char *name, int count, char *const *names)
{
    for (int k = 0; k < count; k++) {
        if (strcmp(name, names[k]) == 0) {
            return true;
        }
    }
    return false;
}

/* Names folders below that hold some, as those of datasets in splits do: "; there are some in a, b"; "" where none is near. */
static void name_below(const char *folder, char *text, size_t size)
{
    enum { MOST = 4 };
    char pattern[PATH_MAX], *names[MOST];
    glob_t found;
    int count = 0;
    text[0] = '\0';
    if (snprintf(pattern, sizeof pattern, "%s/{*,*/*,*/*/*}/*.{h5,hdf5}", folder) >= PATH_MAX ||
        glob(pattern, GLOB_BRACE, NULL, &found) != 0) {
        return;
    }
    for (size_t k = 0, end = 0; k < found.gl_pathc && count < MOST && end < size; k++) {
        char *name = found.gl_pathv[k] + strlen(folder) + 1;
        *strrchr(name, '/') = '\0';
        if (!is_among(name, count, names)) {
            end += (size_t)snprintf(text + end, size - end, "%s%s", count ? ", " : "; there are some in ", name);
            names[count++] = name;
        }
    }
    globfree(&found);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static tx_status find(tx_paths *paths, const char *path, tx_error *error)
{
    const size_t before = paths->count;
    struct stat info;
    if (stat(path, &info) == 0) {
        TX_TRY(S_ISDIR(info.st_mode) ? add_folder(paths, path, error) : add(paths, path, error));
    } else {
        TX_TRY(add_pattern(paths, path, error));
    }
    if (paths->count == before) {
        char below[TX_MESSAGE_SIZE / 2];
        name_below(path, below, sizeof below);
        return tx_error_set(error, TX_BAD_DATA, "the folder '%s' holds no file *.h5 or *.hdf5%s", path, below);
    }
    qsort(paths->path + before, paths->count - before, sizeof *paths->path, by_name);
    return TX_OK;
}

tx_status tx_paths_find(int count, const char *const *names, tx_error *error, tx_paths *out)
{
    tx_paths paths = {0};
    tx_status status = TX_OK;
    for (int k = 0; k < count && status == TX_OK; k++) {
        status = find(&paths, names[k], error);
    }
    if (status != TX_OK) {
        tx_paths_free(&paths);
        return status;
    }
    *out = paths;
    return TX_OK;
}

void tx_paths_free(tx_paths *paths)
{
    for (size_t k = 0; k < paths->count; k++) {
        tx_free(paths->path[k]);
    }
    tx_free(paths->path);
    *paths = (tx_paths){0};
}
