#include "file/atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

static tx_status cannot_write(const char *path, int number, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", path, strerror(number));
}

tx_status tx_atomic_temporary(const char *path, tx_error *error, char **out)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        const char *what = S_ISDIR(info.st_mode) ? "Is a directory" : "Is not a regular file";
        return tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", path, what);
    }
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash + 1 - path) : 0;
    const size_t bytes = strlen(path) + sizeof "..tmp";
    char *temporary;
    TX_TRY(tx_allocate(bytes, error, &temporary));
    snprintf(temporary, bytes, "%.*s.%s.tmp", folder, path, path + folder);
    *out = temporary;
    return TX_OK;
}

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

static int open_again(const char *path, int flags)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

tx_status tx_atomic_write(const char *temporary, const char *path, const void *data, size_t bytes, tx_error *error)
{
    const int fd = open_again(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0) {
        return cannot_write(path, errno, error);
    }
    if (!finish(fd, write_all(fd, data, bytes) && flush(fd))) {
        const int number = errno;
        unlink(temporary);
        return cannot_write(path, number, error);
    }
    return TX_OK;
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

/* The rename itself must reach the disk. A folder that cannot be opened for reading is let be. */
static bool flush_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096] = ".";
    if (slash) {
        const size_t bytes = slash == path ? 1 : (size_t)(slash - path);
        snprintf(folder, sizeof folder, "%.*s", (int)bytes, path);
    }
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

tx_status tx_atomic_publish(const char *temporary, const char *path, const char *previous, tx_error *error)
{
    const tx_status status = replace(temporary, path, previous, error);
    if (status != TX_OK) {
        unlink(temporary);
    }
    return status;
}

tx_status tx_atomic_save(const char *path, const char *previous, const void *data, size_t bytes, tx_error *error)
{
    char *temporary;
    TX_TRY(tx_atomic_temporary(path, error, &temporary));
    tx_status status = tx_atomic_write(temporary, path, data, bytes, error);
    if (status == TX_OK) {
        status = tx_atomic_publish(temporary, path, previous, error);
    }
    tx_free(temporary);
    return status;
}
