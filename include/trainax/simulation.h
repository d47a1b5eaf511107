/* Trained networks for programs outside: written as C, and trained while a simulation runs. */
#pragma once

#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/inference.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the network of a network file, or of a checkpoint, as a C source that defines `const tx_exported NAME`, NAME being that of
 * the file without its ending. state: as tx_inference_open. Collective; rank 0 writes. TX_INVALID as tx_output_find, and where the
 * network calls functions of the user's. */
tx_status tx_export_c(tx_parallel *parallel, const tx_registry *registry, const char *network_path, tx_shape state,
                      const tx_output *output, tx_error *error);

#ifdef __cplusplus
}
#endif
