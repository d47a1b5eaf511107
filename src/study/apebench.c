/* `trainax apebench`: experiments with several seeds, and APEBench's tables of them. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "problem/problem.h"
#include "run/claim.h"
#include "run/directory.h"
#include "study/frames.h"
#include "study/series.h"
#include "trainax/evaluation.h"
#include "trainax/study.h"

typedef struct apebench {
    const tx_registry *registry;
    tx_parallel *parallel;
    const tx_apebench_options *asked;
    const tx_train_options *options;
    bool writer;
    const char *directory;
    tx_experiments experiments;
    int64_t *skipped; /* [experiments]: is it there already? */
    int num_runs;
    struct run {
        int experiment;
        int64_t seed;
    } * runs;
    char **directories; /* of the runs */
    tx_claim claim;
} apebench;

static const tx_experiment *experiment_of(const apebench *job, int run)
{
    return &job->experiments.items[job->runs[run].experiment];
}

static tx_status make_path(char out[PATH_MAX], tx_error *error, const char *directory, const char *folder, const char *name,
                           const char *file)
{
    const int length = snprintf(out, PATH_MAX, "%s/%s/%s/%s", directory, folder, name, file);
    return length < PATH_MAX ? TX_OK : tx_error_set(error, TX_BAD_DATA, "%s/%s/%s: the name is too long", directory, folder, name);
}

/* ---- What is to be done ---- */

/* TX_INVALID: metrics are to be melted that an experiment does not report. */
static tx_status check_metrics(const apebench *job, tx_error *error)
{
    for (int k = 0; job->asked->melt_metrics && k < job->experiments.count; k++) {
        const tx_experiment *experiment = &job->experiments.items[k];
        for (int q = 0; q < job->asked->num_metrics; q++) {
            bool there = false;
            for (int m = 0; m < experiment->num_metrics; m++) {
                there = there || !strcmp(experiment->metrics[m], job->asked->metrics[q]);
            }
            if (!there) {
                return tx_error_set(error, TX_INVALID, "--metric_name %s: %s does not report it (report_metrics)",
                                    job->asked->metrics[q], experiment->name);
            }
        }
    }
    return TX_OK;
}

static tx_status read_experiments(apebench *job, const char *text, tx_error *error)
{
    const tx_apebench_options *asked = job->asked;
    const tx_experiments_source source = {.name = asked->study,
                                          .text = text,
                                          .overrides = asked->overrides,
                                          .num_overrides = asked->num_overrides,
                                          .start_seed = asked->has_start_seed ? &asked->start_seed : NULL};
    TX_TRY(tx_experiments_read(&job->experiments, job->registry, &source, error));
    TX_TRY(tx_allocate_array((size_t)job->experiments.count, sizeof *job->skipped, error, &job->skipped));
    return check_metrics(job, error);
}

/* A scenario's name, or a file. */
static tx_status read_all(apebench *job, tx_error *error)
{
    char *text = NULL;
    if (!tx_registry_find(job->registry, TX_KIND_SCENARIO, job->asked->study)) {
        TX_TRY(tx_config_load_for_all(job->parallel, job->asked->study, error, &text));
    }
    const tx_status status = tx_parallel_agree(job->parallel, read_experiments(job, text, error), error);
    tx_free(text);
    return status;
}

static tx_status list_runs(apebench *job, tx_error *error)
{
    int64_t count = 0;
    for (int k = 0; k < job->experiments.count; k++) {
        count += job->skipped[k] ? 0 : job->experiments.items[k].seeds;
    }
    TX_TRY(tx_allocate_array((size_t)count, sizeof *job->runs, error, &job->runs));
    TX_TRY(tx_allocate_array((size_t)count, sizeof *job->directories, error, &job->directories));
    for (int k = 0; k < job->experiments.count; k++) {
        const tx_experiment *experiment = &job->experiments.items[k];
        for (int64_t seed = 0; !job->skipped[k] && seed < experiment->seeds; seed++) {
            tx_text path = {0};
            const struct run run = {.experiment = k, .seed = experiment->first + seed};
            TX_TRY(tx_text_add(&path, error, "%s/runs/%s/%" PRId64, job->directory, experiment->name, run.seed));
            job->directories[job->num_runs] = path.data;
            job->runs[job->num_runs++] = run;
        }
    }
    return TX_OK;
}

static tx_status configure(void *user, int run, tx_error *error, tx_config **out)
{
    apebench *job = user;
    return tx_experiment_run(&job->experiments, job->registry, job->runs[run].experiment, job->runs[run].seed,
                             job->directories[run], error, out);
}

/* ---- A run's end ---- */

