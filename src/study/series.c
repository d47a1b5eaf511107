/* Runs one after another. Rank 0 looks at what is there and writes. */
#include "study/series.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "run/deadline.h"
#include "trainax/evaluation.h"
#include "trainax/file.h"

/* What a run says that is one of many: warnings and progress; all else stands in its own run.log. */
typedef struct series_screen {
    const tx_log *log;
    const char *name;
} series_screen;

typedef struct series_work {
    const tx_series *series;
    tx_parallel *parallel;
    const tx_train_options *options;
    tx_run_place place;
    bool writer;
    int run, diverged;
    const char *directory;  /* of the run */
    tx_config *config;      /* likewise */
    tx_run_outcome outcome; /* as far as it is known */
} series_work;

static void path_of(const series_work *work, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", work->directory, name);
}

static bool is_there(const series_work *work, const char *name)
{
    char path[PATH_MAX];
    path_of(work, name, path);
    return access(path, R_OK) == 0;
}

/* ---- What is there ---- */

/* Was the run that is there told what it would be told now? Its config.yaml begins with the program's version, a comment. */
static tx_status is_the_same(const series_work *work, tx_error *error, bool *out)
{
    char path[PATH_MAX], *now, *then;
    path_of(work, "config.yaml", path);
    *out = false;
    if (tx_text_read(path, NULL, &then) != TX_OK) {
        return TX_OK;
    }
    const tx_status status = tx_section_write(tx_config_root(work->config), error, &now);
    if (status == TX_OK) {
        const char *line = strchr(then, '\n');
        *out = line && strcmp(line + 1, now) == 0;
        tx_free(now);
    }
    tx_free(then);
    return status;
}

/* What was made of an earlier run does not stand beside what comes now; nor, as the last of these, how it ended. */
static void forget(const series_work *work, int count)
{
    static const char *const names[] = {"metrics.csv", TX_SAMPLES_FILE, "outcome.csv"};
    for (int k = 0; k < count; k++) {
        char path[PATH_MAX];
        path_of(work, names[k], path);
        unlink(path);
    }
}

/* Has it ended, so that nothing is left to do but to look at it? */
static tx_status look(series_work *work, tx_error *error)
{
    bool same = false;
    work->outcome = (tx_run_outcome){0};
    if (work->options->start != TX_START_RESUME) {
        forget(work, 3);
        return TX_OK;
    }
    const bool known = tx_run_outcome_read(work->directory, &work->outcome);
    TX_TRY(known && work->outcome.ended ? is_the_same(work, error, &same) : TX_OK);
    work->outcome.ended = same;
    if (!same) {
        forget(work, 2);
    }
    return TX_OK;
}

/* ---- One run ---- */

static void tell(void *user, tx_log_level level, const char *line)
{
    const series_screen *screen = user;
    if (level == TX_LOG_WARNING || level == TX_LOG_PROGRESS) {
        tx_log_write(screen->log, level, "%s: %s", screen->name, line);
    }
}

static void tell_end(const series_work *work)
{
    const tx_run_outcome *outcome = &work->outcome;
    if (work->writer) {
        tx_log_write(&work->options->log, TX_LOG_NOTE, "%s: %s after %" PRId64 " steps, %.3g s (run %d of %d)", work->directory,
                     outcome->diverged ? "diverged" : "finished", outcome->steps, outcome->seconds, work->run + 1,
                     work->series->count);
    }
}

static tx_status stopped(const series_work *work, bool begun, tx_error *error)
{
    char where[64] = "";
    if (begun) {
        snprintf(where, sizeof where, " at step %" PRId64, work->outcome.steps);
    }
    *error = (tx_error){0};
    return tx_error_set(error, TX_STOPPED, "stopped %s run %d of %d (%s)%s: %s", begun ? "in" : "before", work->run + 1,
                        work->series->count, work->directory, where, work->series->again);
}

static tx_status note(const series_work *work, tx_error *error)
{
    return tx_parallel_agree(work->parallel, work->writer ? tx_run_outcome_write(work->directory, &work->outcome, error) : TX_OK,
                             error);
}

