/* Until when a run may go on. */
#include "run/deadline.h"

#include "base/clock.h"
#include "run/slurm.h"

/* Of the time that a job has left, so much is its launcher's and its script's: a tenth, ten seconds at most. */
static double usable(double left)
{
    return left - (left < 100 ? left / 10 : 10);
}

double tx_deadline_end(const tx_parallel *parallel, double limit)
{
    const double now = tx_clock();
    if (tx_parallel_rank(parallel) != 0) {
        return 0;
    }
    const double left = tx_slurm_time_left(), job = left > 0 ? now + usable(left) : 0, own = limit > 0 ? now + limit : 0;
    return own && job ? (own < job ? own : job) : own + job;
}

bool tx_deadline_is_near(const tx_deadline *deadline)
{
    return deadline->end > 0 && tx_clock() + 2 * deadline->step + deadline->save >= deadline->end;
}

void tx_deadline_note(double *longest, double seconds)
{
    *longest = seconds > *longest ? seconds : *longest;
}
