#!/usr/bin/env bash
# scripts/report.py: its sections and what they say, of one run, of several, of one that has diverged; what it says of wrong runs.
. "$(dirname "$0")/common.sh" "$1" "$2"

scripts=$tests/../scripts
python=$(with_modules "h5py, matplotlib, yaml") || { echo "SKIPPED: no matplotlib"; exit 77; }
export MPLCONFIGDIR=$work/matplotlib

train() { # train DIRECTORY OPTION...
    succeeds "$trainax" train "$quickstart" --quiet --set trainer.num_training_steps=20 --output "$@"
}
held_out='evaluation={data: {type: advection_1d_periodic, num_points: 30, num_samples: 4, temporal_horizon: 12, key: 4, cfl: -0.75}, metrics: [mean_nRMSE, mean_correlation]}'
for key in 1 2; do
    train five.$key --set trainer.key=$key --set "$held_out" --set 'callbacks=[weight_norm, {type: get_network, every: 10}]'
done
train double --set precision=float64 --set trainer.optimizer='{type: chain, transforms: [scale_by_adam, {type: scale_by_learning_rate, learning_rate: 0.03125}]}'
"$trainax" train "$quickstart" --quiet --set trainer.optimizer='{type: sgd, learning_rate: 1e6}' --set trainer.num_rollout_steps=20 \
    --output diverged 2>/dev/null
[ $? -eq 4 ] || fail "the run has not diverged"

report() { succeeds "$python" "$scripts/report.py" --trainax "$trainax" "$@"; }
page() { "$python" "$tests/command/report.py" "$1" "$1.txt" || fail "$1"; }
refused() { # refused CODE PATTERN ARGUMENT...
    local code=$1 pattern=$2
    shift 2
    "$python" "$scripts/report.py" --trainax "$trainax" "$@" >out.txt 2>err.txt
    [ $? -eq "$code" ] && [ "$(grep -c 'error: ' err.txt)" -eq 1 ] && grep -Eq "^report.py: error: $pattern" err.txt ||
        { fail "not refused as it should be: $*"; cat err.txt; }
}

