/* Memory that the ranks of one machine share. */
#pragma once

#include "trainax/parallel.h"

typedef struct tx_region {
    char *base; /* NULL: none */
    size_t bytes;
} tx_region;

/* Maps `bytes` zeroed bytes, the same on all ranks of this machine; this rank's part of them is [offset, offset + part):
 * its pages are reserved by the rank itself, so near to it. Where sharing is impossible, *out is {NULL, 0} on all ranks of
 * the machine and the status TX_OK. Collective over the machine. Nothing is left behind by a rank that is killed. */
tx_status tx_region_create(tx_parallel *parallel, size_t bytes, size_t offset, size_t part, tx_error *error, tx_region *out);
void tx_region_destroy(tx_region *region);
