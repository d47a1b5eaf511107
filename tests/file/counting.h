/* A filter of HDF5 that does nothing but count how often it is undone: once for each chunk that is read. */
#pragma once

#include <hdf5.h>

#include "suite.h"

enum { COUNTING = 256 /* free for tests */ };

static int undone;

static size_t count_undone(unsigned flags, size_t values, const unsigned *of, size_t bytes, size_t *room, void **buffer)
{
    (void)values, (void)of, (void)room, (void)buffer;
    undone += (flags & H5Z_FLAG_REVERSE) != 0;
    return bytes;
}

static const H5Z_class2_t counting = {
    H5Z_CLASS_T_VERS, COUNTING, 1, 1, "counts", NULL, NULL, (H5Z_func_t)count_undone,
};

/* Chunks of that shape, through it. */
static inline hid_t counted_chunks(int rank, const hsize_t *chunk)
{
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    CU_ASSERT(H5Pset_chunk(creation, rank, chunk) >= 0 && H5Pset_filter(creation, COUNTING, 0, 0, NULL) >= 0);
    return creation;
}
