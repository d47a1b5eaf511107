/* Several members in one job: groups of ranks take one after another, all from one copy of the data. */
#include "run/members.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "run/deadline.h"
#include "run/directory.h"
#include "trainax/evaluation.h"
#include "training/trainer.h"

typedef struct work {
    const tx_members *members;
    const tx_train_options *options;
    tx_parallel *job;
    tx_run_place place;
    tx_shared shared;
    int64_t *ends; /* [count][2]: of those that this rank led, 1 + status, steps; else 0 */
    int *tickets;  /* [num_tickets]: the members that are to be trained */
    int num_tickets;
    int failed;     /* the first member of this group that failed; count: none */
    tx_error error; /* what it said */
} work;

/* ---- What is told of a member, and by whom ---- */

typedef struct teller {
    const tx_log *log;
    const char *name;
    bool progress;
} teller;

static const char *name_of(const char *directory)
{
    const char *slash = strrchr(directory, '/');
    return slash && slash[1] ? slash + 1 : directory;
}

/* All else stands in the member's own run.log. */
static void tell(void *user, tx_log_level level, const char *line)
{
    const teller *teller = user;
    if (level == TX_LOG_WARNING || (level == TX_LOG_PROGRESS && teller->progress)) {
        tx_log_write(teller->log, level, "%s: %s", teller->name, line);
    }
}

/* ---- Which of them are left ---- */

/* The same answer on all ranks. */
static tx_status exists(tx_parallel *parallel, const char *directory, const char *name, tx_error *error, bool *out)
{
    tx_text path = {0};
    int64_t there = 0;
    tx_status status = tx_text_add(&path, error, "%s/%s", directory, name);
    if (status == TX_OK && tx_parallel_rank(parallel) == 0) {
        there = access(path.data, F_OK) == 0;
    }
    tx_free(path.data);
    TX_TRY(tx_parallel_agree(parallel, status, error));
    TX_TRY(tx_parallel_broadcast(parallel, &there, sizeof there, error));
    *out = there;
    return TX_OK;
}

/* Is it finished with all that is made of it? Then its end is noted. */
static tx_status look(work *work, int member, tx_error *error, bool *finished)
{
    const char *directory = work->members->directories[member];
    const tx_run_place place = {.looks = true};
    tx_train_options options = {.start = TX_START_RESUME, .output = directory, .stop = work->options->stop};
    teller teller = {.log = &work->options->log, .name = name_of(directory)};
    bool measured = true;
    tx_train_end end;
    options.log = (tx_log){.write = tell, .user = &teller};
    TX_TRY(tx_train_at(&place, work->members->configs[member], work->job, &options, error, &end));
    TX_TRY(work->members->measured ? exists(work->job, directory, TX_MEMBER_METRICS, error, &measured) : TX_OK);
    *finished = end.steps >= 0 && measured;
    if (*finished && tx_parallel_rank(work->job) == 0) {
        work->ends[2 * member] = 1 + (int64_t)TX_OK;
        work->ends[2 * member + 1] = end.steps;
    }
    return TX_OK;
}

static tx_status find_tickets(work *work, tx_error *error)
{
    for (int k = 0; k < work->members->count; k++) {
        bool finished = false;
        if (work->options->start == TX_START_RESUME) {
            TX_TRY(look(work, k, error, &finished));
        }
        if (!finished) {
            work->tickets[work->num_tickets++] = k;
        }
    }
    return TX_OK;
}

/* ---- One after another ---- */

/* The network that came out, on the data that all share. */
static tx_status measure(work *work, int member, tx_parallel *group, tx_error *error)
{
    static const char *const networks[] = {"network.h5", "network_ema.h5"};
    const char *directory = work->members->directories[member];
    const tx_shared *shared = &work->shared;
    tx_text network = {0}, output = {0};
    bool averaged;
    char *text = NULL;
    TX_TRY(exists(group, directory, networks[1], error, &averaged));
    tx_status status = tx_text_add(&network, error, "%s/%s", directory, networks[averaged]);
    status = status ? status : tx_text_add(&output, error, "%s/%s", directory, TX_MEMBER_METRICS);
    status = tx_parallel_agree(group, status, error);
    const tx_evaluate_options options = {.network = network.data,
                                         .dataset = shared->held_out.dataset ? shared->held_out.dataset : shared->data.dataset,
                                         .output = {.path = output.data, .overwrite = true}};
    status = status ? status : tx_evaluate(work->members->configs[member], group, &options, error, &text);
    tx_free(text);
    tx_free(network.data);
    tx_free(output.data);
    return status;
}

