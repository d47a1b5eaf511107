/* Linear emulators of a data set: what every network should be better than. */
#pragma once

#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/parallel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `trainax baseline`: fits the configuration's `baselines` to its data, chooses what is `auto` by rollouts of held-out
 * trajectories, and writes them and two tables into a folder (output->path; NULL: output.directory, or runs/NAME_baseline). *out:
 * the second table, for the screen (tx_free; NULL on all ranks but 0). Collective; results agree to rounding on any number of
 * ranks. TX_INVALID, with the place in the file: what does not fit the data, no memory for it; or the folder holds results.
 * TX_FAILURE: a system that is singular, or this build has no ScaLAPACK. */
tx_status tx_fit_baselines(const tx_config *config, tx_parallel *parallel, const tx_output *output, tx_error *error, char **out);

#ifdef __cplusplus
}
#endif
