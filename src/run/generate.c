/* tx_generate: the trajectories of a section, written to a file. */
#include "base/memory.h"
#include "problem/budget.h"
#include "problem/problem.h"
#include "trainax/problem.h"
#include "trainax/run.h"

static tx_status find_output(const tx_config *config, tx_parallel *parallel, const tx_output *output, tx_error *error, char **out)
{
    const char **inputs = NULL;
    size_t count;
    TX_TRY(tx_parallel_agree(parallel, tx_config_inputs(config, 0, error, &count, &inputs), error));
    const tx_status status = tx_output_find(parallel, output, inputs, error, out);
    tx_free(inputs);
    return status;
}

static tx_status write_all(tx_parallel *parallel, tx_data_source *source, const tx_output *output, tx_error *error)
{
    const tx_budget budget = {.bytes = {[TX_USE_DATA] = tx_dataset_write_bytes(source, tx_parallel_size(parallel))}};
    TX_TRY(tx_budget_check(parallel, &budget, NULL, NULL, NULL, NULL, error));
    return tx_dataset_write(parallel, source, output, error);
}

tx_status tx_generate(const tx_config *config, const tx_section *data, tx_parallel *parallel, const tx_output *output,
                      tx_error *error)
{
    char *path;
    int isa;
    TX_TRY(tx_agree_isa(parallel, error, &isa));
    TX_TRY(find_output(config, parallel, output, error, &path));
    const tx_output found = {.path = path, .overwrite = output->overwrite};
    tx_data_source *source;
    tx_status status = tx_data_source_open(parallel, data, tx_problem_data_setup(tx_config_root(config), isa), error, &source);
    if (status == TX_OK) {
        status = write_all(parallel, source, &found, error);
        tx_data_source_destroy(source);
    }
    tx_free(path);
    return status;
}
