/* The threads that OpenMP keeps for parallel regions, and the cores for all of them. */
#pragma once

#include "trainax/status.h"

/* Before the first region of `count` threads: OpenMP itself ends the program where the system refuses one. TX_FAILURE then. */
tx_status tx_threads_start(int count, tx_error *error);

int tx_threads_cores(void); /* that this process may run on */
