/* `trainax evaluate`: a stored network, or those of an ensemble, on held-out trajectories; numbers into a table. */
#include <inttypes.h>
#include <string.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluation/members.h"
#include "plugin/plugin.h"
#include "problem/budget.h"
#include "problem/constants.h"
#include "problem/losses.h"
#include "problem/network_file.h"
#include "problem/problem.h"
#include "trainax/data.h"
#include "trainax/evaluation.h"

typedef struct evaluate_job {
    tx_parallel *parallel;
    const tx_section *root;
    const tx_evaluate_options *options;
    char *output; /* where the table is written; NULL: nowhere */
    tx_networks networks;
    const char *path;               /* of the one that is looked at, for messages */
    tx_config *network;             /* the first one's section */
    tx_dataset *data;               /* of the `data` section, where the full loss needs it too */
    tx_normalization normalization; /* of that section, for held-out data that have none */
    tx_evaluation *evaluation;
    char *parameters; /* of all, one behind the other */
    tx_evaluation_result result;
    double full_loss;
} evaluate_job;

/* ---- The network file. Whatever is wrong with it is its own fault, not the configuration's. ---- */

static tx_status blame_file(const evaluate_job *job, tx_status status, const tx_error *local, tx_error *error)
{
    const bool named = strstr(local->message, job->path) != NULL;
    return !status ? TX_OK
                   : tx_error_set(error, status == TX_INVALID ? TX_BAD_DATA : status, "%s%s%s", named ? "" : job->path,
                                  named ? "" : ": ", local->message);
}

static tx_status read_section(evaluate_job *job, const tx_registry *registry, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_network_file_open(job->path, error, &file));
    const tx_status status = tx_network_file_section(file, registry, error, &job->network);
    tx_file_close(file);
    return status;
}

static tx_status open_network(evaluate_job *job, const tx_registry *registry, tx_error *error)
{
    tx_error local = {0};
    job->path = job->networks.paths[0];
    const tx_status status = read_section(job, registry, &local);
    return tx_parallel_agree(job->parallel, blame_file(job, status, &local, error), error);
}

static size_t parameter_bytes(const evaluate_job *job)
{
    return (size_t)tx_evaluation_network(job->evaluation)->num_parameters * tx_real_bytes(tx_problem_random(job->root).precision);
}

static tx_status read_file(evaluate_job *job, int network, tx_error *error)
{
    tx_file *file;
    job->path = job->networks.paths[network];
    TX_TRY(tx_network_file_open(job->path, error, &file));
    const tx_status status =
        tx_network_file_parameters(file, tx_evaluation_network(job->evaluation), tx_problem_random(job->root).precision,
                                   job->parameters + (size_t)network * parameter_bytes(job), error);
    tx_file_close(file);
    return status;
}

static tx_status read_here(evaluate_job *job, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)job->networks.count, parameter_bytes(job), error, &job->parameters));
    for (int k = 0; k < job->networks.count; k++) {
        TX_TRY(read_file(job, k, error));
    }
    return TX_OK;
}

static tx_status read_parameters(evaluate_job *job, tx_error *error)
{
    tx_error local = {0};
    const tx_status status = read_here(job, &local);
    return tx_parallel_agree(job->parallel, blame_file(job, status, &local, error), error);
}

static tx_status run(evaluate_job *job, tx_error *error)
{
    const void **parameters = NULL;
    tx_status status = tx_allocate_array((size_t)job->networks.count, sizeof *parameters, error, &parameters);
    for (int k = 0; status == TX_OK && k < job->networks.count; k++) {
        parameters[k] = job->parameters + (size_t)k * parameter_bytes(job);
    }
    status = tx_parallel_agree(job->parallel, status, error);
    status = status ? status : tx_evaluation_run_all(job->evaluation, parameters, error, &job->result);
    tx_free(parameters);
    return status;
}

/* ---- The numbers ---- */

static bool has_own_data(const evaluate_job *job)
{
    const tx_section *section = tx_get_section(job->root, "evaluation");
    return section && tx_has(section, "data");
}

static tx_status check_memory(const evaluate_job *job, const tx_data_source *source, tx_error *error)
{
    const size_t data = tx_dataset_bytes(source, TX_SHARDED, tx_parallel_size(job->parallel));
    const tx_budget budget = {.bytes = {[TX_USE_DATA] = data + source->working}};
    return tx_budget_check(job->parallel, &budget, job->root, NULL, NULL, NULL, error);
}

