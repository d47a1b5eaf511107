#!/usr/bin/env bash
# A solver that is itself parallel: several ranks make each of its calls together, whoever's work it is. Against the same solver on
# one rank, byte for byte, wherever a plan runs.
# Alone: four ranks that wait for each other in every call get nothing done beside other tests on two cores.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

[ -z "${TRAINAX_SANITIZE:-}" ] || sanitizer="-fsanitize=$TRAINAX_SANITIZE"
command -v mpicc >/dev/null || exit 77
cmake --install "$build" --prefix "$work/prefix" >/dev/null || fail "cmake --install"
export PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name trainax-plugin.pc)")
flags=$(pkg-config --cflags --libs trainax-plugin)
for name in parted burgers; do
    sources="$tests/plugins/$name.c"
    [ $name = parted ] || sources="$sources $tests/plugins/burgers_plugin.c"
    succeeds env OMPI_CC=${CC:-cc} mpicc -std=c11 -Wall -Wextra -Werror -O1 -fPIC -shared $sources $flags ${sanitizer:-} -o lib$name.so
done

cat >chain.yaml <<'YAML'
data:
  type: rollout
  stepper: {type: plugin, library: libparted.so}
  initial_condition: {type: random_truncated_fourier_series, cutoff: 5, max_one: true}
  num_points: 21
  num_samples: 7
  temporal_horizon: 8
  key: 0
network: {type: conv, kernel_size: 3, padding: same, padding_mode: circular, num_spatial_dims: 1, in_channels: 1, out_channels: 1, key: 73}
trainer:
  type: diverted_chain
  num_rollout_steps: 3
  num_branch_steps: 2
  ref_stepper: {type: plugin, library: libparted.so}
  optimizer: {type: adam, learning_rate: 1.0e-2}
  num_training_steps: 20
  batch_size: 14
  key: 42
evaluation: {num_steps: 5}
callbacks:
  - {type: metrics, every: 5}
  - {type: grad_norm, every: 4, name: other, configuration: {type: diverted_chain, num_rollout_steps: 2}, ref_stepper: {type: plugin, library: libparted.so, number: 0.05}}
parallel: {block: 3}
YAML
all="data.stepper.ranks trainer.ref_stepper.ranks callbacks.1.ref_stepper.ranks"
ranks() { for key in $all; do echo --set "$key=$1"; done; }
# train NAME RANKS TOGETHER [OPTION...]
train() {
    succeeds mpirun -n $2 "$trainax" train chain.yaml --quiet --output "$1" $(ranks $3) "${@:4}"
}

# -- the serial solver's bytes: five blocks on 2 or 4 ranks, or two of 8 (of the ranks some have none), threads, short memory --
for precision in float32 float64; do
    rm -rf alone
    train alone 1 1 --set precision=$precision
    for pair in "2 2" "4 2" "4 4"; do
        rm -rf together
        train together $pair --set precision=$precision
        same_run alone together
    done
done
train odd 3 3 --set precision=float64
same_run alone odd
train threads 2 2 --set precision=float64 --set parallel.threads=2
same_run alone threads
train long 1 1 --set trainer.num_rollout_steps=12 --set data.temporal_horizon=14
predicted=$(sed -n 's/.*memory per rank: \([0-9]*\) KiB.*/\1/p' long/run.log)
train short 4 2 --set trainer.num_rollout_steps=12 --set data.temporal_horizon=14 --set parallel.memory=$((predicted * 19 / 20))KiB
same_run long short
train few_alone 1 1 --set parallel.block=8
train few 4 2 --set parallel.block=8
same_run few_alone few
# Data alone, training together.
succeeds mpirun -n 4 "$trainax" train chain.yaml --quiet --output mixed --set precision=float64 --set trainer.ref_stepper.ranks=2
same_run alone mixed

loss="--set trainer.time_level_loss.type=plugin --set trainer.time_level_loss.library=libparted.so"
train loss_alone 1 1 $loss
train loss 4 2 $loss --set trainer.time_level_loss.ranks=2
same_run loss_alone loss

