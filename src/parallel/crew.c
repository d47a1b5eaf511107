/* Who helps whom: on each machine, ranks with nothing to do are dealt out in contiguous runs to those that have something. */
#include "parallel/crew.h"

#include <stdatomic.h>

#include "parallel/job.h"
#include "parallel/machine.h"

enum { LINE = 64, PAGE = 4096 };

static bool is_busy(const tx_parallel *parallel, int64_t things, int rank)
{
    return things * (rank + 1) / parallel->size > things * rank / parallel->size;
}

bool tx_parallel_is_busy(const tx_parallel *parallel, int64_t things)
{
    return things >= parallel->size || is_busy(parallel, things, parallel->rank);
}

/* The next rank from `rank` on that is on this machine, and busy, or not. */
static int next_rank(const tx_parallel *parallel, int64_t things, int rank, bool busy)
{
    const int *machine_of = parallel->machine_of;
    while (rank < parallel->size && (machine_of[rank] != machine_of[parallel->rank] || is_busy(parallel, things, rank) != busy)) {
        rank++;
    }
    return rank;
}

/* How many of these there are before rank `end`. */
static int count_ranks(const tx_parallel *parallel, int64_t things, int end, bool busy)
{
    int count = 0;
    for (int rank = 0; (rank = next_rank(parallel, things, rank, busy)) < end; rank++) {
        count++;
    }
    return count;
}

/* Whose place it is. */
static int busy_rank(const tx_parallel *parallel, int64_t things, int place)
{
    int rank = next_rank(parallel, things, 0, true);
    while (place-- > 0) {
        rank = next_rank(parallel, things, rank + 1, true);
    }
    return rank;
}

/* Of h helpers and p places, place k has the helpers from k h / p to (k + 1) h / p. Returns this rank's place, -1: none. */
static int take_place(tx_crew *crew, int64_t things, int most, int places)
{
    const tx_parallel *parallel = crew->parallel;
    const bool busy = is_busy(parallel, things, parallel->rank);
    const int before = count_ranks(parallel, things, parallel->rank, busy);
    const int64_t helpers = count_ranks(parallel, things, parallel->size, false);
    if (places == 0) {
        return -1;
    }
    const int place = busy ? before : (int)(((before + 1) * (int64_t)places - 1) / helpers);
    const int first = (int)(place * helpers / places), count = (int)((place + 1) * helpers / places) - first + 1;
    crew->count = count < most ? count : most;
    crew->index = busy ? 0 : before - first + 1;
    crew->thing = things * busy_rank(parallel, things, place) / parallel->size;
    return crew->index < crew->count ? place : -1;
}

/* Each on its own pages, near to the first of those who use it; before it, how many have come. */
static tx_status share_memory(tx_crew *crew, int place, int places, size_t bytes, tx_error *error)
{
    const size_t each = (LINE + bytes + PAGE - 1) / PAGE * PAGE, offset = place < 0 ? 0 : (size_t)place * each;
    tx_parallel *parallel = crew->parallel;
    TX_TRY(tx_region_create(parallel, (size_t)places * each, offset, place < 0 || crew->index ? 0 : each, error, &crew->region));
    int64_t cannot = !crew->region.base;
    TX_TRY(tx_parallel_max(parallel, &cannot, 1, error));
    if (cannot) {
        tx_region_destroy(&crew->region);
    }
    crew->memory = cannot || place < 0 ? NULL : crew->region.base + offset + LINE;
    return TX_OK;
}

tx_status tx_crew_create(tx_parallel *parallel, int64_t things, int most, size_t bytes, tx_error *error, tx_crew *out)
{
    tx_crew crew = {.parallel = parallel};
    const int places = count_ranks(parallel, things, parallel->size, true);
    const int place = take_place(&crew, things, most, places);
    int64_t helped = place >= 0 && crew.count > 1;
    TX_TRY(tx_parallel_max(parallel, &helped, 1, error));
    TX_TRY(helped ? share_memory(&crew, place, places, bytes, error) : TX_OK);
    crew.thing = crew.memory ? crew.thing : -1;
    *out = crew;
    return TX_OK;
}

void tx_crew_destroy(tx_crew *crew)
{
    tx_region_destroy(&crew->region);
}

tx_status tx_crew_assemble(tx_crew *crew, tx_error *error)
{
    _Atomic int64_t *come = (_Atomic int64_t *)(void *)(crew->memory - LINE);
    atomic_fetch_add(come, 1);
    return tx_parallel_wait_for(crew->parallel, come, ++crew->turns * crew->count, "computing a block with others", error);
}
