/* Collectives and agreement. ranks: 1 2 3 4 */
#include "ranks.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static void ranks_are_numbered(void)
{
    CU_ASSERT(job.rank >= 0 && job.rank < job.size);
    int64_t ranks[2] = {job.rank, 1};
    CU_ASSERT_EQUAL(tx_parallel_sum(job.all, ranks, 2, NULL), TX_OK);
    CU_ASSERT_EQUAL(ranks[0], job.size * (job.size - 1) / 2);
    CU_ASSERT_EQUAL(ranks[1], job.size);
    int64_t largest[2] = {job.rank, -job.rank};
    CU_ASSERT_EQUAL(tx_parallel_max(job.all, largest, 2, NULL), TX_OK);
    CU_ASSERT_EQUAL(largest[0], job.size - 1);
    CU_ASSERT_EQUAL(largest[1], 0);
}

static void a_group_in_a_job_has_its_own_ranks(void)
{
    CU_ASSERT_EQUAL(tx_parallel_size(job.alone), 1);
    CU_ASSERT_EQUAL(tx_parallel_rank(job.alone), 0);
}

static void barrier_waits_for_the_last(void)
{
    if (job.rank == job.size - 1) {
        usleep(30000); /* the others go through spinning, yielding and sleeping */
    }
    CU_ASSERT_EQUAL(tx_parallel_barrier(job.all, NULL), TX_OK);
}

static void broadcast_comes_from_rank_0(void)
{
    enum { N = 100001 };
    static unsigned char data[N];
    for (int k = 0; k < N; k++) {
        data[k] = job.rank ? 0 : (unsigned char)noise(1, k);
    }
    CU_ASSERT_EQUAL(tx_parallel_broadcast(job.all, data, N, NULL), TX_OK);
    bool same = true;
    for (int k = 0; k < N; k++) {
        same &= data[k] == (unsigned char)noise(1, k);
    }
    CU_ASSERT(same);
    CU_ASSERT_EQUAL(tx_parallel_broadcast(job.all, NULL, 0, NULL), TX_OK);
}

static void machines_are_counted(void)
{
    char *text, host[64], expected[96];
    CU_ASSERT_EQUAL_FATAL(tx_parallel_machines(job.all, NULL, &text), TX_OK);
    gethostname(host, sizeof host);
    snprintf(expected, sizeof expected, "%s x %d", host, job.size);
    CU_ASSERT_STRING_EQUAL(text, job.rank ? "" : expected);
    tx_free(text);
}

static void one_text(const char *original)
{
    char *text = NULL;
    if (job.rank == 0 && original) {
        CU_ASSERT_EQUAL_FATAL(tx_duplicate(original, NULL, &text), TX_OK);
    }
    CU_ASSERT_EQUAL(tx_parallel_broadcast_text(job.all, &text, NULL), TX_OK);
    CU_ASSERT_EQUAL(text == NULL, original == NULL);
    CU_ASSERT(!text || strcmp(text, original) == 0);
    tx_free(text);
}

static void texts(void)
{
    one_text("data: {type: file}\n");
    one_text("");
    one_text(NULL);
}

/* Only one rank has no memory for the text: all must say so, and none must wait. */
static void a_text_without_memory(void)
{
    if (job.size == 1) {
        return;
    }
    char hello[] = "hello", *text = job.rank ? NULL : hello;
    tx_error error = {0};
    tx_memory_fail_after(job.rank == job.size - 1 ? 0 : -1);
    CU_ASSERT_EQUAL(tx_parallel_broadcast_text(job.all, &text, &error), TX_FAILURE);
    tx_memory_fail_after(-1);
    CU_ASSERT_PTR_EQUAL(text, job.rank ? NULL : hello);
    CU_ASSERT(strstr(error.message, "out of memory") != NULL);
}

static void agreement_without_failure(void)
{
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_parallel_agree(job.all, TX_OK, &error), TX_OK);
    CU_ASSERT_EQUAL(error.status, TX_OK);
    CU_ASSERT_EQUAL(error.message[0], 0);
}

/* Every set of failing ranks: the lowest decides, also where the others' status is greater. */
static void the_lowest_failing_rank_speaks(void)
{
    const tx_status statuses[] = {TX_BAD_DATA, TX_STOPPED, TX_FAILURE, TX_INVALID};
    for (int set = 1; set < 1 << job.size; set++) {
        tx_error error = {0};
        tx_status mine = TX_OK;
        if (set >> job.rank & 1) {
            mine = tx_error_set(&error, statuses[job.rank % 4], "rank %d of set %d", job.rank, set);
        }
        const int lowest = __builtin_ctz((unsigned)set);
        char expected[64];
        snprintf(expected, sizeof expected, "rank %d of set %d", lowest, set);
        CU_ASSERT_EQUAL(tx_parallel_agree(job.all, mine, &error), statuses[lowest % 4]);
        CU_ASSERT_EQUAL(error.status, statuses[lowest % 4]);
        CU_ASSERT_STRING_EQUAL(error.message, expected);
        CU_ASSERT_EQUAL(tx_parallel_agree(job.all, mine, NULL), statuses[lowest % 4]);
    }
}

int main(void)
{
    const suite_test tests[] = {{"ranks are numbered", ranks_are_numbered},
                                {"a group in a job has its own ranks", a_group_in_a_job_has_its_own_ranks},
                                {"a barrier waits for the last", barrier_waits_for_the_last},
                                {"broadcasts come from rank 0", broadcast_comes_from_rank_0},
                                {"machines are counted", machines_are_counted},
                                {"texts of any length", texts},
                                {"a text without memory", a_text_without_memory},
                                {"agreement without failure", agreement_without_failure},
                                {"the lowest failing rank speaks", the_lowest_failing_rank_speaks},
                                {0}};
    return job_run("communicator", tests);
}
