/* A second thread that goes over what the first has finished. */
#include "base/behind.h"

#include <pthread.h>
#include <signal.h>

#include "base/memory.h"
#include "base/threads.h"

enum { STACK = 1 << 18 }; /* bytes of the second thread's */

struct tx_behind {
    tx_behind_work work;
    void *user;
    bool threaded;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    int64_t ready, done;
    bool ending;
};

static void *follow(void *argument)
{
    tx_behind *b = argument;
    pthread_mutex_lock(&b->mutex);
    while (b->done < b->ready || !b->ending) {
        const int64_t from = b->done, to = b->ready;
        if (from == to) {
            pthread_cond_wait(&b->changed, &b->mutex);
            continue;
        }
        pthread_mutex_unlock(&b->mutex);
        b->work(b->user, from, to);
        pthread_mutex_lock(&b->mutex);
        b->done = to;
        pthread_cond_broadcast(&b->changed);
    }
    pthread_mutex_unlock(&b->mutex);
    return NULL;
}

/* Signals are for the other threads. */
static bool start(tx_behind *b)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int code = pthread_create(&b->thread, &attributes, follow, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return code == 0;
}

tx_status tx_behind_create(tx_behind_work work, void *user, tx_error *error, tx_behind **out)
{
    tx_behind *b;
    TX_TRY(tx_allocate(sizeof *b, error, &b));
    *b = (tx_behind){.work = work, .user = user, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    b->threaded = tx_threads_cores() > 1 && start(b);
    *out = b;
    return TX_OK;
}

void tx_behind_destroy(tx_behind *b)
{
    if (b && b->threaded) {
        pthread_mutex_lock(&b->mutex);
        b->ending = true;
        pthread_cond_broadcast(&b->changed);
        pthread_mutex_unlock(&b->mutex);
        pthread_join(b->thread, NULL);
    }
    tx_free(b);
}

void tx_behind_advance(tx_behind *b, int64_t end)
{
    if (!b->threaded) {
        b->work(b->user, b->done, end);
        b->done = end;
        return;
    }
    pthread_mutex_lock(&b->mutex);
    b->ready = end;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->mutex);
}

void tx_behind_wait(tx_behind *b)
{
    if (b->threaded) {
        pthread_mutex_lock(&b->mutex);
        while (b->done < b->ready) {
            pthread_cond_wait(&b->changed, &b->mutex);
        }
        pthread_mutex_unlock(&b->mutex);
    }
    b->ready = b->done = 0;
}
