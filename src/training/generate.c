#include "base/memory.h"
#include "training/problem.h"
#include "trainax/training.h"

static tx_status find_output(const tx_config *config, tx_parallel *parallel, const tx_output *output, tx_error *error, char **out)
{
    const char **inputs = NULL;
    size_t count;
    TX_TRY(tx_parallel_agree(parallel, tx_config_inputs(config, 0, error, &count, &inputs), error));
    const tx_status status = tx_output_find(parallel, output, inputs, error, out);
    tx_free(inputs);
    return status;
}

tx_status tx_generate(const tx_config *config, tx_parallel *parallel, const tx_output *output, tx_error *error)
{
    const tx_section *data = tx_get_section(tx_config_root(config), "data");
    char *path;
    TX_TRY(find_output(config, parallel, output, error, &path));
    const tx_output found = {.path = path, .overwrite = output->overwrite};
    const tx_status status = tx_dataset_write(parallel, data, tx_config_random(config), &found, error);
    tx_free(path);
    return status;
}
