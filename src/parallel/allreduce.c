/* The sum of a step: ranks of one machine add in shared memory, each a share, and meet their like on other machines. */
#include "parallel/allreduce.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "parallel/exchange.h"
#include "parallel/job.h"
#include "parallel/region.h"

/* In shared memory: what neighbours have to know of each other. All turns together. */
typedef struct attendance {
    _Atomic int64_t come, done, failed;
} attendance;

/* Where a rank sits: its machine has `neighbours` ranks that share memory, of which it is number `seat`. The first `lanes` seats
 * of each machine add. */
typedef struct seating {
    int neighbours, seat, lanes;
} seating;

struct tx_allreduce {
    tx_parallel *parallel;
    tx_summands of;
    seating seating;
    tx_region region; /* attendance, the neighbours' vectors, the answer */
    int64_t turns;
    int64_t *words;
    void *answer;
    tx_exchange exchange;
};

size_t tx_summands_bytes(const tx_summands *of)
{
    return sizeof(int64_t) * (size_t)(of->limbs * of->elements + of->tail);
}

size_t tx_answer_bytes(const tx_summands *of)
{
    return (size_t)tx_answer_offset(of, of->elements + of->tail);
}

/* ---- Where things lie in shared memory ---- */

static size_t lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static size_t vector_offset(const tx_allreduce *self, int seat)
{
    return lines(sizeof(attendance)) + (size_t)seat * lines(tx_summands_bytes(&self->of));
}

static int64_t *vector_at(const tx_allreduce *self, int seat)
{
    return (int64_t *)(void *)(self->region.base + vector_offset(self, seat));
}

static attendance *attendance_of(const tx_allreduce *self)
{
    return (attendance *)(void *)self->region.base;
}

/* The first seat's part has the attendance, too, the last one's the answer. */
static tx_status share_memory(tx_allreduce *self, tx_error *error)
{
    const int seats = self->parallel->machine_size, seat = self->parallel->machine_rank;
    const size_t total = vector_offset(self, seats) + lines(tx_answer_bytes(&self->of));
    const size_t first = seat ? vector_offset(self, seat) : 0, end = seat < seats - 1 ? vector_offset(self, seat + 1) : total;
    return seats == 1 ? TX_OK : tx_region_create(self->parallel, total, first, end - first, error, &self->region);
}

/* ---- Who meets whom ---- */

/* counts: one a rank, zero. Who shares no memory is a machine of its own. */
static void take_seat(tx_allreduce *self, bool shared, int *counts)
{
    const tx_parallel *parallel = self->parallel;
    tx_exchange *exchange = &self->exchange;
    int least = INT_MAX, machines = 0;
    for (int r = 0; r < parallel->size; r++) {
        counts[shared ? parallel->machine_of[r] : r]++;
    }
    for (int r = 0; r < parallel->size; r++) {
        machines += counts[r] > 0;
        least = counts[r] > 0 && counts[r] < least ? counts[r] : least;
    }
    self->seating = (seating){.neighbours = shared ? parallel->machine_size : 1,
                              .seat = shared ? parallel->machine_rank : 0,
                              .lanes = machines > 1 && tx_exchange_is_short(&self->of) ? 1 : least};
    memset(counts, 0, (size_t)parallel->size * sizeof *counts);
    for (int r = 0; r < parallel->size; r++) {
        if (counts[shared ? parallel->machine_of[r] : r]++ == self->seating.seat) {
            exchange->place = r == parallel->rank ? exchange->count : exchange->place;
            exchange->peers[exchange->count++] = r;
        }
    }
}

/* ---- Making ---- */

/* All machines share memory, or none does: what a lane is must be the same everywhere. */
static tx_status sit_down(tx_allreduce *self, int *counts, tx_error *error)
{
    int64_t cannot = self->parallel->machine_size > 1 && !self->region.base;
    TX_TRY(tx_parallel_max(self->parallel, &cannot, 1, error));
    if (cannot) {
        tx_region_destroy(&self->region);
    }
    take_seat(self, !cannot, counts);
    return TX_OK;
}

static tx_status prepare_exchange(tx_allreduce *self, tx_error *error)
{
    const tx_range all = {0, self->of.elements + self->of.tail};
    const seating seating = self->seating;
    if (seating.seat >= seating.lanes) {
        return TX_OK;
    }
    self->exchange.parallel = self->parallel;
    self->exchange.of = &self->of;
    self->exchange.share = tx_range_part(all, seating.lanes, seating.seat);
    return tx_exchange_create(&self->exchange, error);
}

