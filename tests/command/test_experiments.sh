#!/usr/bin/env bash
# scripts/experiments: every file resolves and trains; the first losses are the original's; the FOU notebook in full, and what a
# start from stored parameters is.
. "$(dirname "$0")/common.sh" "$1" "$2"
experiments=$(cd "$tests/../scripts/experiments" && pwd)

values() { h5dump -y -m %.17g -d "$2" "$1" | sed -n 's/^ *\([-0-9][-0-9.e+]*\),\{0,1\}$/\1/p' | tr '\n' ' '; }

# near ALLOWED "VALUES" "VALUES": as many of one as of the other, none further off than that, relative to its size.
near() {
    awk -v allowed="$1" -v a="$2" -v b="$3" 'BEGIN {
        n = split(a, x, " "); if (n == 0 || n != split(b, y, " ")) exit 1
        for (k = 1; k <= n; k++) { d = x[k] - y[k]; if (d < 0) d = -d; if (!(d <= allowed * (y[k] < 0 ? -y[k] : y[k]))) exit 1 } }'
}

# -- all of them, on two ranks --
count=0
for file in "$experiments"/*.yaml; do
    name=$(basename "$file" .yaml)
    count=$((count + 1))
    succeeds "$trainax" inspect "$file"
    succeeds mpirun -n 2 "$trainax" train "$file" --output "$name" --quiet --set trainer.num_training_steps=3
    [ "$(wc -l <"$name/history.csv")" -eq 4 ] || fail "$name: not a row a step"
done
[ $count -ge 7 ] || fail "only $count experiments"

# -- the first losses of Trainax 0.0.2 with jax 0.10.2 in these settings --
first_losses() { sed -n '2,$p' "$1/history.csv" | cut -d, -f4 | tr '\n' ' '; }
check_losses() { near 1e-4 "$(first_losses "$1")" "$2" || fail "$1: losses $(first_losses "$1")instead of $2"; }
check_losses lorenz_mlp_one_step '292.563 243.39 293.683'
check_losses lorenz_mlp_160x8_supervised_1 '264.633 232.476 250.379'
check_losses lorenz_mlp_160x8_supervised_5 '1189.08 1476.01 1234.76'
check_losses lorenz_mlp_160x8_diverted_5 '237.744 293.642 247.943'

# -- APEBench: the first losses of its five networks (apebench 0.1.1 with jax 0.10.2); rows 0 and 100 as its notebook prints
# them; a rollout's error on its test data, before training --
apebench=$experiments/apebench_advection.yaml
while read -r network losses; do
    run=$(echo "$network" | cut -d';' -f1)
    succeeds mpirun -n 2 "$trainax" train "$apebench" --output "$run" --quiet --set network="$network" --set trainer.num_training_steps=3
    near 2e-5 "$(first_losses "$run")" "$losses" || fail "$network: losses $(first_losses "$run")instead of $losses"
done <<'END'
Conv;34;10;relu 0.2361197 0.2310657 0.2492173
UNet;12;2;relu 1.2926295 1.2819216 1.2990346
Res;26;8;relu 0.2807854 0.2762802 0.2887912
FNO;12;18;4;gelu 0.2706444 0.2655303 0.2837768
Dil;2;32;2;relu 0.3505924 0.3257538 0.3449644
END
succeeds "$trainax" train "$apebench" --output notebook --quiet --set trainer.num_training_steps=101 --set trainer.record_loss_every=100
near 1e-4 "$(first_losses notebook)" '0.236119 0.226269' || fail "APEBench's notebook: losses $(first_losses notebook)"
succeeds "$trainax" train "$apebench" --output untrained --quiet --set network='Res;26;8;relu' --set trainer.num_training_steps=0
succeeds mpirun -n 2 "$trainax" evaluate "$apebench" --network untrained/network.h5 --output metrics.csv
near 1e-5 "$(sed -n 's/^[12],//p' metrics.csv | tr '\n' ' ')" '1.1317012 1.2977005' || fail "APEBench's metric: $(head -3 metrics.csv)"
near 1e-5 "$(sed -n 's/^200,//p' metrics.csv) $(sed -n 's/^gmean_mean_nRMSE: //p' out.txt)" '1.3431044 1.3402585' || fail "$(cat out.txt)"

# -- the FOU notebook: the published stencil, in both precisions and with every rollout that the notebook tries --
fou=$experiments/fou_notebook.yaml
published='0.5899999 0.4100001'
for rollout in 1 2 3 4; do
    for precision in float32 float64; do
        succeeds "$trainax" train "$fou" --output fou --overwrite --quiet --set precision=$precision --set trainer.num_rollout_steps=$rollout
        near 1e-6 "$(values fou/network.h5 /parameters/weight)" "$published" ||
            fail "FOU, $rollout steps, $precision: $(values fou/network.h5 /parameters/weight)"
    done
    near 1e-9 "$(values fou/network.h5 /parameters/weight)" '0.59 0.41' || fail "FOU, $rollout steps: not the stencil"
done
grep -q 'full batch' out.txt err.txt && fail "--quiet is not quiet"

# -- a start from stored parameters --
succeeds "$trainax" train "$fou" --output start --quiet --set trainer.num_training_steps=0
near 1e-7 "$(values start/network.h5 /parameters/weight)" '0.4 0.5' || fail "start: $(values start/network.h5 /parameters/weight)"
succeeds "$trainax" train start/config.yaml --output again --quiet # its paths are absolute
near 1e-7 "$(values again/network.h5 /parameters/weight)" '0.4 0.5' || fail "the resolved configuration starts elsewhere"
succeeds "$trainax" train "$fou" --output next --quiet --set trainer.num_training_steps=1 --set network.parameters=$work/fou/network.h5
succeeds mpirun -n 2 "$trainax" train "$fou" --output next2 --quiet --set trainer.num_training_steps=1 --set network.parameters=$work/fou/network.h5
cmp next/history.csv next2/history.csv || fail "a start from parameters depends on ranks"
awk -F, 'NR == 2 { exit !($4 < 1e-12) }' next/history.csv || fail "a start from a trained network: loss $(sed -n 2p next/history.csv)"
expect 3 'missing.h5' mpirun -n 2 "$trainax" train "$fou" --output no --set network.parameters=missing.h5
expect 3 'no network file' "$trainax" train "$fou" --output no --set "network.parameters=$experiments/fou_notebook.h5"
expect 2 'network.parameters.*weight' "$trainax" train "$fou" --output no --set network.kernel_size=3 --set network.padding=same
expect 2 'network.*key' "$trainax" train "$fou" --output no --set network.parameters=null
[ -e no ] && fail "a refused run left a folder"

# -- a rollout as data and reference from one description; held-out data of another key --
cat >rollout.yaml <<'YAML'
data:
  type: rollout
  stepper: {type: advection_1d_spectral, cfl: 0.75}
  initial_condition: {type: random_truncated_fourier_series, max_one: true}
  num_points: 30
  num_samples: 7
  temporal_horizon: 12
  num_warmup_steps: 2
  key: 0
network: {type: conv, num_spatial_dims: 1, kernel_size: 3, in_channels: 1, out_channels: 1, padding: same, padding_mode: circular, key: 1}
trainer:
  type: diverted_chain_branch_one
  num_rollout_steps: 2
  ref_stepper: {type: advection_1d_spectral, cfl: 0.75}
  optimizer: {type: adam, learning_rate: 1e-3}
  num_training_steps: 5
  batch_size: 8
  key: 0
evaluation:
  data: {type: rollout, stepper: {type: advection_1d_spectral, cfl: 0.75}, initial_condition: random_truncated_fourier_series, num_points: 30, key: 773}
YAML
succeeds "$trainax" train rollout.yaml --output rolled --quiet
succeeds "$trainax" train rolled/config.yaml --output rolled2 --quiet
succeeds mpirun -n 3 "$trainax" train rollout.yaml --output rolled3 --quiet
same_run rolled rolled2
same_run rolled rolled3
succeeds mpirun -n 2 "$trainax" evaluate rollout.yaml --network rolled/network.h5
succeeds "$trainax" generate rollout.yaml --output one.h5
succeeds mpirun -n 3 "$trainax" generate rollout.yaml --output three.h5
cmp one.h5 three.h5 || fail "a rollout depends on ranks"
succeeds "$trainax" inspect one.h5
grep -q 'shape: (7, 12, 1, 30)' out.txt || fail "shape of a rollout: $(cat out.txt)"
expect 2 'num_points: missing' mpirun -n 2 "$trainax" train rollout.yaml --output no --set data.num_points=null
expect 2 'one spatial axis' "$trainax" train rollout.yaml --output no --set 'data.num_points=[8, 8]'
expect 2 'three numbers' "$trainax" train rollout.yaml --output no --set trainer.ref_stepper=lorenz_rk4

finish
