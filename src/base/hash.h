/* A checksum of 32-bit words that is a sum of what its parts add: whoever holds a part, in whatever order, on whatever rank,
 * and the sum modulo 2^64 is that of the whole. A single changed word always changes it; any other change is missed with a
 * chance of about 2^-32 (multilinear hashing: Lemire and Kaser, "Strongly universal string hashing is fast", 2014). It finds
 * damage and tells contents apart; it does not keep out somebody who wants two of them to agree. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { TX_HASH_BLOCK = 1024 };

typedef struct tx_hash {
    uint32_t keys[TX_HASH_BLOCK];
} tx_hash;

void tx_hash_begin(tx_hash *hash); /* the same keys everywhere and always: checksums are stored in files */

/* What words first, first + 1, … of the whole add to its checksum. `words` needs no alignment; numbers are little-endian. */
uint64_t tx_hash_part(const tx_hash *hash, const void *words, uint64_t first, size_t count);