static tx_status prepare(tx_allreduce *self, tx_error *error)
{
    tx_parallel *parallel = self->parallel;
    int *counts = NULL;
    tx_status status = tx_allocate_array((size_t)parallel->size, sizeof *counts, error, &counts);
    status = status ? status : tx_allocate_array((size_t)parallel->size, sizeof(int), error, &self->exchange.peers);
    status = tx_parallel_agree(parallel, status, error);
    status = status ? status : share_memory(self, error);
    status = status ? status : sit_down(self, counts, error);
    tx_free(counts);
    return status ? status : tx_parallel_agree(parallel, prepare_exchange(self, error), error);
}

/* From here on nothing fails. */
static void take_over(tx_allreduce *self, int64_t **words, void **answer)
{
    if (self->region.base) {
        int64_t *const shared = vector_at(self, self->seating.seat);
        memcpy(shared, *words, tx_summands_bytes(&self->of));
        tx_free(*words);
        tx_free(*answer);
        *words = shared;
        *answer = self->region.base + vector_offset(self, self->seating.neighbours);
    }
    self->exchange.words = self->words = *words;
    self->exchange.answer = self->answer = *answer;
}

tx_status tx_allreduce_create(tx_parallel *parallel, const tx_summands *of, int64_t **words, void **answer, tx_error *error,
                              tx_allreduce **out)
{
    tx_allreduce *self = NULL;
    tx_status status = tx_parallel_agree(parallel, tx_allocate(sizeof *self, error, &self), error);
    if (status == TX_OK) {
        *self = (tx_allreduce){.parallel = parallel, .of = *of};
        status = prepare(self, error);
    }
    if (status != TX_OK) {
        tx_allreduce_destroy(self);
        return status;
    }
    take_over(self, words, answer);
    *out = self;
    return TX_OK;
}

void tx_allreduce_destroy(tx_allreduce *self)
{
    if (!self) {
        return;
    }
    if (!self->region.base) {
        tx_free(self->words);
        tx_free(self->answer);
    }
    tx_region_destroy(&self->region);
    tx_exchange_destroy(&self->exchange);
    tx_free(self);
}

/* ---- A turn ---- */

/* Adds this seat's share of the neighbours' vectors to its own. */
static void add_neighbours(const tx_allreduce *self)
{
    const tx_summands *of = &self->of;
    const tx_range share = self->exchange.share;
    for (int limb = 0; limb < of->limbs; limb++) {
        const bool last = limb == of->limbs - 1; /* which the tail follows */
        const int64_t end = last || share.end < of->elements ? share.end : of->elements, first = limb * of->elements + share.first;
        for (int k = 1; k < self->seating.neighbours; k++) {
            const int64_t *vector = vector_at(self, (self->seating.seat + k) % self->seating.neighbours);
            of->add(end - share.first, vector + first, self->words + first);
        }
    }
}

static tx_status wait_for(const tx_allreduce *self, const _Atomic int64_t *count, int each, tx_error *error)
{
    TX_TRY(tx_parallel_wait_for(self->parallel, count, self->turns * each, "adding on a machine", error));
    return attendance_of(self)->failed ? tx_error_set(error, TX_FAILURE, "a neighbour's sum over machines has failed") : TX_OK;
}

/* What a seat with a lane does once all are there. */
static tx_status add(tx_allreduce *self, tx_error *error)
{
    if (self->seating.seat >= self->seating.lanes) {
        return TX_OK;
    }
    add_neighbours(self);
    return tx_exchange_run(&self->exchange, error);
}

static tx_status add_together(tx_allreduce *self, tx_error *error)
{
    attendance *attendance = attendance_of(self);
    atomic_fetch_add(&attendance->come, 1);
    TX_TRY(wait_for(self, &attendance->come, self->seating.neighbours, error));
    const tx_status status = add(self, error);
    attendance->failed |= status != TX_OK;
    atomic_fetch_add(&attendance->done, 1);
    return status ? status : wait_for(self, &attendance->done, self->seating.neighbours, error);
}

tx_status tx_allreduce_run(tx_allreduce *self, tx_error *error)
{
    const tx_summands *of = &self->of;
    self->turns++;
    TX_TRY(self->region.base ? add_together(self, error) : add(self, error));
    memcpy(self->words + of->limbs * of->elements, (char *)self->answer + tx_answer_offset(of, of->elements),
           sizeof(int64_t) * (size_t)of->tail);
    return TX_OK;
}
