/* `trainax baseline`: checks, data, fits, evaluations, files. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "algebra/symmetric.h"
#include "base/memory.h"
#include "baseline/report.h"
#include "evaluation/evaluation.h"
#include "plugin/plugin.h"
#include "problem/budget.h"
#include "problem/problem.h"
#include "trainax/baseline.h"

typedef struct job {
    tx_parallel *parallel;
    const tx_config *config;
    const tx_section *root;
    tx_config *defaults, *loss; /* the baselines where none are asked for; what the training loss is */
    tx_data_source *source;
    tx_fit fit;
    tx_pairs pairs;
    char *directory;
    tx_report report;
} job;

static const tx_modal *modal_of(const tx_baseline *baseline)
{
    return tx_baseline_class_of(baseline)->modal;
}

static bool is_auto(const tx_baseline *baseline)
{
    return modal_of(baseline) && tx_get_word(baseline->section, modal_of(baseline)->option);
}

static bool is_centred(const tx_baseline *baseline)
{
    return tx_get_boolean(baseline->section, "use_bias");
}

/* ---- Which ---- */

static tx_status read_text(const job *job, const char *name, const char *text, tx_error *error, tx_config **out)
{
    const tx_config_source source = {.name = name, .text = text};
    return tx_config_create(tx_config_registry(job->config), &source, error, out);
}

static tx_status list_sections(job *job, tx_error *error, int *count, const tx_section *const **out)
{
    const tx_section *root = job->root;
    if (!tx_has(root, "baselines")) {
        char text[128];
        snprintf(text, sizeof text, "baselines: [persistence, {type: ridge, alpha: auto}, {type: dmd, rank: auto}%s]",
                 job->fit.state.axes ? ", spectral" : "");
        TX_TRY(read_text(job, "the default", text, error, &job->defaults));
        root = tx_config_root(job->defaults);
    }
    *count = tx_get_sections(root, "baselines", out);
    return *count ? TX_OK : tx_section_error(root, "baselines", error, TX_INVALID, "there is none");
}

/* It becomes a file's and a column's. */
static tx_status check_name(const job *job, int index, tx_error *error)
{
    const tx_baseline *baseline = &job->report.baselines[index];
    if (!*baseline->name || *baseline->name == '.' || strlen(baseline->name) > 100 || strpbrk(baseline->name, "/,\"\n\r\t") ||
        strcmp(baseline->name, "step") == 0) { /* the first column's */
        return tx_section_error(baseline->section, "name", error, TX_INVALID, "'%s' is no name for a file and a column",
                                baseline->name);
    }
    for (int k = 0; k < index; k++) {
        if (strcmp(job->report.baselines[k].name, baseline->name) == 0) {
            return tx_section_error(baseline->section, "name", error, TX_INVALID, "two baselines are called '%s'", baseline->name);
        }
    }
    return TX_OK;
}

static tx_status list(job *job, tx_error *error)
{
    const tx_section *const *sections;
    tx_report *report = &job->report;
    int count;
    TX_TRY(list_sections(job, error, &count, &sections));
    TX_TRY(tx_allocate_array((size_t)count, sizeof *report->baselines, error, &report->baselines));
    report->count = count;
    for (int k = 0; k < count; k++) {
        const char *name = tx_get_string(sections[k], "name");
        report->baselines[k] = (tx_baseline){
            .section = sections[k], .name = name ? name : tx_section_name(sections[k]), .value = NAN, .spectral_radius = NAN};
        TX_TRY(check_name(job, k, error));
    }
    return TX_OK;
}

/* ---- Do they suit the data? ---- */

static int64_t held_out(const job *job)
{
    const int64_t fifth = job->source->shape.num_trajectories / 5;
    return fifth ? fifth : 1;
}

/* Of the pairs of the first `trajectories`; the modes that are found of them. */
static tx_status count_modes(const job *job, int64_t trajectories, tx_error *error, int64_t *pairs, int64_t *modes)
{
    tx_error local = {0};
    tx_windows windows;
    *pairs = 0;
    tx_status status = tx_windows_make(&job->source->shape, 2, true, &local, &windows);
    if (status == TX_OK) {
        status = tx_pairs_count(&windows, trajectories, &local, pairs);
        tx_windows_free(&windows);
    }
    const int64_t size = tx_data_level_size(&job->source->shape);
    *modes = *pairs < size ? *pairs : size;
    return status ? tx_section_error(tx_get_section(job->root, "data"), NULL, error, status, "%s", local.message) : TX_OK;
}

