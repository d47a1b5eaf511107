/* The ranks of a job: who they are, how they agree, where data lie, and the sum that does not depend on order.
 *
 * Without a launcher everything here works with one rank and MPI is never started. Waiting never spins for longer than a
 * few scheduler ticks. Functions marked collective are called by all ranks in the same order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trainax/status.h"
#include "trainax/sum.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_parallel tx_parallel;

/* Joins the job that a launcher (mpirun, srun) started, and starts MPI for it; alone: one rank, no MPI. When MPI runs
 * already, `communicator` (an MPI_Comm *, duplicated) is used instead; NULL then means MPI_COMM_WORLD. Collective.
 * TX_INVALID when the launcher did not connect the processes (srun without an MPI plugin, another MPI's mpirun). */
tx_status tx_parallel_create(const void *communicator, tx_error *error, tx_parallel **out);
/* What Open MPI should find in the environment when it starts here, where the user has not set it: the waiting of libraries on
 * crowded cores, and a transport that has returned wrong values on Debian 12. For whoever may change the environment, before the
 * call above. Returns how many of `out` are set; the texts are for good. */
typedef struct tx_setting {
    const char *name, *value;
} tx_setting;
enum { TX_MOST_SETTINGS = 2 };
int tx_parallel_settings(tx_setting out[TX_MOST_SETTINGS]);
/* Collective. Finalises MPI if a create had started it and no other handle is left; not when the others are lost: then end the
 * process by _exit(), as what runs at exit() may wait for them. */
void tx_parallel_destroy(tx_parallel *parallel);
/* Did a launcher that still lives start this process as one of a job? What another one has left in the environment does not
 * count. Starts nothing. */
bool tx_parallel_launched(void);
/* This process in its job, before it has joined: as that launcher says; alone rank 0 of 1. Once MPI runs, its rank there. */
int tx_parallel_job_rank(void);
int tx_parallel_job_size(void);
bool tx_parallel_joined(void); /* has MPI been started in this process? It stays so when it is over. Starts nothing */

/* What a rank is asked for while something takes long. Functions may be NULL. */
typedef struct tx_attention {
    bool (*stop)(void *user);    /* should it stop? Asked between pieces of data, from any thread */
    void (*waiting)(void *user); /* about once a second while others are waited for; must not communicate */
    void *user;
} tx_attention;
void tx_parallel_attend(tx_parallel *parallel, tx_attention attention);
bool tx_parallel_asked_to_stop(const tx_parallel *parallel);
/* Has another machine, which was waited for, not been heard of for two minutes (or TRAINAX_DEAD_LINK seconds in the environment, 0:
 * for ever)? Then the collective call that waited has failed on this rank, and every later one fails at once. The kernels of the
 * machines ask each other: how long a step takes does not matter. Connections of TCP alone. */
bool tx_parallel_is_lost(const tx_parallel *parallel);
/* Then Open MPI's mpirun, where it is this process's parent, is told to end without the daemon of the lost machine: by itself it
 * would wait for that, a quarter of an hour perhaps. */
void tx_parallel_end_launcher(void);

int tx_parallel_rank(const tx_parallel *parallel);
int tx_parallel_size(const tx_parallel *parallel);
int tx_parallel_cores(const tx_parallel *parallel);           /* cores that this process may use */
bool tx_parallel_oversubscribed(const tx_parallel *parallel); /* more ranks on this machine than cores */
/* "node1 x 4, node2 x 4": machines by name, with how many ranks each runs. Known on rank 0, empty
 * elsewhere; tx_free. Collective. */
tx_status tx_parallel_machines(tx_parallel *parallel, tx_error *error, char **out);
void tx_parallel_library(char *text, size_t size); /* "Open MPI v4.1.4"; starts nothing */

