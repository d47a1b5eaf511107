/* Groups of a job: whose ranks they are, tickets, stops, one store for all at different paces. ranks: 1 2 3 4 */
#include "ranks.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "parallel/groups.h"
#include "parallel/job.h"
#include "parallel/region.h"

static tx_groups *made(int count, int64_t tickets)
{
    tx_groups *groups = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_groups_create(job.all, count, tickets, NULL, &groups), TX_OK);
    return groups;
}

/* Of consecutive ranks, as equal as can be; collective calls are a group's own. */
static void ranks_are_divided(void)
{
    for (int count = 1; count <= job.size + 1; count++) {
        tx_groups *groups = made(count, 0);
        tx_parallel *mine = tx_groups_mine(groups);
        const int most = count < job.size ? count : job.size, rank = tx_parallel_rank(mine), size = tx_parallel_size(mine);
        int64_t sum[2] = {job.rank, 1}, first = rank == 0;
        CU_ASSERT(size == job.size / most || size == (job.size + most - 1) / most);
        CU_ASSERT_EQUAL(tx_parallel_sum(mine, sum, 2, NULL), TX_OK);
        CU_ASSERT_EQUAL(sum[1], size);
        CU_ASSERT_EQUAL(sum[0], size * (job.rank - rank) + size * (size - 1) / 2);
        CU_ASSERT_EQUAL(tx_parallel_sum(job.all, &first, 1, NULL), TX_OK);
        CU_ASSERT_EQUAL(first, most);
        CU_ASSERT_EQUAL(tx_parallel_cores(mine), tx_parallel_cores(job.all));
        CU_ASSERT_EQUAL(tx_parallel_oversubscribed(mine), tx_parallel_oversubscribed(job.all));
        tx_groups_destroy(groups);
    }
}

/* What a rank has been given is counted once a group, in rising order; the last group takes its time. */
static void each_ticket_goes_to_one_group(void)
{
    enum { TICKETS = 23 };
    for (int count = 1; count <= job.size; count++) {
        tx_groups *groups = made(count, TICKETS);
        tx_parallel *mine = tx_groups_mine(groups);
        int64_t given[TICKETS] = {0}, ticket, last = -1;
        do {
            CU_ASSERT_EQUAL_FATAL(tx_groups_next(groups, NULL, &ticket), TX_OK);
            CU_ASSERT_FATAL(ticket < TICKETS && (ticket < 0 || ticket > last));
            last = ticket;
            if (ticket >= 0) {
                given[ticket] += tx_parallel_rank(mine) == 0;
            }
            usleep(job.rank == job.size - 1 ? 3000 : 100);
            CU_ASSERT(!tx_groups_poll(groups, false));
        } while (ticket >= 0);
        CU_ASSERT_EQUAL(tx_groups_wait(groups, NULL, NULL), TX_OK);
        CU_ASSERT_EQUAL(tx_parallel_sum(job.all, given, TICKETS, NULL), TX_OK);
        for (int k = 0; k < TICKETS; k++) {
            CU_ASSERT_EQUAL(given[k], 1);
        }
        tx_groups_destroy(groups);
    }
}

/* Takes tickets without an end, as a group that steps; true: it heard of a stop within ten seconds. */
static bool steps_until_stopped(tx_groups *groups)
{
    int64_t stop = 0;
    for (int step = 0; !stop && step < 10000; step++) {
        usleep(1000);
        stop = tx_groups_poll(groups, false);
        CU_ASSERT_EQUAL_FATAL(tx_parallel_max(tx_groups_mine(groups), &stop, 1, NULL), TX_OK);
    }
    return stop;
}

/* Whichever rank it reaches, once or at the same time as all others, while it steps or waits for others: all stop, nobody begins
 * anything more, and nothing of it is left for the groups that come next. */
static void a_stop_reaches_all(int count, int rank, bool waiting)
{
    const bool me = rank < 0 || rank == job.rank;
    tx_groups *groups = made(count, waiting ? job.size : INT64_MAX);
    tx_parallel *mine = tx_groups_mine(groups);
    const volatile sig_atomic_t flag = me;
    int64_t ticket, ours = me;
    CU_ASSERT_EQUAL(tx_parallel_max(mine, &ours, 1, NULL), TX_OK);
    if (!waiting && me) {
        CU_ASSERT(tx_groups_poll(groups, true));
    }
    if (!(waiting && ours)) { /* who waits has had all tickets */
        CU_ASSERT(steps_until_stopped(groups));
        CU_ASSERT_EQUAL(tx_groups_next(groups, NULL, &ticket), TX_OK);
        CU_ASSERT_EQUAL(ticket, -1);
    }
    CU_ASSERT_EQUAL(tx_groups_wait(groups, &flag, NULL), TX_OK);
    tx_groups_destroy(groups);
}

static void stops(void)
{
    for (int count = 1; count <= job.size; count++) {
        for (int rank = -1; rank < job.size; rank++) {
            a_stop_reaches_all(count, rank, false);
            a_stop_reaches_all(count, rank, true);
        }
    }
    each_ticket_goes_to_one_group();
}

/* ---- A store over the job ---- */

enum { ITEMS = 61, LENGTH = 9 };

static tx_store *filled(tx_parallel *parallel, bool share)
{
    tx_store *store = NULL;
    int64_t first, count;
    void *items;
    CU_ASSERT_EQUAL_FATAL(tx_store_create(parallel, TX_SHARDED, ITEMS, sizeof(uint64_t), share, NULL, &store), TX_OK);
    tx_store_part(store, &first, &count, &items);
    for (int64_t k = 0; k < count; k++) {
        ((uint64_t *)items)[k] = noise(11, (uint64_t)(first + k));
    }
    CU_ASSERT_EQUAL_FATAL(tx_store_commit(store, NULL), TX_OK);
    return store;
}

