/* Chunks read as they are stored and undone here: HDF5's own way through the filters takes several times as long. */
#pragma once

#include "file/handle.h"

typedef struct tx_undo tx_undo;

/* *out NULL: the dataset has no chunks, or went through filters that are not known here. The caller's, on failure too. */
tx_status tx_undo_create(hid_t dataset, tx_error *error, tx_undo **out);
void tx_undo_destroy(tx_undo *undo); /* takes NULL */

/* All of the chunk that begins at `first`, in the type of the file. False: HDF5 shall read it, or say what is wrong with it. */
bool tx_undo_chunk(tx_undo *undo, const int64_t *first, void *out);