/* What a run leaves that was begun: the same on all ranks but for the seconds, which are rank 0's. */
static tx_status train(series_work *work, tx_error *error)
{
    tx_train_options options = *work->options;
    series_screen screen = {.log = &work->options->log, .name = work->directory};
    tx_train_end end = {0};
    options.output = work->directory;
    options.log = (tx_log){.write = tell, .user = &screen};
    const tx_status status = tx_train_at(&work->place, work->config, work->parallel, &options, error, &end);
    work->outcome.steps = end.steps;
    work->outcome.seconds += end.seconds;
    work->outcome.diverged = status == TX_DIVERGED;
    work->outcome.ended = status == TX_OK || status == TX_DIVERGED;
    if (status == TX_DIVERGED) {
        if (work->writer) {
            tx_log_write(&options.log, TX_LOG_WARNING, "%s", error->message);
        }
        *error = (tx_error){0};
    } else if (status == TX_STOPPED) {
        TX_TRY(note(work, &(tx_error){0}));
        return stopped(work, true, error);
    } else {
        TX_TRY(status);
    }
    return note(work, error);
}

static tx_status measure(series_work *work, tx_error *error)
{
    char network[PATH_MAX], output[PATH_MAX], *text = NULL;
    int64_t averaged = work->writer && is_there(work, "network_ema.h5");
    tx_text names = {0};
    TX_TRY(tx_parallel_broadcast(work->parallel, &averaged, sizeof averaged, error));
    path_of(work, averaged ? "network_ema.h5" : "network.h5", network);
    path_of(work, "metrics.csv", output);
    const tx_evaluate_options options = {
        .network = network,
        .metrics = work->series->metrics ? work->series->metrics(work->series->user, work->config, &names, error) : NULL,
        .output = {.path = output, .overwrite = true},
    };
    const tx_status status = tx_evaluate(work->config, work->parallel, &options, error, &text);
    tx_free(names.data);
    tx_free(text);
    return status;
}

static tx_status stop_between(series_work *work, tx_error *error)
{
    const tx_deadline deadline = {.end = work->place.end};
    int64_t stop = (work->options->stop && *work->options->stop) || (work->writer && tx_deadline_is_near(&deadline));
    TX_TRY(tx_parallel_max(work->parallel, &stop, 1, error));
    return stop ? stopped(work, false, error) : TX_OK;
}

static tx_status bring_to_its_end(series_work *work, tx_error *error)
{
    int64_t measured;
    TX_TRY(tx_parallel_agree(work->parallel, work->writer ? look(work, error) : TX_OK, error));
    TX_TRY(tx_parallel_broadcast(work->parallel, &work->outcome, sizeof work->outcome, error));
    measured = work->outcome.ended && (work->outcome.diverged || (work->writer && is_there(work, "metrics.csv")));
    TX_TRY(tx_parallel_broadcast(work->parallel, &measured, sizeof measured, error));
    if (!measured) {
        TX_TRY(stop_between(work, error));
        TX_TRY(work->outcome.ended ? TX_OK : train(work, error));
        TX_TRY(work->outcome.diverged ? TX_OK : measure(work, error));
        tell_end(work);
    }
    work->diverged += work->outcome.diverged;
    return work->series->ended(work->series->user, work->run, work->config, &work->outcome, measured, error);
}

static tx_status run_one(series_work *work, int run, tx_error *error)
{
    work->run = run;
    work->directory = work->series->directories[run];
    TX_TRY(tx_parallel_agree(work->parallel, work->series->configure(work->series->user, run, error, &work->config), error));
    const tx_status status = bring_to_its_end(work, error);
    tx_config_destroy(work->config);
    return status;
}

tx_status tx_series_train(const tx_series *series, tx_parallel *parallel, const tx_train_options *options, tx_error *error)
{
    series_work work = {.series = series,
                        .parallel = parallel,
                        .options = options,
                        .place.end = tx_deadline_end(parallel, options->time_limit),
                        .writer = tx_parallel_rank(parallel) == 0};
    for (int k = 0; k < series->count; k++) {
        TX_TRY(run_one(&work, k, error));
    }
    return work.diverged < series->count || !series->count
               ? TX_OK
               : tx_error_set(error, TX_DIVERGED, "all %d runs have diverged", series->count);
}
