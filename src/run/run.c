/* The loop with its files, of a run that is alone or one of several members. Only rank 0 of those that train it has a
 * history and touches the run directory. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "problem/network_file.h"
#include "run/claim.h"
#include "run/deadline.h"
#include "run/directory.h"
#include "run/log.h"
#include "run/members.h"
#include "run/times.h"
#include "training/best.h"
#include "training/trainer.h"

enum { PATH_SIZE = 4096, SAVED_A_SECOND = 400000000 /* bytes, of parameters and all that is as long */ };

typedef struct tx_run {
    const tx_config *config;
    tx_parallel *parallel;
    const tx_train_options *options;
    tx_run_place place;
    tx_run_log file;   /* run.log; zeroed but on rank 0 */
    const tx_log *log; /* to the screen and there; silent but on rank 0 */
    const char *directory;
    const char **inputs; /* what the configuration reads */
    bool writer;         /* is this rank 0? */
    tx_claim claim;      /* rank 0's, on the directory */
    tx_checkpoint checkpoint;
    tx_config *earlier;  /* rank 0 of a resumed run: config.yaml as it was; NULL: there is none that can be read */
    tx_builds libraries; /* rank 0 */
    tx_trainer *trainer;
    tx_member *member;    /* the trainer's */
    tx_history *history;  /* rank 0 */
    tx_deadline deadline; /* rank 0 */
    int64_t checkpoint_every, saved_step;
    double checkpoint_interval; /* seconds, 0: never */
    double next_checkpoint, next_flush;
    bool wanted; /* checkpoint.now was seen */
    tx_run_times times;
    bool told, finished;
} tx_run;

/* ---- Start ---- */

/* Looks first, so that nothing is touched where nothing may be; what was seen then may have changed before the claim stood. */
static tx_status claim_directory(tx_run *run, tx_error *error)
{
    TX_TRY(tx_claim_check(run->directory, error));
    TX_TRY(tx_run_check(run->directory, run->options->start, error));
    TX_TRY(tx_run_check_inputs(run->directory, run->options->start, run->inputs, error));
    TX_TRY(tx_claim_take(run->directory, run->log, error, &run->claim));
    return tx_run_check(run->directory, run->options->start, error);
}

static const tx_section *earlier_root(const tx_run *run)
{
    const tx_config *config = run->earlier ? run->earlier : run->checkpoint.config;
    return config ? tx_config_root(config) : NULL;
}

static tx_status look_for_checkpoint(tx_run *run, tx_error *error)
{
    TX_TRY(claim_directory(run, error));
    if (run->options->start != TX_START_RESUME) {
        return TX_OK;
    }
    run->earlier = tx_run_earlier(run->directory, tx_config_registry(run->config));
    TX_TRY(tx_run_check_kind(run->directory, run->earlier, run->config, error));
    TX_TRY(tx_checkpoint_find(run->directory, run->config, run->log, error, &run->checkpoint));
    if (run->checkpoint.file) {
        return tx_checkpoint_check(&run->checkpoint, run->config, error);
    }
    TX_TRY(tx_run_check_restart(run->directory, error));
    if (tx_run_exists(run->directory)) {
        tx_log_write(run->log, TX_LOG_WARNING, "no checkpoint in %s: starting anew", run->directory);
    }
    return TX_OK;
}

static int64_t steps_asked_for(const tx_run *run)
{
    return tx_get_integer(tx_get_section(tx_config_root(run->config), "trainer"), "num_training_steps");
}

/* Nothing left to do? The same answer on all ranks. */
static tx_status is_finished(tx_run *run, tx_error *error, bool *out)
{
    const int64_t step = run->checkpoint.step, best = run->checkpoint.best_step;
    const bool done = run->checkpoint.file && (step >= steps_asked_for(run) || run->checkpoint.ended);
    int64_t finished = done && tx_run_holds(run->directory, tx_config_root(run->config), step, best);
    TX_TRY(tx_parallel_broadcast(run->parallel, &finished, sizeof finished, error));
    *out = finished;
    return TX_OK;
}

static void path_of(const tx_run *run, const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", run->directory, name);
}

