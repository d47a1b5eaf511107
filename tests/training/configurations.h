/* Small problems for the tests here. */
#pragma once

static const char advection[] =
    "precision: float32\n"
    "data: {type: advection_1d_periodic, num_points: 30, num_samples: 5, temporal_horizon: 20, key: 0}\n"
    "network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2,\n"
    "          padding: same, padding_mode: circular, use_bias: false, key: 73}\n"
    "trainer: {num_rollout_steps: 3, optimizer: {type: adam, learning_rate: 1.0e-2},\n"
    "          num_training_steps: 40, batch_size: 32, key: 42}\n"
    "parallel: {block: 5}\n"
    "callbacks:\n"
    "  - weight_norm\n"
    "  - {type: loss, name: two, configuration: {type: supervised, num_rollout_steps: 2}}\n";
