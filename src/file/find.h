/* Names that stand for several files. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

typedef struct tx_paths {
    size_t count, capacity;
    char **path;
} tx_paths;

/* The files that `names` stand for, one after the other: a file; the *.h5 and *.hdf5 of a folder, or what matches a pattern of a
 * shell, in the order of their names' bytes. TX_BAD_DATA for a folder without any (which names folders below it that have some),
 * and for a pattern that nothing matches. */
tx_status tx_paths_find(int count, const char *const *names, tx_error *error, tx_paths *out);
void tx_paths_free(tx_paths *paths); /* takes a zeroed one */
