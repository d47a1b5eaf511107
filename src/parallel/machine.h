/* The ranks of one machine: what other rooms ask of them. */
#pragma once

#include "trainax/parallel.h"

int tx_parallel_machine_size(const tx_parallel *parallel);
int tx_parallel_machine_rank(const tx_parallel *parallel);
/* Where each of its ranks runs so many threads: are these more than its cores? */
bool tx_parallel_is_crowded(const tx_parallel *parallel, int threads);
/* Where so few things are dealt out to ranks that some get none, one at most: does this rank? */
bool tx_parallel_is_busy(const tx_parallel *parallel, int64_t things);
/* What every rank of this machine says, `bytes` each. Collective. */
tx_status tx_parallel_gather_machine(tx_parallel *parallel, const void *mine, size_t bytes, void *all, tx_error *error);
