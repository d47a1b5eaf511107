/* Text files and folders. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/atomic.h"
#include "trainax/file.h"

tx_status tx_text_save(const char *path, const char *text, size_t bytes, tx_error *error)
{
    return tx_atomic_save(path, NULL, text, bytes, error);
}
tx_status tx_text_save_new(const char *path, const char *text, size_t bytes, tx_error *error)
{
    return tx_atomic_save_new(path, text, bytes, error);
}

/* Appends what is left of `fd`; *text always has room for the final zero. */
static tx_status read_all(int fd, const char *path, char **text, tx_error *error)
{
    size_t capacity = 0, used = 0;
    for (;;) {
        TX_TRY(tx_reserve(used + 4096, 1, &capacity, error, text));
        const ssize_t got = read(fd, *text + used, capacity - used - 1);
        if (got < 0 && errno != EINTR) {
            return tx_error_set(error, TX_BAD_DATA, "cannot read '%s': %s", path, strerror(errno));
        }
        if (got == 0) {
            (*text)[used] = '\0';
            return TX_OK;
        }
        used += got > 0 ? (size_t)got : 0;
    }
}

tx_status tx_text_read(const char *path, tx_error *error, char **out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': %s", path, strerror(errno));
    }
    char *text = NULL;
    const tx_status status = read_all(fd, path, &text, error);
    close(fd);
    if (status != TX_OK) {
        tx_free(text);
        return status;
    }
    *out = text;
    return TX_OK;
}

static bool make_all(char *path);

/* The folder that a link would lead to, if there were one. */
static bool make_target(const char *link)
{
    char *target;
    if (tx_duplicate(link, NULL, &target) != TX_OK) {
        errno = ENOMEM;
        return false;
    }
    const bool found = tx_path_follow(&target, NULL) == TX_OK, made = found && make_all(target);
    const int number = found ? errno : ELOOP;
    tx_free(target);
    errno = number;
    return made;
}

/* What mkdir says of a folder that exists differs by file system. */
static bool make_one(const char *path)
{
    struct stat info;
    const int number = mkdir(path, 0777) ? errno : 0;
    const bool there = stat(path, &info) == 0;
    if (there && S_ISDIR(info.st_mode)) {
        return true;
    }
    if (!there && number == EEXIST) {
        return make_target(path);
    }
    errno = there || !number ? ENOTDIR : number;
    return false;
}

/* Makes every folder of `path`, which is cut at its slashes on the way and whole again at the end. False: errno. */
static bool make_all(char *path)
{
    for (char *end = path + 1;; end++) {
        if (*end != '/' && *end != '\0') {
            continue;
        }
        const char was = *end;
        *end = '\0';
        const bool made = make_one(path);
        *end = was;
        if (!made) {
            return false;
        }
        if (!was) {
            return true;
        }
    }
}

static tx_status try_writing(const char *path, tx_error *error)
{
    const int fd = tx_unnamed_open(path);
    if (fd < 0) {
        return tx_error_set(error, TX_BAD_DATA, "cannot write in '%s': %s", path, strerror(errno));
    }
    close(fd);
    return TX_OK;
}

tx_status tx_directory_make(const char *path, tx_error *error)
{
    char *copy;
    TX_TRY(tx_duplicate(path, error, &copy));
    const bool made = *path && make_all(copy);
    const int number = *path ? errno : ENOENT;
    tx_free(copy);
    if (!made) {
        return tx_error_set(error, TX_BAD_DATA, "cannot make the directory '%s': %s", path, strerror(number));
    }
    tx_atomic_sweep(path);
    return try_writing(path, error);
}

/* The folder itself, or the nearest that exists above it. */
static void find_existing(char path[PATH_MAX])
{
    struct stat unused;
    while (stat(path, &unused) != 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');
        if (!slash) {
            strcpy(path, ".");
            return;
        }
        slash[slash == path] = '\0';
        if (slash == path) {
            return;
        }
    }
}

tx_status tx_directory_check(const char *directory, tx_error *error)
{
    char path[PATH_MAX];
    struct stat info;
    if (strlen(directory) + 32 > PATH_MAX) {
        return tx_error_set(error, TX_BAD_DATA, "the path of the directory is too long");
    }
    strcpy(path, directory);
    find_existing(path);
    if (stat(path, &info) != 0) {
        return tx_error_set(error, TX_BAD_DATA, "cannot use the directory %s: %s", directory, strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        return tx_error_set(error, TX_BAD_DATA, "cannot use the directory %s: %s is no folder", directory, path);
    }
    if (access(path, W_OK | X_OK) != 0) {
        return tx_error_set(error, TX_BAD_DATA, "cannot write in the directory %s: %s: %s", directory, path, strerror(errno));
    }
    return TX_OK;
}
