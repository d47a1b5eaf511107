/* ranks: 1 2 4
 * What the ranks of a machine hold together, as the kernel counts it (a page that several have mapped is counted once): the
 * trajectories once, a permutation of the windows each, the plan, and a few buffers. */
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "trainax/trainax.h"

static const char text[] = "data: {type: advection_1d_periodic, num_points: 8, highest_init_mode: 2, num_samples: 400,\n"
                           "       temporal_horizon: 4000, key: 0}\n"
                           "network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2,\n"
                           "          padding: same, padding_mode: circular, use_bias: false, key: 73}\n"
                           "trainer: {num_rollout_steps: 1, optimizer: {type: adam, learning_rate: 1.0e-3}, batch_size: 32,\n"
                           "          num_training_steps: 10, key: 42}\n";
enum { WINDOWS = 400 * 3999, LEVELS = 400 * 4000, LEVEL_BYTES = 8 * 4, MIB = 1 << 20 };

/* An order and what shuffling takes; what MPI, threads and the allocator have of their own. */
enum { PER_WINDOW = 8, BUFFERS = 6 * MIB };

static tx_parallel *parallel;

/* In bytes, of all ranks. */
static int64_t proportional_memory(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file && fgets(line, sizeof line, file)) {
        sscanf(line, "Pss: %ld kB", &kib);
    }
    if (file) {
        fclose(file);
    }
    int64_t all = 1024 * (int64_t)kib;
    CU_ASSERT_EQUAL_FATAL(tx_parallel_sum(parallel, &all, 1, NULL), TX_OK);
    return all;
}

static void ranks_hold_their_share(void)
{
    tx_error error = {0};
    tx_registry *registry;
    tx_config *config;
    tx_trainer *trainer;
    const tx_config_source source = {.name = "test.yaml", .text = text};
    const int64_t ranks = tx_parallel_size(parallel);
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(&error, &registry), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, &error, &config), TX_OK);
    const int64_t before = proportional_memory();
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, &error, &trainer), TX_OK);
    CU_ASSERT_EQUAL(tx_trainer_step(trainer, &error), TX_OK);
    const int64_t held = proportional_memory() - before, data = (int64_t)LEVELS * LEVEL_BYTES;
    CU_ASSERT(held > data); /* it is counted at all */
    CU_ASSERT(held < data + ranks * ((int64_t)PER_WINDOW * WINDOWS + BUFFERS));
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
}

int main(void)
{
    if (suite_fills_address_space()) {
        return 0; /* a sanitizer holds as much again */
    }
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int status = suite_run("held", (suite_test[]){{"ranks hold their share", ranks_hold_their_share}, {0}});
    tx_parallel_destroy(parallel);
    return status;
}