static tx_status load_data(evaluate_job *job, tx_error *error)
{
    const tx_section *data = tx_get_section(job->root, "data");
    if (!data) {
        return tx_section_error(job->root, NULL, error, TX_INVALID,
                                "the full loss is over the windows of the `data` section, which is missing");
    }
    tx_data_source *source;
    int isa;
    TX_TRY(tx_agree_isa(job->parallel, error, &isa));
    TX_TRY(tx_data_source_open(job->parallel, data, tx_problem_data_setup(job->root, isa), error, &source));
    tx_status status = check_memory(job, source, error);
    status = status ? status : tx_dataset_load(job->parallel, source, TX_SHARDED, error, &job->data);
    tx_dataset_keep(job->data, source);
    return status;
}

/* Held-out data are in the units of `data`, unless they say something themselves. */
static tx_status find_units(evaluate_job *job, tx_error *error)
{
    const tx_section *data = tx_get_section(job->root, "data"), *evaluation = tx_get_section(job->root, "evaluation");
    if (!data || !has_own_data(job) || !tx_has(data, "normalize") || tx_has(tx_get_section(evaluation, "data"), "normalize")) {
        return TX_OK;
    }
    tx_data_source *source;
    int isa;
    TX_TRY(tx_agree_isa(job->parallel, error, &isa));
    TX_TRY(tx_data_source_open(job->parallel, data, tx_problem_data_setup(job->root, isa), error, &source));
    tx_status status = tx_data_source_settle(job->parallel, source, error);
    if (status == TX_OK) {
        status = tx_normalization_copy(&source->normalization, error, &job->normalization);
        status = tx_parallel_agree(job->parallel, status, error);
    }
    tx_data_source_destroy(source);
    return status;
}

static tx_status measure(evaluate_job *job, tx_error *error)
{
    const bool shared = job->options->full_loss && !has_own_data(job);
    TX_TRY(shared ? load_data(job, error) : TX_OK);
    TX_TRY(job->options->dataset ? TX_OK : find_units(job, error));
    const tx_evaluation_setup setup = {.run = job->root,
                                       .network = tx_config_root(job->network),
                                       .metrics = job->options->metrics,
                                       .dataset = job->options->dataset ? job->options->dataset : job->data,
                                       .networks = job->networks.several ? job->networks.count : 0,
                                       .once = true,
                                       .normalization = &job->normalization};
    TX_TRY(tx_evaluation_create(job->parallel, &setup, error, &job->evaluation));
    TX_TRY(read_parameters(job, error));
    return run(job, error);
}

/* The training data may be of another resolution than the held-out ones: a network of its own. */
static tx_status measure_loss(evaluate_job *job, tx_error *error)
{
    tx_network *network = NULL;
    const int64_t expected = tx_evaluation_network(job->evaluation)->num_parameters;
    TX_TRY(job->data ? TX_OK : load_data(job, error));
    const tx_network_beside beside = tx_problem_beside(&job->data->shape, false);
    tx_status status = tx_network_create_beside(tx_config_root(job->network), job->data->shape.state, &beside, error, &network);
    status = tx_parallel_agree(job->parallel, status, error);
    if (status == TX_OK && network->num_parameters != expected) {
        status = tx_error_set(error, TX_INVALID,
                              "the network has %" PRId64 " parameters on states of `data`, %" PRId64 " on held-out ones",
                              network->num_parameters, expected);
    }
    if (status == TX_OK) {
        tx_constants_copy(tx_evaluation_network(job->evaluation), network);
        status = tx_full_loss(job->parallel, job->root, job->data, network, job->parameters, error, &job->full_loss);
    }
    tx_network_destroy(network);
    return status;
}

/* ---- The table ---- */

static int digits(const evaluate_job *job)
{
    return tx_problem_random(job->root).precision == TX_FLOAT32 ? 9 : 17;
}

static tx_status add_number(const evaluate_job *job, tx_text *text, const char *before, double value, const char *after,
                            tx_error *error)
{
    char number[TX_DECIMAL_SIZE + 1];
    number[tx_decimal_write(number, value, digits(job))] = '\0';
    return tx_text_add(text, error, "%s%s%s", before, number, after);
}