static tx_status check(const job *job, const tx_baseline *baseline, tx_error *error)
{
    const tx_baseline_class *class_ = tx_baseline_class_of(baseline);
    if (is_auto(baseline) && job->source->shape.num_trajectories < 2) {
        return tx_section_error(baseline->section, class_->modal->option, error, TX_INVALID,
                                "auto holds trajectories out, and the data have one alone: give a number");
    }
    const bool fixed = !is_auto(baseline); /* checks are of the number */
    return class_->check && fixed ? class_->check(baseline->section, &job->fit.state, error) : TX_OK;
}

/* Do steps and metrics suit it? As any network of these states would ask. */
static tx_status check_steps(const job *job, const tx_data_shape *shape, tx_error *error)
{
    tx_baseline any = {.name = "data"};
    tx_status status = shape->state.axes ? tx_baseline_make(&any, &job->fit, error, "conv", "kernel_size: 1")
                                         : tx_baseline_linear(&any, &job->fit, NULL, NULL, error);
    const tx_evaluation_setup setup = {.run = job->root, .network = any.config ? tx_config_root(any.config) : NULL};
    status = status ? status : tx_evaluation_check(&setup, shape, error);
    tx_network_destroy(any.network);
    tx_config_destroy(any.config);
    tx_free(any.parameters);
    return status;
}

static const tx_section *held_out_section(const job *job)
{
    const tx_section *evaluation = tx_get_section(job->root, "evaluation");
    return evaluation ? tx_get_section(evaluation, "data") : NULL;
}

static tx_status check_evaluation(const job *job, int isa, tx_error *error)
{
    const tx_section *section = held_out_section(job);
    tx_data_source *source;
    if (!section) {
        return check_steps(job, &job->source->shape, error);
    }
    TX_TRY(tx_data_source_create(section, tx_problem_data_setup(job->root, isa), error, &source));
    const tx_status status = tx_shape_equal(&source->shape.state, &job->fit.state)
                                 ? check_steps(job, &source->shape, error)
                                 : tx_section_error(tx_get_section(job->root, "evaluation"), "data", error, TX_INVALID,
                                                    "its states have another shape than those of `data`");
    tx_data_source_destroy(source);
    return status;
}

/* What a rank does alone. */
static tx_status check_all(job *job, int isa, tx_error *error)
{
    int64_t pairs, modes;
    TX_TRY(list(job, error));
    TX_TRY(count_modes(job, job->source->shape.num_trajectories, error, &pairs, &modes));
    for (int k = 0; k < job->report.count; k++) {
        TX_TRY(check(job, &job->report.baselines[k], error));
    }
    return check_evaluation(job, isa, error);
}

/* ---- Room ---- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static tx_status predict(const job *job, tx_error *error, tx_budget *out)
{
    const tx_data_shape *shape = &job->source->shape;
    const int64_t size = tx_data_level_size(shape), rest = held_out(job);
    const int ranks = tx_parallel_size(job->parallel);
    size_t parameters = 0, working = 0;
    int64_t pairs, modes;
    for (int k = 0; k < job->report.count; k++) {
        const tx_baseline *baseline = &job->report.baselines[k];
        TX_TRY(count_modes(job, shape->num_trajectories, error, &pairs, &modes));
        parameters += (size_t)(modal_of(baseline) ? tx_modal_count(baseline, &shape->state, modes)
                                                  : tx_baseline_class_of(baseline)->count(&shape->state));
        if (modal_of(baseline)) {
            working = larger(working, tx_modes_bytes(size, pairs, ranks) + tx_modal_bytes(&shape->state, modes));
        }
        if (is_auto(baseline)) {
            TX_TRY(count_modes(job, shape->num_trajectories - rest, error, &pairs, &modes));
            working = larger(working, tx_modes_bytes(size, pairs, ranks) + tx_contest_bytes(shape, modes, rest, ranks));
        }
    }
    *out = (tx_budget){.bytes = {[TX_USE_DATA] = tx_dataset_bytes(job->source, TX_SHARDED, ranks) + job->source->working,
                                 [TX_USE_PARAMETERS] = parameters * tx_real_bytes(job->fit.precision),
                                 [TX_USE_REST] = working + tx_pairs_bytes(size, job->fit.precision)}};
    return TX_OK;
}

static tx_status plan(const job *job, tx_error *error, tx_budget *out)
{
    const tx_section *parallel = tx_get_section(job->root, "parallel");
    TX_TRY(predict(job, error, out));
    const size_t total = tx_budget_total(out);
    return tx_get_word(parallel, "memory") || total <= tx_get_bytes(parallel, "memory")
               ? TX_OK
               : tx_section_error(parallel, "memory", error, TX_INVALID, "too little: these baselines take %zu KiB a rank",
                                  (total + 1023) / 1024);
}

static tx_status load(job *job, tx_error *error)
{
    tx_budget budget = {0};
    TX_TRY(tx_parallel_agree(job->parallel, plan(job, error, &budget), error));
    TX_TRY(tx_budget_check(job->parallel, &budget, job->root, NULL, NULL, NULL, error));
    return tx_dataset_load(job->parallel, job->source, TX_SHARDED, error, &job->fit.dataset);
}

/* ---- Fits ---- */

