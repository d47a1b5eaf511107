/* Where the time of each rank has gone in a run's steps, the first ones left out: a line of JSON in run.log. */
#pragma once

#include "run/log.h"
#include "training/trainer.h"

typedef struct tx_run_times {
    double files; /* seconds in files so far */
    double begun; /* clock where counting began; 0: it has not */
    int64_t first_step;
    double files_before; /* as it was then */
    tx_times before;
} tx_run_times;

/* Before every step: counting begins when a tenth of the steps, or 100, are done. */
void tx_run_times_begin(tx_run_times *times, const tx_trainer *trainer);
/* After the last one, "times: {…}": how many steps were counted, and lists with one number a rank, in nanoseconds: what they took;
 * of this: sums over ranks, waiting for the others included; waiting for windows; files. The rest is computing. Collective. */
tx_status tx_run_times_tell(const tx_run_times *times, const tx_trainer *trainer, tx_run_log *log, tx_error *error);
