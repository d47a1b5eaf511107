/* CRC-64/XZ, piece after piece. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct tx_crc {
    uint64_t table[8][256];
    uint64_t fold[2][2]; /* by a round of pieces, by one piece */
    uint64_t state;
} tx_crc;

void tx_crc_begin(tx_crc *crc);
void tx_crc_add(tx_crc *crc, const void *data, size_t bytes);
void tx_crc_add_known(tx_crc *crc, uint64_t checksum, size_t bytes); /* bytes of which there is only the checksum */
uint64_t tx_crc_end(const tx_crc *crc);
