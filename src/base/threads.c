/* Cores of this process, and threads that the system may refuse. */
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* Threads wait until all that are wanted run at the same time. */
typedef struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t opens;
    bool open;
} gate;

static void *wait_at(void *argument)
{
    gate *gate = argument;
    pthread_mutex_lock(&gate->mutex);
    while (!gate->open) {
        pthread_cond_wait(&gate->opens, &gate->mutex);
    }
    pthread_mutex_unlock(&gate->mutex);
    return NULL;
}

static void open_gate(gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_broadcast(&gate->opens);
    pthread_mutex_unlock(&gate->mutex);
}

/* Starts and ends `count` threads; 0, or why not all of them could run. */
static int try(pthread_t *threads, int count)
{
    gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .opens = PTHREAD_COND_INITIALIZER};
    int started = 0, code = 0;
    for (; started < count && !code; started += !code) {
        code = pthread_create(&threads[started], NULL, wait_at, &gate);
    }
    open_gate(&gate);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
    return code;
}

/* OpenMP keeps those of the largest region, for each thread that begins one: the only state of this file. */
static _Thread_local int kept = 1;

tx_status tx_threads_start(int count, tx_error *error)
{
    pthread_t *threads;
    if (count <= kept) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)(count - kept), sizeof *threads, error, &threads));
    const int code = try(threads, count - kept);
    tx_free(threads);
    if (code) {
        return tx_error_set(error, TX_FAILURE, "the system refuses %d threads (%s): give parallel.threads a smaller number", count,
                            strerror(code));
    }
    int running = 0;
#pragma omp parallel num_threads(count) reduction(+ : running) /* an empty region would be none */
    running++;
    kept = running;
    return TX_OK;
}

int tx_threads_cores(void)
{
    cpu_set_t mine;
    return sched_getaffinity(0, sizeof mine, &mine) ? (int)sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&mine);
}