static tx_status add_row(const evaluate_job *job, int64_t step, tx_text *text, tx_error *error)
{
    const double *values = job->result.values + (step - 1) * job->result.num_metrics;
    TX_TRY(tx_text_add(text, error, "%" PRId64, step));
    for (int k = 0; k < job->result.num_metrics; k++) {
        TX_TRY(add_number(job, text, ",", values[k], "", error));
    }
    return tx_text_add(text, error, "\n");
}

static tx_status add_table(const evaluate_job *job, tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "step"));
    for (int k = 0; k < job->result.num_metrics; k++) {
        TX_TRY(tx_text_add(text, error, ",%s", job->result.names[k]));
    }
    TX_TRY(tx_text_add(text, error, "\n"));
    for (int64_t step = 1; step <= job->result.num_steps; step++) {
        TX_TRY(add_row(job, step, text, error));
    }
    return TX_OK;
}

static tx_status save_table(const evaluate_job *job, tx_error *error)
{
    tx_text text = {0};
    tx_status status = add_table(job, &text, error);
    if (status == TX_OK) {
        status = job->options->output.overwrite ? tx_text_save(job->output, text.data, text.size, error)
                                                : tx_text_save_new(job->output, text.data, text.size, error);
    }
    tx_free(text.data);
    return status;
}

static tx_status add_all(const evaluate_job *job, tx_text *text, tx_error *error)
{
    TX_TRY(job->output ? save_table(job, error) : add_table(job, text, error));
    TX_TRY(add_number(job, text, "gmean_mean_nRMSE: ", job->result.gmean, "\n", error));
    return job->options->full_loss ? add_number(job, text, "full_loss: ", job->full_loss, "\n", error) : TX_OK;
}

static tx_status report(const evaluate_job *job, tx_error *error, char **out)
{
    tx_text text = {0};
    const tx_status mine = tx_parallel_rank(job->parallel) == 0 ? add_all(job, &text, error) : TX_OK;
    const tx_status status = tx_parallel_agree(job->parallel, mine, error);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    *out = text.data;
    return TX_OK;
}

static tx_status find_output(evaluate_job *job, const tx_config *config, tx_error *error)
{
    const char **inputs = NULL;
    size_t count = 0;
    if (!job->options->output.path) {
        return TX_OK;
    }
    const size_t networks = (size_t)job->networks.count;
    TX_TRY(tx_parallel_agree(job->parallel, tx_config_inputs(config, networks, error, &count, &inputs), error));
    memcpy(&inputs[count], job->networks.paths, networks * sizeof *inputs);
    const tx_status status = tx_output_find(job->parallel, &job->options->output, inputs, error, &job->output);
    tx_free(inputs);
    return status;
}

static tx_status find_networks(evaluate_job *job, tx_error *error)
{
    tx_status status = tx_networks_find(job->options->network, error, &job->networks);
    if (status == TX_OK && job->networks.several && job->options->full_loss) {
        status = tx_error_set(error, TX_INVALID, "the full loss is of one network, and %s holds several", job->options->network);
    }
    return tx_parallel_agree(job->parallel, status, error);
}

static tx_status evaluate(evaluate_job *job, const tx_config *config, tx_error *error, char **out)
{
    TX_TRY(find_networks(job, error));
    TX_TRY(find_output(job, config, error));
    TX_TRY(open_network(job, tx_config_registry(config), error));
    TX_TRY(tx_plugin_join(job->parallel, job->root, true, error));
    TX_TRY(tx_plugin_join(job->parallel, tx_config_root(job->network), true, error));
    TX_TRY(measure(job, error));
    if (job->options->full_loss) {
        TX_TRY(measure_loss(job, error));
    }
    return report(job, error, out);
}

tx_status tx_evaluate(const tx_config *config, tx_parallel *parallel, const tx_evaluate_options *options, tx_error *error,
                      char **out)
{
    evaluate_job job = {.parallel = parallel, .root = tx_config_root(config), .options = options};
    const tx_status status = evaluate(&job, config, error, out);
    tx_evaluation_destroy(job.evaluation);
    tx_dataset_destroy(job.data);
    tx_normalization_free(&job.normalization);
    tx_networks_free(&job.networks);
    tx_config_destroy(job.network);
    tx_free(job.parameters);
    tx_free(job.output);
    return status;
}
