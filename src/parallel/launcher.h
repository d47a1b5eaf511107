/* What the environment says about how this process was started, before and after MPI runs. */
#pragma once

#include "trainax/parallel.h"

/* TX_INVALID when a launcher started several processes without telling them of each other. */
tx_status tx_launcher_check_alone(tx_error *error);
/* The same once MPI runs: it found `size` ranks, the launcher may know of more. */
tx_status tx_launcher_check_size(int size, tx_error *error);
/* Settings that Open MPI reads when it starts; those that the user has made stay. */
void tx_launcher_prepare(void);
