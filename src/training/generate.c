#include "training/problem.h"
#include "trainax/training.h"

tx_status tx_generate(const tx_config *config, tx_parallel *parallel, const char *path, tx_error *error)
{
    const tx_section *data = tx_get_section(tx_config_root(config), "data");
    return tx_dataset_write(parallel, data, tx_config_random(config), path, error);
}
