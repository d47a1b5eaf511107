#!/usr/bin/env bash
# Spectral steppers in commands: data and trainings, the same bytes on any ranks and threads, whatever is kept in memory; forces from
# files; what diverges, and what does not fit, is told in one line.
. "$(dirname "$0")/common.sh" "$1" "$2"

cat >waves.yaml <<'END'
data:
  type: rollout
  stepper: {type: kuramoto_sivashinsky, domain_extent: 20.0, dt: 0.1}
  initial_condition: {type: random_truncated_fourier_series, cutoff: 3}
  num_points: 40
  num_samples: 7
  num_warmup_steps: 3
  temporal_horizon: 9
  key: 0
network: {type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 4, depth: 1, key: 1}
trainer:
  type: diverted_chain_branch_one
  num_rollout_steps: 3
  ref_stepper: {type: repeated_stepper, num_sub_steps: 2, stepper: {type: kuramoto_sivashinsky, domain_extent: 20.0, dt: 0.05}}
  num_training_steps: 8
  batch_size: 11
  optimizer: {type: adam, learning_rate: 1.0e-3}
  key: 2
END

# -- the same bytes --
succeeds "$trainax" generate waves.yaml --output one.h5
succeeds mpirun -n 3 "$trainax" generate waves.yaml --output three.h5
succeeds "$trainax" generate waves.yaml --output threads.h5 --set parallel.threads=2
cmp one.h5 three.h5 && cmp one.h5 threads.h5 || fail "data depend on ranks or threads"
train() { # train NAME RANKS ARGUMENTS...
    local name=$1 ranks=$2
    shift 2
    succeeds mpirun -n "$ranks" "$trainax" train waves.yaml --quiet --output "$name" --set parallel.block=2 "$@"
}
train one 1
train three 3
same_run one three
train threads 2 --set parallel.threads=2
same_run one threads
least=$("$trainax" train waves.yaml --output none --set parallel.block=2 --set parallel.memory=1B 2>&1 |
    sed -n 's/.* at least \([0-9.]*\) \(.*\) a rank.*/\1\2/p')
train little 1 --set parallel.memory="$least"
same_run one little
residuum='trainer.residuum_fn={type: burgers, domain_extent: 1, dt: 0.01}'
train residuum 1 --set trainer.type=residuum --set "$residuum"
train residua 2 --set trainer.type=residuum --set "$residuum"
same_run residuum residua

python=$(with_h5py) || fail "no python3 with h5py"
# -- a force is added dt times before each step: one level, or one for each of 3 + 8 --
linear='{type: advection, domain_extent: 20.0, dt: 0.5}'
succeeds "$trainax" generate waves.yaml --output force.h5 --set data.num_samples=1 --set data.temporal_horizon=11 --set data.key=5
succeeds "$trainax" generate waves.yaml --output level.h5 --set data.num_samples=1 --set data.temporal_horizon=1 --set data.key=5
for force in force level; do
    succeeds "$trainax" generate waves.yaml --output "forced_$force.h5" \
        --set "data.stepper={type: forced_stepper, force: $PWD/$force.h5, stepper: $linear}"
done
"$python" - <<'END' || fail "forced steppers"
import h5py
import numpy as np

for name in ("force", "level"):
    with h5py.File(f"forced_{name}.h5") as file, h5py.File(f"{name}.h5") as given:
        states, forces = file["trajectories"][:].astype(float), given["trajectories"][0].astype(float)
        assert file.attrs["dt"] == 0.5 and file.attrs["domain_extent"] == 20
    k = np.fft.rfftfreq(40, 1 / 40)
    for level in range(8):
        pushed = states[:, level] + 0.5 * forces[(3 + level) if len(forces) > 1 else 0]
        wave = np.exp(-2j * np.pi / 20 * k * 0.5) * np.fft.rfft(pushed)
        # float32: some roundings of numbers below 4
        assert np.abs(np.fft.irfft(wave, 40) - states[:, level + 1]).max() < 1e-5, (name, level)
END
attribute() { # attribute NAME STEPPER DT
    succeeds "$trainax" generate waves.yaml --output "$1.h5" --set "data.stepper=$2"
    "$python" -c "import h5py; assert h5py.File('$1.h5').attrs['dt'] == $3" || fail "dt of $1"
}
attribute repeated "{type: repeated_stepper, num_sub_steps: 4, stepper: $linear}" 2
attribute difficulty '{type: difficulty_linear_stepper, num_points: 40, num_spatial_dims: 1}' 1

# -- errors --
refused() { # refused STATUS MESSAGE ARGUMENTS...
    local status=$1 message=$2
    shift 2
    expect "$status" "$message" "$trainax" generate waves.yaml --output refused.h5 "$@"
    [ ! -e refused.h5 ] || fail "something is written: $message"
}
refused 2 'data.stepper.force: 11 levels for 12 steps' --set data.num_warmup_steps=4 \
    --set "data.stepper={type: forced_stepper, force: $PWD/force.h5, stepper: $linear}"
refused 2 'data.stepper.force: its levels have another shape than the states' --set data.num_points=32 \
    --set "data.stepper={type: forced_stepper, force: $PWD/force.h5, stepper: $linear}"
refused 2 'data.stepper.num_points: the states have 40 points on every axis' \
    --set 'data.stepper={type: advection, domain_extent: 1, dt: 1, num_points: 64}'
refused 2 'kolmogorov_flow_vorticity works on states with 2 spatial axes, these have 1' --set data.num_spatial_dims=1 \
    --set 'data.stepper={type: kolmogorov_flow_vorticity, domain_extent: 1, dt: 1}'
refused 3 'the data of rollout: trajectory 0, level 0 of the stepper kuramoto_sivashinsky \(counted from 0\): a number is missing, or not finite' \
    --set data.num_warmup_steps=50 --set data.stepper.dt=50
expect 2 'trainer.ref_stepper.force: 11 levels: one for each step is for the stepper of rollout data alone' \
    "$trainax" train waves.yaml --quiet --output refused --set "trainer.ref_stepper={type: forced_stepper, force: $PWD/force.h5, stepper: $linear}"
finish