tx_status tx_parallel_barrier(tx_parallel *parallel, tx_error *error);                             /* collective */
tx_status tx_parallel_broadcast(tx_parallel *parallel, void *data, size_t bytes, tx_error *error); /* collective, from rank 0 */
/* Broadcasts a text of unknown length (NULL too): on rank 0 *text is read, elsewhere it is allocated (tx_free). Collective;
 * all ranks get the same status, and on failure no rank has a text more than before. */
tx_status tx_parallel_broadcast_text(tx_parallel *parallel, char **text, tx_error *error);
tx_status tx_parallel_sum(tx_parallel *parallel, int64_t *values, size_t count, tx_error *error); /* collective, in place */
tx_status tx_parallel_max(tx_parallel *parallel, int64_t *values, size_t count, tx_error *error); /* collective, in place */
/* All ranks get the status and the message of the lowest rank that has failed (`error` of this rank is overwritten then);
 * TX_OK if none has. Collective: call it after every step that can fail on one rank alone. */
tx_status tx_parallel_agree(tx_parallel *parallel, tx_status mine, tx_error *error);
#ifdef __clang_analyzer__ /* what it cannot see from here: where all have succeeded this rank has, too */
#define tx_parallel_agree(parallel, mine, error)                                                                                   \
    ({                                                                                                                             \
        const tx_status mine_ = (mine), all_ = tx_parallel_agree(parallel, mine_, error);                                          \
        mine_ ? mine_ : all_;                                                                                                      \
    })
#endif

/* ---- The store: a global array of equal items (the levels of all trajectories, flattened), each kept once in the job
 * (TX_SHARDED, contiguous ranges) or by every rank (TX_REPLICATED). Windows are runs of consecutive items. ---- */
typedef enum tx_placement { TX_SHARDED, TX_REPLICATED } tx_placement;
typedef struct tx_store tx_store;

/* Collective, same status on all ranks. Ranks of one machine share their parts through shared memory where the machine has
 * room for it, else (and between machines) windows come by one-sided communication; `share` false switches shared memory off
 * (tests). TX_REPLICATED: every rank fills in and holds everything, and fetching never communicates. */
tx_status tx_store_create(tx_parallel *parallel, tx_placement placement, int64_t num_items, size_t item_bytes, bool share,
                          tx_error *error, tx_store **out);
void tx_store_destroy(tx_store *store); /* collective */
/* The items that this rank must fill in (maybe none), and where (zeroed at first); then all ranks commit (collective, same
 * status on all), after which they are constant. */
void tx_store_part(const tx_store *store, int64_t *first, int64_t *count, void **items);
tx_status tx_store_commit(tx_store *store, tx_error *error);
size_t tx_store_bytes(const tx_store *store); /* bytes held by this rank, fetch buffers included */

/* Where a request is on its way while the windows of the one before are read: requests that are numbered take turns. */
enum { TX_STORE_SLOTS = 2 };
static inline int tx_store_slot(int64_t request)
{
    return (int)(request % TX_STORE_SLOTS);
}
/* Asks for `num_windows` runs of `length` items starting at first[k], into one of the slots, without waiting. NOT collective.
 * `reserve` says what the largest request will be (again, larger, once what was asked for is not wanted any more), so that fetching
 * never allocates: TX_FAILURE for a larger one, or for a window that is not within the store. */
tx_status tx_store_reserve(tx_store *store, int num_windows, int length, tx_error *error);
tx_status tx_store_fetch(tx_store *store, int slot, int num_windows, int length, const int64_t *first, tx_error *error);
/* The same of every stride[k]-th item: such windows are copied. Before `reserve` one says that they will be asked for. */
void tx_store_allow_strides(tx_store *store);
tx_status tx_store_fetch_strided(tx_store *store, int slot, int num_windows, int length, const int64_t *first,
                                 const int64_t *stride, tx_error *error);
/* Waits for the slot's request: window k lies at (*windows)[k], length * item_bytes contiguous bytes, aligned as an item is,
 * constant, valid until the slot is fetched into again. Local and shared windows are never copied. */
