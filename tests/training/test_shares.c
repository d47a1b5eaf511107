/* Who keeps what data, as predicted and in a run, and who computes: ranks and, in a rank, threads. ranks: 1 3 */
#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"
#include "training/trainer.h"

enum { LEVELS = 5 * 20, LEVEL_BYTES = 30 * sizeof(float) };

static tx_parallel *parallel;
static tx_registry *registry;

static tx_config *make_config(const char *override)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const tx_config_source source = {
        .name = "test.yaml", .text = advection, .overrides = &override, .num_overrides = 1, .required = required};
    tx_config *config = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    return config;
}

static void expect(const char *placement, int64_t least, int64_t most)
{
    tx_config *config = make_config(placement);
    tx_trainer *trainer = NULL;
    tx_error error = {0};
    tx_memory_estimate estimate = {0};
    int64_t first, count;
    void *items;
    CU_ASSERT_EQUAL(tx_memory_predict(config, tx_parallel_size(parallel), &error, &estimate), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, &error, &trainer), TX_OK);
    tx_store_part(trainer->shared->data.dataset->store, &first, &count, &items);
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

/* Seven blocks: every thread of every rank has one. */
static void threads(void)
{
    tx_config *config = make_config("parallel={threads: 2, block: 5}");
    tx_trainer *trainer = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, NULL, &trainer), TX_OK);
    CU_ASSERT_EQUAL(tx_trainer_step(trainer, NULL), TX_OK);
    CU_ASSERT(trainer->workers.worker[0].losses[0] > 0);
    CU_ASSERT(trainer->workers.worker[1].losses[0] > 0);
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training/shares", (suite_test[]){{"placements", placements}, {"threads", threads}, {0}});
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
