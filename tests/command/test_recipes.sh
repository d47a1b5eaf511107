#!/usr/bin/env bash
# Recipes of training: stopped in the middle of a stage, between two updates, and resumed on other numbers of ranks, they end with the
# same bytes; the mean of the parameters in its own file; a target that ends a run; what does not go together.
. "$(dirname "$0")/common.sh" "$1" "$2"

train() { # train CASE DIRECTORY STEPS ARGUMENTS...
    local case=$1 directory=$2 steps=$3
    shift 3
    succeeds $launch "$trainax" train "$tests/golden/$case.yaml" --quiet --set trainer.num_training_steps=$steps \
        --output "$directory" "$@"
}

average() {
    [ ! -e "$1/network_ema.h5" ] || h5dump -g /parameters "$1/network_ema.h5" | grep -v '^HDF5'
    h5dump -d /ema "$1/checkpoint.h5" 2>/dev/null | grep -v '^HDF5'
}

# -- every recipe, at 1 and 3 ranks, and in pieces --
for case in recipe_curriculum_composite recipe_accumulate recipe_ema recipe_plateau_chain recipe_augmentation; do
    launch="" train $case $case 12
    launch="mpirun -n 3" train $case $case.3 12
    same_run $case $case.3
    launch="" train $case $case.pieces 5
    launch="mpirun -n 2" train $case $case.pieces 8 --resume
    launch="" train $case $case.pieces 12 --resume
    same_run $case $case.pieces
    cmp -s <(average $case) <(average $case.pieces) || fail "$case: the mean of the parameters is another one"
done
[ -e recipe_ema/network_ema.h5 ] || fail "there is no network_ema.h5"
[ -e recipe_accumulate/network_ema.h5 ] && fail "there is a network_ema.h5 that nobody asked for"

# -- the file of the mean is one like any other; a finished run without it is not finished --
succeeds "$trainax" evaluate "$tests/golden/recipe_ema.yaml" --network recipe_ema/network_ema.h5 --output ema.csv
rm recipe_ema.pieces/network_ema.h5
launch="" train recipe_ema recipe_ema.pieces 12 --resume
cmp -s <(average recipe_ema) <(average recipe_ema.pieces) || fail "network_ema.h5 was not made again"

# -- until: the run ends after the first step with the value --
launch="" train recipe_noise whole 10 --set 'callbacks=[{type: metrics}]' --set 'evaluation={metrics: [mean_nRMSE]}'
target=$(awk -F, 'NR == 6 { print $5 }' whole/history.csv)
launch="mpirun -n 2" train recipe_noise target 10 --set "callbacks=[{type: until, metric: mean_nRMSE, below: $target}]"
[ "$(tail -1 target/history.csv | cut -d, -f1)" = 4 ] || fail "until: $(tail -1 target/history.csv)"
head -1 target/history.csv | grep -q ',mean_nRMSE$' || fail "the column of until"
launch="" train recipe_noise target 10 --set "callbacks=[{type: until, metric: mean_nRMSE, below: $target}]" --resume
[ "$(tail -1 target/history.csv | cut -d, -f1)" = 4 ] || fail "a run that has reached its target goes on"

# -- reduce_on_plateau ends a run with the update whose scale is the least --
launch="mpirun -n 2" train recipe_plateau plateau 200 --set trainer.optimizer.reduce_on_plateau.stop_at_min_scale=true \
    --set 'callbacks=[{type: learning_rate}]'
steps=$(tail -1 plateau/history.csv | cut -d, -f1)
[ "$steps" -lt 199 ] || fail "reduce_on_plateau has not ended the run"
[ "$(awk -F, '$5 <= 0.0200001' plateau/history.csv | wc -l)" -eq 0 ] || fail "the run goes on at the least scale"
launch="" train recipe_plateau plateau 200 --resume --set trainer.optimizer.reduce_on_plateau.stop_at_min_scale=true \
    --set 'callbacks=[{type: learning_rate}]'
[ "$(tail -1 plateau/history.csv | cut -d, -f1)" = "$steps" ] || fail "a run that reduce_on_plateau has ended goes on"

# -- grad_norm is that of what is trained: a step of sgd at rate 1 is as long --
if python=$(with_h5py); then
    sgd='trainer.optimizer={type: sgd, learning_rate: 1.0}'
    norm='callbacks=[{type: grad_norm, name: g, configuration: {type: supervised, num_rollout_steps: 2}}, {type: grad_norm, name: h, configuration: {type: supervised}}]'
    for steps in 0 1; do
        launch="" train recipe_noise step.$steps $steps --set "$sgd" --set "$norm" --set 'trainer.freeze=["layers.1.weight", "*.0.bias"]'
    done
    "$python" - <<'EOF' || fail "grad_norm of frozen leaves"
import csv, math, sys
import h5py
square = 0
with h5py.File("step.0/network.h5") as before, h5py.File("step.1/network.h5") as after:
    for name in before["parameters"]:
        moved = ((after["parameters"][name][...] - before["parameters"][name][...]) ** 2).sum()
        frozen = name in ("layers.1.weight", "layers.0.bias")
        if frozen != (moved == 0):
            sys.exit(f"{name} has moved by {math.sqrt(moved)}")
        square += moved
