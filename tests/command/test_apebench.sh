#!/usr/bin/env bash
# trainax apebench: its tables beside those of apebench itself, read by its own functions where they are there; the same after a stop
# and on other ranks; what is said of wrong files.
. "$(dirname "$0")/common.sh" "$1" "$2"
python=$(with_h5py) || python=
check() { [ -z "$python" ] || "$python" "$tests/command/experiments.py" "$@" || fail "experiments.py $*"; }
study=$tests/command/apebench.yaml

# -- the tables of apebench --
succeeds "$trainax" apebench "$study" --output whole --melt_sample_rollouts
check whole "$tests/command/apebench.json"
first=$(cd whole/runs && echo diff_adv__*)
cmp "whole/runs/$first/1/network.h5" "whole/network_weights/$first/1.h5" || fail "network_weights"

# -- each seed is the run that `scenario` has --
{ echo "precision: float64"; sed -n 's/^- {scenario: \(.*\), start_seed.*num_seeds: 2, \(.*\)}$/scenario: {type: \1, seed: 1, \2}/p' "$study"; } >one.yaml
succeeds "$trainax" train one.yaml --output one
same_run one "whole/runs/$first/1"

# -- rollouts that are kept: of all test trajectories they have the errors that the table says --
all="--set net=Conv;4;1;relu --set optim_config=adam;5;constant;1e-3 --set num_points=24 --set num_test_samples=3"
all="$all --set num_trjs_returned=3 --set test_temporal_horizon=4 --set train_temporal_horizon=5 --set precision=float64"
succeeds "$trainax" apebench diff_adv $all --set num_seeds=2 --output all --start_seed 5
grep -q '^5,1d_diff_adv,predict,Conv;4;1;relu,one,' all/metrics.csv || fail "start_seed"
cat >all.yaml <<'YAML'
precision: float64
scenario: {type: diff_adv, num_points: 24, num_test_samples: 3, test_temporal_horizon: 4}
YAML
succeeds "$trainax" generate all.yaml --evaluation --output test.h5
check all --rollouts test.h5
[ ! -e all/sample_rollout.csv ] || fail "sample_rollout.csv was not asked for"

# -- stopped, and gone on on other ranks: the same bytes; what is there is left --
same_tables() { # same_tables DIR DIR
    diff -r "$1/raw" "$2/raw" >/dev/null || fail "raw of $1 and $2"
    for file in metrics train_loss sample_rollout; do
        cmp "$1/$file.csv" "$2/$file.csv" || fail "$file.csv of $1 and $2"
    done
}
"$trainax" apebench "$study" --output part --melt_sample_rollouts >out.txt 2>err.txt &
running=$!
for ((k = 0; k < 600; k++)); do
    compgen -G 'part/runs/*/1/run.log' >/dev/null && break
    sleep 0.02
done
kill -USR1 $running
wait $running
code=$?
[ $code = 75 ] || [ $code = 0 ] || fail "exit code $code of a stop"
[ $code = 0 ] || grep -q 'run again to go on' err.txt || fail "stopped: $(cat err.txt)"
succeeds mpirun -n 3 "$trainax" apebench "$study" --output part --melt_sample_rollouts
same_tables whole part
rm "part/raw/$first.csv" part/metrics.csv
ls -i "part/runs/$first/0/network.h5" >before.txt
succeeds "$trainax" apebench "$study" --output part --melt_sample_rollouts
same_tables whole part
ls -i "part/runs/$first/0/network.h5" | cmp - before.txt || fail "a run was trained again"
[ "$(grep -c 'is there already: skipped$' err.txt)" = 2 ] || fail "skipped: $(cat err.txt)"
touch -d 2000-01-01 "part/runs/$first/0/network.h5"
succeeds "$trainax" apebench "$study" --output part --melt_sample_rollouts --overwrite
same_tables whole part
[ "part/runs/$first/0/network.h5" -nt "$study" ] || fail "a run was not trained again"

# -- wrong files --
wrong() { # wrong 'PATTERN' LINE...
    local pattern=$1
    shift
    printf '%s\n' "$@" >wrong.yaml
    expect 2 "$pattern" "$trainax" apebench wrong.yaml --output wrong
    [ ! -e wrong ] || fail "something was written: $*"
}
entry='scenario: diff_adv, task: predict, net: "Pure;3", train: one, start_seed: 0'
wrong "wrong.yaml:1:3: configs.0.num_seeds is required" "- {$entry}"
wrong "wrong.yaml:1:3: configs.0.net is required" "- {scenario: diff_adv, task: predict, train: one, start_seed: 0, num_seeds: 1}"
wrong "wrong.yaml:2:92: configs.0.num_seeds must be between 1" "configs:" "- {$entry, num_seeds: 0}"
wrong "wrong.yaml:2:1: unknown key 'precison' \(did you mean 'precision'" "configs: [{$entry, num_seeds: 1}]" "precison: float64"
wrong "wrong.yaml:1:1: configs must be a list" "precision: float64"
wrong "wrong.yaml:1:.*diff_advv" "- {scenario: diff_advv, task: predict, net: \"Pure;3\", train: one, start_seed: 0, num_seeds: 1}"
wrong "wrong.yaml:1:.*advection_gama.*advection_gamma" "- {$entry, num_seeds: 1, advection_gama: 3}"
wrong "wrong.yaml:1:.*train" "- {scenario: diff_adv, task: predict, net: \"Pure;3\", train: two, start_seed: 0, num_seeds: 1}"
wrong "unknown key 'seed' of an experiment" "- {$entry, num_seeds: 1, seed: 4}"
wrong "longer than 250 bytes" "- {$entry, num_seeds: 1, ic_config: \"fourier;5;$(printf 'true%.0s' {1..60});true\"}"
expect 2 "metric_name mean_RMSE: diff_adv.* does not report it" "$trainax" apebench diff_adv --metric_name mean_RMSE --output wrong
# all 46 scenarios of the paper resolve; then nothing is trained
expect 2 "metric_name mean_RMSE: diff_adv__predict.* does not report it" "$trainax" apebench "$tests/../scripts/studies/apebench_v1.yaml" \
    --metric_name mean_RMSE --output wrong
expect 2 "start_seed x: an integer" "$trainax" apebench diff_adv --start_seed x
expect 2 "nowhere.yaml: cannot be read" "$trainax" apebench nowhere.yaml
expect 2 "holds a run" "$trainax" apebench diff_adv $all --output one
finish
