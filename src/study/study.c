/* `trainax study`: settings with seeds, to a target. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/name.h"
#include "callback/held_out.h"
#include "component/run.h"
#include "problem/problem.h"
#include "run/claim.h"
#include "run/directory.h"
#include "study/plan.h"
#include "study/results.h"
#include "trainax/study.h"

typedef struct study {
    const tx_registry *registry;
    tx_parallel *parallel;
    const tx_study_source *source;
    const tx_train_options *options;
    bool writer;
    tx_study_plan plan;
    const char *directory;
    char **directories; /* of the runs */
    int num_runs;
    tx_results results;
    char *metric; /* its name, as metrics.csv has it */
    tx_claim claim;
} study;

/* ---- What is to be done ---- */

static tx_status configure(void *user, int run, tx_error *error, tx_config **out)
{
    const study *study = user;
    const tx_study_plan *plan = &study->plan;
    const struct tx_setting_plan *setting = &plan->settings[run / plan->num_seeds];
    const tx_variant variant = {.tree = plan->base,
                                .name = plan->base_path ? plan->base_path : plan->name,
                                .overrides = study->source->overrides,
                                .num_overrides = study->source->num_overrides,
                                .changes = setting->changes,
                                .num_changes = setting->num_changes,
                                .callback = plan->until,
                                .seed = &plan->seeds[run % plan->num_seeds],
                                .directory = study->directories[run]};
    return tx_variant_create(study->registry, &variant, error, out);
}

static tx_status name_runs(study *study, tx_error *error)
{
    const tx_study_plan *plan = &study->plan;
    const int count = plan->num_settings * plan->num_seeds;
    TX_TRY(tx_allocate_array((size_t)count, sizeof *study->directories, error, &study->directories));
    for (study->num_runs = 0; study->num_runs < count; study->num_runs++) {
        tx_text path = {0};
        TX_TRY(tx_text_add(&path, error, "%s/runs/%s/%" PRId64, study->directory,
                           plan->settings[study->num_runs / plan->num_seeds].name, plan->seeds[study->num_runs % plan->num_seeds]));
        study->directories[study->num_runs] = path.data;
    }
    return TX_OK;
}

/* The callback that ends a run at the target is the last one. */
static void find_target(study *study, const tx_section *root)
{
    const tx_section *const *callbacks;
    const int count = tx_get_sections(root, "callbacks", &callbacks);
    const tx_section *until = callbacks[count - 1];
    study->results.has_target = true;
    study->results.target = tx_get_real(until, "below");
    study->results.metric = tx_get_string(until, "metric");
}

static tx_status begin_results(study *study, const tx_config *first, tx_error *error)
{
    const tx_study_plan *plan = &study->plan;
    tx_results *results = &study->results;
    const char **names;
    const tx_precision precision = tx_problem_random(tx_config_root(first)).precision;
    *results = (tx_results){.num_settings = plan->num_settings,
                            .num_seeds = plan->num_seeds,
                            .seeds = plan->seeds,
                            .metric = "mean_nRMSE",
                            .digits = precision == TX_FLOAT32 ? 9 : 17};
    if (plan->until) {
        find_target(study, tx_config_root(first));
    }
    results->rising = tx_metric_is_correlation(results->metric);
    TX_TRY(tx_duplicate(results->metric, error, &study->metric));
    results->metric = study->metric;
    TX_TRY(tx_allocate_array((size_t)plan->num_settings, sizeof *names, error, &names));
    for (int k = 0; k < plan->num_settings; k++) {
        names[k] = plan->settings[k].name;
    }
    results->settings = names;
    return tx_allocate_array((size_t)study->num_runs, sizeof *results->records, error, &results->records);
}

/* Whatever is wrong in a setting is told before anything is trained. */
static tx_status check_settings(study *study, tx_error *error)
{
    for (int k = 0; k < study->plan.num_settings; k++) {
        tx_config *config;
        TX_TRY(configure(study, k * study->plan.num_seeds, error, &config));
        const tx_status status = k == 0 ? begin_results(study, config, error) : TX_OK;
        tx_config_destroy(config);
        TX_TRY(status);
    }
    return TX_OK;
}

/* ---- While it goes on ---- */

/* The metrics of its evaluation, and the study's own where that is not among them. */
static const char *metrics_of(void *user, const tx_config *config, tx_text *text, tx_error *error)
{
    const study *study = user;
    const tx_section *evaluation = tx_get_section(tx_config_root(config), "evaluation");
    const char *const *names;
    const int count = evaluation ? tx_get_strings(evaluation, "metrics", &names) : 0;
    bool there = false;
    tx_status status = TX_OK;
    for (int k = 0; k < count; k++) {
        there = there || tx_same_name(names[k], study->metric, "");
        status = status ? status : tx_text_add(text, error, "%s%s", k ? "," : "", names[k]);
    }
    if (!there) {
        status = status ? status : tx_text_add(text, error, "%s%s", count ? "," : "", study->metric);
    }
    return status ? NULL : text->data;
}

