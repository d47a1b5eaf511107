#!/usr/bin/env bash
# A configuration in the words of the Python packages is the same run; a descriptor's network starts from stored parameters.
. "$(dirname "$0")/common.sh" "$1" "$2"

# -- Trainax's README, word for word --
cat >python.yaml <<'END'
random: {stream: jax_legacy}
data: {type: tx.sample_data.advection_1d_periodic, cfl: -0.75, key: 0}
network:
  type: eqx.nn.Conv1d
  in_channels: 1
  out_channels: 1
  kernel_size: 2
  padding: SAME
  padding_mode: CIRCULAR
  use_bias: False
  key: 73
trainer:
  type: tx.trainer.SupervisedTrainer
  num_rollout_steps: 5
  optimizer: {type: optax.adam, learning_rate: 1e-2}
  num_training_steps: 30
  batch_size: 32
  key: 42
END
# the same as its GeneralTrainer
sed 's/  type: tx.trainer.*/  loss_configuration:\n    type: tx.configuration.Supervised/
     s/  num_rollout_steps/    num_rollout_steps/; s/num_training_steps/num_minibatches/; s/  key: 42/  shuffle_key: 42/' python.yaml >general.yaml
succeeds "$trainax" train "$quickstart" --output run --quiet --set trainer.num_rollout_steps=5 --set trainer.num_training_steps=30
succeeds "$trainax" train python.yaml --output python --quiet
succeeds "$trainax" train general.yaml --output general --quiet
same_run run python
same_run run general
for other in python general; do
    cmp <(grep -v '^  directory:' run/config.yaml) <(grep -v '^  directory:' $other/config.yaml) || fail "$other: other names in config.yaml"
done
succeeds "$trainax" train general.yaml --output general --quiet --resume --set trainer.num_training_steps=31 # --set wins
expect 2 'num_spatial_dims: the network is for 2' "$trainax" train python.yaml --output no --set network.type=Conv2d
sed 's/^trainer:/trainer:\n  type: tx.trainer.GeneralTrainer/' general.yaml >class.yaml
succeeds "$trainax" train class.yaml --output class --quiet
same_run run class
expect 2 "'type' in trainer.loss_configuration stands in trainer too" "$trainax" train \
    <(sed 's/^trainer:/trainer:\n  type: Supervised/' general.yaml) --output no
sed 's/Conv1d/Conv1d()/; s/  num_rollout/  time_level_loss: tx.loss.MSELoss()\n  num_rollout/' python.yaml >calls.yaml
succeeds "$trainax" train calls.yaml --output calls --quiet
same_run run calls
expect 2 "'clip' is a transform, no optimizer: it stands in {type: chain, transforms: " "$trainax" train python.yaml --output no \
    --set trainer.optimizer.type=clip
expect 2 'name of an optimizer, not a list .write {type: chain, transforms: ' "$trainax" train python.yaml --output no \
    --set 'trainer.optimizer=[clip]'
expect 2 'network_key is for a network that is written as its descriptor' "$trainax" train python.yaml --output no --set network_key=3
expect 2 "did you mean 'classic_fno'" "$trainax" train python.yaml --output no --set network=FNO
expect 2 "not 'None' .write null." "$trainax" train python.yaml --output no --set trainer.time_level_weights=None
[ -e no ] && fail "a refused run left a directory"

# -- stored parameters of a network written as its descriptor --
short=(--quiet --set 'network=Conv;3;1;relu' --set trainer.num_training_steps=3)
succeeds "$trainax" train "$quickstart" "${short[@]}" --output first --set network_key=5
succeeds "$trainax" train "$quickstart" "${short[@]}" --output second --set network_parameters=first/network.h5 \
    --set trainer.num_training_steps=0
h5diff first/network.h5 second/network.h5 /parameters || fail "other initial parameters than the stored ones"
succeeds "$trainax" train second/config.yaml --output third --quiet
same_run second third
expect 2 'network_key is required, or network_parameters' "$trainax" train "$quickstart" "${short[@]}" --output no
expect 3 'nowhere.h5' "$trainax" train "$quickstart" "${short[@]}" --output no --set network_parameters=nowhere.h5
expect 2 'network.parameters: the stored parameter layers.0.weight has another shape' "$trainax" train "$quickstart" "${short[@]}" --output no --set network_parameters=first/network.h5 \
    --set 'network=Conv;4;1;relu'
[ -e no ] && fail "a refused run left a directory"

finish
