/* The cases of the benchmark. */
#include <string.h>

#include "bench/bench.h"

/* ---- The quickstart, files included ---- */

static const char quickstart[] =
    "random: {stream: jax_legacy}\n"
    "data: {type: advection_1d_periodic, num_points: 30, num_samples: 20, cfl: -0.75, highest_init_mode: 5,\n"
    "       temporal_horizon: 100, key: 0}\n"
    "network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2, padding: same,\n"
    "          padding_mode: circular, use_bias: false, key: 73}\n"
    "trainer: {optimizer: {type: adam, learning_rate: 1.0e-2}, num_training_steps: 1000000, batch_size: 32, key: 42}\n";

/* Callbacks that do not run (but before the first step, which the timing leaves out). */
#define IDLE_CALLBACKS                                                                                                             \
    "callbacks=[{type: metrics, every: 1000000}, {type: early_stopping, every: 1000000}, {type: weight_norm, every: 1000000}, "    \
    "{type: loss, name: other, every: 1000000, with_grad: true, configuration: {type: supervised}}]"

#define QUICKSTART(NAME, DISTANCE, ...)                                                                                            \
    {                                                                                                                              \
        .name = "quickstart/" NAME, .run = tx_bench_steps, .config = quickstart, .steps = 20000,                                   \
        .overrides = (const char *const[]){__VA_ARGS__, NULL}, .published = DISTANCE                                               \
    }

/* ---- Second order: of the quickstart's full batch, whose minima are those of scipy.optimize.least_squares; of Lorenz' equation
 * ---- */

#define LEAST_SQUARES(NAME, MINIMUM, STEPS)                                                                                        \
    {                                                                                                                              \
        .name = "second_order/" NAME, .run = tx_bench_second_order, .config = quickstart, .published = MINIMUM,                    \
        .overrides = (const char *const[])                                                                                         \
        {                                                                                                                          \
            "precision=float64", "trainer.optimizer=levenberg_marquardt", "trainer.batch_size=1000000",                            \
                "trainer.num_rollout_steps=" STEPS, NULL                                                                           \
        }                                                                                                                          \
    }

static const char lorenz[] = "precision: float64\n"
                             "data: {type: lorenz_rk4, dt: 0.05, num_samples: 9, key: 0}\n"
                             "network: {type: mlp, in_size: 3, out_size: 3, width_size: 16, depth: 2, activation: tanh, key: 0}\n"
                             "trainer: {optimizer: levenberg_marquardt, num_training_steps: 1000000, batch_size: 1000, key: 42}\n";

/* ---- Emulators as people train them ---- */

static const char emulator[] = "data: {type: file}\n"
                               "network_key: 0\n"
                               "trainer: {optimizer: {type: adam, learning_rate: 1.0e-3}, num_training_steps: 1000000,\n"
                               "          batch_size: 1, key: 0}\n";

#define STEPS(NAME, BATCH, SHAPE, ...)                                                                                             \
    {                                                                                                                              \
        .name = NAME, .run = tx_bench_steps, .config = emulator, .batch = BATCH, .shape = SHAPE,                                   \
        .overrides = (const char *const[])                                                                                         \
        {                                                                                                                          \
            __VA_ARGS__, NULL                                                                                                      \
        }                                                                                                                          \
    }
#define LINE ((tx_shape){1, 1, {160}})
#define SQUARE ((tx_shape){1, 2, {64, 64}})
#define CUBE ((tx_shape){1, 3, {32, 32, 32}})
#define ROLLOUTS(NAME, BATCH, SHAPE, NETWORK)                                                                                      \
    STEPS(NAME "/rollout_1", BATCH, SHAPE, "network=" NETWORK, "trainer.num_rollout_steps=1"),                                     \
        STEPS(NAME "/rollout_5", BATCH, SHAPE, "network=" NETWORK, "trainer.num_rollout_steps=5")
#define NETWORKS(AXES, BATCH, SHAPE)                                                                                               \
    ROLLOUTS(AXES "/conv_34_10", BATCH, SHAPE, "Conv;34;10;relu"), ROLLOUTS(AXES "/unet_12_2", BATCH, SHAPE, "UNet;12;2;relu"),    \
        ROLLOUTS(AXES "/res_26_8", BATCH, SHAPE, "Res;26;8;relu"),                                                                 \
        ROLLOUTS(AXES "/fno_12_18_4", BATCH, SHAPE, "FNO;12;18;4;gelu"),                                                           \
        ROLLOUTS(AXES "/dil_2_32_2", BATCH, SHAPE, "Dil;2;32;2;relu")

/* ---- Configurations, with the same network and five steps ---- */

#define STEPPER ", ref_stepper: {type: fou_advection_1d, cfl: -0.75}"
#define CONFIGURATION(NAME, OPTIONS)                                                                                               \
    STEPS("configuration/" NAME, 20, LINE, "network=Conv;34;10;relu",                                                              \
          "trainer={" OPTIONS ", optimizer: {type: adam, learning_rate: 1.0e-3}, num_training_steps: 1000000, "                    \
          "batch_size: 20, key: 0" STEPPER ", residuum_fn: {type: btcs_upwind_advection_1d, cfl: -0.75}}")

/* ---- Rollouts of a trained network ---- */

static const char network[] = "network: Conv;34;10;relu\nnetwork_key: 0\n";

#define ROLLOUT(NAME, STATES, SHAPE)                                                                                               \
    {                                                                                                                              \
        .name = "rollout/" NAME, .run = tx_bench_rollout, .config = network, .batch = STATES, .shape = SHAPE                       \
    }
