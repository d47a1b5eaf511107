/* parallel.placement: how much of the data a rank keeps, as predicted and in a run. ranks: 1 3 */
#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"
#include "training/trainer.h"

enum { LEVELS = 5 * 20, LEVEL_BYTES = 30 * sizeof(float) };

static tx_parallel *parallel;
static tx_registry *registry;

static void expect(const char *placement, int64_t least, int64_t most)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const tx_config_source source = {
        .name = "test.yaml", .text = advection, .overrides = &placement, .num_overrides = 1, .required = required};
    tx_config *config = NULL;
    tx_trainer *trainer = NULL;
    tx_error error = {0};
    tx_memory_estimate estimate = {0};
    int64_t first, count;
    void *items;
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, &error, &config), TX_OK);
    CU_ASSERT_EQUAL(tx_memory_predict(config, tx_parallel_size(parallel), &error, &estimate), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, &error, &trainer), TX_OK);
    tx_store_part(trainer->dataset->store, &first, &count, &items);
    CU_ASSERT(least <= count && count <= most);
    const int64_t predicted = (int64_t)estimate.data - most * LEVEL_BYTES; /* and a few bytes for each window of a minibatch */
    CU_ASSERT(predicted >= 0 && predicted <= 1024);
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

static void placements(void)
{
    const int64_t ranks = tx_parallel_size(parallel);
    expect("parallel.placement=sharded", LEVELS / ranks, (LEVELS + ranks - 1) / ranks);
    expect("parallel.placement=replicated", LEVELS, LEVELS);
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training/placement", (suite_test[]){{"placements", placements}, {0}});
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
