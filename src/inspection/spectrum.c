/* `inspect --spectrum`: the eigenvalues of a finished run's Gauss-Newton matrix, by a step of its trainer that changes nothing. */
#include "algebra/spectrum.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "algebra/symmetric.h"
#include "base/memory.h"
#include "base/text.h"
#include "problem/constants.h"
#include "problem/network_file.h"
#include "trainax/inspection.h"
#include "training/trainer.h"

enum { PATH_SIZE = 4096 };

typedef struct job {
    tx_parallel *parallel;
    tx_registry *registry;
    char config_path[PATH_SIZE], network_path[PATH_SIZE], output_path[PATH_SIZE];
    char *output; /* where the last one leads */
    tx_file *network;
    tx_config *config;
    tx_trainer *trainer;
} job;

static tx_status name_files(job *job, const char *run, tx_error *error)
{
    const struct {
        char *path;
        const char *name;
    } files[] = {{job->config_path, "config.yaml"}, {job->network_path, "network.h5"}, {job->output_path, "spectrum.csv"}};
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        if (snprintf(files[k].path, PATH_SIZE, "%s/%s", run, files[k].name) >= PATH_SIZE) {
            return tx_error_set(error, TX_INVALID, "the path of the run is too long");
        }
    }
    return TX_OK;
}

/* Rank 0 reads for all. */
static tx_status open_files(job *job, tx_error *error, char **text)
{
    if (tx_parallel_rank(job->parallel)) {
        return TX_OK;
    }
    TX_TRY(tx_text_read(job->config_path, error, text));
    return tx_network_file_open(job->network_path, error, &job->network);
}

/* All windows in one batch, nothing observed, one step; the parameters will come from the network. */
static tx_status change_config(job *job, const char *text, tx_error *error)
{
    static const char *const overrides[] = {"trainer.optimizer=spectrum",
                                            "trainer.num_training_steps=1",
                                            "trainer.batch_size=1000000000",
                                            "callbacks=[]",
                                            "network.key=0",
                                            "network.parameters=null"};
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const tx_config_source source = {.name = job->config_path,
                                     .text = text,
                                     .overrides = overrides,
                                     .num_overrides = sizeof overrides / sizeof *overrides,
                                     .required = required};
    TX_TRY(tx_registry_add(job->registry, tx_spectrum_optimizer(), error));
    return tx_config_create(job->registry, &source, error, &job->config);
}

static tx_status read_config(job *job, tx_error *error)
{
    char *text = NULL;
    tx_status status = tx_parallel_agree(job->parallel, open_files(job, error, &text), error);
    status = status ? status : tx_parallel_broadcast_text(job->parallel, &text, error);
    status = status ? status : tx_parallel_agree(job->parallel, change_config(job, text, error), error);
    tx_free(text);
    return status;
}

/* ---- The step ---- */

static tx_status read_parameters(const job *job, void *parameters, tx_error *error)
{
    tx_error local = {0};
    const tx_problem *problem = &job->trainer->problem;
    const tx_status status =
        tx_network_file_parameters(job->network, problem->network, problem->random.precision, parameters, &local);
    return status == TX_INVALID ? tx_error_set(error, TX_BAD_DATA, "%s: %s", job->network_path, local.message)
           : status             ? tx_error_set(error, status, "%s", local.message)
                                : TX_OK;
}

static tx_status share_parameters(const job *job, void *parameters, tx_error *error)
{
    const tx_status mine = job->network ? read_parameters(job, parameters, error) : TX_OK;
    TX_TRY(tx_parallel_agree(job->parallel, mine, error));
    TX_TRY(tx_constants_share(job->parallel, job->trainer->problem.network, error));
    TX_TRY(tx_parallel_broadcast(job->parallel, parameters, tx_parameter_bytes(&job->trainer->problem), error));
    tx_trainer_set_parameters(job->trainer, parameters);
    return TX_OK;
}