/* Windows from all over the job, the next one always on its way, each rank at a pace of its own. */
static void read_store(tx_store *store, tx_groups *groups, int windows)
{
    bool same = true;
    CU_ASSERT_EQUAL_FATAL(tx_store_reserve(store, 1, LENGTH, NULL), TX_OK);
    for (int64_t k = 0, before = 0; k <= windows; k++) {
        const int64_t first = (k * 7 + job.rank * 3) % (ITEMS - LENGTH + 1);
        CU_ASSERT_EQUAL_FATAL(k < windows ? tx_store_fetch(store, (int)k % 2, 1, LENGTH, &first, NULL) : TX_OK, TX_OK);
        const void *const *there = NULL;
        CU_ASSERT_EQUAL_FATAL(k > 0 ? tx_store_wait(store, (int)(k + 1) % 2, &there, NULL) : TX_OK, TX_OK);
        for (int64_t item = 0; k > 0 && item < LENGTH; item++) {
            same &= ((const uint64_t *)there[0])[item] == noise(11, (uint64_t)(before + item));
        }
        before = first;
        usleep((useconds_t)(noise(5, (uint64_t)job.rank) % 3 * 500));
        tx_groups_poll(groups, false);
    }
    CU_ASSERT(same);
}

/* Groups that read much, little, nothing, and leave requests unanswered-for: more room is made with them under way. */
static void one_store_for_all(bool share)
{
    for (int count = 1; count <= job.size; count++) {
        tx_groups *groups = made(count, job.size);
        tx_store *store = filled(job.all, share);
        int64_t ticket;
        CU_ASSERT_EQUAL(tx_groups_next(groups, NULL, &ticket), TX_OK);
        while (ticket >= 0) {
            const int64_t first = ITEMS - LENGTH;
            read_store(store, groups, (int)ticket * 20);
            CU_ASSERT_EQUAL(tx_store_fetch(store, 0, 1, LENGTH, &first, NULL), TX_OK);
            CU_ASSERT_EQUAL(tx_groups_next(groups, NULL, &ticket), TX_OK);
        }
        CU_ASSERT_EQUAL(tx_groups_wait(groups, NULL, NULL), TX_OK);
        tx_store_destroy(store);
        tx_groups_destroy(groups);
    }
}

/* Who has read what it wants computes on, and is in MPI no more: it serves those who have not. */
static void owners_serve_while_they_compute(void)
{
    tx_groups *groups = made(job.size, 0);
    tx_store *store = filled(job.all, false);
    tx_region region;
    CU_ASSERT_EQUAL_FATAL(tx_region_create(job.all, sizeof(int), 0, sizeof(int), NULL, &region), TX_OK);
    int *done = (int *)(void *)region.base;
    for (int waited = 0; waited < job.rank * 20; waited++) { /* the last ones begin when the first have done all theirs */
        usleep(1000);
        tx_parallel_serve(tx_groups_mine(groups));
    }
    read_store(store, groups, 20);
    __atomic_add_fetch(done, 1, __ATOMIC_SEQ_CST);
    for (int waited = 0; __atomic_load_n(done, __ATOMIC_SEQ_CST) < job.size && waited < 5000; waited++) {
        usleep(1000);
        tx_parallel_serve(tx_groups_mine(groups));
    }
    CU_ASSERT_EQUAL(__atomic_load_n(done, __ATOMIC_SEQ_CST), job.size);
    CU_ASSERT_EQUAL(tx_groups_wait(groups, NULL, NULL), TX_OK);
    tx_region_destroy(&region);
    tx_store_destroy(store);
    tx_groups_destroy(groups);
}

static void regroup(int color)
{
    MPI_Comm machine;
    MPI_Comm_split(job.all->all, color, 0, &machine);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_group(job.all, machine, NULL), TX_OK);
}

static void stores(void)
{
    one_store_for_all(true);
    one_store_for_all(false);
    if (job.size > 1) { /* machines made up: of two groups each, and groups of two machines */
        regroup(job.rank / 2);
        one_store_for_all(true);
        regroup(job.rank % 2);
        tx_groups *groups = made(1, 0);
        CU_ASSERT_EQUAL(tx_parallel_machine_size(tx_groups_mine(groups)), tx_parallel_machine_size(job.all));
        tx_groups_destroy(groups);
        one_store_for_all(true);
        regroup(0);
    }
}

/* The n-th allocation fails on one rank: all fail, none waits for ever, nothing is left. */
static void no_memory(void)
{
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    for (int n = 0; status != TX_OK && n < 10; n++) {
        tx_groups *groups = NULL;
        tx_error error = {0};
        tx_memory_fail_after(job.rank == job.size / 2 ? n : -1);
        status = tx_groups_create(job.all, 2, 5, &error, &groups);
        tx_memory_fail_after(-1);
        int64_t statuses[2] = {status, -(int64_t)status};
        CU_ASSERT_EQUAL(tx_parallel_max(job.all, statuses, 2, NULL), TX_OK);
        CU_ASSERT_EQUAL(statuses[0], -statuses[1]);
        CU_ASSERT(status == TX_OK || strstr(error.message, "out of memory") != NULL);
        tx_groups_destroy(groups);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

int main(void)
{
    const suite_test tests[] = {{"ranks are divided", ranks_are_divided},
                                {"each ticket goes to one group", each_ticket_goes_to_one_group},
                                {"stops", stops},
                                {"stores", stores},
                                {"owners serve while they compute", owners_serve_while_they_compute},
                                {"no memory", no_memory},
                                {0}};
    return job_run("groups", tests);
}
