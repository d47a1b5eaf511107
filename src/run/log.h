/* run.log: what a run says, one line an entry with its time in front. Rank 0's business: on other ranks a zeroed tx_run_log is
 * silent. Lines are kept until the run directory is this run's; where it never is, there is no file. */
#pragma once

#include "base/text.h"
#include "trainax/parallel.h"
#include "trainax/training.h"

typedef struct tx_run_log {
    tx_log log;           /* for those who speak: to the screen and, but for progress, to the file */
    const tx_log *screen; /* the caller's */
    char *path;           /* of the file; NULL: not open yet */
    int file;
    tx_text kept; /* not in the file yet */
    tx_status status;
    tx_error error; /* what became of a line that could not be written */
} tx_run_log;

/* *log must stay where it is. */
void tx_run_log_begin(tx_run_log *log, const tx_log *screen);
/* Appends to DIRECTORY/run.log what was said so far, from then on each line at once. TX_BAD_DATA: it cannot be written. */
tx_status tx_run_log_open(tx_run_log *log, const char *directory, tx_error *error);
void tx_run_log_note(tx_run_log *log, const char *line); /* for the file alone */
/* introduction.c. Tells of data, network and sizes, in a line each. */
void tx_trainer_introduce(const tx_trainer *trainer, int num_ranks, const tx_log *log);
/* After a while: that fewer ranks would do as well or better, if they would. */
void tx_trainer_tell_idle(const tx_trainer *trainer, int num_ranks, const tx_log *log);
/* introduction.c. Notes versions, command line, machines and libraries, which rank 0 gets. Collective. */
struct tx_builds;
tx_status tx_run_log_introduce(tx_run_log *log, const tx_config *config, tx_parallel *parallel, tx_error *error,
                               struct tx_builds *out);
/* Has all that was said been written? */
tx_status tx_run_log_check(const tx_run_log *log, tx_error *error);
/* How the run ended, if not well; closes the file and frees what hangs on the log. */
void tx_run_log_end(tx_run_log *log, const tx_error *error);