tx_status tx_store_wait(tx_store *store, int slot, const void *const **windows, tx_error *error);

/* ---- The reduction: the sum over blocks of a flat gradient, of some scalars and of some counters, with one allreduce a
 * step and, in exact mode, with the same bits whatever the order and the number of ranks and threads (design: fixed point
 * with a scale per leaf for gradients, a full-range accumulator for scalars). ---- */
typedef enum tx_reduction_mode { TX_REDUCE_EXACT, TX_REDUCE_PLAIN } tx_reduction_mode;
typedef struct tx_reduction tx_reduction;
typedef enum tx_outcome {
    TX_REDUCED, /* results are there */
    TX_REPEAT,  /* a scale did not fit: compute the same blocks again and add them again */
} tx_outcome;

typedef struct tx_reduction_setup {
    tx_reduction_mode mode;
    tx_precision precision;
    int num_leaves;
    const int64_t *leaf_sizes; /* the gradient is their concatenation; copied */
    int num_scalars, num_counters;
    /* How many blocks a step adds at most, over all ranks: a property of the problem, the same on every number of ranks, as it
     * fixes the head room of the sums. */
    int64_t max_blocks;
    int threads; /* that add at the same time at most */
} tx_reduction_setup;
/* Not collective. */
tx_status tx_reduction_create(tx_parallel *parallel, const tx_reduction_setup *setup, tx_error *error, tx_reduction **out);
void tx_reduction_destroy(tx_reduction *reduction);
/* The scales (one int64 a leaf: x becomes round(x * 2^scale)), the only state that a resumed run needs. A leaf that has
 * been zero so far has none: TX_SCALE_UNSET. The first step that is not zero measures it, by reporting TX_REPEAT once; a
 * scale that has become too large is measured again likewise, one that drifts is moved in steps of 2^6 for the next step. */
void tx_reduction_scales(const tx_reduction *reduction, int64_t *out);
void tx_reduction_set_scales(tx_reduction *reduction, const int64_t *scales);
void tx_reduction_copy_scales(const tx_reduction *from, tx_reduction *to); /* of the same leaves */
bool tx_reduction_scaled(const tx_reduction *reduction);                   /* is the scale of any leaf set? */
void tx_reduction_unset_scales(tx_reduction *reduction);                   /* a callback's gradient: measure before each */

void tx_reduction_begin(tx_reduction *reduction); /* a new step: all sums zero */
/* Adds the gradient of one block. Threads may call these at the same time with different `thread` (0 <= thread < threads). */
void tx_reduction_add_gradient(tx_reduction *reduction, int thread, const void *gradient);
/* Instead, if it is exact, for one thread: where somebody else is to leave the sum of its `blocks` blocks, all that it has in this
 * step, before tx_reduction_finish. False: it is not exact, and nothing has happened. */
bool tx_reduction_take_sum(tx_reduction *reduction, int thread, int64_t blocks, tx_gradient_sum *out);
void tx_reduction_add_scalar(tx_reduction *reduction, int thread, int index, double value);
void tx_reduction_add_counter(tx_reduction *reduction, int thread, int index, int64_t value);
/* The one allreduce (none on one rank), a second one on TX_REPEAT. Collective. On TX_REPEAT begin and add the same blocks
 * again: once is enough. A gradient that is not finite is never repeated: TX_REDUCED, finite false, all elements NaN. */
tx_status tx_reduction_finish(tx_reduction *reduction, tx_error *error, tx_outcome *out);
/* After TX_REDUCED. gradient: the flat sum in the run's precision, owned by the reduction, valid until begin. */
const void *tx_reduction_gradient(const tx_reduction *reduction);
double tx_reduction_scalar(const tx_reduction *reduction, int index); /* NaN or inf if any term was not finite */
int64_t tx_reduction_counter(const tx_reduction *reduction, int index);
bool tx_reduction_finite(const tx_reduction *reduction); /* were all gradient elements finite? */

#ifdef __cplusplus
}
#endif
