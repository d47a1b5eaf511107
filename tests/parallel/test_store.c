/* The store: every window of every placement, whoever owns its items. ranks: 1 2 3 4 */
#include "ranks.h"

#include <string.h>

#include "base/memory.h"
#include "parallel/job.h"

typedef struct kind {
    const char *name;
    tx_placement placement;
    bool share;
} kind;
static const kind kinds[] = {{"shared", TX_SHARDED, true}, {"one-sided", TX_SHARDED, false}, {"replicated", TX_REPLICATED, true}};

/* Byte k of an item is a function of both, so that nothing else fits. */
static unsigned char byte_of(int64_t item, size_t k)
{
    return (unsigned char)noise(7, (uint64_t)item * 1009 + k);
}

static tx_store *filled(const kind *kind, int64_t num_items, size_t item_bytes)
{
    tx_store *store = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_store_create(job.all, kind->placement, num_items, item_bytes, kind->share, &error, &store), TX_OK);
    int64_t first, count;
    void *items;
    tx_store_part(store, &first, &count, &items);
    for (int64_t item = 0; item < count; item++) {
        for (size_t k = 0; k < item_bytes; k++) {
            ((unsigned char *)items)[(size_t)item * item_bytes + k] = byte_of(first + item, k);
        }
    }
    CU_ASSERT_EQUAL_FATAL(tx_store_commit(store, &error), TX_OK);
    return store;
}

static bool right(const void *window, int64_t first, int length, size_t item_bytes)
{
    const unsigned char *bytes = window;
    bool same = true;
    for (int item = 0; item < length; item++) {
        for (size_t k = 0; k < item_bytes; k++) {
            same &= bytes[(size_t)item * item_bytes + k] == byte_of(first + item, k);
        }
    }
    return same;
}

/* All windows of a length, some at a time, the next ones always asked for while these are read. */
static void read_all(tx_store *store, int64_t num_items, size_t item_bytes, int length)
{
    enum { AT_ONCE = 5 };
    int64_t first[2][AT_ONCE];
    bool same = true;
    const int64_t num_windows = num_items - length + 1, batches = (num_windows + AT_ONCE - 1) / AT_ONCE;
    CU_ASSERT_EQUAL_FATAL(tx_store_reserve(store, AT_ONCE, length, NULL), TX_OK);
    for (int64_t batch = 0; batch <= batches; batch++) {
        const int now = (int)(batch % 2);
        if (batch < batches) {
            for (int k = 0; k < AT_ONCE; k++) { /* each rank in another order */
                first[now][k] = (batch * AT_ONCE + k + job.rank * 3) % num_windows;
            }
            CU_ASSERT_EQUAL_FATAL(tx_store_fetch(store, now, AT_ONCE, length, first[now], NULL), TX_OK);
        }
        if (batch > 0) {
            const void *const *windows;
            CU_ASSERT_EQUAL_FATAL(tx_store_wait(store, !now, &windows, NULL), TX_OK);
            for (int k = 0; k < AT_ONCE; k++) {
                same &= right(windows[k], first[!now][k], length, item_bytes);
            }
        }
    }
    CU_ASSERT(same);
}

/* Lengths that meet one, two, three and all owners; fewer items than ranks; ranges that are not equal. */
static void every_window(const kind *kind)
{
    const int64_t counts[] = {1, 3, 37, 200};
    const size_t sizes[] = {4, 24, 1000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            tx_store *store = filled(kind, counts[c], sizes[s]);
            const int64_t lengths[] = {1, 2, counts[c] / 2, counts[c] / 2 + 3, counts[c]};
            for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
                if (lengths[l] >= 1 && lengths[l] <= counts[c]) {
                    read_all(store, counts[c], sizes[s], (int)lengths[l]);
                }
            }
            tx_store_destroy(store);
        }
    }
}

static void every_shared_window(void)
{
    every_window(&kinds[0]);
}
static void every_one_sided_window(void)
{
    every_window(&kinds[1]);
}
static void every_replicated_window(void)
{
    every_window(&kinds[2]);
}

/* Each item is kept once, by rank order. */
static void parts_are_ranges(void)
{
    for (int64_t n = 0; n < 20; n++) {
        tx_store *store = filled(&kinds[n % 2], n, 8);
        int64_t first, count;
        void *items;
        tx_store_part(store, &first, &count, &items);
        CU_ASSERT_EQUAL(first, job.rank * n / job.size);
        CU_ASSERT_EQUAL(first + count, (job.rank + 1) * n / job.size);
        int64_t total = count;
        CU_ASSERT_EQUAL(tx_parallel_sum(job.all, &total, 1, NULL), TX_OK);
        CU_ASSERT_EQUAL(total, n);
        tx_store_destroy(store);
    }
}

