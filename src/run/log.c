/* run.log: what a run was, and all that it said. */
#include "run/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/memory.h"
#include "file/atomic.h"

/* All of it or nothing: a full disk leaves no half line. */
static bool append(int file, const char *text, size_t size)
{
    TX_HOLD_SIZE_LIMIT;
    ssize_t done;
    do {
        done = write(file, text, size);
    } while (done < 0 && errno == EINTR);
    if (done == (ssize_t)size) {
        return true;
    }
    const int number = done < 0 ? errno : ENOSPC;
    if (done > 0) {
        (void)!ftruncate(file, lseek(file, 0, SEEK_END) - done);
    }
    errno = number;
    return false;
}

static tx_status cannot_write(tx_run_log *log, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "cannot write %s: %s", log->path, strerror(errno));
}

static void flush(tx_run_log *log)
{
    if (log->path && log->status == TX_OK) {
        log->status = append(log->file, log->kept.data, log->kept.size) ? TX_OK : cannot_write(log, &log->error);
        log->kept.size = 0;
    }
}

/* An entry is a line, whatever stands in it. */
static void add(tx_run_log *log, const char *label, const char *message)
{
    char time[32], *line;
    const size_t size = 4 * strlen(message) + 8;
    if (log->status == TX_OK) {
        log->status = tx_allocate(size, &log->error, &line);
    }
    if (log->status != TX_OK) {
        return;
    }
    tx_time_write(time);
    tx_escape(message, line, size);
    log->status = tx_text_add(&log->kept, &log->error, "%s %s%s\n", time, label, line);
    tx_free(line);
    flush(log);
}

static void hear(void *user, tx_log_level level, const char *line)
{
    tx_run_log *log = user;
    tx_log_write(log->screen, level, "%s", line);
    if (level != TX_LOG_PROGRESS) {
        add(log, level == TX_LOG_WARNING ? "warning: " : "", line);
    }
}

void tx_run_log_begin(tx_run_log *log, const tx_log *screen)
{
    *log = (tx_run_log){.log = {.write = hear, .user = log}, .screen = screen};
}

tx_status tx_run_log_open(tx_run_log *log, const char *directory, tx_error *error)
{
    tx_text path = {0};
    char target;
    TX_TRY(tx_text_add(&path, error, "%s/run.log", directory));
    if (readlink(path.data, &target, 1) >= 0) {
        unlink(path.data); /* what it points to is somebody else's */
    }
    log->file = open(path.data, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    log->path = path.data;
    if (log->file < 0) {
        log->status = cannot_write(log, &log->error);
    }
    flush(log);
    return tx_run_log_check(log, error);
}

void tx_run_log_note(tx_run_log *log, const char *line)
{
    if (log->screen) {
        add(log, "", line);
    }
}

tx_status tx_run_log_check(const tx_run_log *log, tx_error *error)
{
    return log->status ? tx_error_set(error, log->status, "%s", log->error.message) : TX_OK;
}

void tx_run_log_end(tx_run_log *log, const tx_error *error)
{
    if (log->screen && error->status != TX_OK) {
        add(log, error->status == TX_STOPPED ? "" : "error: ", error->message);
    }
    if (log->path && log->file >= 0) {
        close(log->file);
    }
    tx_free(log->path);
    tx_free(log->kept.data);
}
