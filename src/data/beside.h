/* What a trajectories file holds beside the trajectories (interface: Files): names, parameters, constant fields, lengths, the
 * numbers of a normalization. What graphs read of it is tx_beside. */
#pragma once

#include "trainax/data.h"

/* Into a new file in memory, of a settled source; *out is the caller's, on failure too. One rank alone. */
tx_status tx_beside_write(tx_data_source *source, tx_error *error, tx_file **out);
size_t tx_beside_write_bytes(const tx_data_source *source); /* that it takes, with a copy of that file */
/* `/normalization` of a file; nothing where there is none. */
tx_status tx_normalization_write(const tx_normalization *normalization, tx_file *file, tx_error *error);
