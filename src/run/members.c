/* Several members in one job: groups of ranks take one after another, all from one copy of the data. */
#include "run/members.h"

#include "run/deadline.h"

#include <string.h>

#include "base/memory.h"
#include "training/trainer.h"

typedef struct work {
    const tx_members *members;
    const tx_train_options *options;
    tx_parallel *job;
    tx_run_place place;
    tx_shared shared;
    int64_t *ends;  /* [count][2]: of those that this rank led, 1 + status, steps; else 0 */
    int failed;     /* the first member of this group that failed; count: none */
    tx_error error; /* what it said */
} work;

/* ---- One after another ---- */

static bool has_failed(tx_status status)
{
    return status != TX_OK && status != TX_DIVERGED && status != TX_STOPPED;
}

static void train(work *work, int member)
{
    tx_parallel *group = tx_groups_mine(work->place.groups);
    tx_train_options options = *work->options;
    tx_error error = {0};
    int64_t steps = 0;
    options.output = work->members->directories[member];
    const tx_status status = tx_train_at(&work->place, work->members->configs[member], group, &options, &error, &steps);
    if (has_failed(status) && work->failed == work->members->count) {
        work->failed = member;
        work->error = error;
    }
    if (tx_parallel_rank(group) == 0) {
        work->ends[2 * member] = 1 + (int64_t)status;
        work->ends[2 * member + 1] = steps;
        if (status != TX_OK && status != TX_STOPPED) {
            tx_log_write(&options.log, TX_LOG_WARNING, "%s: %s", options.output, error.message);
        }
    }
}

/* What becomes of members stands in `ends`; a failure here is MPI's. */
static tx_status train_all(work *work, tx_error *error)
{
    int64_t member = 0;
    tx_status status = TX_OK;
    while (status == TX_OK && member >= 0) {
        status = tx_groups_next(work->place.groups, error, &member);
        if (status == TX_OK && member >= 0) {
            train(work, (int)member);
        }
    }
    return status ? status : tx_groups_wait(work->place.groups, work->options->stop, error);
}

/* ---- All of them ---- */

static bool was_told_to_stop(void *user)
{
    const work *work = user;
    return work->options->stop && *work->options->stop;
}

static tx_status gather(work *work, tx_error *error, tx_member_end *out)
{
    const int count = work->members->count;
    int64_t first = -work->failed;
    TX_TRY(tx_parallel_sum(work->job, work->ends, 2 * (size_t)count, error));
    TX_TRY(tx_parallel_max(work->job, &first, 1, error));
    for (int k = 0; k < count; k++) {
        const int64_t *end = &work->ends[2 * k];
        out[k] = (tx_member_end){.status = end[0] ? (tx_status)(end[0] - 1) : TX_STOPPED, .steps = end[1]};
    }
    const bool mine = work->failed < count && work->failed == -first;
    return tx_parallel_agree(work->job, mine ? tx_error_set(error, work->error.status, "%s", work->error.message) : TX_OK, error);
}

static tx_status run(work *work, tx_error *error, tx_member_end *out)
{
    const tx_members *members = work->members;
    tx_parallel *group = tx_groups_mine(work->place.groups);
    const tx_log *log = tx_parallel_rank(work->job) == 0 ? &work->options->log : NULL;
    const tx_status status = tx_allocate_array((size_t)members->count, 2 * sizeof *work->ends, error, &work->ends);
    TX_TRY(tx_parallel_agree(work->job, status, error));
    TX_TRY(tx_shared_create(work->job, members->count, members->configs, group, log, error, &work->shared));
    TX_TRY(tx_parallel_agree(work->job, train_all(work, error), error));
    return gather(work, error, out);
}

tx_status tx_train_members(const tx_members *members, tx_parallel *job, const tx_train_options *options, tx_error *error,
                           tx_member_end *ends)
{
    work work = {.members = members, .options = options, .job = job, .failed = members->count};
    const int groups = members->groups < members->count ? members->groups : members->count;
    memset(ends, 0, (size_t)members->count * sizeof *ends);
    TX_TRY(tx_groups_create(job, groups, members->count, error, &work.place.groups));
    work.place.shared = &work.shared;
    work.place.end = tx_deadline_end(tx_groups_mine(work.place.groups), options->time_limit);
    tx_parallel_attend(job, (tx_attention){.stop = was_told_to_stop, .user = &work});
    const tx_status status = run(&work, error, ends);
    tx_parallel_attend(job, (tx_attention){0});
    tx_shared_destroy(&work.shared);
    tx_groups_destroy(work.place.groups);
    tx_free(work.ends);
    return status;
}