/* All baselines of the modes of the first `trajectories`, with or without means. */
static tx_status fit_modes(job *job, int64_t trajectories, bool centred, tx_error *error)
{
    const int64_t all = job->fit.dataset->shape.num_trajectories;
    tx_modes modes = {0};
    TX_TRY(tx_pairs_choose(&job->pairs, trajectories, centred, error));
    TX_TRY(tx_modes_find(&job->pairs, error, &modes));
    tx_status status = TX_OK;
    for (int k = 0; k < job->report.count && status == TX_OK; k++) {
        tx_baseline *baseline = &job->report.baselines[k];
        if (modal_of(baseline) && is_centred(baseline) == centred) {
            status = trajectories < all ? tx_modal_choose(baseline, &job->fit, &modes, trajectories, error)
                                        : tx_modal_fit(baseline, &job->fit, &modes, error);
        }
    }
    tx_modes_free(&modes);
    return status;
}

static tx_status fit_modal(job *job, bool centred, tx_error *error)
{
    const int64_t all = job->fit.dataset->shape.num_trajectories;
    bool any = false, choose = false;
    for (int k = 0; k < job->report.count; k++) {
        const tx_baseline *baseline = &job->report.baselines[k];
        const bool here = modal_of(baseline) && is_centred(baseline) == centred;
        any |= here;
        choose |= here && is_auto(baseline);
    }
    TX_TRY(choose ? fit_modes(job, all - held_out(job), centred, error) : TX_OK);
    return any ? fit_modes(job, all, centred, error) : TX_OK;
}

static tx_status fit_others(job *job, tx_error *error)
{
    TX_TRY(tx_pairs_choose(&job->pairs, job->fit.dataset->shape.num_trajectories, false, error));
    for (int k = 0; k < job->report.count; k++) {
        tx_baseline *baseline = &job->report.baselines[k];
        const tx_baseline_class *class_ = tx_baseline_class_of(baseline);
        TX_TRY(class_->fit ? class_->fit(baseline, &job->fit, error) : TX_OK);
    }
    return TX_OK;
}

/* ---- How good they are ---- */

static tx_status keep(tx_report *report, tx_baseline *baseline, const tx_evaluation_result *result, tx_error *error)
{
    const size_t steps = (size_t)result->num_steps;
    TX_TRY(tx_allocate_array(steps, sizeof(double), error, &baseline->errors));
    memcpy(baseline->errors, result->values, steps * sizeof(double));
    baseline->gmean = result->gmean;
    report->num_steps = result->num_steps;
    return TX_OK;
}

static tx_status evaluate(job *job, tx_baseline *baseline, tx_error *error)
{
    const tx_evaluation_setup setup = {.run = job->root,
                                       .network = tx_config_root(baseline->config),
                                       .metrics = "mean_nRMSE",
                                       .dataset = held_out_section(job) ? NULL : job->fit.dataset,
                                       .once = true,
                                       .normalization = &job->fit.dataset->normalization};
    tx_evaluation *evaluation;
    tx_evaluation_result result;
    TX_TRY(tx_evaluation_create(job->parallel, &setup, error, &evaluation));
    tx_status status = tx_evaluation_run(evaluation, baseline->parameters, error, &result);
    status = status ? status : tx_parallel_agree(job->parallel, keep(&job->report, baseline, &result, error), error);
    tx_evaluation_destroy(evaluation);
    return status;
}

/* The first rank's parameters for all: others may have been rounded on another kind of machine. */
static tx_status measure(job *job, tx_baseline *baseline, tx_error *error)
{
    const size_t bytes = (size_t)baseline->network->num_parameters * tx_real_bytes(job->fit.precision);
    TX_TRY(tx_parallel_broadcast(job->parallel, baseline->parameters, bytes, error));
    TX_TRY(evaluate(job, baseline, error));
    return tx_full_loss(job->parallel, tx_config_root(job->loss), job->fit.dataset, baseline->network, baseline->parameters, error,
                        &baseline->train_loss);
}