static tx_status tell_finished(const tx_run *run, tx_error *error)
{
    char result[TX_DIGEST_SIZE], path[PATH_SIZE];
    path_of(run, "history.csv", path);
    TX_TRY(tx_checkpoint_restore_history(&run->checkpoint, path, error));
    TX_TRY(tx_network_file_result(run->checkpoint.file, error, result));
    tx_log_write(run->log, TX_LOG_NOTE, "%s is finished: %" PRId64 " steps%s", run->directory, run->checkpoint.step,
                 run->checkpoint.ended ? ", where it was ended" : "");
    tx_log_write(run->log, TX_LOG_RESULT, "result: %s", result);
    return TX_OK;
}

static tx_status create_history(tx_run *run, tx_error *error)
{
    const tx_callbacks *callbacks = &run->member->callbacks;
    char *header, path[PATH_SIZE];
    path_of(run, "history.csv", path);
    TX_TRY(tx_history_header(callbacks->num_columns, callbacks->columns, error, &header));
    const tx_status status =
        tx_history_create(run->trainer->problem.random.precision, tx_mixer_minibatches(run->member->fetching.mixer),
                          callbacks->num_columns, header, path, error, &run->history);
    tx_free(header);
    run->member->history = run->history;
    return status;
}

/* From here on the directory is this run's. */
static tx_status take_directory(tx_run *run, tx_error *error)
{
    if (!run->writer) {
        return TX_OK;
    }
    TX_TRY(create_history(run, error));
    if (run->checkpoint.file) {
        TX_TRY(tx_checkpoint_compare(&run->checkpoint, run->trainer->problem.backend, &run->libraries, run->log, error));
        TX_TRY(tx_checkpoint_load(&run->checkpoint, run->member, error));
    }
    TX_TRY(tx_run_begin(run->directory, run->options->start, run->checkpoint.file != NULL, tx_config_root(run->config), error));
    TX_TRY(run->place.stale ? tx_run_remove(run->directory, run->place.stale, error) : TX_OK);
    TX_TRY(tx_run_log_open(&run->file, run->directory, error));
    TX_TRY(tx_best_save(&run->member->best, &run->trainer->problem, run->directory, error));
    return tx_history_open(run->history, error);
}

static void set_clocks(tx_run *run)
{
    const tx_section *output = tx_get_section(tx_config_root(run->config), "output");
    const double now = tx_clock();
    run->checkpoint_every = tx_get_integer(output, "checkpoint_every");
    run->checkpoint_interval = 60 * tx_get_real(output, "checkpoint_interval");
    run->next_checkpoint = now + run->checkpoint_interval;
    run->next_flush = now + 1;
    run->saved_step = run->checkpoint.file ? run->checkpoint.step : -1;
    const tx_budget budget = tx_trainer_budget(run->trainer, tx_parallel_size(run->parallel));
    tx_deadline_note(&run->deadline.save, (double)budget.bytes[TX_USE_PARAMETERS] / SAVED_A_SECOND); /* before the first */
}

static tx_status start(tx_run *run, tx_error *error)
{
    const tx_trainer_setup setup = {.log = run->log,
                                    .shared = run->place.shared,
                                    .terminal = run->options->terminal,
                                    .with_progress = run->writer,
                                    .resumes = run->checkpoint.file != NULL,
                                    .folder = {.directory = run->directory,
                                               .inputs = run->inputs,
                                               .overwrite = run->options->start == TX_START_OVERWRITE,
                                               .earlier = earlier_root(run)}};
    TX_TRY(tx_run_log_introduce(&run->file, run->config, run->parallel, error, &run->libraries));
    TX_TRY(tx_trainer_create_with(run->config, run->parallel, &setup, error, &run->trainer));
    run->member = &run->trainer->member;
    tx_trainer_introduce(run->trainer, tx_parallel_size(run->parallel), run->log);
    TX_TRY(tx_parallel_agree(run->parallel, take_directory(run, error), error));
    TX_TRY(tx_checkpoint_share(run->member, error));
    if (run->checkpoint.file) {
        tx_log_write(run->log, TX_LOG_NOTE, "resuming at step %" PRId64 " from %s", run->member->step, run->checkpoint.path);
    }
    set_clocks(run);
    run->trainer->start = tx_clock();
    return TX_OK;
}