row = list(csv.DictReader(open("step.1/history.csv")))[0]
if abs(math.sqrt(square) / float(row["g"]) - 1) > 1e-12 or row["g"] == row["h"]:
    sys.exit(f"{math.sqrt(square)} is not {row['g']}")
EOF
fi

# -- what does not go together, or does not fit --
refuse() { # refuse PATTERN CASE SETTING...
    local pattern=$1 case=$2 settings=()
    shift 2
    for setting in "$@"; do
        settings+=(--set "$setting")
    done
    expect 2 "$pattern" "$trainax" train "$tests/golden/$case.yaml" --quiet --output refused "${settings[@]}"
    [ -e refused ] && fail "$pattern: a folder was made"
}
refuse 'num_rollout_steps.* 0' recipe_noise 'trainer.num_rollout_steps={3: 1, 5: 2}'
refuse 'num_rollout_steps.*rise' recipe_noise 'trainer.num_rollout_steps={0: 1, 5: 2, 3: 4}'
refuse 'num_rollout_steps' recipe_noise 'trainer.num_rollout_steps={0: 1, x: 2}'
refuse 'num_rollout_steps' recipe_noise 'trainer.num_rollout_steps={0: 1, 4: 0}'
refuse 'num_rollout_steps' recipe_noise 'callbacks=[{type: loss, name: l, configuration: {type: supervised, num_rollout_steps: {0: 1, 4: 2}}}]'
refuse 'num_branch_steps.*2.*1' recipe_curriculum_diverted_chain 'trainer.num_rollout_steps={0: 1, 3: 4}'
refuse 'accumulate_grad_batches' recipe_noise 'trainer.accumulate_grad_batches=0'
refuse 'decay' recipe_noise 'trainer.ema={decay: 1.0}'
refuse 'decay' recipe_noise 'trainer.ema={decay: -0.1}'
refuse "freeze.*layer.0.weight.*layers.0.weight" recipe_noise 'trainer.freeze=[layer.0.weight]'
refuse 'freeze' recipe_noise 'trainer.freeze=["*"]'
refuse 'factor' recipe_plateau 'trainer.optimizer.reduce_on_plateau.factor=1.0'
refuse 'rtol.*atol' recipe_plateau 'trainer.optimizer.reduce_on_plateau.rtol=0.0'
refuse 'rtol' recipe_plateau 'trainer.optimizer.reduce_on_plateau.rtol=1.5'
refuse 'atol' recipe_plateau 'trainer.optimizer.reduce_on_plateau.atol=-1.0'
refuse 'stop_at_min_scale.*min_scale' recipe_plateau 'trainer.optimizer.reduce_on_plateau={stop_at_min_scale: true}'
refuse 'std.*3.*1 channel' recipe_noise 'trainer.input_noise.std=[1, 2, 3]'
refuse 'std' recipe_noise 'trainer.input_noise.std=-1'
refuse 'random_axis_permute' recipe_augmentation 'trainer.augmentation=[{type: random_axis_permute}]'
refuse 'random_rotation_90' recipe_augmentation 'trainer.augmentation=[{type: random_rotation_90}]'
refuse 'random_rotation_90' recipe_noise 'trainer.augmentation=[{type: random_rotation_90}]'
refuse 'vectors' recipe_augmentation 'trainer.augmentation=[{type: random_axis_flip, vectors: [[0]]}]'
refuse 'vectors' recipe_augmentation 'trainer.augmentation=[{type: random_axis_flip, vectors: [[0, 0]]}]'
refuse 'vectors' recipe_augmentation 'trainer.augmentation=[{type: random_axis_flip, vectors: [[0, 2]]}]'
refuse 'axes' recipe_augmentation 'trainer.augmentation=[{type: random_axis_roll, axes: [2]}]'
refuse 'random_axis_spin' recipe_augmentation 'trainer.augmentation=[{type: random_axis_spin}]'
refuse 'channel_weights.*2.*1 channel' recipe_noise 'trainer.time_level_loss={type: mse, channel_weights: [1, 2]}'
refuse 'channel_weights' recipe_noise 'trainer.time_level_loss={type: mae, channel_weights: [-1]}'
refuse 'channel_weights' recipe_noise 'trainer.time_level_loss={type: mae, channel_weights: [0]}'
refuse 'point_weights.*area' recipe_noise 'trainer.time_level_loss={type: mse, point_weights: area}'
refuse 'below' recipe_noise 'callbacks=[{type: until, metric: mean_nRMSE}]'
refuse 'every' recipe_noise 'callbacks=[{type: until, metric: mean_nRMSE, below: 0.1, every: 0}]'
if ! "$trainax" --version | grep -q '^BLAS: none'; then
    lm='trainer.optimizer={type: levenberg_marquardt}'
    refuse 'levenberg_marquardt.*accumulate_grad_batches' recipe_noise "$lm" trainer.accumulate_grad_batches=2
    refuse 'reduce_on_plateau.*levenberg_marquardt|levenberg_marquardt.*reduce_on_plateau' recipe_noise \
        'trainer.optimizer={type: levenberg_marquardt, reduce_on_plateau: {}}'
fi
finish