/* On one machine shared windows are pointers into one array: as far apart as their items. */
static void shared_windows_are_not_copied(void)
{
    enum { N = 50, LENGTH = 20 };
    tx_store *store = filled(&kinds[0], N, 16);
    CU_ASSERT_EQUAL_FATAL(tx_store_reserve(store, N, LENGTH, NULL), TX_OK);
    int64_t first[N - LENGTH];
    for (int k = 0; k < N - LENGTH; k++) {
        first[k] = k;
    }
    const void *const *windows;
    CU_ASSERT_EQUAL(tx_store_fetch(store, 0, N - LENGTH, LENGTH, first, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_store_wait(store, 0, &windows, NULL), TX_OK);
    bool apart = true;
    for (int k = 1; k < N - LENGTH; k++) {
        apart &= (const char *)windows[k] - (const char *)windows[0] == 16 * k;
    }
    CU_ASSERT(apart);
    CU_ASSERT(tx_store_bytes(store) < N * 16 / (size_t)job.size + 16 + 1000 + 2 * N * sizeof(void *));
    tx_store_destroy(store);
}

static void requests_are_checked(void)
{
    tx_store *store = filled(&kinds[job.size % 2], 10, 8);
    CU_ASSERT_EQUAL(tx_store_reserve(store, 2, 3, NULL), TX_OK);
    const int64_t good[2] = {0, 7}, late[1] = {8}, negative[1] = {-1}, three[3] = {0};
    const void *const *windows;
    CU_ASSERT_EQUAL(tx_store_fetch(store, 0, 2, 3, good, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_store_fetch(store, 0, 2, 3, good, NULL), TX_OK); /* again, not waited for */
    CU_ASSERT_EQUAL(tx_store_fetch(store, 1, 1, 3, late, NULL), TX_FAILURE);
    CU_ASSERT_EQUAL(tx_store_fetch(store, 1, 1, 3, negative, NULL), TX_FAILURE);
    CU_ASSERT_EQUAL(tx_store_fetch(store, 1, 3, 1, three, NULL), TX_FAILURE);
    CU_ASSERT_EQUAL(tx_store_fetch(store, 1, 1, 4, three, NULL), TX_FAILURE);
    CU_ASSERT_EQUAL(tx_store_fetch(store, 1, 0, 3, NULL, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_store_wait(store, 1, &windows, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_store_wait(store, 0, &windows, NULL), TX_OK);
    CU_ASSERT(right(windows[1], 7, 3, 8));
    CU_ASSERT_EQUAL(tx_store_fetch(store, 0, 2, 0, good, NULL), TX_OK); /* of nothing */
    tx_store_destroy(store);                                            /* with a request under way */
    CU_ASSERT_EQUAL(tx_store_create(job.all, TX_SHARDED, 4, 0, true, NULL, &store), TX_FAILURE);
}

/* Two machines made up from one: neighbours by rank, and dealt in turn, where no two neighbours share one. */
static void regroup(int color)
{
    MPI_Comm machine;
    MPI_Comm_split(job.all->all, color, 0, &machine);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_group(job.all, machine, NULL), TX_OK);
}

static void several_machines(void)
{
    if (job.size < 2) {
        return;
    }
    regroup(job.rank / 2);
    every_window(&kinds[0]);
    regroup(job.rank % 2);
    every_window(&kinds[0]);
    regroup(0);
    every_window(&kinds[0]);
}

/* The n-th allocation fails on one rank: all fail, none waits for ever, nothing is left. */
static void no_memory(void)
{
    const size_t before = tx_memory_live();
    bool done = false;
    for (int n = 0; !done && n < 20; n++) {
        tx_store *store = NULL;
        tx_memory_fail_after(job.rank == job.size / 2 ? n : -1);
        tx_error error = {0};
        const tx_status status = tx_store_create(job.all, TX_SHARDED, 30, 8, n % 2, &error, &store);
        tx_memory_fail_after(-1);
        int64_t statuses[2] = {status, -(int64_t)status};
        CU_ASSERT_EQUAL(tx_parallel_max(job.all, statuses, 2, NULL), TX_OK);
        CU_ASSERT_EQUAL(statuses[0], -statuses[1]);
        CU_ASSERT(status == TX_OK || strstr(error.message, "out of memory") != NULL);
        done = status == TX_OK;
        tx_store_destroy(store);
    }
    CU_ASSERT(done);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

int main(void)
{
    const suite_test tests[] = {{"every shared window", every_shared_window},
                                {"every one-sided window", every_one_sided_window},
                                {"every replicated window", every_replicated_window},
                                {"parts are ranges", parts_are_ranges},
                                {"shared windows are not copied", shared_windows_are_not_copied},
                                {"requests are checked", requests_are_checked},
                                {"several machines", several_machines},
                                {"no memory", no_memory},
                                {0}};
    return job_run("store", tests);
}
