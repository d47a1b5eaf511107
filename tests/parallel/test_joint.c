/* Joint calls: who asks gets all ranks of its group to take part, wherever they wait, however many ask and when. ranks: 2 3 4 */
#include "ranks.h"

#include <mpi.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "parallel/joint.h"

typedef struct work {
    tx_joint *joint;
    int ranks;
    int64_t parts;      /* that this rank has taken */
    _Atomic bool wrong; /* what the root has sent did not come, or ranks were in different calls */
} work;

static int group_size(void)
{
    return job.size % 2 ? job.size : 2;
}

/* All get the root's numbers, and send it what they make of them; among themselves, they are in the same call. */
static void take_part(void *object, const tx_joint_call *call, void *own)
{
    work *w = object;
    const int rank = tx_joint_rank(w->joint);
    int64_t sent[2] = {own ? *(int64_t *)own : -1, call->numbers[1]}, all[8] = {0}, mine, sum;
    tx_error error = {0};
    w->wrong |= (own != NULL) != (call->root == rank);
    w->wrong |= tx_joint_broadcast(w->joint, call, sent, sizeof sent, &error) != TX_OK;
    w->wrong |= sent[1] != call->numbers[1] || sent[0] != call->numbers[0];
    MPI_Allreduce(&call->numbers[0], &sum, 1, MPI_INT64_T, MPI_SUM, MPI_Comm_f2c(tx_joint_communicator(w->joint)));
    w->wrong |= sum != w->ranks * call->numbers[0];
    mine = sent[0] * (rank + 1);
    w->wrong |= tx_joint_gather(w->joint, call, &mine, sizeof mine, all, &error) != TX_OK;
    for (int k = 0; own && k < w->ranks; k++) {
        w->wrong |= all[k] != sent[0] * (k + 1);
    }
    w->wrong |= !tx_joint_all(w->joint, true) || tx_joint_all(w->joint, rank > 0);
    w->parts++;
}

static work made(void)
{
    return (work){.ranks = group_size()};
}

static void ask(work *w, int64_t number)
{
    const int64_t numbers[TX_JOINT_NUMBERS] = {number, 7};
    tx_error error = {0};
    if (tx_joint_ask(w->joint, numbers, &number, &error) != TX_OK) {
        w->wrong = true;
    }
}

static void nap(int milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

/* Rank k asks 3 k times, the first of all never: it waits in a sum, and then in a barrier. */
static void all_take_part(void)
{
    work w = made();
    CU_ASSERT_EQUAL_FATAL(tx_joint_create(job.all, w.ranks, take_part, &w, NULL, &w.joint), TX_OK);
    int64_t asked = 0;
    for (int round = 0; round < 2; round++) {
        for (int k = 0; k < 3 * job.rank; k++) {
            ask(&w, 100 * job.rank + k);
            nap((job.rank + k) % 3);
        }
        CU_ASSERT_EQUAL(round ? tx_parallel_barrier(job.all, NULL) : tx_parallel_sum(job.all, &asked, 1, NULL), TX_OK);
    }
    const int first = job.rank / w.ranks * w.ranks;
    for (int rank = first; rank < first + w.ranks; rank++) {
        asked += 2 * 3 * rank;
    }
    CU_ASSERT_EQUAL(w.parts, asked);
    CU_ASSERT(!w.wrong);
    tx_joint_destroy(w.joint);
}

/* Of two joints, and by several threads: one call at a time. */
static void any_order(void)
{
    work w[2] = {made(), made()};
    for (int k = 0; k < 2; k++) {
        CU_ASSERT_EQUAL_FATAL(tx_joint_create(job.all, w[k].ranks, take_part, &w[k], NULL, &w[k].joint), TX_OK);
    }
#pragma omp parallel for num_threads(2)
    for (int k = 0; k < 20; k++) {
        ask(&w[(k + job.rank) % 2], k);
    }
    CU_ASSERT_EQUAL(tx_parallel_agree(job.all, TX_OK, NULL), TX_OK);
    CU_ASSERT_EQUAL(w[0].parts + w[1].parts, 20 * w[0].ranks);
    CU_ASSERT(!w[0].wrong && !w[1].wrong);
    for (int k = 0; k < 2; k++) {
        tx_joint_destroy(w[k].joint);
    }
}

static void one_size(void)
{
    work w = made(), other = {.ranks = 1};
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_joint_create(job.all, w.ranks, take_part, &w, NULL, &w.joint), TX_OK);
    CU_ASSERT_EQUAL(tx_joint_create(job.all, 1, take_part, &other, &error, &other.joint), TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "must be the same"));
    tx_joint_destroy(w.joint);
    tx_joint_destroy(NULL);
}

/* One rank alone lacks it: all fail. */
static void no_memory(void)
{
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    for (long n = 0; status != TX_OK && n < 100; n++) {
        work w = made();
        tx_error error = {0};
        tx_memory_fail_after(job.rank == job.size - 1 ? n : -1);
        status = tx_joint_create(job.all, w.ranks, take_part, &w, &error, &w.joint);
        tx_memory_fail_after(-1);
        int64_t statuses[2] = {status, -(int64_t)status};
        CU_ASSERT_EQUAL(tx_parallel_max(job.all, statuses, 2, NULL), TX_OK);
        CU_ASSERT_EQUAL(statuses[0], -statuses[1]);
        CU_ASSERT(status == TX_OK || strstr(error.message, "out of memory") != NULL);
        tx_joint_destroy(w.joint);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

int main(void)
{
    const suite_test tests[] = {
        {"all take part", all_take_part}, {"any order", any_order}, {"one size", one_size}, {"no memory", no_memory}, {0}};
    return job_run("joint", tests);
}