#define INFERENCE(NAME, NETWORK, ...)                                                                                              \
    {                                                                                                                              \
        .name = "inference/" NAME, .run = tx_bench_rollout, .config = "network: " NETWORK "\nnetwork_key: 0\n", .batch = 1,        \
        .part = 1, .shape = __VA_ARGS__                                                                                            \
    }

/* ---- Sums over ranks ---- */

#define SUM(NAME, COUNT)                                                                                                           \
    {                                                                                                                              \
        .name = "sum/" NAME, .run = tx_bench_sum, .batch = COUNT                                                                   \
    }

/* ---- Single operations ---- */

#define CONVOLUTION(NAME, PRECISION, BLOCK, ...)                                                                                   \
    {.name = "conv_" NAME "/forward",                                                                                              \
     .run = tx_bench_convolution,                                                                                                  \
     .precision = PRECISION,                                                                                                       \
     .shape = __VA_ARGS__,                                                                                                         \
     .block = BLOCK,                                                                                                               \
     .part = 0},                                                                                                                   \
        {.name = "conv_" NAME "/input",                                                                                            \
         .run = tx_bench_convolution,                                                                                              \
         .precision = PRECISION,                                                                                                   \
         .shape = __VA_ARGS__,                                                                                                     \
         .block = BLOCK,                                                                                                           \
         .part = 1},                                                                                                               \
    {                                                                                                                              \
        .name = "conv_" NAME "/weights", .run = tx_bench_convolution, .precision = PRECISION, .shape = __VA_ARGS__,                \
        .block = BLOCK, .part = 2                                                                                                  \
    }

static const tx_bench_case own[] = {
    QUICKSTART("rollout_1", 0.03345, "trainer.num_rollout_steps=1"),
    QUICKSTART("rollout_5", 0.02509, "trainer.num_rollout_steps=5"),
    QUICKSTART("rollout_20", 0.01662, "trainer.num_rollout_steps=20"),
    QUICKSTART("idle_callbacks", 0.03345, IDLE_CALLBACKS),
    LEAST_SQUARES("quickstart_1", 0.002088359775315504, "1"),
    LEAST_SQUARES("quickstart_5", 0.10515682588625289, "5"),
    LEAST_SQUARES("quickstart_20", 3.5599129063344717, "20"),
    {.name = "second_order/lorenz",
     .run = tx_bench_second_order,
     .config = lorenz,
     .overrides = (const char *const[]){NULL},
     .steps = 2000000,
     .published = 1e-4},
    NETWORKS("1d", 20, LINE),
    STEPS("1d/conv_34_10/float64", 20, LINE, "network=Conv;34;10;relu", "precision=float64"),
    STEPS("1d/conv_34_10/soap", 20, LINE, "network=Conv;34;10;relu", "trainer.optimizer.type=soap"),
    STEPS("1d/conv_34_10/muon", 20, LINE, "network=Conv;34;10;relu", "trainer.optimizer.type=muon"),
    NETWORKS("2d", 20, SQUARE),
    NETWORKS("3d", 4, CUBE),
    CONFIGURATION("supervised", "type: supervised, num_rollout_steps: 5"),
    CONFIGURATION("diverted_chain_branch_one", "type: diverted_chain_branch_one, num_rollout_steps: 5"),
    CONFIGURATION("diverted_chain", "type: diverted_chain, num_rollout_steps: 5, num_branch_steps: 2"),
    CONFIGURATION("mix_chain_post_physics", "type: mix_chain_post_physics, num_rollout_steps: 3, num_post_physics_steps: 2"),
    CONFIGURATION("residuum", "type: residuum, num_rollout_steps: 5"),
    CONFIGURATION("composite", "type: composite, configurations: [{type: supervised, num_rollout_steps: 5}, {type: residuum, "
                               "num_rollout_steps: 5}]"),
    ROLLOUT("one_state_1d", 1, LINE),
    ROLLOUT("one_state_2d", 1, SQUARE),
    ROLLOUT("twenty_states_1d", 20, LINE),
    INFERENCE("conv_34_10", "Conv;34;10;relu", LINE),
    INFERENCE("mlp_60_6", "MLP;60;6;tanh", {3}),
    SUM("200", 200),
    SUM("32k", 32000),
    SUM("1m", 1000000),
    {.name = "reading/contiguous", .run = tx_bench_reading},
    {.name = "reading/gzip", .run = tx_bench_reading, .block = 1},
    {.name = "reading/gzip_large_chunks", .run = tx_bench_reading, .block = 32},
    {.name = "reading/gzip_foreign", .run = tx_bench_reading, .block = 4, .part = TX_READING_FOREIGN},
    {.name = "reading/lzf", .run = tx_bench_reading, .block = 1, .part = TX_READING_LZF},
    CONVOLUTION("1d", TX_FLOAT32, 5, {34, 1, {160}}),
    CONVOLUTION("1d_float64", TX_FLOAT64, 5, {34, 1, {160}}),
    CONVOLUTION("2d", TX_FLOAT32, 1, {26, 2, {64, 64}}),
    CONVOLUTION("3d", TX_FLOAT32, 2, {16, 3, {32, 32, 32}}),
};
enum { NUM_OWN = sizeof own / sizeof *own };

int tx_bench_list(tx_bench_case *cases)
{
    int count = NUM_OWN;
    memcpy(cases, own, sizeof own);
    for (const tx_operation_case *o = tx_operation_cases; o->name && count < TX_MOST_CASES; o++) {
        if (o->timed.channels) {
            cases[count++] = (tx_bench_case){
                .name = o->name, .run = tx_bench_operation, .operation = o, .shape = o->timed, .block = o->timed_block};
        }
    }
    return count;
}
