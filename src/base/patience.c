/* Waiting: how long to spin, to yield, to sleep. */
#include "base/patience.h"

#include <sched.h>
#include <time.h>

#include "base/clock.h"

static void nap(double seconds)
{
    const struct timespec time = {.tv_nsec = (long)(seconds * 1e9)};
    nanosleep(&time, NULL);
}

static bool is_time_to_look(tx_patience *patience)
{
    if (patience->waited < 1 || patience->waited < patience->next_look) {
        return false;
    }
    patience->next_look = patience->waited + 1;
    return true;
}

bool tx_patience_spins(tx_patience *patience)
{
    if (++patience->polls < (patience->crowded ? 4 : 64)) {
        return true;
    }
    const double now = tx_clock();
    patience->start = patience->start > 0 ? patience->start : now;
    patience->waited = now - patience->start;
    return patience->waited < 50e-6 && !patience->crowded;
}

/* Sleeping for a sixteenth of the time waited so far makes a wait at most that much longer. */
bool tx_patience_relax(tx_patience *patience)
{
    if (tx_patience_spins(patience)) {
        return false;
    }
    if (patience->waited < (patience->crowded ? 200e-6 : 1e-3)) {
        sched_yield();
        return false;
    }
    nap(patience->waited < 16e-3 ? patience->waited / 16 : 1e-3);
    return is_time_to_look(patience);
}
