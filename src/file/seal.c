/* The seal of a finished file: a checksum behind what HDF5 wrote. */
#include "file/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "file/atomic.h"
#include "file/crc.h"

typedef char seal_mark[8];
static const seal_mark whole_mark = "txcrc64\n", gap_mark = "txgap64\n";

uint64_t tx_checksum(const void *data, size_t bytes)
{
    tx_crc crc;
    tx_crc_begin(&crc);
    tx_crc_add(&crc, data, bytes);
    return tx_crc_end(&crc);
}

static void put_word(uint64_t word, unsigned char out[8])
{
    for (int k = 0; k < 8; k++) {
        out[k] = (unsigned char)(word >> 8 * k);
    }
}

static uint64_t get_word(const unsigned char in[8])
{
    uint64_t word = 0;
    for (int k = 0; k < 8; k++) {
        word |= (uint64_t)in[k] << 8 * k;
    }
    return word;
}

void tx_seal_make(const void *data, size_t bytes, unsigned char seal[TX_SEAL_BYTES])
{
    memcpy(seal, whole_mark, sizeof whole_mark);
    put_word(tx_checksum(data, bytes), seal + 8);
}

bool tx_read_at(int fd, void *data, size_t bytes, int64_t offset)
{
    for (char *next = data; bytes;) {
        const ssize_t got = pread(fd, next, bytes, offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got ? errno : 0;
            return false;
        }
        next += got;
        offset += got;
        bytes -= (size_t)got;
    }
    return true;
}

bool tx_write_at(int fd, const void *data, size_t bytes, int64_t offset)
{
    TX_HOLD_SIZE_LIMIT;
    for (const char *next = data; bytes;) {
        const ssize_t done = pwrite(fd, next, bytes, offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            errno = done ? errno : ENOSPC;
            return false;
        }
        next += done;
        offset += done;
        bytes -= (size_t)done;
    }
    return true;
}

tx_status tx_cannot_read(const char *path, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "cannot read '%s': %s", path, errno ? strerror(errno) : "it has just become shorter");
}

static bool add_range(tx_crc *crc, int fd, int64_t from, int64_t end)
{
    unsigned char buffer[1 << 16];
    while (from < end) {
        const size_t now = end - from < (int64_t)sizeof buffer ? (size_t)(end - from) : sizeof buffer;
        if (!tx_read_at(fd, buffer, now, from)) {
            return false;
        }
        tx_crc_add(crc, buffer, now);
        from += (int64_t)now;
    }
    return true;
}

/* Of the first `bytes` bytes without the gap. */
static bool checksum_file(int fd, int64_t bytes, const tx_seal_gap *gap, const tx_seal_known *known, uint64_t *out)
{
    int64_t at = 0;
    tx_crc crc;
    tx_crc_begin(&crc);
    for (; known; known = known->next) {
        if (known->bytes && known->offset >= at) {
            if (!add_range(&crc, fd, at, known->offset)) {
                return false;
            }
            tx_crc_add_known(&crc, known->checksum, (size_t)known->bytes);
            at = known->offset + known->bytes;
        }
    }
    if (!add_range(&crc, fd, at, gap->offset) || !add_range(&crc, fd, at + gap->offset + gap->bytes, bytes)) {
        return false;
    }
    *out = tx_crc_end(&crc);
    return true;
}

enum { GAP_BYTES = 24 };

static bool append(int fd, const tx_seal_gap *gap, const tx_seal_known *known)
{
    const tx_seal_gap none = {0};
    const int64_t bytes = lseek(fd, 0, SEEK_END), sealed = bytes + (gap ? GAP_BYTES : 0);
    unsigned char numbers[GAP_BYTES], seal[TX_SEAL_BYTES];
    uint64_t checksum;
    if (gap) {
        put_word((uint64_t)gap->offset, numbers);
        put_word((uint64_t)gap->bytes, numbers + 8);
        put_word((uint64_t)gap->group, numbers + 16);
    }
    if (bytes < 0 || !tx_write_at(fd, numbers, (size_t)(sealed - bytes), bytes) ||
        !checksum_file(fd, sealed, gap ? gap : &none, known, &checksum)) {
        return false;
    }
    memcpy(seal, gap ? gap_mark : whole_mark, sizeof gap_mark);
    put_word(checksum, seal + 8);
    return tx_write_at(fd, seal, sizeof seal, sealed);
}

