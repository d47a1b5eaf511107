/* Files that appear whole or not at all: written under another name, then given theirs. */
#include "file/atomic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

enum { PATH_SIZE = 4096, MOST_LINKS = 40 };

static tx_status cannot_write(const char *path, int number, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", path, strerror(number));
}

/* ---- Links ---- */

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

tx_status tx_path_follow(char **path, tx_error *error)
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
    return cannot_write(*path, ELOOP, error);
}

/* ---- What a signal must not leave behind: the only state of this file ---- */

static struct {
    atomic_bool there;
    char path[PATH_SIZE];
} unfinished[4];
enum { MOST_UNFINISHED = sizeof unfinished / sizeof *unfinished };

static void forget(const char *temporary)
{
    for (int k = 0; k < MOST_UNFINISHED; k++) {
        if (strcmp(unfinished[k].path, temporary) == 0) {
            atomic_store(&unfinished[k].there, false);
        }
    }
}

static void remember(const char *temporary)
{
    for (int k = 0; k < MOST_UNFINISHED && strlen(temporary) < PATH_SIZE; k++) {
        if (!atomic_load(&unfinished[k].there)) {
            strcpy(unfinished[k].path, temporary);
            atomic_store(&unfinished[k].there, true);
            return;
        }
    }
}

void tx_atomic_remove_unfinished(void)
{
    for (int k = 0; k < MOST_UNFINISHED; k++) {
        if (atomic_load(&unfinished[k].there)) {
            unlink(unfinished[k].path);
        }
    }
}

/* ---- Limits ---- */

tx_size_limit tx_size_limit_hold(void)
{
    tx_size_limit limit;
    sigset_t signal;
    sigemptyset(&signal);
    sigaddset(&signal, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signal, &limit.before);
    return limit;
}

void tx_size_limit_release(const tx_size_limit *limit)
{
    if (!sigismember(&limit->before, SIGXFSZ)) {
        const int number = errno;
        const struct timespec at_once = {0};
        sigset_t signal;
        sigemptyset(&signal);
        sigaddset(&signal, SIGXFSZ);
        while (sigtimedwait(&signal, NULL, &at_once) < 0 && errno == EINTR) {
        }
        pthread_sigmask(SIG_SETMASK, &limit->before, NULL);
        errno = number;
    }
}

/* ---- Writing ---- */

static bool write_all(int fd, const char *data, size_t bytes)
{
    TX_HOLD_SIZE_LIMIT;
    while (bytes) {
        const size_t most = (size_t)1 << 30;
        const ssize_t done = write(fd, data, bytes < most ? bytes : most);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            errno = done ? errno : ENOSPC;
            return false;
        }
        data += done;
        bytes -= (size_t)done;
    }
    return true;
}

static bool flush(int fd)
{
    int result;
    do {
        result = fsync(fd);
    } while (result && errno == EINTR);
    return result == 0 || errno == EINVAL || errno == ENOTSUP; /* a file system that has nothing to flush */
}

/* A network file system may report a full disk only here. The descriptor is gone whatever close says, after EINTR too. */
static bool finish(int fd, bool good)
{
    const int number = errno;
    if (close(fd) && errno != EINTR && good) {
        return false;
    }
    errno = number;
    return good;
}

/* The descriptor behind a path that tx_atomic_hidden made, -1: it is another one. */
static int hidden_file(const char *temporary)
{
    long process;
    int fd, length = 0;
    return sscanf(temporary, "/proc/%ld/fd/%d%n", &process, &fd, &length) == 2 && !temporary[length] && process == getpid() ? fd
                                                                                                                            : -1;
}

