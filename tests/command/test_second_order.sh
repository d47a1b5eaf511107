#!/usr/bin/env bash
# levenberg_marquardt and gauss_newton as a user has them: what they say, when they end, that they go on where they were on other
# numbers of ranks, and what they refuse. In a build without ScaLAPACK: that they are known, and say so.
. "$(dirname "$0")/common.sh" "$1" "$2"

lm='trainer.optimizer=levenberg_marquardt'
small='data={type: advection_1d_periodic, num_points: 12, num_samples: 4, temporal_horizon: 11, key: 3}'
net='network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 3, depth: 1, activation: tanh, key: 1}'
train() { # train RANKS DIRECTORY ARGUMENTS...
    local ranks=$1 directory=$2
    shift 2
    succeeds mpirun -n "$ranks" "$trainax" train "$quickstart" --set precision=float64 --set "$small" --set "$net" \
        --set parallel.block=3 --set 'callbacks=[damping, gain_ratio]' --set "$lm" --output "$directory" "$@"
}
column() { cut -d, -f"$2" "$1/history.csv" | sed 1d; }
# near DIRECTORY DIRECTORY: the same run, but for rounding
near() {
    paste -d, "$1/history.csv" "$2/history.csv" | awk -F, '
        NR > 1 { for (k = 1; k <= 6; k++) { d = $k - $(k + 6); s = $k * $k; if (d * d > 1e-18 * s || ($k == "") != ($(k + 6) == "")) exit 1 } }
        END { if (NR < 2) exit 1 }' || fail "$1 and $2 differ by more than rounding"
}

if "$trainax" --version | grep -qx 'BLAS: none'; then
    for optimizer in levenberg_marquardt gauss_newton; do
        expect 1 'this build has no ScaLAPACK' "$trainax" train "$quickstart" --set "trainer.optimizer=$optimizer" --output none
        expect 1 'this build has no ScaLAPACK' "$trainax" inspect "$quickstart" --set "trainer.optimizer=$optimizer"
        succeeds "$trainax" help "$optimizer"
    done
    [ ! -e none ] || fail "there is a run of what cannot run"
    expect 2 "did you mean 'gauss_newton'" "$trainax" train "$quickstart" --set trainer.optimizer=gaus_newton
    finish
fi

# -- the same on any ranks, and after a resume on others --
train 1 one --set trainer.num_training_steps=8
train 3 three --set trainer.num_training_steps=8
near one three
[ "$(grep -c 'agree to rounding, not to the bit' one/run.log)" = 1 ] || fail "a user is not told that ranks count, or often"
[ "$(wc -l <one/history.csv)" = 9 ] && [ -z "$(column one 6 | head -1)" ] || fail "not a row a step, or a gain before any step"
train 3 parts --set trainer.num_training_steps=3
train 2 parts --set trainer.num_training_steps=8 --resume
near one parts

# -- systems that a grid of ranks factors: over parameters and over residuals --
for ranks in 1 3 4; do
    train $ranks grid$ranks --set trainer.num_training_steps=4 --set parallel.block=32 --set trainer.batch_size=250 \
        --set 'data={type: lorenz_rk4, dt: 0.05, num_samples: 3, temporal_horizon: 100, key: 0}' \
        --set 'network={type: mlp, in_size: 3, out_size: 3, width_size: 22, depth: 2, activation: tanh, key: 0}'
    train $ranks dual$ranks --set trainer.num_training_steps=4 --set trainer.batch_size=18 \
        --set 'data={type: advection_1d_periodic, num_points: 30, num_samples: 4, temporal_horizon: 11, key: 3}' \
        --set 'network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 12, depth: 3, activation: tanh, key: 1}'
done
for ranks in 3 4; do
    near grid1 grid$ranks
    near dual1 dual$ranks
done

# -- a full batch that is not improved ends the run, which is then finished --
ends="--set trainer.batch_size=100000 --set trainer.num_training_steps=500 --set $lm"
succeeds "$trainax" train "$quickstart" $ends --output ended
steps=$(($(wc -l <ended/history.csv) - 1))
[ "$steps" -gt 2 ] && [ "$steps" -lt 50 ] || fail "it took $steps steps to end"
succeeds "$trainax" train "$quickstart" $ends --output ended --resume
grep -q "is finished: $steps steps, where it was ended" out.txt err.txt || fail "an ended run is not finished"

