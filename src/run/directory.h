/* The run directory: what may stand in it, and what is written there. Rank 0's business. */
#pragma once

#include "run/checkpoint.h"
#include "trainax/run.h"

#define TX_MEMBER_METRICS "metrics.csv" /* of an ensemble's member, as evaluated when it is finished */
#define TX_MEMBERS_TABLE "members.csv"  /* of an ensemble */
#define TX_ENSEMBLE_TABLE "ensemble.csv"

/* Does it hold (part of) a run? */
bool tx_run_exists(const char *directory);
/* TX_INVALID when it holds a run and the start is new; TX_BAD_DATA when it is not a folder or cannot be written. Changes
 * nothing. */
tx_status tx_run_check(const char *directory, tx_start start, tx_error *error);
/* Makes the folder, removes an older run unless it is to be kept, writes config.yaml. */
tx_status tx_run_begin(const char *directory, tx_start start, bool keep, const tx_section *root, tx_error *error);
/* Writes network.h5, and network_ema.h5 where a mean of the parameters is kept. */
tx_status tx_run_finish(const char *directory, tx_member *member, tx_history *history, tx_error *error);
/* TX_INVALID when that was a run alone (`earlier`, may be NULL) and this is an ensemble, or the other way round. */
tx_status tx_run_check_kind(const char *directory, const tx_config *earlier, const tx_config *now, tx_error *error);
/* Of this name in it, if there is one. */
tx_status tx_run_remove(const char *directory, const char *name, tx_error *error);
/* TX_INVALID when the run would replace or remove one of its inputs (NULL behind the last). */
tx_status tx_run_check_inputs(const char *directory, tx_start start, const char *const *inputs, tx_error *error);
/* TX_INVALID when it holds a network.h5, network_ema.h5 or best.h5, which a run without a checkpoint would replace. */
tx_status tx_run_check_restart(const char *directory, tx_error *error);
/* Are there the files that such a run leaves at this step, with a best network of that one (-1: none)? */
bool tx_run_holds(const char *directory, const tx_section *root, int64_t step, int64_t best_step);
/* What the run there was told before: it has begun to do that, whether or not it came to a checkpoint. NULL: nothing that can be
 * read; else the caller's. */
tx_config *tx_run_earlier(const char *directory, const tx_registry *registry);
/* Is there a file checkpoint.now? Whoever makes it wants a checkpoint. Granted: there is one, and the file goes. */
bool tx_run_wants_checkpoint(const char *directory);
void tx_run_grant_checkpoint(const char *directory);
