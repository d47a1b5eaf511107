/* Which box of one dataset stands for a box of another, where a selection of each names the same elements in the same order. */
#pragma once

#include <hdf5.h>
#include <stdbool.h>

/* The smallest box of `from` around the partners of what `to` shares (something, at least) with the box of `count` elements along
 * each axis from `first` on. Where the selections are no grids of the same shape (axes of one element aside), the box around all
 * of `from`. False: HDF5 failed. */
bool tx_selection_partner(hid_t to, const hsize_t *first, const hsize_t *count, hid_t from, hsize_t *from_first,
                          hsize_t *from_count);
