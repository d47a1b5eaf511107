/* An ensemble that runs out of memory: nobody waits for ever, all ranks are told the same, nothing is left. What else ensembles do
 * is tested on the command. ranks: 1 2 3 */
#include <string.h>

#include "base/memory.h"
#include "file/folder.h"
#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"

static tx_registry *registry;
static tx_parallel *parallel;
static int rank, size;

static tx_config *make_config(void)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    static const char *const overrides[] = {"ensemble={seeds: '0:2', vary: {trainer.batch_size: [30, 20]}, groups: 2}",
                                            "trainer.num_training_steps=3", "evaluation={metrics: [mean_nRMSE, mean_correlation]}"};
    const tx_config_source source = {
        .name = "test.yaml", .text = advection, .overrides = overrides, .num_overrides = 3, .required = required};
    tx_config *config = NULL;
    tx_error error = {0};
    if (tx_config_create(registry, &source, &error, &config) != TX_OK) {
        CU_FAIL_FATAL(error.message);
    }
    return config;
}

/* In a folder of its own, with the n-th allocation failing on the last rank. */
static tx_status train(const tx_config *config, long n, tx_start start, const char *directory)
{
    const tx_train_options options = {.output = directory, .start = start};
    tx_error error = {0};
    tx_memory_fail_after(rank == size - 1 ? n : -1);
    const tx_status status = tx_train(config, parallel, &options, &error);
    tx_memory_fail_after(-1);
    int64_t statuses[2] = {status, -(int64_t)status};
    CU_ASSERT_EQUAL(tx_parallel_max(parallel, statuses, 2, NULL), TX_OK);
    CU_ASSERT_EQUAL(statuses[0], -statuses[1]);
    CU_ASSERT(status == TX_OK || error.message[0]);
    return status;
}

static void no_memory(void)
{
    folder folder = rank == 0 ? folder_make() : (struct folder){0};
    CU_ASSERT_EQUAL_FATAL(tx_parallel_broadcast(parallel, &folder, sizeof folder, NULL), TX_OK);
    const file_name directory = folder_file(&folder, "run");
    tx_config *config = make_config();
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    for (long n = 0; status != TX_OK; n = n * 3 / 2 + 5) {
        status = train(config, n, n % 2 ? TX_START_RESUME : TX_START_OVERWRITE, directory.path);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT_EQUAL(train(config, -1, TX_START_RESUME, directory.path), TX_OK); /* all are finished */
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    tx_config_destroy(config);
    CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    if (rank == 0) {
        folder_remove(&folder);
    }
}

int main(void)
{
    static const suite_test tests[] = {{"no memory", no_memory}, {0}};
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    rank = tx_parallel_rank(parallel);
    size = tx_parallel_size(parallel);
    const int failures = suite_run("run/ensemble", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return failures;
}
