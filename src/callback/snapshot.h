/* Names of files that callbacks write into the run directory. */
#pragma once

#include "trainax/callback.h"

/* NAME + suffix, one allocation. TX_INVALID: the name holds a slash. */
tx_status tx_snapshot_name(const tx_callback *callback, const char *name, const char *suffix, tx_error *error, char **out);
