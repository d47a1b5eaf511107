/* One array of Equinox's tree: "layers.0.weight", its shape, and where it lies in the flat parameters (C order). */
#pragma once

#include <stdint.h>

enum { TX_LEAF_NAME = 96, TX_LEAF_RANK = 6 };
typedef struct tx_leaf {
    char name[TX_LEAF_NAME];
    int rank;
    int64_t shape[TX_LEAF_RANK];
    int64_t offset, size;
} tx_leaf;
