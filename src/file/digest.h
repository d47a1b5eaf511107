/* Numbers as a short text that tells whether two arrays have the same bits. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

enum { TX_DIGEST_SIZE = 17 };
void tx_digest_library(char *text, size_t size); /* the version of libcrypto */

/* Of a file, as below. TX_BAD_DATA: it cannot be read. */
tx_status tx_digest_file(const char *path, tx_error *error, char out[TX_DIGEST_SIZE]);
/* The first 16 hexadecimal digits of SHA-256 over the numbers, little-endian whatever this machine's order is. */
tx_status tx_digest_reals(tx_precision precision, size_t count, const void *values, tx_error *error, char out[TX_DIGEST_SIZE]);