# -- wherever else a plan runs --
succeeds "$trainax" generate chain.yaml --output alone.h5
succeeds mpirun -n 4 "$trainax" generate chain.yaml --output together.h5 --set data.stepper.ranks=2
cmp alone.h5 together.h5 || fail "data that ranks have computed together"
succeeds "$trainax" evaluate chain.yaml --network few/network.h5 --full-loss --output alone.csv
mv out.txt alone.txt
succeeds mpirun -n 4 "$trainax" evaluate chain.yaml --network few/network.h5 --full-loss --output together.csv $(ranks 4)
cmp alone.csv together.csv && cmp out.txt alone.txt || fail "an evaluation: $(cat out.txt alone.txt)"
if ! "$trainax" --version | grep -q '^BLAS: none'; then # has no second order
    for ranks in "1 1" "4 2"; do
        all="data.stepper.ranks trainer.ref_stepper.ranks" train second_${ranks% *} $ranks --set precision=float64 --set trainer.num_training_steps=4 --set callbacks=[] \
            --set trainer.optimizer='{type: levenberg_marquardt}'
    done
    # its sums over ranks are rounded as MPI comes to add
    paste -d, second_1/history.csv second_4/history.csv | awk -F, 'NR > 1 { d = $4 - $8; if (d > 1e-9 * $4 || d < -1e-9 * $4) bad++ } END { exit bad > 0 || NR != 5 }' ||
        fail "rows that ranks have computed together: $(tail second_*/history.csv)"
fi
succeeds "$trainax" check chain.yaml --component trainer.ref_stepper --set precision=float64 $(ranks 2)
succeeds "$trainax" inspect chain.yaml $(ranks 2)

# -- a resume on other ranks, in other groups; a signal in the middle --
train half 2 2 --set precision=float64 --set trainer.num_training_steps=9
train half 4 4 --set precision=float64 --resume
same_run alone half
mpirun -n 4 "$trainax" train chain.yaml --quiet --output slow $(ranks 2) --set trainer.num_training_steps=100000000 2>err.txt &
process=$!
for _ in $(seq 600); do
    [ "$(tail -n 1 slow/history.csv 2>/dev/null | cut -d, -f1)" -gt 3 ] 2>/dev/null && break
    sleep 0.1
done
kill -USR1 "$(pgrep -P $process -x trainax | tail -1)"
wait $process
code=$?
[ $code = 75 ] || fail "exit code $code after a signal: $(cat err.txt)"

# -- what is wrong --
refuse() {
    rm -rf refused
    expect "$@" --quiet --output refused
}
refuse 2 'trainer.ref_stepper.ranks: 2 ranks are to make each call of .parted. together, and the 3 ranks here cannot be divided' \
    mpirun -n 3 "$trainax" train chain.yaml --set trainer.ref_stepper.ranks=2
refuse 2 'data.stepper.ranks: 2 ranks are to make each call of .parted. together, and the 1 rank here' "$trainax" train chain.yaml $(ranks 2)
refuse 2 'trainer.ref_stepper.ranks: 2 here, but 4 of another component' \
    mpirun -n 4 "$trainax" train chain.yaml $(ranks 4) --set trainer.ref_stepper.ranks=2
refuse 2 "trainer.ref_stepper.ranks: 'burgers' is not made for several ranks" \
    mpirun -n 2 "$trainax" train chain.yaml --set trainer.ref_stepper.library=libburgers.so --set trainer.ref_stepper.ranks=2
for failing in 0 1; do
    refuse 4 "diverged at step 0.*: the function 'parted' failed with code 7: on rank $failing of its group: told to fail" \
        mpirun -n 4 "$trainax" train chain.yaml $(ranks 2) --set trainer.ref_stepper.fails=$failing
    expect 3 "data.stepper: trajectory 0, the step to level 1 .*: the function 'parted' failed with code 7: on rank $failing of its group" \
        mpirun -n 4 "$trainax" generate chain.yaml --output bad.h5 --set data.stepper.ranks=2 --set data.stepper.fails=$failing
done
finish