static tx_status set_parameters(const job *job, tx_error *error)
{
    void *parameters = NULL;
    const tx_status mine = tx_allocate(tx_parameter_bytes(&job->trainer->problem), error, &parameters);
    tx_status status = tx_parallel_agree(job->parallel, mine, error);
    status = status ? status : share_parameters(job, parameters, error);
    tx_free(parameters);
    return status;
}

/* ---- What came out ---- */

/* exp of the entropy of the shares that eigenvalues have of their sum; negative ones are rounding. */
static double effective_rank(const tx_spectrum *spectrum)
{
    double sum = 0, entropy = 0;
    for (int64_t k = 0; k < spectrum->count; k++) {
        sum += fmax(spectrum->values[k], 0);
    }
    for (int64_t k = 0; k < spectrum->count; k++) {
        const double share = fmax(spectrum->values[k], 0) / sum;
        entropy -= share > 0 ? share * log(share) : 0;
    }
    return exp(entropy);
}

static tx_status describe(const tx_spectrum *spectrum, tx_text *text, tx_error *error)
{
    const double largest = spectrum->values[0], smallest = spectrum->values[spectrum->count - 1];
    return tx_text_add(text, error,
                       "residuals: %" PRId64 "\nparameters: %" PRId64
                       "\nlargest eigenvalue: %.15g\nsmallest eigenvalue: %.15g\ncondition number: %.15g\neffective rank: %.15g\n",
                       spectrum->residuals, spectrum->parameters, largest, smallest, largest / smallest, effective_rank(spectrum));
}

static tx_status list(const tx_spectrum *spectrum, tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "index,eigenvalue\n"));
    for (int64_t k = 0; k < spectrum->count; k++) {
        TX_TRY(tx_text_add(text, error, "%" PRId64 ",%.17g\n", k + 1, spectrum->values[k]));
    }
    return TX_OK;
}

static tx_status save(const job *job, const tx_spectrum *spectrum, bool overwrite, tx_error *error)
{
    tx_text text = {0};
    tx_status status = list(spectrum, &text, error);
    if (status == TX_OK) {
        status = overwrite ? tx_text_save(job->output, text.data, text.size, error)
                           : tx_text_save_new(job->output, text.data, text.size, error);
    }
    tx_free(text.data);
    return status;
}

static tx_status report(const job *job, bool overwrite, tx_text *text, tx_error *error)
{
    const tx_spectrum spectrum = tx_spectrum_of(job->trainer->member.optimizer);
    if (tx_parallel_rank(job->parallel)) {
        return TX_OK;
    }
    TX_TRY(save(job, &spectrum, overwrite, error));
    return describe(&spectrum, text, error);
}

/* ---- All ---- */

static tx_status run(job *job, const char *directory, bool overwrite, tx_text *text, tx_error *error)
{
    static const tx_log silent;
    const char *const inputs[] = {job->config_path, job->network_path, NULL};
    const tx_output output = {.path = job->output_path, .overwrite = overwrite};
    TX_TRY(tx_parallel_agree(job->parallel, tx_symmetric_known(error), error));
    TX_TRY(tx_parallel_agree(job->parallel, name_files(job, directory, error), error));
    TX_TRY(read_config(job, error));
    TX_TRY(tx_output_find(job->parallel, &output, inputs, error, &job->output));
    TX_TRY(tx_trainer_create(job->config, job->parallel, &silent, error, &job->trainer));
    TX_TRY(set_parameters(job, error));
    TX_TRY(tx_trainer_step(job->trainer, error));
    return tx_parallel_agree(job->parallel, report(job, overwrite, text, error), error);
}

tx_status tx_inspect_spectrum(tx_parallel *parallel, tx_registry *registry, const tx_output *directory, tx_error *error, char **out)
{
    job job = {.parallel = parallel, .registry = registry};
    tx_text text = {0};
    const tx_status status = run(&job, directory->path, directory->overwrite, &text, error);
    tx_trainer_destroy(job.trainer);
    tx_config_destroy(job.config);
    tx_file_close(job.network);
    tx_free(job.output);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    *out = text.data;
    return TX_OK;
}
