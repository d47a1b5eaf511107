/* Who keeps what data, as predicted and in a run, and who computes: ranks and, in a rank, threads. ranks: 1 3 */
#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"
#include "training/trainer.h"

enum { LEVELS = 5 * 20, LEVEL_BYTES = 30 * sizeof(float) };

static tx_parallel *parallel;
static tx_registry *registry;

static tx_config *make_config_of(const char *text, const char *override)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const tx_config_source source = {
        .name = "test.yaml", .text = text, .overrides = &override, .num_overrides = 1, .required = required};
    tx_config *config = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    return config;
}

static tx_config *make_config(const char *override)
{
    return make_config_of(advection, override);
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

/* ---- One block for all ranks ---- */

static const char large[] =
    "data: {type: advection_1d_periodic, num_points: 1600, num_samples: 2, temporal_horizon: 4, key: 0}\n"
    "network: {type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 40, key: 0}\n"
    "trainer: {num_rollout_steps: 1, optimizer: {type: sgd, learning_rate: 1.0e-2}, num_training_steps: 9, batch_size: 3, key: 0}\n"
    "parallel: {block: 3}\n";

static tx_trainer *make_large(tx_config *config)
{
    tx_trainer *trainer = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, NULL, &trainer), TX_OK);
    return trainer;
}

/* The last rank has the block; the other ranks help, without windows or arenas of their own. */
static void helpers(void)
{
    tx_config *config = make_config_of(large, "parallel.threads=1");
    const int ranks = tx_parallel_size(parallel), rank = tx_parallel_rank(parallel);
    tx_trainer *trainer = make_large(config);
    CU_ASSERT_EQUAL(trainer->crew.count, ranks > 1 ? ranks : 0);
    CU_ASSERT_EQUAL(trainer->rooms.together, ranks > 1);
    CU_ASSERT_EQUAL(tx_trainer_step(trainer, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_member_share(&trainer->member).count, rank == ranks - 1 ? 3 : 0);
    const tx_budget most = tx_trainer_budget(trainer, ranks), own = tx_trainer_own_budget(trainer);
    CU_ASSERT_EQUAL(tx_budget_total(&most) - tx_budget_total(&own),
                    rank == ranks - 1 ? 0 : tx_plan_get_cost(trainer->problem.loss.plan).arena_bytes);
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

/* Whoever fails before a step still sits down with the others, who would wait for it: then all fail as it did. */
static void failures(void)
{
    tx_config *config = make_config_of(large, "parallel.threads=2");
    for (int who = 0; who < tx_parallel_size(parallel); who++) {
        tx_trainer *trainer = make_large(config);
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_trainer_step(trainer, &error), TX_OK);
        if (tx_parallel_rank(parallel) == who) {
            trainer->failure.status = tx_error_set(&trainer->failure.error, TX_INVALID, "rank %d has lost its data", who);
        }
        for (int k = 0; k < 2; k++) {
            char expected[64];
            snprintf(expected, sizeof expected, "rank %d has lost its data", who);
            CU_ASSERT_EQUAL(tx_trainer_step(trainer, &error), TX_INVALID);
            CU_ASSERT_STRING_EQUAL(error.message, expected);
        }
        tx_trainer_destroy(trainer);
    }
    tx_config_destroy(config);
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code = suite_run(
        "training/shares",
        (suite_test[]){{"placements", placements}, {"threads", threads}, {"helpers", helpers}, {"failures", failures}, {0}});
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
