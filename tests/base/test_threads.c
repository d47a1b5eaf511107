/* Threads that OpenMP keeps: started before they are needed, or refused with a message; and the one that works behind another. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/behind.h"
#include "base/memory.h"
#include "base/threads.h"
#include "suite.h"

/* The thread sanitizer has one of its own, once there is more than one. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
enum { FOREIGN = 1 };
#else
enum { FOREIGN = 0 };
#endif

static int look(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
    return count > 1 ? count - FOREIGN : count;
}

/* Ended ones are still seen for a moment. */
static void expect_threads(int count)
{
    for (int k = 0; k < 5000 && look() != count; k++) {
        usleep(1000);
    }
    CU_ASSERT_EQUAL(look(), count);
}

/* Their stacks do not fit into the address space. */
static void refused(void)
{
    struct rlimit before, low;
    tx_error error = {0};
    const size_t live = tx_memory_live();
    if (suite_fills_address_space()) {
        return;
    }
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_AS, &before), 0);
    low = before;
    low.rlim_cur = (rlim_t)2 << 30;
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_AS, &low), 0);
    CU_ASSERT_EQUAL(tx_threads_start(1024, &error), TX_FAILURE);
    CU_ASSERT(strstr(error.message, "the system refuses 1024 threads (") != NULL);
    CU_ASSERT(strstr(error.message, "parallel.threads") != NULL);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_AS, &before), 0);
    expect_threads(1);
    CU_ASSERT_EQUAL(tx_memory_live(), live);
}

static void started(void)
{
    CU_ASSERT_EQUAL(tx_threads_start(1, NULL), TX_OK);
    expect_threads(1);
    CU_ASSERT_EQUAL(tx_threads_start(3, NULL), TX_OK);
    expect_threads(3);
    CU_ASSERT_EQUAL(tx_threads_start(2, NULL), TX_OK);
    expect_threads(3);
    CU_ASSERT_EQUAL(tx_threads_start(5, NULL), TX_OK);
    expect_threads(5);
}

/* Adds up what is there so far. */
typedef struct adding {
    int64_t next, sum;
    int numbers[1000];
} adding;

static void add(void *user, int64_t from, int64_t to)
{
    adding *a = user;
    CU_ASSERT(from == a->next && from < to);
    for (; from < to; from++) {
        a->sum += a->numbers[from];
    }
    a->next = to;
}

static void add_behind(void)
{
    static adding a;
    tx_behind *behind;
    const size_t live = tx_memory_live();
    CU_ASSERT_EQUAL_FATAL(tx_behind_create(add, &a, NULL, &behind), TX_OK);
    for (int turn = 0; turn < 50; turn++) {
        a = (adding){0};
        for (int k = 0; k < 1000; k += 8) {
            for (int i = k; i < k + 8; i++) {
                a.numbers[i] = i;
            }
            tx_behind_advance(behind, k + 8);
        }
        tx_behind_wait(behind);
        CU_ASSERT_EQUAL(a.sum, 999 * 1000 / 2);
    }
    a = (adding){.numbers = {3, 4}};
    tx_behind_advance(behind, 2);
    tx_behind_destroy(behind);
    CU_ASSERT_EQUAL(a.sum, 7);
    tx_behind_destroy(NULL);
    CU_ASSERT_EQUAL(tx_memory_live(), live);
}

/* On as many cores as there are, and on one, where there is no second thread. */
static void behind(void)
{
    cpu_set_t all, one;
    CU_ASSERT_EQUAL(sched_getaffinity(0, sizeof all, &all), 0);
    CU_ASSERT_EQUAL(tx_threads_cores(), CPU_COUNT(&all));
    add_behind();
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof one, &one), 0);
    CU_ASSERT_EQUAL(tx_threads_cores(), 1);
    add_behind();
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof all, &all), 0);
}

static void *start_others(void *unused)
{
    (void)unused;
    const int before = look();
    CU_ASSERT_EQUAL(tx_threads_start(4, NULL), TX_OK);
    expect_threads(before + 3);
    return NULL;
}

/* Another thread of the host program has its own: those of the first are no use to it. */
static void of_each_thread(void)
{
    pthread_t other;
    CU_ASSERT_EQUAL(tx_threads_start(5, NULL), TX_OK);
    expect_threads(5);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&other, NULL, start_others, NULL), 0);
    pthread_join(other, NULL);
#ifndef __clang__ /* whose OpenMP keeps those of a thread that has ended for the next one */
    expect_threads(5);
#endif
}

int main(void)
{
    return suite_run(
        "threads",
        (suite_test[]){{"refused", refused}, {"started", started}, {"of each thread", of_each_thread}, {"behind", behind}, {0}});
}
