# Baselines: their numbers against numpy's; what they leave behind is taken by every other command; wrong input of every sort.
. "$(dirname "$0")/common.sh"

if "$trainax" --version | grep -q '^BLAS: none'; then
    expect 1 'this build has no ScaLAPACK' "$trainax" baseline "$quickstart"
    finish
fi

python=$(with_h5py) || fail "no python3 with h5py here: scripts/install_dependencies.sh --tests"
(mkdir numbers && cd numbers && "$python" "$tests/command/baseline.py" "$trainax") || fail "baseline.py"

cat >run.yaml <<'EOF'
data: {type: advection_1d_periodic, num_points: 20, num_samples: 6, cfl: -0.75, highest_init_mode: 3, temporal_horizon: 9, key: 0}
evaluation: {num_steps: 5}
EOF

# The default kinds; files that say what `evaluate` says; their own folder.
succeeds mpirun -n 2 "$trainax" baseline run.yaml
[ "$(cut -d, -f1 runs/run_baseline/baselines.csv | paste -sd' ')" = "name persistence ridge dmd spectral" ] || fail "the default kinds"
column=2
for name in persistence ridge dmd spectral; do
    succeeds "$trainax" evaluate run.yaml --network runs/run_baseline/$name.h5 --output $name.csv
    cmp -s <(cut -d, -f1,$column runs/run_baseline/metrics.csv | tail -n +2) <(tail -n +2 $name.csv) || fail "metrics.csv of $name"
    column=$((column + 1))
done
succeeds "$trainax" generate run.yaml --output data.h5
succeeds "$trainax" rollout runs/run_baseline/spectral.h5 --initial data.h5 --steps 2 --output rolled.h5

# A training that starts from one.
sed -n '/^type:/,$p' <("$trainax" inspect runs/run_baseline/dmd.h5) | sed 's/^/  /; s/parameters: null/parameters: runs\/run_baseline\/dmd.h5/' >network.txt
{ cat run.yaml; echo network:; cat network.txt; cat <<'EOF'; } >train.yaml
trainer: {num_training_steps: 0, batch_size: 4, key: 0, optimizer: {type: adam, learning_rate: 1e-3}}
EOF
succeeds "$trainax" train train.yaml --output from_dmd
h5diff from_dmd/network.h5 runs/run_baseline/dmd.h5 /parameters || fail "a training does not begin with the baseline"

# A state without axes has no wavenumbers, and linear maps alone.
echo 'data: {type: lorenz_rk4, num_samples: 3, temporal_horizon: 20, key: 0}' >lorenz.yaml
succeeds "$trainax" baseline lorenz.yaml
[ "$(cut -d, -f1 runs/lorenz_baseline/baselines.csv | paste -sd' ')" = "name persistence ridge dmd" ] || fail "the default kinds without axes"

# Results are not replaced, inputs never.
expect 2 'runs/run_baseline holds results \(persistence.h5\): give --overwrite' "$trainax" baseline run.yaml
succeeds "$trainax" baseline run.yaml --overwrite
mkdir inputs
cp data.h5 inputs/mine.h5
echo 'data: {type: file, path: inputs/mine.h5}
baselines: [{type: persistence, name: mine}]' >mine.yaml
expect 2 'mine.h5. is an input' "$trainax" baseline mine.yaml --output inputs --overwrite
cmp -s data.h5 inputs/mine.h5 || fail "an input was replaced"
succeeds "$trainax" baseline mine.yaml --output directory/of/its/own
touch file
expect 3 'file' "$trainax" baseline run.yaml --output file/there

# refuses PATTERN BASELINES [ARGUMENT...]: at its place, and without a trace.
refuses() {
    { cat run.yaml; echo "baselines: $2"; } >wrong.yaml
    expect 2 "wrong.yaml:3:[0-9]+: .*$1" "$trainax" baseline wrong.yaml --output nothing "${@:3}"
    [ ! -e nothing ] || fail "something was written: $1"
}
refuses "unknown baseline 'rigde' \(did you mean 'ridge'" '[rigde]'
refuses "alpah.*did you mean 'alpha'" '[{type: ridge, alpah: 1}]'
refuses 'at least 0' '[{type: ridge, alpha: -1}]'
refuses 'between 1e-07 and 1, not 1e-8' '[{type: truncated_svd, rcond: 1e-8}]'
refuses 'below 1' '[{type: truncated_svd, rcond: 1}]'
refuses 'below 1' '[{type: spectral, rcond: 1}]'
refuses 'rcond' '[{type: spectral, rcond: auto}]'
refuses 'at least 1' '[{type: dmd, rank: 0}]'
refuses 'a state has 20 numbers, fewer than 21' '[{type: dmd, rank: 21}]'
refuses "two baselines are called 'dmd'" '[{type: dmd, rank: 1}, dmd]'
refuses 'no name for a file' '[{type: persistence, name: a/b}]'
refuses "'step' is no name" '[{type: persistence, name: step}]'
refuses 'there is none' '[]'
refuses 'the data have one alone' '[{type: dmd, rank: 1, name: a}, ridge]' --set data.num_samples=1
expect 2 'run.yaml:1:1: data: .*only 1' "$trainax" baseline run.yaml --set data.temporal_horizon=1 --set evaluation.num_steps=null
expect 2 '^trainax: error: --set baselines.*spectral needs spatial axes' "$trainax" baseline lorenz.yaml --set 'baselines=[spectral]' --output nothing
expect 2 '^trainax: error: --set evaluation.data: its states have another shape' "$trainax" baseline run.yaml \
    --set 'evaluation.data={type: lorenz_rk4, num_samples: 2, temporal_horizon: 9, key: 0}' --output nothing
expect 2 'num_steps: 5 steps' "$trainax" baseline run.yaml --set data.temporal_horizon=4 --output nothing
expect 2 "section 'data'|data" "$trainax" baseline run.yaml --set data=null --output nothing
expect 3 'missing.h5' "$trainax" baseline mine.yaml --set data.path=missing.h5 --output nothing
expect 1 'alpha 0 has no solution' mpirun -n 2 "$trainax" baseline run.yaml --set 'baselines=[{type: ridge, alpha: 0}]' --output nothing
expect 2 '^trainax: error: --set parallel.memory: too little: these baselines take [0-9]+ KiB a rank' "$trainax" baseline run.yaml \
    --set parallel.memory=1KiB --output nothing
succeeds "$trainax" baseline run.yaml --set parallel.memory=100MiB --output enough
expect 2 'from_dmd holds results .run.log.' mpirun -n 2 "$trainax" baseline run.yaml --output from_dmd
expect 2 '^trainax: error: --set evaluation.data: the trajectories to evaluate on have their initial level alone' "$trainax" baseline run.yaml \
    --set 'evaluation.data={type: advection_1d_periodic, num_points: 20, num_samples: 2, temporal_horizon: 1, key: 0}' --output nothing
expect 2 'memory' "$trainax" baseline run.yaml --set data.num_points=200000 --set data.num_samples=100 --set data.temporal_horizon=2000 \
    --set 'baselines=[{type: ridge, alpha: 1}]' --output nothing
[ ! -e nothing ] || fail "something was written"

finish
