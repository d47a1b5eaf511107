/* Where the time of each rank has gone in a run's steps. */
#include "run/times.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/memory.h"

enum { KINDS = 4, MOST_LEFT_OUT = 100 };
static const char *const kinds[KINDS] = {"step", "sums", "windows", "files"};

void tx_run_times_begin(tx_run_times *times, const tx_trainer *trainer)
{
    const tx_member *member = &trainer->member;
    const int64_t tenth = (trainer->problem.num_steps - member->first_step) / 10;
    if (times->begun == 0 && member->step - member->first_step >= (tenth < MOST_LEFT_OUT ? tenth : MOST_LEFT_OUT)) {
        times->first_step = member->step;
        times->before = tx_trainer_times(trainer);
        times->files_before = times->files;
        times->begun = tx_clock();
    }
}

/* [kind][rank], of which this rank fills in its own. */
static void fill_in(const tx_run_times *times, const tx_trainer *trainer, int64_t *all)
{
    const int rank = tx_parallel_rank(trainer->parallel), size = tx_parallel_size(trainer->parallel);
    const tx_times now = tx_trainer_times(trainer);
    const double seconds[KINDS] = {tx_clock() - times->begun, now.sums - times->before.sums, now.windows - times->before.windows,
                                   times->files - times->files_before};
    for (int kind = 0; kind < KINDS; kind++) {
        all[kind * size + rank] = (int64_t)(1e9 * seconds[kind]);
    }
}

static tx_status form(int64_t steps, int size, const int64_t *all, tx_text *line, tx_error *error)
{
    TX_TRY(tx_text_add(line, error, "times: {\"steps\": %" PRId64 ", \"unit\": \"ns\"", steps));
    for (int kind = 0; kind < KINDS; kind++) {
        TX_TRY(tx_text_add(line, error, ", \"%s\": [", kinds[kind]));
        for (int rank = 0; rank < size; rank++) {
            TX_TRY(tx_text_add(line, error, "%s%" PRId64, rank ? ", " : "", all[kind * size + rank]));
        }
        TX_TRY(tx_text_add(line, error, "]"));
    }
    return tx_text_add(line, error, "}");
}

static tx_status tell(int64_t steps, int size, const int64_t *all, tx_run_log *log, tx_error *error)
{
    tx_text line = {0};
    const tx_status status = form(steps, size, all, &line, error);
    if (status == TX_OK) {
        tx_run_log_note(log, line.data);
    }
    tx_free(line.data);
    return status;
}

tx_status tx_run_times_tell(const tx_run_times *times, const tx_trainer *trainer, tx_run_log *log, tx_error *error)
{
    const int64_t steps = trainer->member.step - times->first_step;
    const int size = tx_parallel_size(trainer->parallel);
    int64_t *all = NULL;
    if (times->begun == 0) {
        return TX_OK;
    }
    tx_status status = tx_allocate_array((size_t)size, KINDS * sizeof *all, error, &all);
    if (status == TX_OK) {
        fill_in(times, trainer, all);
    }
    status = tx_parallel_agree(trainer->parallel, status, error);
    status = status ? status : tx_parallel_sum(trainer->parallel, all, (size_t)(KINDS * size), error);
    const bool writer = tx_parallel_rank(trainer->parallel) == 0;
    status = status ? status : tx_parallel_agree(trainer->parallel, writer ? tell(steps, size, all, log, error) : TX_OK, error);
    tx_free(all);
    return status;
}
