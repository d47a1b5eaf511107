/* What a seal covers: the file's bytes in groups, checked where they are read. */
#include "file/cover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/behind.h"
#include "base/hash.h"
#include "base/memory.h"

/* Groups that fit a cache close to the core while they are read and checked; larger ones where the table would grow long. */
enum { SMALLEST_GROUP = 1 << 16, MOST_GROUPS = 1 << 20 };

/* What is read before it is handed on to be checked: still in a cache of the other core. */
enum { STEP = 1 << 20 };

/* Groups that are read, one behind the other. */
typedef struct run {
    int64_t first;
    const char *data;
    const tx_follower *follower;
    int64_t damaged; /* the first of them that is, or -1 */
} run;

struct tx_cover {
    tx_seal_gap gap;
    int64_t groups;
    uint64_t *sums; /* [groups], and one more while writing: bytes added */
    tx_hash hash;
    int fd;
    const char *path;
    char *buffer;   /* a group, checked: … */
    int64_t loaded; /* … this one, or -1 */
    run run;
    tx_behind *behind; /* checks it; NULL as long as no run was long */
};

static tx_status make_cover(const tx_seal_gap *gap, tx_error *error, tx_cover **out)
{
    tx_cover *cover;
    TX_TRY(tx_allocate(sizeof *cover, error, &cover));
    *cover = (tx_cover){.gap = *gap, .groups = (gap->bytes + gap->group - 1) / gap->group, .fd = -1, .loaded = -1};
    tx_hash_begin(&cover->hash);
    const tx_status status = tx_allocate_array((size_t)cover->groups + 1, sizeof *cover->sums, error, &cover->sums);
    if (status != TX_OK) {
        tx_free(cover);
        return status;
    }
    *out = cover;
    return TX_OK;
}

void tx_cover_destroy(tx_cover *cover)
{
    if (cover) {
        tx_behind_destroy(cover->behind);
        if (cover->fd >= 0) {
            close(cover->fd);
        }
        tx_free(cover->sums);
        tx_free(cover->buffer);
        tx_free(cover);
    }
}

