#include "file/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static const char mark[8] = {'t', 'x', 'c', 'r', 'c', '6', '4', '\n'};

/* Eight tables, so that eight bytes are taken at once (Kounavis and Berry, "A systematic approach to building high
 * performance, software-based, CRC generators", 2005). They are cheaper to make than to keep. */
typedef struct crc {
    uint64_t table[8][256];
    uint64_t state;
} crc;

static void crc_begin(crc *crc)
{
    const uint64_t polynomial = 0xC96C5795D7870F42u; /* ECMA-182, lowest bit first */
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t rest = byte;
        for (int bit = 0; bit < 8; bit++) {
            rest = rest >> 1 ^ (rest & 1 ? polynomial : 0);
        }
        crc->table[0][byte] = rest;
    }
    for (int k = 1; k < 8; k++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            const uint64_t before = crc->table[k - 1][byte];
            crc->table[k][byte] = before >> 8 ^ crc->table[0][before & 255];
        }
    }
    crc->state = ~(uint64_t)0;
}

static void crc_add(crc *crc, const unsigned char *data, size_t bytes)
{
    uint64_t state = crc->state;
    for (; bytes >= 8; bytes -= 8, data += 8) {
        uint64_t next = 0;
        for (int k = 0; k < 8; k++) {
            next ^= crc->table[7 - k][(state >> 8 * k & 255) ^ data[k]];
        }
        state = next;
    }
    for (; bytes; bytes--, data++) {
        state = state >> 8 ^ crc->table[0][(state ^ *data) & 255];
    }
    crc->state = state;
}

static uint64_t crc_end(const crc *crc)
{
    return ~crc->state;
}

uint64_t tx_checksum(const void *data, size_t bytes)
{
    crc crc;
    crc_begin(&crc);
    crc_add(&crc, data, bytes);
    return crc_end(&crc);
}

static void make(uint64_t checksum, unsigned char seal[TX_SEAL_BYTES])
{
    memcpy(seal, mark, sizeof mark);
    for (int k = 0; k < 8; k++) {
        seal[8 + k] = (unsigned char)(checksum >> 8 * k);
    }
}

void tx_seal_make(const void *data, size_t bytes, unsigned char seal[TX_SEAL_BYTES])
{
    make(tx_checksum(data, bytes), seal);
}

/* False on an error (errno) or an early end (errno 0). */
static bool read_at(int fd, void *data, size_t bytes, off_t offset)
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

static bool checksum_file(int fd, off_t bytes, size_t step, void *buffer, uint64_t *out)
{
    crc crc;
    crc_begin(&crc);
    for (off_t done = 0; done < bytes;) {
        const size_t now = bytes - done < (off_t)step ? (size_t)(bytes - done) : step;
        if (!read_at(fd, buffer, now, done)) {
            return false;
        }
        crc_add(&crc, buffer, now);
        done += (off_t)now;
    }
    *out = crc_end(&crc);
    return true;
}

static tx_status checksum_whole(int fd, off_t bytes, tx_error *error, bool *good, uint64_t *out)
{
    const size_t step = (size_t)1 << 16;
    void *buffer;
    TX_TRY(tx_allocate(step, error, &buffer));
    *good = checksum_file(fd, bytes, step, buffer, out);
    tx_free(buffer);
    return TX_OK;
}

static tx_status append(int fd, const char *path, tx_error *error)
{
    const off_t bytes = lseek(fd, 0, SEEK_END);
    unsigned char seal[TX_SEAL_BYTES];
    uint64_t checksum;
    bool good;
    TX_TRY(checksum_whole(fd, bytes, error, &good, &checksum));
    make(checksum, seal);
    errno = good ? ENOSPC : errno;
    good = good && pwrite(fd, seal, sizeof seal, bytes) == sizeof seal;
    return good ? TX_OK : tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", path, strerror(errno));
}

tx_status tx_seal_append(const char *temporary, const char *path, tx_error *error)
{
    const int fd = open(temporary, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", path, strerror(errno));
    }
    const tx_status status = append(fd, path, error);
    close(fd);
    return status;
}

tx_status tx_seal_check(int fd, const char *path, tx_error *error, tx_seal *out)
{
    unsigned char found[TX_SEAL_BYTES], right[TX_SEAL_BYTES];
    const off_t bytes = lseek(fd, 0, SEEK_END) - TX_SEAL_BYTES;
    uint64_t checksum;
    bool good;
    if (bytes < 0) {
        *out = TX_SEAL_ABSENT;
        return TX_OK;
    }
    if (!read_at(fd, found, sizeof found, bytes)) {
        return tx_error_set(error, TX_BAD_DATA, "cannot read '%s': %s", path,
                            errno ? strerror(errno) : "it has just become shorter");
    }
    if (memcmp(found, mark, sizeof mark) != 0) {
        *out = TX_SEAL_ABSENT;
        return TX_OK;
    }
    TX_TRY(checksum_whole(fd, bytes, error, &good, &checksum));
    if (!good) {
        return tx_error_set(error, TX_BAD_DATA, "cannot read '%s': %s", path,
                            errno ? strerror(errno) : "it has just become shorter");
    }
    make(checksum, right);
    *out = memcmp(found, right, sizeof right) == 0 ? TX_SEAL_GOOD : TX_SEAL_BROKEN;
    return TX_OK;
}
