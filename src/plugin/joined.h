/* Functions of a component whose calls several ranks make together. Private to this room. */
#pragma once

#include "kernel/function.h"
#include "trainax/parallel.h"

/* A component's, on the ranks of one job. */
typedef struct tx_joined tx_joined;
/* Of so many ranks each. Collective, same status on all ranks. */
tx_status tx_joined_create(tx_parallel *parallel, int ranks, tx_error *error, tx_joined **out);
void tx_joined_destroy(tx_joined *joined); /* takes NULL */
bool tx_joined_is_of(const tx_joined *joined, const tx_parallel *parallel);

/* A function's ranks, and what its calls need. */
typedef struct tx_shared_function tx_shared_function;
/* Sets function->ranks. By all ranks in the same order. */
tx_status tx_shared_function_create(tx_joined *joined, const char *library, tx_function *function, tx_error *error,
                                    tx_shared_function **out);
/* From now on it can be called. */
void tx_shared_function_open(tx_shared_function *shared);
/* The states that its calls have made, before what they were made of; takes NULL. */
void tx_shared_function_destroy(tx_shared_function *shared);
