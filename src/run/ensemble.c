/* An ensemble's run directory around its members. */
#include "run/ensemble.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "problem/problem.h"
#include "run/builds.h"
#include "run/claim.h"
#include "run/directory.h"
#include "run/log.h"

typedef struct job {
    const tx_config *config;
    tx_parallel *parallel;
    const tx_train_options *options;
    const char *directory;
    bool writer; /* rank 0 */
    tx_run_log log;
    tx_claim claim; /* rank 0's, on the directory */
    tx_ensemble *ensemble;
    tx_builds libraries;
    char **directories; /* of members */
    tx_config **configs;
    tx_member_end *ends;
} job;

/* ---- Members ---- */

static tx_status name_member(const job *job, int member, tx_error *error)
{
    char name[TX_MEMBER_NAME];
    tx_text path = {0};
    tx_ensemble_name(job->ensemble, member, name);
    const tx_status status = tx_text_add(&path, error, "%s/%s", job->directory, name);
    job->directories[member] = path.data;
    return status;
}

static tx_status make_members(job *job, tx_error *error)
{
    TX_TRY(tx_ensemble_create(job->config, error, &job->ensemble));
    const size_t count = (size_t)job->ensemble->count;
    TX_TRY(tx_allocate_array(count, sizeof *job->directories, error, &job->directories));
    TX_TRY(tx_allocate_array(count, sizeof *job->configs, error, &job->configs));
    TX_TRY(tx_allocate_array(count, sizeof *job->ends, error, &job->ends));
    for (int k = 0; k < job->ensemble->count; k++) {
        TX_TRY(name_member(job, k, error));
        TX_TRY(tx_ensemble_member(job->ensemble, k, job->directories[k], error, &job->configs[k]));
    }
    return TX_OK;
}

static void destroy_members(job *job)
{
    for (int k = 0; job->ensemble && k < job->ensemble->count; k++) {
        tx_config_destroy(job->configs ? job->configs[k] : NULL);
        tx_free(job->directories ? job->directories[k] : NULL);
    }
    tx_free(job->directories);
    tx_free(job->configs);
    tx_free(job->ends);
    tx_ensemble_destroy(job->ensemble);
    tx_builds_free(&job->libraries);
}

/* ---- The directory. Rank 0's ---- */

static tx_status check_inputs(const job *job, tx_error *error)
{
    const char **inputs;
    size_t count;
    TX_TRY(tx_config_inputs(job->config, 0, error, &count, &inputs));
    const tx_status status = tx_run_check_inputs(job->directory, job->options->start, inputs, error);
    tx_free(inputs);
    return status;
}

static tx_status check_kind(const job *job, tx_error *error)
{
    if (job->options->start != TX_START_RESUME) {
        return TX_OK;
    }
    tx_config *earlier = tx_run_earlier(job->directory, tx_config_registry(job->config));
    const tx_status status = tx_run_check_kind(job->directory, earlier, job->config, error);
    tx_config_destroy(earlier);
    return status;
}

static tx_status claim(job *job, tx_error *error)
{
    TX_TRY(tx_claim_check(job->directory, error));
    TX_TRY(tx_run_check(job->directory, job->options->start, error));
    TX_TRY(check_inputs(job, error));
    TX_TRY(check_kind(job, error));
    TX_TRY(tx_claim_take(job->directory, &job->log.log, error, &job->claim));
    return tx_run_check(job->directory, job->options->start, error);
}

/* There is room for all: from here on the directory is theirs. */
static tx_status begin(void *user, tx_error *error)
{
    job *job = user;
    const bool resumes = job->options->start == TX_START_RESUME;
    TX_TRY(tx_run_begin(job->directory, job->options->start, resumes, tx_config_root(job->config), error));
    TX_TRY(tx_run_remove(job->directory, TX_MEMBERS_TABLE, error)); /* what it says is not true any longer */
    TX_TRY(tx_run_remove(job->directory, TX_ENSEMBLE_TABLE, error));
    return tx_run_log_open(&job->log, job->directory, error);
}

