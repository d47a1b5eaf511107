/* Until when a run may go on: its own time limit, or that of its job. */
#pragma once

#include "trainax/parallel.h"

typedef struct tx_deadline {
    double end;        /* by tx_clock; 0: none */
    double step, save; /* seconds that the longest step and the longest checkpoint have taken so far */
} tx_deadline;

/* The end, on rank 0 of `parallel`; 0 elsewhere: the earlier of `limit` seconds (0: none) from now and of the end of Slurm's job,
 * which is asked for. */
double tx_deadline_end(const tx_parallel *parallel, double limit);
/* Is there no time left for two more steps, one of which ends before this can be asked again, and a checkpoint? */
bool tx_deadline_is_near(const tx_deadline *deadline);
void tx_deadline_note(double *longest, double seconds); /* of another step, or checkpoint */
