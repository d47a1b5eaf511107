/* The seal of a file that was written as a whole: 16 bytes after its end that HDF5 does not look at, holding a checksum of
 * all that comes before. HDF5 1.10 can crash on metadata with flipped bits, so they must be found before it reads them.
 *
 * Where trajectories are many they have checksums of their own (cover.h), and the seal leaves them out. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/status.h"

enum { TX_SEAL_BYTES = 16 };
typedef enum tx_seal { TX_SEAL_ABSENT, TX_SEAL_GOOD, TX_SEAL_BROKEN } tx_seal;

/* The bytes that a seal leaves out, and how many of them have one checksum; all 0: none. Stands before such a seal. */
typedef struct tx_seal_gap {
    int64_t offset, bytes, group;
} tx_seal_gap;

/* Bytes of a file whose checksum is known to whoever wrote them: they need not be read again. */
typedef struct tx_seal_known {
    int64_t offset, bytes; /* 0 bytes: nothing is known */
    uint64_t checksum;
    const struct tx_seal_known *next; /* behind these in the file, else it is read */
} tx_seal_known;

/* A root attribute that sealed files have, with this value: without a seal, such a file was cut off or something was put
 * behind it. Other programs that change a file leave no bytes behind what HDF5 knows of; it is foreign then. */
#define TX_SEAL_ATTRIBUTE "sealed"
#define TX_SEAL_VALUE "trainax seal 1"

/* CRC-64/XZ of `bytes` bytes. */
uint64_t tx_checksum(const void *data, size_t bytes);

/* Writes the seal of data[bytes] to `seal`. */
void tx_seal_make(const void *data, size_t bytes, unsigned char seal[TX_SEAL_BYTES]);

/* Appends the gap and its seal to the file `temporary`, which others wrote; messages name `path`. NULL: there is no gap, nothing is
 * known (not both). TX_BAD_DATA. */
tx_status tx_seal_append(const char *temporary, const char *path, const tx_seal_gap *gap, const tx_seal_known *known,
                         tx_error *error);

/* Reads the open file `fd` (any position) from beginning to end, but for the gap. TX_BAD_DATA when it cannot be read. */
tx_status tx_seal_check(int fd, const char *path, tx_error *error, tx_seal *out, tx_seal_gap *gap);

/* pread and pwrite of all bytes; a limit of the shell is an error like a full disk. False on an error (errno) or an early end
 * (errno 0). */
bool tx_read_at(int fd, void *data, size_t bytes, int64_t offset);
bool tx_write_at(int fd, const void *data, size_t bytes, int64_t offset);
/* "cannot read 'path': …", after tx_read_at. */
tx_status tx_cannot_read(const char *path, tx_error *error);