/* ---- The end ---- */

static int count_of(const job *job, tx_status status)
{
    int count = 0;
    for (int k = 0; k < job->ensemble->count; k++) {
        count += job->ends[k].status == status;
    }
    return count;
}

static void note_member(job *job, int member)
{
    char name[TX_MEMBER_NAME], line[TX_MEMBER_NAME + 64];
    const tx_member_end end = job->ends[member];
    tx_ensemble_name(job->ensemble, member, name);
    snprintf(line, sizeof line, "%s: %s after %" PRId64 " steps", name,
             end.status == TX_OK         ? "finished"
             : end.status == TX_DIVERGED ? "diverged"
                                         : "stopped",
             end.steps);
    tx_run_log_note(&job->log, line);
}

static tx_status tell_end(job *job, tx_error *error)
{
    const int count = job->ensemble->count, finished = count_of(job, TX_OK), diverged = count_of(job, TX_DIVERGED);
    const tx_ensemble_results results = {.ensemble = job->ensemble,
                                         .directory = job->directory,
                                         .members = (const char *const *)job->directories,
                                         .ends = job->ends,
                                         .precision = tx_problem_random(tx_config_root(job->config)).precision};
    for (int k = 0; k < count; k++) {
        note_member(job, k);
    }
    TX_TRY(tx_claim_keep(&job->claim, error));
    if (finished + diverged < count) {
        return tx_error_set(error, TX_STOPPED, "stopped with %d of %d members finished: run again with --resume to go on", finished,
                            count);
    }
    TX_TRY(tx_ensemble_write(&results, error));
    if (finished == 0) {
        return tx_error_set(error, TX_DIVERGED, "all %d members have diverged: %s/members.csv", count, job->directory);
    }
    tx_log_write(&job->log.log, TX_LOG_NOTE, "%d of %d members finished%s: %s", finished, count,
                 diverged ? ", the others diverged" : "", job->directory);
    return tx_run_log_check(&job->log, error);
}

/* ---- The whole ---- */

static tx_status train(job *job, tx_error *error)
{
    tx_parallel *parallel = job->parallel;
    tx_train_options options = *job->options;
    TX_TRY(tx_parallel_agree(parallel, make_members(job, error), error));
    TX_TRY(tx_parallel_agree(parallel, job->writer ? claim(job, error) : TX_OK, error));
    TX_TRY(tx_run_log_introduce(&job->log, job->config, parallel, error, &job->libraries));
    const int count = job->ensemble->count, groups = job->ensemble->groups ? job->ensemble->groups : count;
    const tx_members members = {.count = count,
                                .configs = (const tx_config *const *)job->configs,
                                .directories = (const char *const *)job->directories,
                                .groups = groups,
                                .measured = true,
                                .begin = begin,
                                .user = job};
    tx_log_write(&job->log.log, TX_LOG_NOTE, "ensemble: %d members", count);
    options.log = job->writer ? job->log.log : options.log;
    TX_TRY(tx_train_members(&members, parallel, &options, error, job->ends));
    return tx_parallel_agree(parallel, job->writer ? tell_end(job, error) : TX_OK, error);
}

tx_status tx_train_ensemble(const tx_config *config, tx_parallel *parallel, const tx_train_options *options, tx_error *error)
{
    const tx_section *output = tx_get_section(tx_config_root(config), "output");
    job job = {.config = config,
               .parallel = parallel,
               .options = options,
               .directory = options->output ? options->output : tx_get_string(output, "directory"),
               .writer = tx_parallel_rank(parallel) == 0};
    if (job.writer) {
        tx_run_log_begin(&job.log, &options->log);
    }
    const tx_status status = train(&job, error);
    tx_run_log_end(&job.log, error);
    destroy_members(&job);
    tx_claim_release(&job.claim);
    return status;
}
