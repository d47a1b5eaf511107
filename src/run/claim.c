/* Taking over is a race that one must win. Whoever finds the claim of a dead process with the number N first takes a second
 * claim in the same way, `lock.N`, which is the right to replace just that one, and looks again: only while it still stands may
 * it be replaced. A process that dies in between leaves a dead claim, of a number of its own: the same once more. */
#include "run/claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/atomic.h"
#include "run/owner.h"
#include "trainax/file.h"

enum { MOST_TAKEOVERS = 8, PATIENCE = 100 /* times 10 ms */, ENDING = 60 /* seconds */ };

static tx_status cannot(const char *verb, const char *path, int number, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "cannot %s '%s': %s", verb, path, strerror(number));
}

static tx_status join(const char *path, const char *separator, const char *name, tx_error *error, char **out)
{
    const size_t bytes = strlen(path) + strlen(separator) + strlen(name) + 1;
    TX_TRY(tx_allocate(bytes, error, out));
    snprintf(*out, bytes, "%s%s%s", path, separator, name);
    return TX_OK;
}

/* ---- Reading ---- */

/* The claim at `path`; an empty one where there is none. */
static tx_status read_claim(const char *path, tx_error *error, tx_owner *out)
{
    *out = (tx_owner){0};
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) {
        return errno == ENOENT || errno == ESTALE ? TX_OK : cannot("read", path, errno, error);
    }
    const ssize_t size = read(file, out->text, sizeof out->text - 1);
    const int number = errno;
    close(file);
    if (size < 0 && number != ESTALE) {
        return cannot("read", path, number, error);
    }
    out->text[size > 0 ? size : 0] = '\0';
    out->present = size >= 0;
    return TX_OK;
}

/* All of it, whatever signals come meanwhile. */
static void wait_a_moment(long milliseconds)
{
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000 * 1000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

/* Where there are no links a claim is created first and written then: it is given a second. */
static tx_status read_whole(const char *path, tx_error *error, tx_owner *out)
{
    for (int k = 0; k < PATIENCE; k++) {
        TX_TRY(read_claim(path, error, out));
        if (!out->present || tx_owner_parse(out)) {
            return TX_OK;
        }
        wait_a_moment(10);
    }
    return tx_error_set(error, TX_INVALID, "%s says nothing that can be understood: if no run is alive in its folder, remove it",
                        path);
}

/* A claim, and whether its owner lives. One whose job is about to end, as after scancel, is given the time for it. */
static tx_status read_settled(const char *path, tx_error *error, tx_owner *out, tx_life *life)
{
    *life = TX_LIFE_DEAD;
    for (int k = 0;; k++) {
        TX_TRY(read_whole(path, error, out));
        *life = out->present ? tx_owner_life(out) : TX_LIFE_DEAD;
        if (*life != TX_LIFE_ENDING || k == ENDING) {
            return TX_OK;
        }
        wait_a_moment(1000);
    }
}

/* The errors of those who cannot have it. */
static tx_status check_dead(const char *directory, const char *path, const tx_owner *owner, tx_life life, tx_error *error)
{
    char who[TX_OWNER_NAME];
    tx_owner_name(owner, who);
    switch (life) {
    case TX_LIFE_DEAD:
        return TX_OK;
    case TX_LIFE_ALIVE:
        return tx_error_set(error, TX_INVALID, "%s is in use by %s: one run at a time owns a directory", directory, who);
    case TX_LIFE_JOB:
    case TX_LIFE_ENDING:
        return tx_error_set(error, TX_INVALID,
                            "%s is in use by %s: one run at a time owns a directory (if that one is dead although its job lives, "
                            "remove %s)",
                            directory, who, path);
    default:
        return tx_error_set(error, TX_INVALID,
                            "%s is in use by %s, and whether that is alive cannot be asked from here: if it is dead, remove %s",
                            directory, who, path);
    }
}

/* ---- Writing ---- */

/* What one process tries to do. */
typedef struct attempt {
    const char *directory;
    char *temporary; /* a file with the text */
    tx_owner self;
    const tx_log *log;
} attempt;

static tx_status write_claim(const char *path, const char *text, tx_error *error)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        return cannot("write", path, errno, error);
    }
    TX_HOLD_SIZE_LIMIT;
    errno = ENOSPC;
    const bool good = write(file, text, strlen(text)) == (ssize_t)strlen(text) && (fsync(file) == 0 || errno == EINVAL);
    const int number = errno;
    if ((close(file) == 0 || errno == EINTR) && good) {
        return TX_OK;
    }
    unlink(path);
    return cannot("write", path, good ? errno : number, error);
}

