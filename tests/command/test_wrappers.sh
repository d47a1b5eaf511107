#!/usr/bin/env bash
# Networks around networks as runs: the same bytes on any ranks and threads and after a resume, rollouts and evaluations, mistakes.
. "$(dirname "$0")/common.sh" "$1" "$2"
golden=$tests/golden

cat >all.yaml <<END
precision: float64
data: {type: file, path: $golden/beside_1d.h5, dt_stride: [1, 2]}
network:
  type: scaled
  network:
    type: masked
    field: water
    network:
      type: conditioned
      constant_fields: all
      normalize: zscore
      dt_stride: true
      network: {type: history, num_steps: 2, network: {type: increment, scale: std_delta, network: "Conv;4;2;tanh"}}
network_key: 3
trainer:
  type: supervised
  num_rollout_steps: {0: 1, 4: 2}
  optimizer: {type: adam, learning_rate: 1.0e-2}
  num_training_steps: 8
  batch_size: 7
  key: 1
  input_noise: {std: 0.01}
  augmentation: [{type: random_axis_roll}]
callbacks:
  - {type: metrics, every: 2}
  - {type: loss, name: two, configuration: {type: supervised, num_rollout_steps: 2}}
parallel: {block: 2}
END

same() {
    cmp "$1/network.h5" "$2/network.h5" || fail "network.h5 of $1 and $2 differ"
    cmp "$1/history.csv" "$2/history.csv" || fail "history.csv of $1 and $2 differ"
}

succeeds "$trainax" train all.yaml --output one --quiet
succeeds mpirun -n 3 "$trainax" train all.yaml --output three --quiet
same one three
succeeds "$trainax" train all.yaml --output threads --quiet --set parallel.threads=2
same one threads
succeeds "$trainax" train all.yaml --output resumed --quiet --set trainer.num_training_steps=3
succeeds mpirun -n 2 "$trainax" train all.yaml --output resumed --resume --quiet
same one resumed
h5dump -n 1 one/checkpoint.h5 | grep -q '/constants/network.network.conditions_std' || fail "no constants in the checkpoint"

# -- The constants of a file are those of the rollout, of an evaluation and of a run that starts from it --
succeeds "$trainax" rollout one/network.h5 --initial "$golden/beside_1d.h5" --steps 3 --output rolled.h5
h5dump -H -d /trajectories rolled.h5 | grep -q '( 5, 5, 2, 12 )' || fail "a rollout from two levels is not 3 + 2 levels long"
succeeds "$trainax" evaluate all.yaml --network one/network.h5 --output table.csv --full-loss
[ "$(wc -l <table.csv)" -eq 8 ] || fail "an evaluation from two of 9 levels has not 7 rows"
sed "s|^network_key: 3||; s|^  type: scaled|&\n  parameters: one/network.h5|" all.yaml >begun.yaml
succeeds "$trainax" train begun.yaml --output begun --quiet --set 'data.levels="1:"' --set trainer.num_training_steps=0
for group in constants parameters; do
    h5dump -g /$group one/network.h5 | tail -n +2 >here.txt
    h5dump -g /$group begun/network.h5 | tail -n +2 >there.txt
    cmp here.txt there.txt || fail "/$group is not that of the file a run starts from"
done
expect 2 'constant_fields' "$trainax" rollout one/network.h5 --initial "$golden/waves_1d.h5" --steps 3 --output no.h5
sed 's/dt_stride.*/levels: ":1"}/; /^network:/,$d' all.yaml >short.yaml
succeeds "$trainax" generate short.yaml --output short.h5
expect 2 'num_steps: .* 2 levels, .* has 1' "$trainax" rollout one/network.h5 --initial short.h5 --steps 3 --output no.h5

# -- Mistakes --
inner='{type: conv_net, hidden_channels: 4, depth: 1, key: 5}'
mistake() {
    expect 2 "$1" "$trainax" train all.yaml --output no --set network_key=null --set "network=$2"
}
mistake 'increment stands twice' "{type: increment, network: {type: scaled, network: {type: increment, network: $inner}}}"
mistake 'in_channels: the network takes 2 channels, but is given 4' \
    '{type: history, num_steps: 2, network: {type: conv_net, in_channels: 2, key: 1}}'
mistake 'scale: 3 numbers, .* 2 channels' "{type: increment, scale: [1, 2, 3], network: $inner}"
mistake 'mean: needs .std.' "{type: scaled, mean: [1, 2], network: $inner}"
mistake 'std: 1 number, .* 2 channels' "{type: scaled, std: [1], network: $inner}"
mistake 'min_std must be above 0' "{type: scaled, min_std: 0, network: $inner}"
mistake 'num_steps must be between 1' "{type: history, num_steps: 0, network: $inner}"
mistake 'a window holds 11 time levels' "{type: history, num_steps: 9, network: $inner}"
mistake "field: no 'land' .* depth, water" "{type: masked, field: land, network: $inner}"
mistake "constant_scalars: no '5' .* viscosity, force, speed" "{type: conditioned, constant_scalars: [speed, 5], network: $inner}"
mistake 'conditioned has nothing to append: .*constant_scalars' "{type: conditioned, constant_scalars: none, network: $inner}"
mistake 'network.network.parameters: stands in the outermost' '{type: scaled, network: {type: conv_net, key: 1, parameters: x.h5}}'
mistake 'network_key is required' '{type: scaled, network: Conv;3;1;relu}'

# -- Those that a simulation cannot be given --
expect 2 'field: .water. of the .constant_fields.: there are no trajectories' "$trainax" export one/network.h5 --c --output no.c
succeeds "$trainax" train all.yaml --output levels --quiet --set network_key=null --set trainer.num_training_steps=0 \
    --set "network={type: history, num_steps: 2, network: $inner}"
expect 2 'given 2 levels .num_steps.' "$trainax" export levels/network.h5 --onnx --output no.onnx

finish