/* A file that we have made is no link, unless it is the kernel's to a hidden one. */
static int open_again(const char *path, int flags)
{
    int fd;
    const int links = flags & O_DIRECTORY || hidden_file(path) >= 0 ? 0 : O_NOFOLLOW; /* O_TMPFILE is of a folder, too */
    do {
        fd = open(path, flags | links | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* Where the file system has none without a name, one that the next writer in the folder removes if this process is killed here. */
static int open_and_unlink(const char *folder)
{
    char path[PATH_SIZE], *temporary;
    const int length = snprintf(path, sizeof path, "%s/unnamed", folder);
    if (length >= PATH_SIZE || tx_atomic_temporary(path, NULL, &temporary) != TX_OK) {
        errno = length >= PATH_SIZE ? ENAMETOOLONG : ENOMEM;
        return -1;
    }
    unlink(temporary);
    const int fd = open_again(temporary, O_RDWR | O_CREAT | O_EXCL), number = errno;
    unlink(temporary);
    tx_free(temporary);
    errno = number;
    return fd;
}

int tx_unnamed_open(const char *folder)
{
    const int fd = open_again(folder, O_RDWR | O_TMPFILE);
    return fd >= 0 ? fd : open_and_unlink(folder);
}

int tx_unnamed_open_beside(const char *path)
{
    char folder[PATH_SIZE];
    tx_folder_of(path, folder);
    return tx_unnamed_open(folder);
}

tx_status tx_atomic_hidden(const char *path, tx_error *error, char **out)
{
    enum { LONGEST = 48 };
    char folder[PATH_SIZE];
    TX_TRY(tx_atomic_temporary(path, error, out));
    tx_folder_of(path, folder);
    const int fd = strlen(path) < PATH_SIZE ? open_again(folder, O_RDWR | O_TMPFILE) : -1;
    char *hidden;
    if (fd < 0 || tx_allocate(LONGEST, NULL, &hidden) != TX_OK) {
        return TX_OK;
    }
    snprintf(hidden, LONGEST, "/proc/%ld/fd/%d", (long)getpid(), fd);
    tx_free(*out);
    *out = hidden;
    return TX_OK;
}

/* Gives a hidden file, which is complete, a name that can become its last one. */
static tx_status show(const char *hidden, const char *path, tx_error *error, char **out)
{
    TX_TRY(tx_atomic_temporary(path, error, out));
    unlink(*out);
    const bool good = linkat(AT_FDCWD, hidden, AT_FDCWD, *out, AT_SYMLINK_FOLLOW) == 0;
    const int number = errno;
    close(hidden_file(hidden));
    if (!good) {
        tx_free(*out);
        return cannot_write(path, number, error);
    }
    return TX_OK;
}

tx_status tx_atomic_write(const char *temporary, const char *path, const void *data, size_t bytes, tx_error *error)
{
    const bool hidden = hidden_file(temporary) >= 0;
    if (!hidden) {
        unlink(temporary); /* of an earlier process with the same number */
        remember(temporary);
    }
    const int fd = open_again(temporary, hidden ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0 || !finish(fd, write_all(fd, data, bytes) && flush(fd))) {
        const int number = errno;
        tx_atomic_remove(temporary);
        return cannot_write(path, number, error);
    }
    return TX_OK;
}

void tx_atomic_remove(const char *temporary)
{
    const int fd = hidden_file(temporary);
    if (fd >= 0) {
        close(fd);
        return;
    }
    unlink(temporary);
    forget(temporary);
}

/* Where the file system cannot reserve (older Lustre, NFS 3), it can at least say what is free. */
static bool enough_free(int fd, size_t bytes)
{
    struct statvfs info;
    if (fstatvfs(fd, &info) == 0 && (double)info.f_bavail * (double)info.f_frsize < (double)bytes) {
        errno = ENOSPC;
        return false;
    }
    return true;
}

static bool reserve(int fd, size_t bytes)
{
    TX_HOLD_SIZE_LIMIT;
    int result;
    do {
        result = fallocate(fd, 0, 0, (off_t)bytes);
    } while (result && errno == EINTR);
    return result == 0 || ((errno == EOPNOTSUPP || errno == ENOSYS) && enough_free(fd, bytes));
}

tx_status tx_atomic_reserve(const char *temporary, const char *path, size_t bytes, tx_error *error)
{
    const int fd = open_again(temporary, O_WRONLY);
    if (fd < 0 || !finish(fd, reserve(fd, bytes))) {
        return cannot_write(path, errno, error);
    }
    return TX_OK;
}

/* A file system that knows no such thing does it in its own time. */
static bool push(int fd, int64_t at, int64_t bytes, unsigned how)
{
    int result;
    do {
        result = sync_file_range(fd, at, bytes, how);
    } while (result && errno == EINTR);
    return result == 0 || errno == EINVAL || errno == ENOSYS || errno == ENOTSUP || errno == ESPIPE;
}

bool tx_atomic_flow(int fd, int64_t at, int64_t bytes)
{
    const bool good = push(fd, at, bytes, SYNC_FILE_RANGE_WRITE) &&
                      (at == 0 || push(fd, 0, at, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
    posix_fadvise(fd, 0, at, POSIX_FADV_DONTNEED);
    return good;
}

/* ---- Publishing ---- */

/* The rename itself must reach the disk. A folder that cannot be opened for reading is let be. */
static bool flush_folder(const char *path)
{
    char folder[PATH_SIZE];
    tx_folder_of(path, folder);
    const int fd = open_again(folder, O_RDONLY | O_DIRECTORY);
    return fd < 0 || finish(fd, flush(fd));
}

tx_status tx_atomic_flush(const char *temporary, const char *path, tx_error *error)
{
    const int fd = open_again(temporary, O_RDONLY);
    return fd >= 0 && finish(fd, flush(fd)) ? TX_OK : cannot_write(path, errno, error);
}

/* A second name first, so that `path` exists at every moment; plain renaming where there are no hard links. */
static tx_status keep_previous(const char *path, const char *previous, tx_error *error)
{
    char *second;
    TX_TRY(tx_atomic_temporary(previous, error, &second));
    unlink(second);
    bool good = link(path, second) == 0;
    if (good) {
        good = rename(second, previous) == 0;
        const int number = errno;
        unlink(second); /* it is still there if `previous` was the same file already */
        errno = number;
    } else {
        good = errno == ENOENT || rename(path, previous) == 0;
    }
    tx_free(second);
    return good ? TX_OK : cannot_write(previous, errno, error);
}

static tx_status replace(const char *temporary, const char *path, const char *previous, tx_error *error)
{
    if (previous) {
        TX_TRY(keep_previous(path, previous, error));
    }
    if (rename(temporary, path)) {
        const int number = errno;
        if (previous && access(path, F_OK) != 0) {
            (void)!rename(previous, path);
        }
        return cannot_write(path, number, error);
    }
    return flush_folder(path) ? TX_OK : cannot_write(path, errno, error);
}

bool tx_same_file(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* What is left where the file system has no links: a look, then renaming. */
static bool put(const char *temporary, const char *path)
{
    struct stat unused;
    if (link(temporary, path) == 0 || tx_same_file(temporary, path)) { /* an answer may be lost in a network */
        unlink(temporary);
        return true;
    }
    if (errno == EEXIST || lstat(path, &unused) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(temporary, path) == 0;
}

static tx_status add(const char *temporary, const char *path, tx_error *error)
{
    if (put(temporary, path)) {
        return flush_folder(path) ? TX_OK : cannot_write(path, errno, error);
    }
    return errno == EEXIST ? tx_error_set(error, TX_INVALID, "another process has written '%s' in the meantime", path)
                           : cannot_write(path, errno, error);
}

static tx_status end(tx_status status, const char *temporary)
{
    if (status != TX_OK) {
        unlink(temporary);
    }
    forget(temporary);
    return status;
}

static tx_status publish(const char *temporary, const char *path, const char *previous, bool fresh, tx_error *error)
{
    return end(fresh ? add(temporary, path, error) : replace(temporary, path, previous, error), temporary);
}

static tx_status publish_any(const char *temporary, const char *path, const char *previous, bool fresh, tx_error *error)
{
    char *shown;
    if (hidden_file(temporary) < 0) {
        return publish(temporary, path, previous, fresh, error);
    }
    TX_TRY(show(temporary, path, error, &shown));
    const tx_status status = publish(shown, path, previous, fresh, error);
    tx_free(shown);
    return status;
}

tx_status tx_atomic_publish(const char *temporary, const char *path, const char *previous, tx_error *error)
{
    return publish_any(temporary, path, previous, false, error);
}

tx_status tx_atomic_publish_new(const char *temporary, const char *path, tx_error *error)
{
    return publish_any(temporary, path, NULL, true, error);
}

static tx_status save(const char *path, const char *previous, bool fresh, const void *data, size_t bytes, tx_error *error)
{
    char *temporary;
    TX_TRY(tx_atomic_temporary(path, error, &temporary));
    tx_status status = tx_atomic_write(temporary, path, data, bytes, error);
    if (status == TX_OK) {
        status = fresh ? tx_atomic_publish_new(temporary, path, error) : tx_atomic_publish(temporary, path, previous, error);
    }
    tx_free(temporary);
    return status;
}

tx_status tx_atomic_save(const char *path, const char *previous, const void *data, size_t bytes, tx_error *error)
{
    return save(path, previous, false, data, bytes, error);
}
tx_status tx_atomic_save_new(const char *path, const void *data, size_t bytes, tx_error *error)
{
    return save(path, NULL, true, data, bytes, error);
}
