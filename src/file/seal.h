/* The seal of a file that was written as a whole: 16 bytes after its end that HDF5 does not look at, holding a checksum of
 * all that comes before. HDF5 1.10 can crash on metadata with flipped bits, so they must be found before it reads them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/status.h"

enum { TX_SEAL_BYTES = 16 };
typedef enum tx_seal { TX_SEAL_ABSENT, TX_SEAL_GOOD, TX_SEAL_BROKEN } tx_seal;

/* CRC-64/XZ of `bytes` bytes. */
uint64_t tx_checksum(const void *data, size_t bytes);

/* Writes the seal of data[bytes] to `seal`. */
void tx_seal_make(const void *data, size_t bytes, unsigned char seal[TX_SEAL_BYTES]);

/* Appends its seal to the file `temporary`, which others wrote; messages name `path`. TX_BAD_DATA. */
tx_status tx_seal_append(const char *temporary, const char *path, tx_error *error);

/* Reads the open file `fd` (any position) from beginning to end. TX_BAD_DATA when it cannot be read. */
tx_status tx_seal_check(int fd, const char *path, tx_error *error, tx_seal *out);