static bool has_no_links(int number)
{
    return number == EPERM || number == ENOTSUP || number == ENOSYS || number == EMLINK;
}

/* An answer may be lost on its way through a network: whose a claim is, its words say. */
static tx_status stands(const char *path, const char *text, tx_error *error, bool *out)
{
    tx_owner found;
    TX_TRY(read_claim(path, error, &found));
    *out = found.present && strcmp(found.text, text) == 0;
    return TX_OK;
}

/* Makes `path` if nobody has it. */
static tx_status publish(const attempt *mine, const char *path, tx_error *error, bool *out)
{
    int number = link(mine->temporary, path) == 0 ? 0 : errno;
    if (has_no_links(number)) {
        number = write_claim(path, mine->self.text, NULL) == TX_OK ? 0 : errno;
    }
    TX_TRY(stands(path, mine->self.text, error, out));
    return *out || number == 0 || number == EEXIST ? TX_OK : cannot("write", path, number, error);
}

static tx_status take(const attempt *mine, const char *path, int depth, tx_error *error);

/* With the right to replace this one claim. */
static tx_status put_in_place(const attempt *mine, const char *right, const char *path, const tx_owner *dead, tx_error *error,
                              bool *out)
{
    TX_TRY(stands(path, dead->text, error, out));
    if (!*out || rename(right, path) == 0) {
        return TX_OK;
    }
    const int number = errno;
    TX_TRY(stands(path, mine->self.text, error, out));
    return *out ? TX_OK : cannot("write", path, number, error);
}

static tx_status replace(const attempt *mine, const char *path, const tx_owner *dead, int depth, tx_error *error, bool *out)
{
    char *right;
    TX_TRY(join(path, ".", dead->id, error, &right));
    tx_status status = take(mine, right, depth + 1, error);
    if (status == TX_OK) {
        status = put_in_place(mine, right, path, dead, error, out);
        if (status != TX_OK || !*out) {
            unlink(right);
        }
    }
    tx_free(right);
    return status;
}

static void tell_taken(const attempt *mine, const tx_owner *dead, int depth)
{
    char who[TX_OWNER_NAME];
    tx_owner_name(dead, who);
    if (depth == 0) {
        tx_log_write(mine->log, TX_LOG_NOTE, "%s was left by %s, which is dead: taken over", mine->directory, who);
    }
}

static tx_status take(const attempt *mine, const char *path, int depth, tx_error *error)
{
    for (bool done = false;;) {
        tx_owner other;
        tx_life life;
        TX_TRY(publish(mine, path, error, &done));
        if (done) {
            return TX_OK;
        }
        TX_TRY(read_settled(path, error, &other, &life));
        if (!other.present) {
            continue;
        }
        TX_TRY(check_dead(mine->directory, path, &other, life, error));
        if (depth == MOST_TAKEOVERS) {
            return tx_error_set(error, TX_INVALID, "%s was left by a run that is dead: remove it", path);
        }
        TX_TRY(replace(mine, path, &other, depth, error, &done));
        if (done) {
            tell_taken(mine, &other, depth);
            return TX_OK;
        }
    }
}

/* ---- The whole ---- */

static tx_status lock_path(const char *directory, tx_error *error, char **out)
{
    return join(directory, "/", "lock", error, out);
}

tx_status tx_claim_check(const char *directory, tx_error *error)
{
    char *path;
    tx_owner owner;
    tx_life life;
    TX_TRY(lock_path(directory, error, &path));
    tx_status status = read_settled(path, error, &owner, &life);
    if (status == TX_OK && owner.present) {
        status = check_dead(directory, path, &owner, life, error);
    }
    tx_free(path);
    return status;
}