static tx_status learn_name(study *study, const char *directory, tx_error *error)
{
    char path[PATH_MAX], *name;
    tx_numbers_table table;
    snprintf(path, sizeof path, "%s/metrics.csv", directory);
    TX_TRY(tx_numbers_read(path, error, &table));
    const tx_status status = tx_duplicate(table.csv.cells[tx_metric_column(&table, study->metric)], error, &name);
    tx_numbers_free(&table);
    TX_TRY(status);
    tx_free(study->metric);
    study->results.metric = study->metric = name;
    return TX_OK;
}

/* Tables are written when there is news, and at the end. */
static tx_status record(study *study, int run, const tx_run_outcome *outcome, bool found, tx_error *error)
{
    const char *directory = study->directories[run];
    TX_TRY(outcome->diverged ? TX_OK : learn_name(study, directory, error));
    TX_TRY(tx_record_read(directory, outcome, &study->results, error, &study->results.records[run]));
    if (found && run + 1 < study->num_runs) {
        return TX_OK;
    }
    TX_TRY(tx_claim_keep(&study->claim, error));
    return tx_results_write(&study->results, study->directory, error);
}

static tx_status ended(void *user, int run, const tx_config *config, const tx_run_outcome *outcome, bool found, tx_error *error)
{
    study *study = user;
    (void)config;
    return tx_parallel_agree(study->parallel, study->writer ? record(study, run, outcome, found, error) : TX_OK, error);
}

/* ---- The directory ---- */

static bool holds(const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct stat unused;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return lstat(path, &unused) == 0;
}

static tx_status check_directory(const study *study, tx_error *error)
{
    const char *directory = study->directory;
    TX_TRY(tx_directory_check(directory, error));
    if (tx_run_exists(directory)) {
        return tx_error_set(error, TX_INVALID, "%s holds a run: a study needs a directory of its own, give another --output",
                            directory);
    }
    if (study->options->start == TX_START_NEW && (holds(directory, "runs") || holds(directory, "study.csv"))) {
        return tx_error_set(
            error, TX_INVALID,
            "%s already holds a study: give --resume to continue it, --overwrite to replace it, or another --output", directory);
    }
    return TX_OK;
}

static tx_status take_directory(study *study, tx_error *error)
{
    TX_TRY(tx_claim_check(study->directory, error));
    TX_TRY(check_directory(study, error));
    TX_TRY(tx_claim_take(study->directory, &study->options->log, error, &study->claim));
    return check_directory(study, error);
}

static tx_status find_directory(study *study, tx_error *error)
{
    if (study->options->output) {
        study->directory = study->options->output;
        return TX_OK;
    }
    return tx_run_directory(&study->plan.pool, study->plan.name, error, &study->directory);
}

/* ---- All of it ---- */

static tx_status read_plan(study *study, const char *text, tx_error *error)
{
    TX_TRY(tx_study_plan_read(&study->plan, study->registry, study->plan.name, text, error));
    return find_directory(study, error);
}

static tx_status complete_plan(study *study, const char *base, tx_error *error)
{
    TX_TRY(base ? tx_study_plan_read_base(&study->plan, base, error) : TX_OK);
    TX_TRY(name_runs(study, error));
    return check_settings(study, error);
}

static tx_status plan(study *study, const char *text, tx_error *error)
{
    char *base = NULL;
    TX_TRY(tx_parallel_agree(study->parallel, read_plan(study, text, error), error));
    if (study->plan.base_path) {
        TX_TRY(tx_config_load_for_all(study->parallel, study->plan.base_path, error, &base));
    }
    const tx_status status = tx_parallel_agree(study->parallel, complete_plan(study, base, error), error);
    tx_free(base);
    return status;
}

static tx_status run(study *study, tx_error *error)
{
    const tx_series series = {.count = study->num_runs,
                              .directories = (const char *const *)study->directories,
                              .again = "run again with --resume to go on",
                              .configure = configure,
                              .metrics = metrics_of,
                              .ended = ended,
                              .user = study};
    TX_TRY(tx_parallel_agree(study->parallel, study->writer ? take_directory(study, error) : TX_OK, error));
    return tx_series_train(&series, study->parallel, study->options, error);
}

static void close_study(study *study)
{
    tx_claim_release(&study->claim);
    for (int k = 0; k < study->num_runs; k++) {
        tx_free(study->results.records ? study->results.records[k].values : NULL);
        tx_free(study->directories[k]);
    }
    tx_free(study->results.records);
    tx_free((void *)study->results.settings);
    tx_free(study->directories);
    tx_free(study->metric);
    tx_study_plan_close(&study->plan);
}

tx_status tx_study(const tx_registry *registry, tx_parallel *parallel, const tx_study_source *source,
                   const tx_train_options *options, tx_error *error)
{
    study study = {.registry = registry,
                   .parallel = parallel,
                   .source = source,
                   .options = options,
                   .writer = tx_parallel_rank(parallel) == 0,
                   .plan.name = source->path};
    tx_error own = {0};
    char *text = NULL;
    error = error ? error : &own; /* its status is looked at */
    tx_status status = tx_config_load_for_all(parallel, source->path, error, &text);
    status = status ? status : plan(&study, text, error);
    status = status ? status : run(&study, error);
    tx_free(text);
    close_study(&study);
    return status;
}
