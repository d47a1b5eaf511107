#!/usr/bin/env bash
# What a configuration needs beside the network, and does not get, is said by the command in one line with its place, exit 2.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

train="$trainax train $quickstart --quiet --output run --overwrite --set trainer.num_training_steps=2"
fou='{type: fou_advection_1d, cfl: -0.75}'

set_type() { # set_type CONFIGURATION KEY=VALUE…: the command's options for a trainer of that type
    printf '%s\n' --set "trainer.type=$1"
    shift
    for assignment in "$@"; do
        printf '%s\n' --set "trainer.$assignment"
    done
}
refuse() { # refuse 'PATTERN' CONFIGURATION KEY=VALUE…
    local pattern=$1 options
    shift
    mapfile -t options < <(set_type "$@")
    expect 2 "$pattern" $train "${options[@]}"
}
accept() {
    local options
    mapfile -t options < <(set_type "$@")
    succeeds $train "${options[@]}"
}

# -- a stepper or a residuum is missing --
for type in diverted_chain_branch_one diverted_chain mix_chain_post_physics; do
    refuse "trainer: $type needs a .ref_stepper." $type
    refuse "trainer: $type needs a .ref_stepper." $type "residuum_fn=$fou"
    accept $type "ref_stepper=$fou"
done
refuse 'trainer: residuum needs a .residuum_fn.' residuum "ref_stepper=$fou"
accept residuum "residuum_fn=$fou"

cat >composite.yaml <<END
$(sed -e '/num_rollout_steps/d' -e '/time_level_loss/d' -e '/type: supervised/d' "$quickstart")
  type: composite
  configurations:
    - {type: supervised, num_rollout_steps: 2}
    - weight: 0.5
      type: composite
      configurations:
        - {type: diverted_chain, num_rollout_steps: 2}
END
expect 2 'composite.yaml:[0-9]+:[0-9]+: trainer: composite needs a .ref_stepper.' "$trainax" train composite.yaml --quiet --output run --overwrite
succeeds "$trainax" train composite.yaml --quiet --output run --overwrite --set "trainer.ref_stepper=$fou" --set trainer.num_training_steps=2

# -- it does not fit the data, or is none --
refuse 'ref_stepper: lorenz_rk4 works on states of three numbers without spatial axes' diverted_chain ref_stepper=lorenz_rk4
lorenz=(--set 'data={type: lorenz_rk4, temporal_horizon: 20, key: 0}' --set 'network={type: linear, in_features: 3, out_features: 3, key: 0}')
expect 2 'ref_stepper: fou_advection_1d works on states with one spatial axis, these have 0' $train "${lorenz[@]}" \
    --set trainer.type=diverted_chain --set "trainer.ref_stepper=$fou"
succeeds $train "${lorenz[@]}" --set trainer.type=diverted_chain --set trainer.ref_stepper=lorenz_rk4
refuse "did you mean 'fou_advection_1d'" diverted_chain 'ref_stepper={type: fou_advection, cfl: 1}'
refuse 'ref_stepper.cfl is required' diverted_chain ref_stepper=fou_advection_1d
refuse "'btcs_upwind_advection_1d' is a residuum, no stepper" diverted_chain 'ref_stepper={type: btcs_upwind_advection_1d, cfl: 1}'

# -- the configuration's own options --
refuse 'trainer.num_branch_steps: 3 is more than num_rollout_steps, 1' diverted_chain num_branch_steps=3 "ref_stepper=$fou"
refuse 'trainer.branch_level_weights: 2 numbers given, but there is 1 time level' diverted_chain 'branch_level_weights=[1, 2]' "ref_stepper=$fou"
refuse 'trainer.time_level_weights: 2 numbers given, but there are 3' mix_chain_post_physics num_post_physics_steps=2 'time_level_weights=[1, 2]' "ref_stepper=$fou"
refuse 'trainer.time_level_loss: normalized_mse compares two states, but a residuum is one' residuum time_level_loss=normalized_mse "residuum_fn=$fou"
refuse 'trainer.time_level_loss.losses: the list is empty' supervised 'time_level_loss={type: composite, losses: []}'
refuse 'level' mix_chain_post_physics num_post_physics_steps=99 "ref_stepper=$fou" # the data have 100 levels
expect 2 'trainer.configurations: the list is empty' "$trainax" train composite.yaml --quiet --output run --overwrite --set 'trainer.configurations=[]'

# -- in a callback, which does not inherit the trainer's --
callback='callbacks=[{type: loss, name: l, configuration: residuum'
expect 2 'callbacks.0.configuration: residuum needs a .residuum_fn.' $train --set "trainer.residuum_fn=$fou" --set "$callback}]"
succeeds $train --set "$callback, residuum_fn: $fou}]"

# -- on several ranks --
expect 2 'needs a .ref_stepper.' mpirun -n 3 $train --set trainer.type=diverted_chain
expect 2 'works on states of three numbers' mpirun -n 3 $train --set trainer.type=diverted_chain --set trainer.ref_stepper=lorenz_rk4

finish
