/* Threads that OpenMP keeps: started before they are needed, or refused with a message. */
#include <dirent.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/threads.h"
#include "suite.h"

static int look(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
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
    expect_threads(5);
}

int main(void)
{
    return suite_run("threads",
                     (suite_test[]){{"refused", refused}, {"started", started}, {"of each thread", of_each_thread}, {0}});
}
