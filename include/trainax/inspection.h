/* What files and configurations hold, and what a run would take. */
#pragma once

#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/training.h"

#ifdef __cplusplus
extern "C" {
#endif

/* On num_ranks ranks of one machine. Reads the data's shape, not the data. Not collective. */
tx_status tx_memory_predict(const tx_config *config, int num_ranks, tx_error *error, tx_memory_estimate *out);

/* The text of `inspect` for a file (network, checkpoint, trajectories) or folder; tx_free. registry: whose data sources are tried,
 * by content, on what is none of our own; they read all numbers for ranges, and also say statistics. Not collective. */
tx_status tx_inspect_file(const tx_registry *registry, const char *path, bool statistics, tx_error *error, char **out);
/* … and for a configuration on `num_ranks` ranks: resolved YAML, parameter count, arena, memory per rank (of an ensemble what a
 * group of them needs for the largest member); with statistics also what
 * is in its data, as of a file. */
tx_status tx_inspect_config(const tx_config *config, int num_ranks, bool statistics, tx_error *error, char **out);
/* The unrolled graph of its training: states, the maps between them, losses, and where no gradient goes back. As SVG, or for
 * Graphviz (dot). *out: tx_free. TX_INVALID: it trains nothing, or has too many states for a drawing. Not collective. */
tx_status tx_inspect_graph(const tx_config *config, bool dot, tx_error *error, char **out);
/* The eigenvalues of the Gauss-Newton matrix of a run's directory, of its config.yaml and network.h5, over all windows: to
 * spectrum.csv there, and what there is to say of them to *out (tx_free; NULL on all ranks but 0). registry: gets one optimizer
 * more. Collective. TX_INVALID: the loss is no sum of squares, no memory; TX_BAD_DATA: one of the two is missing; TX_FAILURE: this
 * build has no ScaLAPACK. */
tx_status tx_inspect_spectrum(tx_parallel *parallel, tx_registry *registry, const tx_output *directory, tx_error *error,
                              char **out);

#ifdef __cplusplus
}
#endif