/* Cuts the last name off; false when there is no other left. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    while (slash && slash > path && slash[-1] == '/') {
        slash--;
    }
    if (slash && slash > path) {
        *slash = '\0';
    }
    return slash && slash > path;
}

/* Which folders will have been made: those beyond *kept characters. */
static tx_status note_missing(const char *directory, tx_error *error, tx_claim *out)
{
    char *path;
    TX_TRY(tx_duplicate(directory, error, &path));
    bool there = access(path, F_OK) == 0, above = true;
    while (!there && above) {
        above = go_up(path);
        there = access(path, F_OK) == 0;
    }
    out->kept = above ? strlen(path) : 0;
    tx_free(path);
    return tx_duplicate(directory, error, &out->made);
}

/* Another run that gives up may take the folder away again at this moment. */
static tx_status write_temporary(const attempt *mine, tx_error *error)
{
    tx_status status = TX_FAILURE;
    for (int k = 0; k < PATIENCE && status != TX_OK; k++) {
        tx_error local = {0};
        TX_TRY(tx_directory_make(mine->directory, error));
        status = write_claim(mine->temporary, mine->self.text, &local);
        if (status != TX_OK && access(mine->directory, F_OK) == 0) {
            return tx_error_set(error, status, "%s", local.message);
        }
    }
    return status;
}

static void remove_dead(const char *path)
{
    tx_owner owner;
    if (read_claim(path, NULL, &owner) == TX_OK && tx_owner_parse(&owner) && tx_owner_life(&owner) == TX_LIFE_DEAD) {
        unlink(path);
    }
}

/* `lock.N` of those who were killed while they tried. They matter to nobody as long as `lock` is this process's. */
static void sweep(const attempt *mine)
{
    DIR *folder = opendir(mine->directory);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        char *path;
        if (strncmp(entry->d_name, "lock.", 5) == 0 && join(mine->directory, "/", entry->d_name, NULL, &path) == TX_OK) {
            remove_dead(path);
            tx_free(path);
        }
    }
    if (folder) {
        closedir(folder);
    }
}

static tx_status try_to_take(attempt *mine, tx_error *error, tx_claim *out)
{
    TX_TRY(note_missing(mine->directory, error, out));
    TX_TRY(lock_path(mine->directory, error, &out->path));
    TX_TRY(tx_duplicate(mine->self.text, error, &out->text));
    TX_TRY(join(out->path, ".", mine->self.id, error, &mine->temporary));
    TX_TRY(write_temporary(mine, error));
    const tx_status status = take(mine, out->path, 0, error);
    unlink(mine->temporary);
    if (status == TX_OK) {
        sweep(mine);
    }
    return status;
}

tx_status tx_claim_take(const char *directory, const tx_log *log, tx_error *error, tx_claim *out)
{
    attempt mine = {.directory = directory, .log = log};
    tx_claim claim = {0};
    tx_owner_self(&mine.self);
    const tx_status status = try_to_take(&mine, error, &claim);
    tx_free(mine.temporary);
    if (status != TX_OK) {
        tx_claim_release(&claim);
        return status;
    }
    *out = claim;
    return TX_OK;
}

tx_status tx_claim_keep(const tx_claim *claim, tx_error *error)
{
    char who[TX_OWNER_NAME] = "nobody";
    tx_owner owner;
    TX_TRY(read_claim(claim->path, error, &owner));
    if (owner.present && strcmp(owner.text, claim->text) == 0) {
        return TX_OK;
    }
    if (owner.present && tx_owner_parse(&owner)) {
        tx_owner_name(&owner, who);
    }
    return tx_error_set(error, TX_INVALID, "%s is not this run's any more, but that of %s: it writes nothing there", claim->path,
                        who);
}

static void remove_made(tx_claim *claim)
{
    bool more = claim->made;
    while (more && strlen(claim->made) > claim->kept && rmdir(claim->made) == 0) {
        more = go_up(claim->made);
    }
}

void tx_claim_release(tx_claim *claim)
{
    bool mine = false;
    if (claim->path && claim->text && stands(claim->path, claim->text, NULL, &mine) == TX_OK && mine) {
        unlink(claim->path);
    }
    remove_made(claim);
    tx_free(claim->path);
    tx_free(claim->text);
    tx_free(claim->made);
    *claim = (tx_claim){0};
}
