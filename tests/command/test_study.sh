#!/usr/bin/env bash
# trainax study: each run the bytes of the single one, tables as numpy computes them, the same after a stop and on other ranks, and what
# is said of wrong files.
. "$(dirname "$0")/common.sh" "$1" "$2"
python=$(with_h5py) || python=
cp "$quickstart" base.yaml

cat >study.yaml <<'YAML'
base: base.yaml
settings:
  plain: {}
  slow: {trainer.optimizer.learning_rate: 1.0e-3}
  wide: {network.kernel_size: 5, trainer.num_training_steps: 25}
seeds: "0:3"
YAML
few="--set trainer.num_training_steps=40"
check() { [ -z "$python" ] || "$python" "$tests/command/study.py" "$@" || fail "study.py $*"; }

# -- the single run's bytes, and the tables --
succeeds "$trainax" study study.yaml $few --output whole
succeeds "$trainax" train base.yaml --set trainer.num_training_steps=25 --set network.kernel_size=5 --output single \
    --set "network.key={seed: 2, split: 2, index: 0}" --set "trainer.key={seed: 2, split: 2, index: 1}"
same_run single whole/runs/wide/2
cmp <(sed 's,^  directory: .*,,' single/config.yaml) <(sed 's,^  directory: .*,,' whole/runs/wide/2/config.yaml) || fail "config.yaml"
succeeds "$trainax" evaluate base.yaml --set network.kernel_size=5 --network single/network.h5 --output single.csv
cmp single.csv whole/runs/wide/2/metrics.csv || fail "metrics.csv"
check whole mean_nRMSE

# -- stopped in the middle, and gone on; on other ranks; finished runs are left --
without_seconds() { # what does not depend on the clock, of all tables
    cut -d, -f1-5,7- "$1/study.csv"
    cut -d, -f1-4,6- "$1/summary.csv"
    cat "$1/tests.csv" "$1/study.md"
    sed 's/"seconds": [^,]*,//; s/"seconds_to_target": [^,]*,//' "$1/study.json"
}
same_study() { cmp -s <(without_seconds "$1") <(without_seconds "$2") || fail "$1 and $2 are not the same study"; }
"$trainax" study study.yaml $few --set output.checkpoint_every=10 --output part >out.txt 2>err.txt &
study=$!
for ((k = 0; k < 600; k++)); do
    [ -e part/runs/slow/0/history.csv ] && break
    sleep 0.05
done
kill -USR1 $study
wait $study
code=$?
case $code in
    75) grep -Eq '^trainax: stopped (in|before) run [4-9] of 9 \(part/runs/(slow|wide)/[0-2]\).*: run again with --resume to go on$' err.txt || fail "stopped: $(cat err.txt)" ;;
    0) echo "it was finished before it could be stopped" ;;
    *) fail "exit code $code of a stop" ;;
esac
ls -i part/runs/plain/0/network.h5 >before.txt
succeeds mpirun -n 2 "$trainax" study study.yaml $few --set output.checkpoint_every=10 --output part --resume
same_study whole part
same_run whole/runs/slow/0 part/runs/slow/0
ls -i part/runs/plain/0/network.h5 | cmp - before.txt || fail "a finished run was trained again"
# killed: nothing but what is on the disk is left; the tables in between are those of the runs that have ended
"$trainax" study study.yaml $few --set output.checkpoint_every=10 --output killed >out.txt 2>err.txt &
study=$!
for ((k = 0; k < 600; k++)); do
    [ -e killed/runs/slow/1/checkpoint.h5 ] && break
    sleep 0.05
done
kill -KILL $study 2>/dev/null
wait $study 2>/dev/null
check killed mean_nRMSE
succeeds "$trainax" study study.yaml $few --set output.checkpoint_every=10 --output killed --resume
same_study whole killed
succeeds "$trainax" study study.yaml $few --set output.checkpoint_every=10 --output killed --resume
same_study whole killed
# another number of steps: runs go on
succeeds "$trainax" study study.yaml --set trainer.num_training_steps=50 --set output.checkpoint_every=10 --output killed --resume
grep -q '^plain,0,finished,,50,' killed/study.csv || fail "runs were not extended: $(cat killed/study.csv)"
expect 2 "killed/runs/plain/0/checkpoint.h5" "$trainax" study study.yaml $few --set trainer.batch_size=7 --output killed --resume
succeeds "$trainax" study study.yaml $few --set trainer.batch_size=7 --output killed --overwrite
check killed mean_nRMSE

# -- sections in the study itself; --set changes the base, a setting goes before it; a path starts in the file that it stands in --
mkdir -p elsewhere/data
succeeds "$trainax" generate base.yaml --output elsewhere/data/waves.h5
{
    echo "base:"
    sed 's/^/  /' base.yaml
    echo "settings: {stored: {data: {type: file, path: data/waves.h5}}, made: {trainer.num_training_steps: 10}}"
    echo "seeds: [3]"
} >elsewhere/inside.yaml
succeeds "$trainax" study elsewhere/inside.yaml $few --quiet
[ -e runs/inside/summary.csv ] || fail "no runs/inside"
check runs/inside mean_nRMSE
grep -q '^made,3,finished,,10,' runs/inside/study.csv && grep -q '^stored,3,finished,,40,' runs/inside/study.csv || fail "steps of settings"