/* ---- Files on the way ---- */

static tx_status write_history(tx_run *run, tx_error *error)
{
    TX_TRY(tx_claim_keep(&run->claim, error));
    return tx_history_flush(run->history, error);
}

/* Rank 0's; nobody else is needed. */
static tx_status write_checkpoint(tx_run *run, tx_error *error)
{
    tx_member *member = run->member;
    TX_TRY(write_history(run, error));
    if (member->step == run->saved_step && !member->best.changed) {
        return TX_OK;
    }
    const double begun = tx_clock();
    TX_TRY(tx_checkpoint_save(member, run->history, &run->libraries, run->directory, error));
    tx_deadline_note(&run->deadline.save, tx_clock() - begun);
    run->saved_step = member->step;
    return member->best.changed ? tx_best_save(&member->best, &run->trainer->problem, run->directory, error) : TX_OK;
}

static tx_status save_here(tx_run *run, tx_error *error)
{
    const tx_failure *failure = &run->trainer->failure;
    if (failure->status != TX_OK) {
        return tx_error_set(error, failure->status, "%s", failure->error.message);
    }
    TX_TRY(run->writer ? write_checkpoint(run, error) : TX_OK);
    if (run->wanted) {
        tx_run_grant_checkpoint(run->directory);
        run->wanted = false;
    }
    return TX_OK;
}

static tx_status save(tx_run *run, tx_error *error)
{
    const double begin = tx_clock();
    TX_TRY(tx_parallel_agree(run->parallel, save_here(run, error), error));
    run->times.files += tx_clock() - begin;
    run->next_checkpoint = tx_clock() + run->checkpoint_interval;
    return TX_OK;
}

/* What was said and recorded, to the files about once a second. A failure here is told to all in the next step. */
static void flush(tx_run *run, double begun)
{
    tx_failure *failure = &run->trainer->failure;
    if (!run->writer || failure->status != TX_OK) {
        return;
    }
    const double now = tx_clock();
    tx_deadline_note(&run->deadline.step, now - begun);
    if (now >= run->next_flush) {
        tx_failure_note(failure, write_history(run, &failure->error));
        run->wanted = tx_run_wants_checkpoint(run->directory);
        run->times.files += tx_clock() - now;
        run->next_flush = now + 1;
    }
    tx_failure_note(failure, tx_run_log_check(&run->file, &failure->error));
}

/* ---- The loop ---- */

static bool was_told_to_stop(const tx_run *run)
{
    return run->options->stop && *run->options->stop;
}

static bool asked_to_stop(const tx_run *run)
{
    const bool asked = was_told_to_stop(run);
    return run->place.groups ? tx_groups_poll(run->place.groups, asked) : asked;
}

static bool out_of_time(const tx_run *run)
{
    return run->writer && tx_deadline_is_near(&run->deadline);
}

static bool should_stop(const tx_run *run)
{
    return asked_to_stop(run) || out_of_time(run);
}

static bool is_checkpoint_due(const tx_run *run)
{
    const tx_member *member = run->member;
    return member->requests[TX_REQUEST_CHECKPOINT] || tx_callbacks_checkpoint_due(&member->callbacks, member->step) ||
           (run->checkpoint_every > 0 && member->step % run->checkpoint_every == 0);
}

static tx_status one_step(tx_run *run, tx_error *error)
{
    const double begun = tx_clock();
    const int64_t requests[TX_REQUEST_COUNT] = {
        [TX_REQUEST_STOP] = should_stop(run),
        [TX_REQUEST_CHECKPOINT] = run->wanted || (run->writer && run->checkpoint_interval > 0 && begun >= run->next_checkpoint),
    };
    const tx_status status = tx_member_step(run->member, requests, error);
    flush(run, begun);
    return status;
}

