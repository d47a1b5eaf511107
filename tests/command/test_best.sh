#!/usr/bin/env bash
# best.h5: the network for which a held-out metric is best, that after the last update included; on any number of ranks, after a
# resume from any checkpoint, whatever best.h5 has become since.
. "$(dirname "$0")/common.sh" "$1" "$2"

# Steps so large that the metric goes up and down.
held_out='evaluation={data: {type: advection_1d_periodic, num_points: 30, num_samples: 3, temporal_horizon: 20, key: 5}, num_steps: 1}'
stop='{type: early_stopping, every: 4, patience: 100}'
train() { # train DIRECTORY STEPS CALLBACKS ARGUMENTS...
    local directory=$1 steps=$2 callbacks=$3
    shift 3
    succeeds $launch "$trainax" train "$quickstart" --set parallel.block=5 --set network.key=5 --set trainer.optimizer.learning_rate=0.3 \
        --set trainer.num_training_steps=$steps --set "$held_out" --set "callbacks=[$callbacks]" --output "$directory" "$@"
}
launch=""

# of FILE ATTRIBUTE
of() { h5dump -a "/$2" -m %.9g "$1" | sed -n 's/.*(0): "\{0,1\}\([^"]*\)"\{0,1\}$/\1/p'; }
# is FILE STEP METRIC VALUE
is() {
    [ "$(of "$1" step),$(of "$1" metric)" = "$2,$3" ] || fail "$1 is of step $(of "$1" step), $(of "$1" metric), not $2, $3"
    awk -v a="$(of "$1" value)" -v b="$4" 'BEGIN { e = a / b - 1; exit !(e * e < 1e-12) }' || fail "$1: $(of "$1" value), not $4"
}
content() { h5dump -g /parameters "$1" | grep -v '^HDF5'; of "$1" step; of "$1" metric; of "$1" value; }
same_best() { cmp -s <(content "$1/best.h5") <(content "$2/best.h5") || fail "best.h5 of $1 and $2 are not the same"; }
# The row of history.csv that is best in a column, by sort's keys.
best_row() { awk -F, -v k="$2" 'NR > 1 && $k != ""' "$1/history.csv" | sort -t, -k"$2,$2$3" | head -1; }

# -- the best row's network: as the file says, and as an evaluation of it --
train run 60 "$stop"
grep -q "best network: mean_nRMSE .* after .* steps: .*best.h5" err.txt out.txt || fail "the user is not told of best.h5"
grep -q 'warning: .*trained on' err.txt && fail "a warning of data that are held out"
IFS=, read -r step _ _ _ value <<<"$(best_row run 5 g)"
is run/best.h5 "$step" mean_nRMSE "$value"
[ "$step" -gt 0 ] && [ "$step" -lt 56 ] || fail "the best step is $step: nothing is tested"
"$trainax" evaluate "$quickstart" --set "$held_out" --network run/best.h5 >screen.txt || fail "best.h5 is no network file"
awk -v a="$(sed -n 's/gmean_mean_nRMSE: //p' screen.txt)" -v b="$value" 'BEGIN { e = a / b - 1; exit !(e * e < 1e-12) }' ||
    fail "best.h5 is another network than that of step $step"
"$trainax" inspect run/best.h5 | grep -Eqx "mean_nRMSE: $value" || fail "inspect says nothing of the metric"

# -- where training does well to its end, the network after the last update, which no row has seen --
train well 10 "$stop" --set trainer.optimizer.learning_rate=0.01
cmp <(h5dump -g /parameters well/best.h5 | grep -v ^HDF5) <(h5dump -g /parameters well/network.h5 | grep -v ^HDF5) ||
    fail "the network after the last update was not measured"
[ "$(of well/best.h5 step)" = 10 ] || fail "best.h5 is of step $(of well/best.h5 step) instead of 10"

# -- on three ranks, with data shared with the run, where a callback ends it --
launch="mpirun -n 3" train three 60 "$stop"
same_best run three
ended='{type: early_stopping, every: 2, patience: 2}'
train ended 60 "$ended" --set 'evaluation={num_steps: 5}'
[ "$(grep -c 'warning: early_stopping watches the data that are trained on' err.txt)" = 1 ] || fail "no warning of training data"
launch="mpirun -n 3" train ended3 60 "$ended" --set 'evaluation={num_steps: 5}'
[ "$(tail -1 ended/history.csv | cut -d, -f1)" -lt 59 ] || fail "nothing has ended the run"
same_best ended ended3

