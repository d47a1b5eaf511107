/* What stands behind the name of an input. */
#pragma once

#include <stdbool.h>

#include "trainax/status.h"

/* Is `path` (by whatever name) a file that `input` is or is made of: a file of that folder, or one that it leads to as HDF5
 * (external links, sources of virtual datasets, external raw files), or one that such a file leads to? Where a name may mean
 * several files, each of them counts. What cannot be opened leads nowhere. Not collective. */
tx_status tx_sources_have(const char *input, const char *path, tx_error *error, bool *out);