static tx_status make_starts(apebench *job, int experiment, const char *path, tx_error *error)
{
    tx_config *config;
    const tx_output output = {.path = path, .overwrite = true};
    tx_status status = tx_experiment_starts(&job->experiments, job->registry, experiment, error, &config);
    TX_TRY(tx_parallel_agree(job->parallel, status, error));
    const tx_section *evaluation = tx_get_section(tx_config_root(config), "evaluation");
    status = tx_generate(config, tx_get_section(evaluation, "data"), job->parallel, &output, error);
    tx_config_destroy(config);
    return status;
}

/* The same answer on all ranks. */
static tx_status is_there(const apebench *job, const char *path, tx_error *error, bool *out)
{
    int64_t there = job->writer && access(path, R_OK) == 0;
    TX_TRY(tx_parallel_broadcast(job->parallel, &there, sizeof there, error));
    *out = there;
    return TX_OK;
}

/* The trajectories that are kept, from where the test trajectories begin. */
static tx_status roll_out(apebench *job, int run, tx_error *error)
{
    const tx_experiment *experiment = experiment_of(job, run);
    char starts[PATH_MAX], network[PATH_MAX], rollout[PATH_MAX];
    bool there;
    TX_TRY(make_path(starts, error, job->directory, "runs", experiment->name, "starts.h5"));
    snprintf(network, PATH_MAX, "%s/network.h5", job->directories[run]);
    snprintf(rollout, PATH_MAX, "%s/%s", job->directories[run], TX_SAMPLES_FILE);
    TX_TRY(is_there(job, rollout, error, &there));
    if (there || experiment->samples == 0) {
        return TX_OK;
    }
    TX_TRY(is_there(job, starts, error, &there));
    TX_TRY(there ? TX_OK : make_starts(job, job->runs[run].experiment, starts, error));
    const tx_output output = {.path = rollout, .overwrite = true};
    return tx_rollout(job->parallel, job->registry, network, starts, experiment->horizon, NULL, &output, error);
}

static tx_status copy_file(const char *from, const char *to, tx_error *error)
{
    struct stat info;
    char *content;
    TX_TRY(tx_text_read(from, error, &content));
    const tx_status status = stat(from, &info) == 0 ? tx_text_save(to, content, (size_t)info.st_size, error)
                                                    : tx_error_set(error, TX_BAD_DATA, "cannot read %s", from);
    tx_free(content);
    return status;
}

static tx_status copy_network(const apebench *job, int run, tx_error *error)
{
    char from[PATH_MAX], to[PATH_MAX], file[32];
    snprintf(from, PATH_MAX, "%s/network.h5", job->directories[run]);
    snprintf(file, sizeof file, "%" PRId64 ".h5", job->runs[run].seed);
    TX_TRY(make_path(to, error, job->directory, "network_weights", experiment_of(job, run)->name, file));
    return copy_file(from, to, error);
}

static tx_status melt(const apebench *job, tx_error *error)
{
    static const char *const loss[] = {"train_loss"}, *const sample[] = {"sample_rollout"};
    const tx_apebench_options *asked = job->asked;
    const tx_melting metrics = {.number = "time_step", .num_quantities = asked->num_metrics, .quantities = asked->metrics};
    const tx_melting losses = {.number = "update_step", .num_quantities = 1, .quantities = loss};
    const tx_melting samples = {.number = "sample_index", .num_quantities = 1, .quantities = sample};
    TX_TRY(asked->melt_metrics ? tx_melt(&metrics, &job->experiments, job->directory, "metrics.csv", error) : TX_OK);
    TX_TRY(asked->melt_losses ? tx_melt(&losses, &job->experiments, job->directory, "train_loss.csv", error) : TX_OK);
    return asked->melt_samples ? tx_melt(&samples, &job->experiments, job->directory, "sample_rollout.csv", error) : TX_OK;
}

static tx_status write_tables(const apebench *job, int run, const tx_config *config, tx_error *error)
{
    const tx_section *root = tx_config_root(config), *trainer = tx_get_section(root, "trainer");
    const int64_t steps = tx_get_integer(trainer, "num_training_steps"), every = tx_get_integer(trainer, "record_loss_every");
    const tx_raw_setup setup = {.directory = job->directory,
                                .num_losses = (steps + every - 1) / every,
                                .loss_every = every,
                                .digits = tx_problem_random(root).precision == TX_FLOAT32 ? 9 : 17};
    TX_TRY(tx_claim_keep(&job->claim, error));
    TX_TRY(tx_raw_write(experiment_of(job, run), &setup, error));
    return melt(job, error);
}