# -- metrics: the metric that it is told; it goes before early_stopping's; of correlations the largest --
kept='{type: metrics, every: 4, over_steps: last, keep_best: mean_correlation}'
train kept 60 "$stop, $kept" --set evaluation.metrics=mean_correlation
IFS=, read -r step _ _ _ _ value <<<"$(best_row kept 6 gr)"
is kept/best.h5 "$step" mean_correlation "$value"
launch="mpirun -n 3" train kept3 60 "$kept, $stop" --set evaluation.metrics=mean_correlation
same_best kept kept3
train same 4 "$stop" --set evaluation.data="{type: advection_1d_periodic, num_points: 30, num_samples: 20, cfl: -0.75, temporal_horizon: 100, key: 0}"
grep -q 'warning: .*trained on' err.txt || fail "no warning of training data, given once more"
train sum 4 "metrics, weight_norm" --set 'evaluation={num_steps: 5}'
grep -q 'warning: .*trained on' err.txt && fail "a warning where nothing is chosen"
expect 2 'best.h5 is kept by mean_correlation already' "$trainax" train "$quickstart" --set "callbacks=[$kept, $kept]" --output none
expect 2 'keep_best.*did you mean .mean_nRMSE' "$trainax" train "$quickstart" --set 'callbacks=[{type: metrics, keep_best: mean_nRMS}]' --output none
expect 2 'keep_best.*one metric' "$trainax" train "$quickstart" --set 'callbacks=[{type: metrics, keep_best: "mean_MSE,mean_MAE"}]' --output none

# -- cut back to an older checkpoint: best.h5 is what it was then, and in the end as if nothing had been --
saving="$stop, {type: checkpoint, every: 20}"
train long 40 "$saving"
train short 20 "$saving"
cp -r long back && mv back/checkpoint.previous.h5 back/checkpoint.h5 && rm back/network.h5
launch="mpirun -n 2" train back 20 "$saving" --resume
same_best short back
[ "$(of short/best.h5 step)" != "$(of long/best.h5 step)" ] || fail "nothing is tested"
train back 40 "$saving" --resume
same_best long back
for harm in 'rm back/best.h5' 'cp well/best.h5 back/best.h5'; do # of a finished run, too
    eval "$harm"
    launch="mpirun -n 2" train back 40 "$saving" --resume
    same_best long back
done

# -- alone in a directory, it is not replaced by a start from scratch --
mkdir bare && cp long/best.h5 bare
expect 2 'bare/best.h5 is finished.*no checkpoint' mpirun -n 2 "$trainax" train "$quickstart" --quiet --output bare --resume
cmp -s long/best.h5 bare/best.h5 || fail "best.h5 without a checkpoint is another now"

# -- the network after the last update of a part is not forgotten, though no row of the whole has seen it --
train parts 20 '{type: early_stopping, every: 8, patience: 100}'
[ "$(of parts/best.h5 step)" = 20 ] || fail "nothing is tested"
train parts 28 '{type: early_stopping, every: 8, patience: 100}' --resume
[ "$(of parts/best.h5 step)" = 20 ] || fail "the best network was forgotten: step $(of parts/best.h5 step)"

# -- a metric that is no number: every reference state is 0 --
train none 4 "$stop" --set "$held_out" --set evaluation.data="{type: rollout, stepper: {type: fou_advection_1d, cfl: -0.75}, initial_condition: {type: random_truncated_fourier_series, amplitude_range: [0, 0]}, num_points: 30, num_samples: 2, temporal_horizon: 5, key: 0}"
grep -q 'warning: no best network: mean_nRMSE was never a number' err.txt || fail "no word of a metric that is no number"
[ -e none/best.h5 ] && fail "a best network by a metric that is no number"

# -- a run anew --
train run 4 weight_norm --overwrite
[ -e run/best.h5 ] && fail "best.h5 of the run before"
train run 8 "$stop" --overwrite
[ "$(of run/best.h5 step)" -le 8 ] || fail "best.h5 of the run before"

finish