# -- a minibatch for which there are too few residuals --
train 1 few --set trainer.num_training_steps=1 --set trainer.batch_size=4
[ "$(grep -c 'warning: .*48 residuals.* parameters' few/run.log)" = 1 ] || fail "no warning of few residuals: $(cat few/run.log)"
grep -q 'warning: .*residuals' one/run.log && fail "a warning of enough residuals"

# -- what inspect says --
succeeds "$trainax" inspect "$quickstart" --set "$lm" --set trainer.batch_size=40 --set network.use_bias=true
for line in 'residuals: 1200' 'system: primal 3 x 3' 'process grid: 1 x 1' 'flops per step: 1.081e+04'; do
    grep -qx "$line" out.txt || fail "inspect does not say '$line'"
done
succeeds mpirun -n 3 "$trainax" inspect "$quickstart" --set "$lm" --set trainer.batch_size=20 \
    --set 'network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 20, depth: 2, key: 1}'
for line in 'residuals: 600' 'system: dual 600 x 600' 'process grid: 1 x 3'; do
    grep -qx "$line" out.txt || fail "inspect of 3 ranks does not say '$line'"
done

# -- what is refused --
no() { # no CODE PATTERN SETTING...
    local code=$1 pattern=$2 settings=() setting
    shift 2
    for setting in "$@"; do settings+=(--set "$setting"); done
    expect "$code" "$pattern" "$trainax" train "$quickstart" "${settings[@]}" --output refused
    grep -q . refused/history.csv 2>/dev/null && [ "$code" = 2 ] && fail "something was done of $*"
    rm -rf refused
}
gauss='trainer.optimizer={type: gauss_newton'
no 2 'needs a sum of squares; mae is none' "$lm" trainer.time_level_loss=mae
no 2 '^trainax: error: --set trainer.time_level_weights: .*a weight of -1 makes none' "$lm" trainer.time_level_weights=[-1]
no 2 'trainer.optimizer.damping_parameter must be above 0' 'trainer.optimizer={type: levenberg_marquardt, damping_parameter: 0}'
no 2 'trainer.optimizer.damping_parameter must be at least 0' "$gauss, damping_parameter: -1}"
no 2 'trainer.optimizer.ftol must be at least 0' 'trainer.optimizer={type: levenberg_marquardt, ftol: -1e-3}'
no 2 'contribution_ratio_threshold must be at least 0' 'trainer.optimizer={type: levenberg_marquardt, contribution_ratio_threshold: -1}'
no 2 "unknown key 'learning_rate'" 'trainer.optimizer={type: levenberg_marquardt, learning_rate: 1}'
no 2 "gauss_newton takes no 'clip'" "$gauss, clip: 1}"
no 2 'levenberg_marquardt cannot be one of a chain' 'trainer.optimizer={type: chain, transforms: [levenberg_marquardt]}'
no 2 'callbacks.0: damping: the optimizer adam has none' 'callbacks=[damping]'
no 2 'callbacks.0: gain_ratio: the optimizer gauss_newton has none' 'callbacks=[gain_ratio]' "$gauss}"
no 2 'parallel.memory: too little' "$lm" "$net" parallel.memory=100KiB
no 2 'too many|needs .* of memory' "$lm" trainer.batch_size=1900 \
    'network={type: mlp, num_spatial_dims: 1, num_points: 30, in_channels: 1, out_channels: 1, width_size: 3000, depth: 3, key: 1}'
no 4 'loss is not finite' "$gauss, learning_rate: 1000}" trainer.batch_size=8
no 1 'unknowns is singular' "$gauss, damping_parameter: 0}" trainer.batch_size=1900 "network={type: conv_net, num_spatial_dims: 1,
    in_channels: 1, out_channels: 1, hidden_channels: 4, depth: 1, activation: identity, key: 1}"

# -- a system that is singular: what was learned before is kept --
for ranks in 1 3; do
    expect 1 'unknowns is singular' mpirun -n $ranks "$trainax" train "$quickstart" --set "$gauss, damping_parameter: 0}" --set "network={type: conv_net,
        num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 4, depth: 1, activation: identity, key: 1}" --output singular$ranks
    "$trainax" inspect singular$ranks/checkpoint.h5 | grep -qx 'step: 0' || fail "a singular system leaves no checkpoint"
    expect 1 'unknowns is singular' mpirun -n 2 "$trainax" train "$quickstart" --set "$gauss, damping_parameter: 0}" --set "network={type: conv_net,
        num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 4, depth: 1, activation: identity, key: 1}" --output singular$ranks --resume
done
finish
