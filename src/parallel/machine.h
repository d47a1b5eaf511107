/* The ranks of one machine: what other rooms ask of them. */
#pragma once

#include "trainax/parallel.h"

int tx_parallel_machine_size(const tx_parallel *parallel);
/* What every rank of this machine says, `bytes` each. Collective. */
tx_status tx_parallel_gather_machine(tx_parallel *parallel, const void *mine, size_t bytes, void *all, tx_error *error);
