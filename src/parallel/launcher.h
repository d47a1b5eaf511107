/* What the environment says about how this process was started, before and after MPI runs. */
#pragma once

#include "trainax/parallel.h"

/* What a launcher that lives has told this process; rank 0 of 1 alone. Starts nothing. */
typedef struct tx_launch {
    int rank, size;
    bool connects; /* the processes can find each other: MPI makes one job of them */
} tx_launch;
tx_launch tx_launcher_look(void);
/* TX_INVALID when a launcher started several processes without telling them of each other. */
tx_status tx_launcher_check_alone(tx_error *error);
/* The same once MPI runs: it found `size` ranks, the launcher may know of more. */
tx_status tx_launcher_check_size(int size, tx_error *error);