tx_status tx_seal_append(const char *temporary, const char *path, const tx_seal_gap *gap, const tx_seal_known *known,
                         tx_error *error)
{
    const int fd = open(temporary, O_RDWR | O_CLOEXEC);
    const bool good = fd >= 0 && append(fd, gap, known);
    const int number = errno;
    const bool closed = fd < 0 || close(fd) == 0 || errno == EINTR;
    return good && closed ? TX_OK
                          : tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", path, strerror(good ? errno : number));
}

/* A mark of which something is left is a broken one. */
static bool resembles(const unsigned char *found, const seal_mark mark)
{
    int same = 0;
    for (size_t k = 0; k < sizeof(seal_mark); k++) {
        same += found[k] == (unsigned char)mark[k];
    }
    return same >= 6;
}

/* False where it cannot be that of a file with `bytes` bytes before the seal. */
static bool read_gap(int fd, int64_t bytes, tx_seal_gap *gap)
{
    const int64_t most = (int64_t)1 << 40;
    unsigned char found[GAP_BYTES];
    if (bytes < GAP_BYTES || !tx_read_at(fd, found, sizeof found, bytes - GAP_BYTES)) {
        return false;
    }
    *gap = (tx_seal_gap){(int64_t)get_word(found), (int64_t)get_word(found + 8), (int64_t)get_word(found + 16)};
    if (gap->offset < 0 || gap->bytes < 0 || gap->group <= 0 || gap->group > most || gap->group % 4) {
        return false;
    }
    const int64_t room = bytes - GAP_BYTES - gap->offset; /* for the numbers, and for a checksum of each group */
    return room >= gap->bytes && (gap->bytes == 0 || (room - gap->bytes) / 8 > (gap->bytes - 1) / gap->group);
}

/* Of a file of `bytes` bytes before the seal. */
static tx_status compare(int fd, const char *path, int64_t bytes, const unsigned char *right, tx_error *error, tx_seal *out,
                         tx_seal_gap *gap)
{
    tx_seal_gap found = {0};
    uint64_t checksum;
    *out = TX_SEAL_BROKEN;
    if (memcmp(right, gap_mark, sizeof gap_mark) == 0 && !read_gap(fd, bytes, &found)) {
        return TX_OK;
    }
    if (!checksum_file(fd, bytes, &found, NULL, &checksum)) {
        return tx_cannot_read(path, error);
    }
    if (checksum == get_word(right + 8)) {
        *out = TX_SEAL_GOOD;
        *gap = found;
    }
    return TX_OK;
}

tx_status tx_seal_check(int fd, const char *path, tx_error *error, tx_seal *out, tx_seal_gap *gap)
{
    unsigned char found[TX_SEAL_BYTES];
    const int64_t bytes = lseek(fd, 0, SEEK_END) - TX_SEAL_BYTES;
    *gap = (tx_seal_gap){0};
    *out = TX_SEAL_ABSENT;
    if (bytes < 0) {
        return TX_OK;
    }
    if (!tx_read_at(fd, found, sizeof found, bytes)) {
        return tx_cannot_read(path, error);
    }
    if (memcmp(found, whole_mark, sizeof whole_mark) == 0 || memcmp(found, gap_mark, sizeof gap_mark) == 0) {
        return compare(fd, path, bytes, found, error, out, gap);
    }
    *out = resembles(found, whole_mark) || resembles(found, gap_mark) ? TX_SEAL_BROKEN : TX_SEAL_ABSENT;
    return TX_OK;
}