# -- a run that diverges holds up nobody --
sed 's/^settings:/settings:\n  wild: {trainer.optimizer.learning_rate: 1.0e+30}/' study.yaml >wild.yaml
succeeds "$trainax" study wild.yaml $few --output wild
grep -Eq '^wild,0,diverged,,[0-9]+,[0-9.]+,[^,]*,$' wild/study.csv || fail "no diverged run: $(cat wild/study.csv)"
check wild mean_nRMSE
printf 'base: base.yaml\nsettings: {wild: {trainer.optimizer.learning_rate: 1.0e+30}}\nseeds: [0, 1]\n' >all.yaml
expect 4 "all 2 runs have diverged" "$trainax" study all.yaml $few --output all
expect 4 "all 2 runs have diverged" "$trainax" study all.yaml $few --output all --resume

# -- to a target: a run ends when it is seen; the steps are those before it --
if "$trainax" help callback/until >/dev/null 2>&1; then
    { cat study.yaml; echo "until: {metric: mean_nRMSE, below: 0.4, every: 20}"; } >until.yaml
    succeeds "$trainax" study until.yaml --set trainer.num_training_steps=600 --set evaluation.num_steps=10 --output until
    check until mean_nRMSE 0.4
    grep -q '^plain,[0-9],finished,true,' until/study.csv || fail "no run has come to the target: $(cat until/study.csv)"
    sed 's/mean_nRMSE, below: 0.4/mean_correlation, below: 0.9/' until.yaml >risen.yaml
    succeeds mpirun -n 3 "$trainax" study risen.yaml --set trainer.num_training_steps=600 --set evaluation.num_steps=10 \
        --set "evaluation.metrics=[mean_MSE]" --set "callbacks={type: weight_norm, every: 7}" --output risen
    check risen mean_correlation 0.9
    head -1 risen/runs/slow/0/metrics.csv | grep -q '^step,mean_MSE,mean_correlation$' || fail "metrics.csv of a target"
    wrong_until() { # wrong_until 'PATTERN' UNTIL
        printf 'base: base.yaml\nsettings: {a: {}}\nseeds: [0]\nuntil: %s\n' "$2" >wrong.yaml
        expect 2 "$1" "$trainax" study wrong.yaml --output wrong
    }
    wrong_until "wrong.yaml:4:8: callbacks.0.below is required" "{metric: mean_nRMSE}"
    wrong_until "wrong.yaml:4:17: .*mean_nRMS'" "{metric: mean_nRMS, below: 1}"
    wrong_until "wrong.yaml:4:42: unknown key 'abve' in callbacks.0" "{metric: mean_nRMSE, below: 0.05, abve: 1}"
fi

# -- wrong files: the line and the column, before anything is trained --
wrong() { # wrong 'PATTERN' LINE...: on stderr, of a study of these lines
    local pattern=$1
    shift
    printf '%s\n' "$@" >wrong.yaml
    expect 2 "$pattern" "$trainax" study wrong.yaml --output wrong
    [ ! -e wrong ] || fail "something was written: $*"
}
base="base: base.yaml" settings="settings: {a: {}}" seeds="seeds: [0]"
wrong "wrong.yaml:1:1: study.settings is required" "$base" "$seeds"
wrong "wrong.yaml:1:1: study.seeds is required" "$base" "$settings"
wrong "wrong.yaml:1:1: study.base is required" "$settings" "$seeds"
wrong "wrong.yaml:2:11: study.settings: there is no setting" "$base" "settings: {}" "$seeds"
wrong "wrong.yaml:3:8: study.seeds: " "$base" "$settings" "seeds: []"
wrong "wrong.yaml:3:8: study.seeds: there is no seed" "$base" "$settings" "seeds: '2:1'"
wrong "wrong.yaml:3:8: study.seeds: 4 stands there twice" "$base" "$settings" 'seeds: ["3:6", 4]'
wrong "wrong.yaml:3:8: study.seeds: .*'few'" "$base" "$settings" "seeds: few"
wrong "wrong.yaml:2:1: unknown key 'setings' in study \(did you mean 'settings'" "$base" "setings: {a: {}}" "$seeds"
wrong "wrong.yaml:2:16: .*unknown key 'learning_rat' in trainer.optimizer \(did you mean 'learning_rate'" "$base" \
    "settings: {a: {trainer.optimizer.learning_rat: 1}}" "$seeds"
wrong "wrong.yaml:2:16: .*unknown key 'trainr' \(did you mean 'trainer'" "$base" "settings: {a: {trainr.batch_size: 1}}" "$seeds"
wrong "wrong.yaml:2:36: trainer.batch_size" "$base" "settings: {a: {trainer.batch_size: none}}" "$seeds"
wrong "wrong.yaml:2:15: study.settings: 'a' must be a mapping" "$base" "settings: {a: 3}" "$seeds"
wrong "wrong.yaml:2:12: study.settings: 'a/b'" "$base" "settings: {a/b: {}}" "$seeds"
wrong "nowhere.yaml: cannot be read" "base: nowhere.yaml" "$settings" "$seeds"
wrong "study.until is the callback" "$base" "$settings" "$seeds" "until: {type: until, metric: mean_nRMSE, below: 1}"
expect 2 "whole already holds a study: give --resume" "$trainax" study study.yaml --output whole
expect 2 "single holds a run" "$trainax" study study.yaml --output single
expect 2 "exclude each other" "$trainax" study study.yaml --resume --overwrite
expect 2 "study needs a STUDY.yaml" "$trainax" study
finish
