#!/usr/bin/env bash
# Makes what tests/command/test_stored.sh reads: files of each kind that a program writes, for its successors to understand.
# Run once a release, with that release's program: scripts/store_files.sh build/trainax tests/stored/VERSION
# The folder's name ends up in the files; make it elsewhere and move it where that matters.
set -euo pipefail
trainax=$(realpath "$1")
mkdir "$2"
cd "$2"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

cat >generate.yaml <<'END'
data: {type: advection_1d_periodic, num_points: 16, num_samples: 3, cfl: 0.75, highest_init_mode: 3, temporal_horizon: 8, key: 0}
END
"$trainax" generate generate.yaml --output trajectories.h5
rm generate.yaml

# Moments, a schedule, all that callbacks keep from step to step, both files of networks; a minibatch that ends an epoch short.
cat >adam.yaml <<'END'
data: {type: file, path: trajectories.h5}
network: {type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 2, depth: 1, activation: tanh, key: 1}
trainer:
  num_rollout_steps: 2
  optimizer: {type: adam, learning_rate: {type: cosine_decay, init_value: 0.3, decay_steps: 40}}
  num_training_steps: 24
  batch_size: 4
  key: 42
evaluation: {num_steps: 3, data: {type: file, path: trajectories.h5, samples: "2:"}}
callbacks: [{type: early_stopping, every: 3, patience: 20}, {type: metrics, every: 4, over_steps: last}, {type: get_network, every: 8}]
END
# Complex weights, double precision, a chain whose transforms have states of their own.
cat >chain.yaml <<'END'
precision: float64
data: {type: file, path: trajectories.h5}
network: {type: classic_fno, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 2, num_modes: 3, num_blocks: 1, activation: gelu, key: 1}
trainer:
  num_rollout_steps: 1
  optimizer: {type: chain, transforms: [{type: clip_by_global_norm, max_norm: 1.0}, {type: trace, decay: 0.5}, scale_by_rss,
      {type: ema, decay: 0.9}, {type: scale_by_learning_rate, learning_rate: 0.05}]}
  num_training_steps: 24
  batch_size: 5
  key: 3
callbacks: [{type: weight_norm, every: 2}]
END
# The gradient of the step before, and weight decay.
cat >adan.yaml <<'END'
random: {stream: jax_legacy}
data: {type: file, path: trajectories.h5, samples: ":2"}
network: "Conv;2;1;relu"
network_key: 4
trainer: {num_rollout_steps: 3, optimizer: {type: adan, learning_rate: 0.01, weight_decay: 0.02}, num_training_steps: 24, batch_size: 3, key: 5}
END

for run in adam chain adan; do
    # Half of the run, and the history of all of it.
    "$trainax" train $run.yaml --quiet --output $run --set trainer.num_training_steps=12
    "$trainax" train $run.yaml --quiet --output whole
    mv whole/history.csv $run.csv
    rm -r whole $run/run.log $run/config.yaml
done
"$trainax" rollout adam/best.h5 --initial trajectories.h5 --steps 4 --output rollout.h5
"$trainax" evaluate adam.yaml --network adam/best.h5 --output evaluation.csv >/dev/null