/* The loss of all windows of two levels. */
static tx_status define_loss(job *job, tx_error *error)
{
    char text[256];
    snprintf(text, sizeof text,
             "precision: %s\ntrainer: {type: supervised, num_rollout_steps: 1, time_level_loss: mse, num_training_steps: 0, "
             "batch_size: 1, key: 0, optimizer: {type: sgd, learning_rate: 0}}",
             job->fit.precision == TX_FLOAT32 ? "float32" : "float64");
    return read_text(job, "the training loss", text, error, &job->loss);
}

static tx_status measure_all(job *job, tx_error *error)
{
    TX_TRY(tx_parallel_agree(job->parallel, define_loss(job, error), error));
    for (int k = 0; k < job->report.count; k++) {
        TX_TRY(measure(job, &job->report.baselines[k], error));
    }
    return TX_OK;
}

/* ---- All ---- */

static tx_status name_directory(job *job, const char *wanted, tx_error *error)
{
    const tx_section *output = tx_get_section(job->root, "output");
    const char *directory = tx_get_string(output, "directory");
    char path[4096];
    const int length = wanted || tx_given(output, "directory") ? snprintf(path, sizeof path, "%s", wanted ? wanted : directory)
                                                               : snprintf(path, sizeof path, "%s_baseline", directory);
    return length < (int)sizeof path ? tx_duplicate(path, error, &job->directory)
                                     : tx_error_set(error, TX_INVALID, "the path of the output is too long");
}

static tx_status check_directory(job *job, const char *wanted, tx_error *error)
{
    const char **inputs = NULL;
    size_t count;
    const tx_status mine = name_directory(job, wanted, error);
    TX_TRY(tx_parallel_agree(job->parallel, mine ? mine : tx_config_inputs(job->config, 0, error, &count, &inputs), error));
    job->report.directory = job->directory;
    const tx_status status = tx_report_check(&job->report, inputs, error);
    tx_free(inputs);
    return status;
}

static tx_status prepare(job *job, const char *wanted, tx_error *error)
{
    int isa;
    TX_TRY(tx_parallel_agree(job->parallel, tx_symmetric_known(error), error));
    TX_TRY(tx_agree_isa(job->parallel, error, &isa));
    TX_TRY(tx_data_source_open(job->parallel, tx_get_section(job->root, "data"), tx_problem_data_setup(job->root, isa), error,
                               &job->source));
    job->fit.state = job->source->shape.state;
    TX_TRY(tx_parallel_agree(job->parallel, check_all(job, isa, error), error));
    TX_TRY(check_directory(job, wanted, error));
    return load(job, error);
}

static tx_status run(job *job, const char *wanted, tx_error *error, char **out)
{
    TX_TRY(tx_plugin_join(job->parallel, job->root, true, error));
    TX_TRY(prepare(job, wanted, error));
    TX_TRY(tx_pairs_create(&job->pairs, job->parallel, job->fit.dataset, error));
    job->fit.pairs = &job->pairs;
    TX_TRY(fit_modal(job, false, error));
    TX_TRY(fit_modal(job, true, error));
    TX_TRY(fit_others(job, error));
    TX_TRY(measure_all(job, error));
    job->report.normalization = &job->fit.dataset->normalization;
    return tx_report_write(&job->report, error, out);
}

static void tear_down(job *job)
{
    for (int k = 0; k < job->report.count; k++) {
        tx_baseline *baseline = &job->report.baselines[k];
        tx_network_destroy(baseline->network);
        tx_config_destroy(baseline->config);
        tx_free(baseline->parameters);
        tx_free(baseline->errors);
    }
    tx_free(job->report.baselines);
    tx_pairs_destroy(&job->pairs);
    tx_dataset_destroy(job->fit.dataset);
    tx_data_source_destroy(job->source);
    tx_config_destroy(job->defaults);
    tx_config_destroy(job->loss);
    tx_free(job->directory);
}

tx_status tx_fit_baselines(const tx_config *config, tx_parallel *parallel, const tx_output *output, tx_error *error, char **out)
{
    const tx_section *root = tx_config_root(config);
    const tx_precision precision = tx_problem_random(root).precision;
    job job = {.parallel = parallel,
               .config = config,
               .root = root,
               .fit = {.parallel = parallel, .registry = tx_config_registry(config), .precision = precision},
               .report = {.parallel = parallel, .overwrite = output->overwrite, .precision = precision}};
    const tx_status status = run(&job, output->path, error, out);
    tear_down(&job);
    return status;
}