static tx_status stopped(tx_run *run, tx_error *error)
{
    const char *reason = out_of_time(run) ? "the time limit is near" : "asked to stop";
    tx_run_log_note(&run->file, reason);
    TX_TRY(save(run, error));
    return tx_error_set(error, TX_STOPPED, "stopped at step %" PRId64 " of %" PRId64 ": %s; run again with --resume to go on",
                        run->member->step, run->trainer->problem.num_steps, reason);
}

/* The last finite state, with the row of the step that was not: that belongs to it where it was saved before, too. The message
 * about the divergence is the one to be seen, unless this fails too. */
static tx_status diverged(tx_run *run, tx_error *error)
{
    tx_error local = {0};
    run->saved_step = -1;
    const tx_status status = save(run, &local);
    if (status != TX_OK) {
        tx_log_write(run->log, TX_LOG_WARNING, "%s", local.message);
    }
    return error->status;
}

/* In the middle of a step: what the last one has left is kept; where the optimizer knows no update, with the row of this step. */
static bool save_last_step(tx_run *run)
{
    tx_error local = {0};
    if (!run->writer || !run->member || !(run->member->computing || run->member->stuck)) {
        return false;
    }
    if (write_checkpoint(run, &local) != TX_OK) {
        tx_log_write(run->log, TX_LOG_WARNING, "%s", local.message);
    }
    return local.status == TX_OK;
}

/* Those of a tx_attention, which hear of this process alone. */
static bool should_stop_reading(void *user)
{
    return was_told_to_stop(user) || out_of_time(user);
}

/* Whoever asks to stop may not leave the time to finish the step. */
static void wait_for_others(void *user)
{
    tx_run *run = user;
    if (was_told_to_stop(run)) {
        save_last_step(run);
    }
}

/* A machine is gone. */
static tx_status lost(tx_run *run, tx_error *error)
{
    const tx_error local = *error;
    if (!save_last_step(run)) {
        return local.status;
    }
    *error = (tx_error){0};
    return tx_error_set(error, local.status, "%.900s; stopped at step %" PRId64 " of %" PRId64 ": run again with --resume to go on",
                        local.message, run->member->step, run->trainer->problem.num_steps);
}

static tx_status failed(tx_run *run, tx_error *error)
{
    if (run->member && run->member->stuck && !tx_parallel_is_lost(run->parallel)) {
        save_last_step(run);
    }
    return error->status == TX_DIVERGED         ? diverged(run, error)
           : tx_parallel_is_lost(run->parallel) ? lost(run, error)
                                                : error->status;
}

/* Before the first step nothing has been reduced yet that could carry a request; nor is anything learned from data that are not all
 * there. */
static tx_status stopped_at_once(tx_run *run, tx_error *error, bool *out)
{
    int64_t stop = should_stop(run) || tx_content_is_partial(run->member);
    TX_TRY(tx_parallel_max(run->parallel, &stop, 1, error));
    *out = stop;
    return TX_OK;
}

/* Once, in runs of more than ten seconds. */
static void tell_idle_ranks(tx_run *run)
{
    if (run->writer && !run->told && tx_clock() - run->trainer->start > 10) {
        run->told = true;
        tx_trainer_tell_idle(run->trainer, tx_parallel_size(run->parallel), run->log);
    }
}

static tx_status loop(tx_run *run, tx_error *error)
{
    const tx_member *member = run->member;
    bool stop = false;
    TX_TRY(tx_member_is_done(member) ? TX_OK : stopped_at_once(run, error, &stop));
    while (!stop && !tx_member_is_done(member)) {
        tx_run_times_begin(&run->times, run->trainer);
        if (one_step(run, error) != TX_OK) {
            return failed(run, error);
        }
        stop = member->requests[TX_REQUEST_STOP];
        if (!stop && is_checkpoint_due(run)) {
            TX_TRY(save(run, error));
        }
        if (member->step % 256 == 0) {
            tell_idle_ranks(run);
        }
    }
    return stop && !tx_member_is_done(member) ? stopped(run, error) : TX_OK;
}

/* ---- End ---- */

