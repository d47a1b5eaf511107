/* Trained networks for programs outside: written as C, and trained while a simulation runs. */
#pragma once

#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/inference.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the network of a network file, or of a checkpoint, as a C source that defines `const tx_exported NAME`, NAME being that of
 * the file without its ending. state: as tx_inference_open. Collective; rank 0 writes. TX_INVALID as tx_output_find; where that
 * cannot be the name of a variable (a keyword, a function of the C library); where the network calls functions of the user's. */
tx_status tx_export_c(tx_parallel *parallel, const tx_registry *registry, const char *network_path, tx_shape state,
                      const tx_output *output, tx_error *error);
/* The same as an ONNX model, of opset 13: it maps `state` (batch, channels, *points) to `next_state`, in the network's precision,
 * for any batch. Its initializers have the names of the leaves. TX_INVALID, too, for what has no such form. */
tx_status tx_export_onnx(tx_parallel *parallel, const tx_registry *registry, const char *network_path, tx_shape state,
                         const tx_output *output, tx_error *error);

/* Training while a simulation runs, on states that it has just computed: the five verbs are create, train_step, inference, save and
 * load. All but inference are collective, and fail on all ranks where they fail on one; ranks train one network, each on its own
 * samples. */
typedef struct tx_online tx_online;
typedef struct tx_online_setup {
    tx_shape state;
    int levels;      /* of a sample: a state and those that follow it, as many as the configuration reads; 0 means 2 */
    int64_t samples; /* the most that a rank gives to one step; 0 means 1 */
} tx_online_setup;
/* config_path: YAML with `network` and `trainer` as every configuration has them; what it says of data, batch_size,
 * block, num_training_steps, output and the trainer's key is not looked at. parallel: the caller's; NULL: one of its own, as
 * tx_parallel_create makes it: where that starts MPI, the last one that is destroyed ends it for the process. TX_INVALID: ranks
 * have asked for different things. */
tx_status tx_online_create(tx_parallel *parallel, const char *config_path, const tx_online_setup *setup, tx_error *error,
                           tx_online **out);
void tx_online_destroy(tx_online *online); /* takes NULL */
/* One update by this rank's `count` samples, maybe none. levels: a field for each level, of so many states; numbers as they come.
 * loss: of the step, before the update. TX_DIVERGED: it was not made. */
tx_status tx_online_train_step(tx_online *online, int64_t count, const tx_field *levels, tx_error *error, double *loss);
/* The next states, as the network is now. Not collective. y may be x. */
tx_status tx_online_inference(tx_online *online, int64_t count, const tx_field *x, const tx_field *y, tx_error *error);
/* A network file; rank 0 writes. TX_INVALID as tx_output_find; what the configuration has read is never replaced. */
tx_status tx_online_save(tx_online *online, const tx_output *output, tx_error *error);
/* The parameters of one, whose leaves must be the network's; rank 0 reads. What the optimizer remembers stays. */
tx_status tx_online_load(tx_online *online, const char *path, tx_error *error);
tx_shape tx_online_state(const tx_online *online);
int tx_online_levels(const tx_online *online); /* of a sample */

#ifdef __cplusplus
}
#endif
