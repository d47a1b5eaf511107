/* Work that follows behind other work: what a caller has finished, such as a part of what it reads, is gone over by a second
 * thread while the caller goes on. Both meet again before anything is done with the result. */
#pragma once

#include <stdint.h>

#include "trainax/status.h"

/* Goes over items from … to - 1; called in order, never twice at a time, with ranges that no result may depend on. */
typedef void (*tx_behind_work)(void *user, int64_t from, int64_t to);

typedef struct tx_behind tx_behind;

/* Where there is no second core, or the system refuses a thread, the caller's own does the work. */
tx_status tx_behind_create(tx_behind_work work, void *user, tx_error *error, tx_behind **out);
void tx_behind_destroy(tx_behind *behind); /* takes NULL; waits */

/* Items below `end` are there. */
void tx_behind_advance(tx_behind *behind, int64_t end);
/* Until the work on them is done; the next item is 0 again. */
void tx_behind_wait(tx_behind *behind);
