#!/usr/bin/env bash
# scripts/plot.py: what stands in the pictures (labels, series, colours), and what is said of wrong files.
. "$(dirname "$0")/common.sh" "$1" "$2"

scripts=$tests/../scripts
python=$(with_modules "h5py, matplotlib") || { echo "SKIPPED: no matplotlib"; exit 77; }
export MPLCONFIGDIR=$work/matplotlib

# -- runs, their tables, a rollout beside its data --
for key in 1 2 3; do
    succeeds "$trainax" train "$quickstart" --quiet --set trainer.key=$key --set trainer.num_training_steps=20 --output five.$key
    succeeds "$trainax" evaluate "$quickstart" --network five.$key/network.h5 --metrics mean_nRMSE,mean_correlation --output five.$key.csv
done
succeeds "$trainax" train "$quickstart" --quiet --set trainer.cut_bptt=true --set trainer.num_rollout_steps=3 --set trainer.num_training_steps=20 --output one
succeeds "$trainax" evaluate "$quickstart" --network one/network.h5 --metrics mean_nRMSE --output one/metrics.csv
succeeds "$trainax" generate "$quickstart" --output data.h5
succeeds "$trainax" rollout five.1/network.h5 --initial data.h5 --steps 9 --output rollout.h5

"$python" "$tests/command/pictures.py" "$scripts" || fail "pictures"
succeeds "$python" "$scripts/plot.py" losses five.2 --output as_a_command.svg
grep -q '>five.2</text>' as_a_command.svg || fail "no picture of a command"
finish
