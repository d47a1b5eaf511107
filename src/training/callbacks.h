/* The callbacks of a run: made from their sections, called in the order in which these stand, and the columns that they have. */
#pragma once

#include "trainax/callback.h"

typedef struct tx_callbacks {
    size_t column_capacity, checkpoint_capacity;
    int count, num_columns, num_checkpoints;
    tx_callback **callbacks;
    tx_callback *progress; /* the standard one, NULL: the configuration has one, or nobody listens */
    tx_config *progress_config;
    const char **columns; /* names of all columns, in order */
    int64_t present;      /* of the last step that was observed: bit k + 1 where column k has a value */
    double *values;       /* [1 + columns]; the first is history's, for the loss */
    int64_t *checkpoints; /* a checkpoint before every step that is a multiple of one of these */
} tx_callbacks;

/* TX_INVALID: two columns of one name, …. What fails leaves what tx_callbacks_destroy takes. */
tx_status tx_callbacks_create(tx_callbacks *callbacks, const tx_callback_setup *setup, tx_error *error);
/* The progress line, unless the configuration has one. */
tx_status tx_callbacks_add_progress(tx_callbacks *callbacks, const tx_config *config, const tx_callback_setup *setup,
                                    tx_error *error);
void tx_callbacks_destroy(tx_callbacks *callbacks); /* takes a zeroed one */

tx_status tx_callbacks_add_checkpoints(tx_callbacks *callbacks, int64_t every, tx_error *error);
bool tx_callbacks_checkpoint_due(const tx_callbacks *callbacks, int64_t step);

/* Calls those that are due; sets present and values. Collective. */
tx_status tx_callbacks_observe(tx_callbacks *callbacks, const tx_observation *seen, tx_error *error);
tx_status tx_callbacks_conclude(tx_callbacks *callbacks, const tx_observation *seen, tx_error *error); /* collective */
/* A row that the run has so far, after a resume; rank 0. */
void tx_callbacks_recall(tx_callbacks *callbacks, int64_t step, int64_t present, const double *values);