static bool has_failed(tx_status status)
{
    return status != TX_OK && status != TX_DIVERGED && status != TX_STOPPED;
}

static void note_end(work *work, int member, tx_status status, int64_t steps, const tx_error *error)
{
    const tx_log *log = &work->options->log;
    const char *name = name_of(work->members->directories[member]);
    work->ends[2 * member] = 1 + (int64_t)status;
    work->ends[2 * member + 1] = steps;
    if (status == TX_OK) {
        tx_log_write(log, TX_LOG_NOTE, "%s: finished, %" PRId64 " steps", name, steps);
    } else if (status != TX_STOPPED) {
        tx_log_write(log, TX_LOG_WARNING, "%s: %s", name, error->message);
    }
}

static void train(work *work, int member)
{
    tx_parallel *group = tx_groups_mine(work->place.groups);
    tx_train_options options = *work->options;
    tx_error error = {0};
    tx_train_end end = {0};
    options.output = work->members->directories[member];
    teller teller = {.log = &work->options->log, .name = name_of(options.output), .progress = tx_parallel_rank(work->job) == 0};
    options.log = (tx_log){.write = tell, .user = &teller};
    tx_status status = tx_train_at(&work->place, work->members->configs[member], group, &options, &error, &end);
    if (status == TX_OK && work->members->measured) {
        status = measure(work, member, group, &error);
    }
    if (has_failed(status) && work->failed == work->members->count) {
        work->failed = member;
        work->error = error;
    }
    if (tx_parallel_rank(group) == 0) {
        note_end(work, member, status, end.steps, &error);
    }
}

/* What becomes of members stands in `ends`; a failure here is MPI's. */
static tx_status train_all(work *work, tx_error *error)
{
    int64_t ticket = 0;
    tx_status status = TX_OK;
    while (status == TX_OK && ticket >= 0) {
        status = tx_groups_next(work->place.groups, error, &ticket);
        if (status == TX_OK && ticket >= 0) {
            train(work, work->tickets[ticket]);
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

/* Those that are left, in groups. */
static tx_status train_rest(work *work, tx_error *error)
{
    const tx_members *members = work->members;
    const tx_log *log = tx_parallel_rank(work->job) == 0 ? &work->options->log : NULL;
    const int count = work->num_tickets, groups = members->groups < count ? members->groups : count;
    TX_TRY(tx_groups_create(work->job, groups, count, error, &work->place.groups));
    tx_parallel *group = tx_groups_mine(work->place.groups);
    work->place.end = tx_deadline_end(group, work->options->time_limit);
    tx_parallel_attend(work->job, (tx_attention){.stop = was_told_to_stop, .user = work});
    TX_TRY(tx_shared_create(work->job, members->count, members->configs, group, log, error, &work->shared));
    const bool begins = members->begin && tx_parallel_rank(work->job) == 0;
    TX_TRY(tx_parallel_agree(work->job, begins ? members->begin(members->user, error) : TX_OK, error));
    return tx_parallel_agree(work->job, train_all(work, error), error);
}

static tx_status run(work *work, tx_error *error, tx_member_end *out)
{
    const size_t count = (size_t)work->members->count;
    tx_status status = tx_allocate_array(count, 2 * sizeof *work->ends, error, &work->ends);
    status = status ? status : tx_allocate_array(count, sizeof *work->tickets, error, &work->tickets);
    TX_TRY(tx_parallel_agree(work->job, status, error));
    TX_TRY(find_tickets(work, error));
    TX_TRY(work->num_tickets ? train_rest(work, error) : TX_OK);
    return gather(work, error, out);
}

tx_status tx_train_members(const tx_members *members, tx_parallel *job, const tx_train_options *options, tx_error *error,
                           tx_member_end *ends)
{
    work work = {.members = members, .options = options, .job = job, .failed = members->count};
    tx_error own = {0};
    error = error ? error : &own; /* its status is looked at */
    memset(ends, 0, (size_t)members->count * sizeof *ends);
    work.place.shared = &work.shared;
    work.place.stale = members->measured ? TX_MEMBER_METRICS : NULL;
    const tx_status status = run(&work, error, ends);
    tx_parallel_attend(job, (tx_attention){0});
    tx_shared_destroy(&work.shared);
    tx_groups_destroy(work.place.groups);
    tx_free(work.ends);
    tx_free(work.tickets);
    return status;
}
