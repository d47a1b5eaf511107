/* The best network so far: in checkpoints, and as best.h5. Rank 0's business; nothing of it where no callback keeps one. */
#pragma once

#include "trainax/file.h"
#include "training/trainer.h"

tx_status tx_best_put(const tx_trainer *trainer, tx_file *file, tx_error *error); /* into a checkpoint */
tx_status tx_best_get(tx_trainer *trainer, const tx_file *file, tx_error *error); /* from a checkpoint */
/* The step of the best network in a checkpoint; -1: it has none. */
tx_status tx_best_stored_step(const tx_file *file, tx_error *error, int64_t *out);
/* Writes DIRECTORY/best.h5; where nothing has been measured yet removes it. */
tx_status tx_best_save(tx_trainer *trainer, const char *directory, tx_error *error);