static int64_t group_bytes(const tx_cover *cover, int64_t group)
{
    const int64_t rest = cover->gap.bytes - group * cover->gap.group;
    return rest < cover->gap.group ? rest : cover->gap.group;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static uint64_t sum_of(const tx_cover *cover, int64_t at, const void *data, int64_t bytes)
{
    return tx_hash_part(&cover->hash, data, (uint64_t)at / 4, (size_t)bytes / 4);
}

/* ---- Writing ---- */

tx_status tx_cover_create(int64_t bytes, tx_error *error, tx_cover **out)
{
    int64_t group = SMALLEST_GROUP;
    while (bytes / group >= MOST_GROUPS) {
        group *= 2;
    }
    return make_cover(&(tx_seal_gap){.bytes = bytes, .group = group}, error, out);
}

void tx_cover_add(tx_cover *cover, int64_t at, const void *data, int64_t bytes)
{
    const char *next = data;
    cover->sums[cover->groups] += (uint64_t)bytes;
    while (bytes) {
        const int64_t group = at / cover->gap.group, now = least(bytes, (group + 1) * cover->gap.group - at);
        cover->sums[group] += sum_of(cover, at, next, now);
        next += now;
        at += now;
        bytes -= now;
    }
}

int64_t *tx_cover_sums(tx_cover *cover, size_t *count)
{
    *count = (size_t)cover->groups + 1;
    return (int64_t *)cover->sums;
}

bool tx_cover_complete(const tx_cover *cover)
{
    return cover->sums[cover->groups] == (uint64_t)cover->gap.bytes;
}

size_t tx_cover_footprint(const tx_cover *cover)
{
    return (size_t)cover->groups * sizeof *cover->sums + sizeof cover->gap + TX_SEAL_BYTES;
}

static bool append_table(const tx_cover *cover, int fd)
{
    const int64_t end = lseek(fd, 0, SEEK_END);
    return end >= 0 && tx_write_at(fd, cover->sums, (size_t)cover->groups * sizeof *cover->sums, end);
}

tx_status tx_cover_finish(tx_cover *cover, const char *file, const char *path, int64_t offset, tx_error *error)
{
    cover->gap.offset = offset;
    const int fd = open(file, O_WRONLY | O_CLOEXEC);
    const bool good = fd >= 0 && append_table(cover, fd);
    const int number = errno;
    if (fd >= 0) {
        close(fd);
    }
    return good ? tx_seal_append(file, path, &cover->gap, NULL, error)
                : tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", path, strerror(number));
}

/* ---- Reading ---- */

static tx_status read_table(tx_cover *cover, int fd, tx_error *error)
{
    const int64_t bytes = cover->groups * (int64_t)sizeof *cover->sums;
    const int64_t end = lseek(fd, 0, SEEK_END) - (int64_t)(sizeof cover->gap + TX_SEAL_BYTES);
    return tx_read_at(fd, cover->sums, (size_t)bytes, end - bytes) ? TX_OK : tx_cannot_read(cover->path, error);
}

tx_status tx_cover_open(int fd, const char *path, const tx_seal_gap *gap, tx_error *error, tx_cover **out)
{
    tx_cover *cover;
    TX_TRY(make_cover(gap, error, &cover));
    cover->path = path;
    const tx_status status = read_table(cover, fd, error);
    if (status != TX_OK) {
        tx_cover_destroy(cover);
        return status;
    }
    cover->fd = fd;
    *out = cover;
    return TX_OK;
}

int64_t tx_cover_offset(const tx_cover *cover)
{
    return cover ? cover->gap.offset : -1;
}

static void reach(const tx_follower *follower, const void *end, const tx_known_sum *known)
{
    if (follower) {
        follower->reach(follower->user, end, known);
    }
}

/* Of the run: a tx_behind_work. */
static void check_groups(void *user, int64_t from, int64_t to)
{
    tx_cover *cover = user;
    run *run = &cover->run;
    for (int64_t k = from; k < to && run->damaged < 0; k++) {
        const int64_t group = run->first + k, at = group * cover->gap.group, bytes = group_bytes(cover, group);
        const char *data = run->data + k * cover->gap.group;
        const uint64_t sum = sum_of(cover, at, data, bytes);
        if (sum == cover->sums[group]) {
            reach(run->follower, data + bytes, &(tx_known_sum){(uint64_t)at / 4, sum});
        } else {
            run->damaged = group;
        }
    }
}

static tx_status damaged(const tx_cover *cover, int64_t group, tx_error *error)
{
    const int64_t at = group * cover->gap.group;
    return tx_error_set(error, TX_BAD_DATA,
                        "'%s' is damaged: bytes %" PRId64 " to %" PRId64 " of its numbers are not those that were written",
                        cover->path, at, at + group_bytes(cover, group) - 1);
}

/* Whole groups, in steps; a step is checked while the next one is read. */
static tx_status read_groups(tx_cover *cover, int64_t first, int64_t count, const tx_follower *follower, char *out, tx_error *error)
{
    const int64_t group = cover->gap.group, step = group < STEP ? STEP / group : 1;
    bool good = true;
    cover->run = (run){.first = first, .data = out, .follower = follower, .damaged = -1};
    if (count > step && !cover->behind) {
        TX_TRY(tx_behind_create(check_groups, cover, error, &cover->behind));
    }
    for (int64_t k = 0, end; k < count && good; k = end) {
        end = least(k + step, count);
        const int64_t at = (first + k) * group, bytes = least((end - k) * group, cover->gap.bytes - at);
        good = tx_read_at(cover->fd, out + k * group, (size_t)bytes, cover->gap.offset + at);
        if (good && count > step) {
            tx_behind_advance(cover->behind, end);
        } else if (good) {
            check_groups(cover, k, end);
        }
    }
    const int number = errno;
    if (count > step) {
        tx_behind_wait(cover->behind);
    }
    errno = number;
    return cover->run.damaged >= 0 ? damaged(cover, cover->run.damaged, error) : good ? TX_OK : tx_cannot_read(cover->path, error);
}

static tx_status load_group(tx_cover *cover, int64_t group, tx_error *error)
{
    if (cover->loaded == group) {
        return TX_OK;
    }
    if (!cover->buffer) {
        TX_TRY(tx_allocate((size_t)group_bytes(cover, 0), error, &cover->buffer));
    }
    cover->loaded = -1;
    TX_TRY(read_groups(cover, group, 1, NULL, cover->buffer, error));
    cover->loaded = group;
    return TX_OK;
}

/* How many groups, from byte `at` on, are whole. */
static int64_t whole_groups(const tx_cover *cover, int64_t at, int64_t bytes)
{
    const int64_t group = cover->gap.group, end = at + bytes;
    return at % group ? 0 : (end == cover->gap.bytes ? cover->groups : end / group) - at / group;
}

tx_status tx_cover_read(tx_cover *cover, int64_t at, int64_t bytes, const tx_follower *follower, void *out, tx_error *error)
{
    if (at < 0 || bytes > cover->gap.bytes - at) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' is damaged: it has no checksums for all of its numbers", cover->path);
    }
    for (char *next = out; bytes;) {
        const int64_t group = at / cover->gap.group, inside = at % cover->gap.group, whole = whole_groups(cover, at, bytes);
        const int64_t now = least(bytes, whole ? whole * cover->gap.group : group_bytes(cover, group) - inside);
        if (whole) {
            TX_TRY(read_groups(cover, group, whole, follower, next, error));
        } else {
            TX_TRY(load_group(cover, group, error));
            memcpy(next, cover->buffer + inside, (size_t)now);
            reach(follower, next + now, NULL);
        }
        next += now;
        at += now;
        bytes -= now;
    }
    return TX_OK;
}