# -- one run --
report five.1
mv five.1/report.html one.html
began=$(head -n 1 five.1/run.log | cut -d' ' -f 1)
result=$(sed -n 's/.* result: //p' five.1/run.log)
gmean=$("$trainax" evaluate five.1/config.yaml --network five.1/network.h5 | tail -n 1)
cat >one.html.txt <<P
# What was trained
# The training graph
# Losses
# What callbacks saw
# Errors
# Rollout and reference
# Where the time went
# Versions
# Configurations
Training of five.1
finished
${began/T/ }
conv, 2 parameters in float32
advection_1d_periodic (num_points 30, num_samples 4
supervised (num_rollout_steps 1
adam (learning_rate 0.01, b1 0.9, b2 0.999
20 of 20
data.key 0, network.key 73, trainer.key 1, evaluation.data.key 4
$result
>loss</text>
>weight_norm</text>
network: 1 wherever it is recorded
>mean_nRMSE</text>
>mean_correlation</text>
$gmean
on held-out data
five.1, network.h5, trajectory 0
>sums over ranks</text>
$(sed -n '1s/.* trainax \([^,]*\),.*/trainax \1/p' five.1/run.log)
temporal_horizon: 100
P
page one.html
[ "$(grep -c 'batch size</th><td>32</td>' one.html)" -eq 1 ] || fail "no batch size"

# -- several: runs that differ in their keys alone share their curves; what has no network shows what there is --
report five.1 five.2 double diverged --samples 2 --output several.html
[ ! -s err.txt ] || fail "said: $(cat err.txt)"
sed '/trained$/a # What differs' one.html.txt | grep -E '^# |^finished$|loss|mean_nRMSE|five.1, ' >several.html.txt
cat >>several.html.txt <<P
Training of five (2 runs), double, diverged
>five (2 runs)</text>
>diverged (diverging)</text>
chain (transforms [scale_by_adam (
scale_by_learning_rate (learning_rate 0.03125
the log ends with: error: training diverged at step
of 1000
not finite
diverged, checkpoint.h5, trajectory 1
double, network.h5, trajectory 1
$(sed -n 's/.* result: //p' double/run.log)
P
page several.html
grep -q '<th scope="row">precision</th><td>float32</td><td>float32</td><td>float64</td><td>float32</td>' several.html || fail "what differs"

# -- parts that cannot be made are said, in the page too --
cp -r double damaged
: >damaged/network.h5
report damaged --output damaged.html
grep -q '^report.py: warning: damaged: trainax evaluate: exit code 3: ' err.txt || fail "no warning"
grep -q 'damaged: trainax rollout: exit code 3: ' damaged.html && grep -q 'of each step' damaged.html || fail "no page of a damaged run"
cp -r double young
rm young/network.h5 young/checkpoint.h5
head -n 1 double/history.csv >young/history.csv
head -n 5 double/run.log >young/run.log
report young --output young.html
grep -q 'young has no network yet' young.html && grep -q 'no finite value of .*loss.* of young' young.html || fail "a run that has just begun"

# -- runs of the same name, of the same configuration and of others --
mkdir other again
cp -r double again/double
cp -r five.1 other/double
report double again/double other/double --output names.html
grep -q '<h1>Training of double (2 runs), other/double</h1>' names.html || fail "names: $(grep -o '<h1>.*</h1>' names.html)"

# -- states are those of the selection, in the units of the training data --
train units --set data.normalize=zscore --set 'data.samples=2:9' \
    --set 'evaluation={data: {type: advection_1d_periodic, num_points: 30, num_samples: 6, temporal_horizon: 13, key: 4, cfl: -0.75, samples: "1::2", dt_stride: 3}}'
succeeds "$trainax" generate "$quickstart" --set 'data.samples=2:9' --output whole.h5
succeeds "$trainax" generate "$quickstart" --set data.num_samples=6 --set data.temporal_horizon=13 --set data.key=4 --output held_out.h5
PYTHONPATH=$scripts "$python" - "$trainax" <<'P' || fail "states of a report"
import sys
import tempfile
import h5py
import numpy as np
import report
run = report.Run("units")
with tempfile.TemporaryDirectory() as work:
    shown = list(report.Program(sys.argv[1], work).states(run, 2))
of = lambda path: h5py.File(path)["trajectories"][...].astype(float)
whole, held_out = of("whole.h5"), of("held_out.h5")
assert len(shown) == 2
for sample, given in zip((1, 3), shown):
    expected = (held_out[sample, ::3] - whole.mean()) / whole.std()
    assert given["reference"].shape == given["rollout"].shape == expected.shape
    assert np.abs(given["reference"] - expected).max() < 2e-6  # nine digits of mean and std, and float32
    assert np.array_equal(given["rollout"][0], given["reference"][0])
for samples, count, expected in ((":", 2, "0:2:1"), ("3:", 2, "3:5:1"), ("1:9:4", 5, "1:9:4"), ("::3", 2, "0:6:3"), ("-3:", 2, "-3:"), ("9:2:-1", 1, "9:2:-1")):
    assert report.first_of(samples, count) == expected, samples
P

refused 3 'five.1/history.csv: there is no config.yaml: not the directory of a run' five.1/history.csv
refused 3 'nowhere: there is no config.yaml' nowhere
refused 2 '--samples: 1 to 100' five.1 --samples 100000000000000000000
refused 3 '/bin/true is not trainax' five.1 --trainax /bin/true --output x.html
refused 3 'none/x.html: No such file' five.1 --output none/x.html
cp -r five.1 foreign
echo '[1, 2]' >foreign/config.yaml
refused 3 'foreign: config.yaml or run.log is not that of a run' foreign
printf 'precision: float32\nrandom: {}\ndata: {}\ntrainer: {}\n' >foreign/config.yaml
refused 3 'foreign: config.yaml or run.log is not that of a run' foreign
printf 'data: \377' >foreign/config.yaml
refused 3 "foreign: config.yaml or run.log: 'utf-8' codec" foreign
cp double/config.yaml kept.yaml
refused 2 "a report is an HTML page: FILE.html, not 'double/config.yaml'" double --output double/config.yaml
cmp -s double/config.yaml kept.yaml || fail "a configuration was replaced"
finish