static tx_status note(const apebench *job, int run, const tx_config *config, const tx_run_outcome *outcome, tx_error *error)
{
    const tx_experiment *experiment = experiment_of(job, run);
    TX_TRY(outcome->diverged ? TX_OK : copy_network(job, run, error));
    return job->runs[run].seed == experiment->first + experiment->seeds - 1 ? write_tables(job, run, config, error) : TX_OK;
}

static tx_status ended(void *user, int run, const tx_config *config, const tx_run_outcome *outcome, bool found, tx_error *error)
{
    apebench *job = user;
    (void)found;
    TX_TRY(outcome->diverged ? TX_OK : roll_out(job, run, error));
    return tx_parallel_agree(job->parallel, job->writer ? note(job, run, config, outcome, error) : TX_OK, error);
}

/* ---- The directory ---- */

static tx_status make_folders(const apebench *job, tx_error *error)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/raw", job->directory);
    TX_TRY(tx_directory_make(path, error));
    for (int k = 0; k < job->experiments.count; k++) {
        TX_TRY(make_path(path, error, job->directory, "network_weights", job->experiments.items[k].name, ""));
        TX_TRY(tx_directory_make(path, error));
        TX_TRY(make_path(path, error, job->directory, "runs", job->experiments.items[k].name, ""));
        TX_TRY(tx_directory_make(path, error));
    }
    return TX_OK;
}

/* What is there already stays, or goes at once, so that a study that is stopped while it is replaced goes on with that. */
static tx_status look_for(apebench *job, int k, tx_error *error)
{
    const tx_experiment *experiment = &job->experiments.items[k];
    tx_text path = {0};
    char starts[PATH_MAX];
    TX_TRY(make_path(starts, error, job->directory, "runs", experiment->name, "starts.h5"));
    TX_TRY(tx_raw_path(experiment, job->directory, &path, error));
    if (job->options->start == TX_START_OVERWRITE) {
        unlink(path.data);
        unlink(starts);
    }
    job->skipped[k] = access(path.data, F_OK) == 0;
    if (job->skipped[k]) {
        tx_log_write(&job->options->log, TX_LOG_NOTE, "%s is there already: skipped", path.data);
    }
    tx_free(path.data);
    return TX_OK;
}

static tx_status take_directory(apebench *job, tx_error *error)
{
    TX_TRY(tx_claim_check(job->directory, error));
    TX_TRY(tx_directory_check(job->directory, error));
    if (tx_run_exists(job->directory)) {
        return tx_error_set(error, TX_INVALID, "%s holds a run: results need a directory of their own, give another --output",
                            job->directory);
    }
    TX_TRY(tx_claim_take(job->directory, &job->options->log, error, &job->claim));
    TX_TRY(make_folders(job, error));
    for (int k = 0; k < job->experiments.count; k++) {
        TX_TRY(look_for(job, k, error));
    }
    return TX_OK;
}

/* ---- All of it ---- */

static tx_status run(apebench *job, tx_error *error)
{
    TX_TRY(read_all(job, error));
    TX_TRY(tx_parallel_agree(job->parallel, job->writer ? take_directory(job, error) : TX_OK, error));
    TX_TRY(tx_parallel_broadcast(job->parallel, job->skipped, (size_t)job->experiments.count * sizeof *job->skipped, error));
    TX_TRY(tx_parallel_agree(job->parallel, list_runs(job, error), error));
    const tx_series series = {.count = job->num_runs,
                              .directories = (const char *const *)job->directories,
                              .again = "run again to go on",
                              .configure = configure,
                              .ended = ended,
                              .user = job};
    const tx_status status = tx_series_train(&series, job->parallel, job->options, error);
    if (status == TX_OK && job->num_runs == 0) {
        return tx_parallel_agree(job->parallel, job->writer ? melt(job, error) : TX_OK, error);
    }
    return status;
}

tx_status tx_apebench(const tx_registry *registry, tx_parallel *parallel, const tx_apebench_options *asked,
                      const tx_train_options *options, tx_error *error)
{
    apebench job = {.registry = registry,
                    .parallel = parallel,
                    .asked = asked,
                    .options = options,
                    .writer = tx_parallel_rank(parallel) == 0,
                    .directory = options->output ? options->output : "results"};
    tx_error own = {0};
    const tx_status status = run(&job, error ? error : &own); /* its status is looked at */
    tx_claim_release(&job.claim);
    for (int k = 0; k < job.num_runs; k++) {
        tx_free(job.directories[k]);
    }
    tx_free(job.directories);
    tx_free(job.runs);
    tx_free(job.skipped);
    tx_experiments_close(&job.experiments);
    return status;
}
