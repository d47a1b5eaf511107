/* Boxes of a dataset in chunks, cut where chunks are: what is read of a chunk is read together. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trainax/file.h"

/* The parts of a box, in C order: what lies in it of cells, each a whole number of chunks. */
typedef struct tx_cells {
    int rank;
    int64_t first[TX_FILE_MAX_RANK], end[TX_FILE_MAX_RANK]; /* of the box */
    int64_t size[TX_FILE_MAX_RANK];                         /* of a cell */
    int64_t at[TX_FILE_MAX_RANK];                           /* the next one */
    bool more;
} tx_cells;

/* Cells of one chunk, or of several as long as these hold at most about `most` numbers of the box, which is not empty. */
tx_cells tx_cells_begin(int rank, const int64_t *chunk, const int64_t *first, const int64_t *count, int64_t most);
bool tx_cells_next(tx_cells *cells, int64_t *first, int64_t *count); /* false: that was all */
bool tx_cells_are_dense(const tx_cells *cells);                      /* all of them: each continues the one before */

/* Do the numbers of a part of a box lie one behind the other in it? */
bool tx_part_is_dense(int rank, const int64_t *part, const int64_t *box);
/* Copies a part to where it lies in a box; `bytes` of a number, `place` of its first one along each axis. */
void tx_part_put(int rank, const int64_t *part, const int64_t *place, const int64_t *box, size_t bytes, const void *from, void *to);
