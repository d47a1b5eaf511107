/* The cases of the benchmark. */
#include "command/bench.h"

static const char quickstart[] =
    "random: {stream: jax_legacy}\n"
    "data: {type: advection_1d_periodic, num_points: 30, num_samples: 20, cfl: -0.75, highest_init_mode: 5,\n"
    "       temporal_horizon: 100, key: 0}\n"
    "network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2, padding: same,\n"
    "          padding_mode: circular, use_bias: false, key: 73}\n"
    "trainer: {optimizer: {type: adam, learning_rate: 1.0e-2}, num_training_steps: 0, batch_size: 32, key: 42}\n";

#define QUICKSTART(R, DISTANCE)                                                                                                    \
    {                                                                                                                              \
        .name = "quickstart/rollout_" #R, .run = tx_bench_steps, .precision = TX_FLOAT32, .config = quickstart,                    \
        .overrides = (const char *const[]){"trainer.num_rollout_steps=" #R, NULL}, .steps = 20000, .published = DISTANCE             \
    }
/* Emulators as people train them, on data that cost nothing to make. */
static const char emulator[] = "data: {type: advection_1d_periodic, num_points: 160, num_samples: 4, temporal_horizon: 20, key: 0}\n"
                               "network: {type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 34,\n"
                               "          depth: 10, activation: relu, boundary_mode: periodic, key: 0}\n"
                               "trainer: {optimizer: {type: adam, learning_rate: 1.0e-3}, num_training_steps: 0, batch_size: 20, key: 0}\n";

#define EMULATOR(NAME, PRECISION, ...)                                                     \
    {                                                                                      \
        .name = NAME, .run = tx_bench_steps, .precision = PRECISION, .config = emulator,   \
        .overrides = (const char *const[]){__VA_ARGS__, NULL}, .steps = 3                  \
    }

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

const tx_bench_case tx_bench_cases[] = {
    QUICKSTART(1, 0.03345),
    QUICKSTART(5, 0.02509),
    QUICKSTART(20, 0.01662),
    EMULATOR("conv_34_10/rollout_1", TX_FLOAT32, "trainer.num_rollout_steps=1"),
    EMULATOR("conv_34_10/rollout_5", TX_FLOAT32, "trainer.num_rollout_steps=5"),
    EMULATOR("conv_34_10/float64", TX_FLOAT64, "precision=float64"),
    CONVOLUTION("1d", TX_FLOAT32, 5, {34, 1, {160}}),
    CONVOLUTION("1d_float64", TX_FLOAT64, 5, {34, 1, {160}}),
    CONVOLUTION("2d", TX_FLOAT32, 1, {26, 2, {64, 64}}),
    CONVOLUTION("3d", TX_FLOAT32, 2, {16, 3, {32, 32, 32}}),
    {.name = NULL},
};
