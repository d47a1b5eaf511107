/* Where there are fewer things to do than ranks (of which there are several, then): those that would be idle help others of their
 * machine. */
#pragma once

#include "parallel/region.h"

/* The ranks of one machine that do one thing together. */
typedef struct tx_crew {
    tx_parallel *parallel;
    int64_t thing;    /* which; -1: this rank has nothing to do */
    int index, count; /* its place among them; the first one's thing it is */
    char *memory;     /* of all of them; NULL: this rank has nothing to do */
    int64_t turns;    /* so often have they assembled */
    tx_region region; /* where this lies. Without a base: nobody can help anybody, on no rank */
} tx_crew;

/* Thing k of `things` is that of the rank r with k = things * r / ranks and k + 1 = things * (r + 1) / ranks. The others help, as
 * evenly as may be, at most `most` ranks doing one. bytes: of zeroed memory for each thing. Where no machine has idle ranks beside
 * busy ones, or ranks cannot share memory, *out has no region. Collective, same status on all ranks. */
tx_status tx_crew_create(tx_parallel *parallel, int64_t things, int most, size_t bytes, tx_error *error, tx_crew *out);
void tx_crew_destroy(tx_crew *crew); /* takes a zeroed one */
/* Until all of the crew have come to the same call. By the thread that started MPI; fails as a collective call. */
tx_status tx_crew_assemble(tx_crew *crew, tx_error *error);