static tx_status finish(tx_run *run, tx_error *error)
{
    TX_TRY(tx_member_conclude(run->member, error));
    TX_TRY(save(run, error));
    const tx_status status = run->writer ? tx_run_finish(run->directory, run->member, run->history, error) : TX_OK;
    return tx_parallel_agree(run->parallel, status, error);
}

static void tell_best(const tx_run *run)
{
    tx_best_network best;
    if (tx_best_find(&run->member->best, &best)) {
        tx_log_write(run->log, TX_LOG_NOTE, "best network: %s %.6g after %" PRId64 " steps: %s/best.h5", best.metric, best.value,
                     best.step, run->directory);
    } else if (run->member->best.keeper) {
        tx_log_write(run->log, TX_LOG_WARNING, "no best network: %s was never a number", run->member->best.metric.name);
    }
}

static tx_status tell_end(const tx_run *run, tx_error *error)
{
    const tx_member *member = run->member;
    const tx_problem *problem = &run->trainer->problem;
    char result[TX_DIGEST_SIZE];
    TX_TRY(tx_digest_reals(problem->random.precision, (size_t)problem->network->num_parameters, member->parameters, error, result));
    const int64_t done = member->step - member->first_step;
    if (done > 0) {
        tx_log_write(run->log, TX_LOG_NOTE, "%" PRId64 " steps in %.3g s, last loss %.6g: %s", done,
                     tx_trainer_seconds(run->trainer), member->loss, run->directory);
    } else {
        tx_log_write(run->log, TX_LOG_NOTE, "no steps to do: %s", run->directory);
    }
    tell_best(run);
    tx_log_write(run->log, TX_LOG_RESULT, "result: %s", result);
    return tx_run_log_check(&run->file, error);
}

static tx_status train(tx_run *run, tx_error *error)
{
    size_t count;
    TX_TRY(tx_parallel_agree(run->parallel, tx_config_inputs(run->config, 0, error, &count, &run->inputs), error));
    TX_TRY(tx_parallel_agree(run->parallel, run->writer ? look_for_checkpoint(run, error) : TX_OK, error));
    TX_TRY(is_finished(run, error, &run->finished));
    if (run->finished) {
        return tx_parallel_agree(run->parallel, run->writer ? tell_finished(run, error) : TX_OK, error);
    }
    if (run->place.looks) {
        return TX_OK;
    }
    TX_TRY(start(run, error));
    TX_TRY(loop(run, error));
    TX_TRY(tx_run_times_tell(&run->times, run->trainer, &run->file, error));
    TX_TRY(finish(run, error));
    return tx_parallel_agree(run->parallel, run->writer ? tell_end(run, error) : TX_OK, error);
}

tx_status tx_train_at(const tx_run_place *place, const tx_config *config, tx_parallel *parallel, const tx_train_options *options,
                      tx_error *error, tx_train_end *end)
{
    const tx_section *output = tx_get_section(tx_config_root(config), "output");
    const bool writer = tx_parallel_rank(parallel) == 0;
    tx_run run = {
        .config = config,
        .parallel = parallel,
        .options = options,
        .place = *place,
        .log = &run.file.log,
        .directory = options->output ? options->output : tx_get_string(output, "directory"),
        .writer = writer,
    };
    if (writer) {
        run.deadline.end = place->end;
        tx_run_log_begin(&run.file, &options->log);
    }
    tx_parallel_attend(parallel, (tx_attention){.stop = should_stop_reading, .waiting = wait_for_others, .user = &run});
    const tx_status status = train(&run, error);
    *end = (tx_train_end){.steps = place->looks && !run.finished ? -1
                                   : run.member                  ? run.member->step
                                                                 : run.checkpoint.step,
                          .seconds = tx_trainer_seconds(run.trainer)};
    tx_run_log_end(&run.file, error);
    tx_history_destroy(run.history);
    tx_trainer_destroy(run.trainer);
    tx_checkpoint_close(&run.checkpoint);
    tx_config_destroy(run.earlier);
    tx_free(run.inputs);
    tx_builds_free(&run.libraries);
    tx_claim_release(&run.claim);
    tx_parallel_attend(parallel, (tx_attention){0});
    return status;
}
