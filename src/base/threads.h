/* The threads that OpenMP keeps for parallel regions. */
#pragma once

#include "trainax/status.h"

/* Before the first region of `count` threads: OpenMP itself ends the program where the system refuses one. TX_FAILURE then. */
tx_status tx_threads_start(int count, tx_error *error);
