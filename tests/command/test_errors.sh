#!/usr/bin/env bash
# Every mistake gives one clear line and the documented exit code, alone and on several ranks, and leaves nothing behind.
. "$(dirname "$0")/common.sh" "$1" "$2"

train="$trainax train $quickstart --quiet --set trainer.num_training_steps=20"

# -- the command line --
expect 2 'which command' "$trainax"
expect 2 'no command trian; did you mean train' "$trainax" trian
expect 2 'train needs a CONFIG' "$trainax" train
expect 2 'no option --ouput; did you mean --output' $train --ouput x
expect 2 '--output needs a value' $train --output
expect 2 'exclude each other' $train --resume --overwrite
expect 2 '--time-limit 90' $train --time-limit 90
expect 2 'unexpected argument' $train other.yaml
expect 2 'evaluate needs --network' "$trainax" evaluate "$quickstart"
expect 2 'no command explain' "$trainax" explain "$quickstart"
expect 2 'generate needs --output' "$trainax" generate "$quickstart"
expect 2 'needs --steps' "$trainax" rollout n.h5 --initial i.h5
expect 2 'missing.yaml' "$trainax" train missing.yaml
expect 2 'adma|adam' "$trainax" help adma

# -- the configuration: file, line, column --
broken() { # broken 'SED' CODE 'PATTERN'
    sed "$1" "$quickstart" >broken.yaml
    cmp -s broken.yaml "$quickstart" && fail "nothing changed by $1"
    expect "$2" "broken.yaml:[0-9]+:[0-9]+: .*$3" "$trainax" train broken.yaml --output broken_run --quiet
    [ -e broken_run ] && fail "$1 left a run directory"
}
while IFS=$'\t' read -r _ edit pattern; do
    broken "$edit" 2 "$pattern"
done < <(grep -v '^#' "$tests/command/mistakes.txt")
sed '/^network:/,/^  key: 73/d' "$quickstart" >no_network.yaml
expect 2 'network' "$trainax" train no_network.yaml
expect 2 'trainer.bach_size|batch_size' $train --set trainer.bach_size=3
expect 2 'name' $train --set 'callbacks=[{type: loss, configuration: supervised}]'
expect 2 'reads 6 time levels, but the trainer.s windows have 2' $train \
    --set 'callbacks=[{type: loss, name: l, configuration: {type: supervised, num_rollout_steps: 5}}]'
expect 2 'history.csv has a column' $train --set 'callbacks=[weight_norm, weight_norm]'

# -- what fits no machine is refused soon --
expect 2 'network.depth: does not fit' $train --set 'network={type: conv_net, depth: 1000000, key: 0}'
expect 2 'trainer: does not fit: layers times rollout steps' "$trainax" inspect "$quickstart" \
    --set trainer.num_rollout_steps=1000000 --set data.temporal_horizon=1000001
expect 2 'trainer: does not fit: layers times rollout steps' "$trainax" inspect "$quickstart" \
    --set data.temporal_horizon=1000001 --set trainer.num_rollout_steps=1000000 --set trainer.type=diverted_chain \
    --set trainer.num_branch_steps=500000 --set 'trainer.ref_stepper={type: fou_advection_1d, cfl: -0.75}' \
    --set 'trainer.time_level_weights={type: exponential, rate: 0.9999}'

# -- files --
echo "this is no HDF5 file, but long enough to have a signature" >text.h5
expect 3 'missing.h5' $train --set 'data={type: file, path: /nowhere/missing.h5}'
expect 3 'text.h5.*HDF5' $train --set "data={type: file, path: $work/text.h5}"
expect 3 'text.h5' "$trainax" inspect text.h5
expect 3 'missing.h5' "$trainax" inspect missing.h5
succeeds "$trainax" generate "$quickstart" --output data.h5
expect 3 'network' "$trainax" rollout data.h5 --initial data.h5 --steps 3 --output o.h5
touch file
expect 3 "file" $train --output file/run
if touch /proc/self/x 2>/dev/null; then :; else expect 3 'cannot' $train --output /proc/trainax_run; fi
echo 1 2 3 >numbers.txt
h5import numbers.txt -dims 3 -path /trajectories -type TEXTFP -size 64 -o line.h5 || fail "h5import"
expect 3 'line.h5: /trajectories has 1 axis, 3 to 6 are needed' "$trainax" rollout n.h5 --initial line.h5 --steps 3 --output o.h5
[ -e o.h5 ] && fail "a failed rollout left its output"

# -- files that hold what nobody should compute with --
offset() { h5dump -p -H -d "$2" "$1" | sed -n 's/^ *OFFSET \([0-9]*\).*/\1/p'; } # of a dataset's numbers in the file
overwrite() { # overwrite FILE OFFSET BYTES
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
succeeds $train --output few
for pair in few/network.h5:nan_network.h5:/parameters/weight data.h5:nan_data.h5:/trajectories; do
    IFS=: read -r from to dataset <<<"$pair"
    h5repack "$from" "$to" || fail "h5repack" # as another program leaves it: without checksums
    overwrite "$to" "$(offset "$to" "$dataset")" '\0\0\300\177'
done
for launch in "" "mpirun -n 3"; do
    expect 3 'parameter weight in .nan_network.h5. .*not finite' $launch "$trainax" rollout nan_network.h5 --initial data.h5 --steps 2 --output o.h5
    expect 3 'nan_network.h5.*not finite' $launch "$trainax" evaluate "$quickstart" --network nan_network.h5 --output o.csv
    expect 3 'nan_network.h5.*not finite' $launch $train --set "network.parameters=$work/nan_network.h5" --output unfit
    expect 3 'nan_data.h5.: trajectory 0, level 0' $launch "$trainax" rollout few/network.h5 --initial nan_data.h5 --steps 2 --output o.h5
    expect 3 'nan_data.h5.: trajectory 0, level 0' $launch $train --set "data={type: file, path: $work/nan_data.h5}" --output unfit
done
# What a network file says of itself is its own fault, whoever reads it.
h5repack few/network.h5 plain.h5
for change in 's/float32/float16/' 's/type: /type= /'; do
    LC_ALL=C sed "$change" plain.h5 >odd.h5
    expect 3 'odd.h5:(1:1: | its .precision. is .float16.)' "$trainax" rollout odd.h5 --initial data.h5 --steps 2 --output o.h5
    expect 3 'odd.h5:(1:1: | its .precision. is .float16.)' "$trainax" evaluate "$quickstart" --network odd.h5 --output o.csv
done
LC_ALL=C sed 's/float32/float16/' plain.h5 >odd.h5
expect 3 'odd.h5: its .precision. is .float16.' $train --set "network.parameters=$work/odd.h5" --output unfit
cp data.h5 damaged.h5
overwrite damaged.h5 $(($(offset data.h5 /trajectories) + 5000)) '\377'
for launch in "" "mpirun -n 3"; do
    expect 3 'damaged.h5. is damaged: bytes' $launch $train --set "data={type: file, path: $work/damaged.h5}" --output unfit
    expect 3 'damaged.h5. is damaged: bytes' $launch "$trainax" generate "$quickstart" --set "data={type: file, path: $work/damaged.h5}" --output o.h5
done
# What HDF5 does not survive: texts whose heap says that a piece of it has no bytes, or more than there are.
base64 -d <<'EOF' | gzip -d >circle.h5 # of h5py: /trajectories and attrs['channel_names'] = ['u']; the 8 bytes 24 behind GCOL are 0
H4sIAAAAAAACA+2UzUrDQBDHZzYJxOJHCkKtF/MIvoGKjeYgtlQPvWkoARWNUCv05lXfxEfxEXybNpudrc1SEAoepP8fhGE+difL/Hc/0s7ZVmO/QZowJJ
8iWmQqUNvxhVuxLPZd7Keyca/K7Uk8kv0ngfEnEr/uJ4munjrYPoe+sSGBdSRNTnraDsS3evpS9brxKHvIh+Pn0X3+sqjL4xX7MgVmD7Z+aqxvAra979wD
q9Pf8l55Eh1rxgdSE1MrpNab5IOyUueVUmzWmZN7PN+C6388+NM5XF12O0w/zWMP2lyFpryD7nu5KfNj2qbdctbDu6wo8sebInuqBN1mrlZG88GbSTBzTQ
w1u7FUKABojtb5Oz/tXjDJhVpyR14d/3sHggEAAAAAAAAAAP4bM8IR55oAGQAA
EOF
h5repack few/network.h5 beyond.h5
overwrite beyond.h5 $(($(grep -abo GCOL beyond.h5 | sed -n '1s/:.*//p') + 24)) '\377\377\377\377\377\377\377\377'
expect 3 'circle.h5. is damaged: HDF5 does not come to an end' mpirun -n 3 \
    "$trainax" generate "$quickstart" --set "data={type: file, path: $work/circle.h5}" --output o.h5
for launch in "" "mpirun -n 3"; do # sanitizers tell of the crash in their own words
    [ -n "${TRAINAX_SANITIZE:-}" ] ||
        expect 3 'beyond.h5. is damaged: HDF5 crashed' $launch "$trainax" evaluate "$quickstart" --network beyond.h5 --output o.csv
done
ls o.h5 o.csv .*.tmp 2>/dev/null && fail "something is left of what failed"
[ -e unfit/network.h5 ] && fail "a network trained on what is no data"

# -- on several ranks: the same code, one line --
expect 2 'batch_size' mpirun -n 3 $train --set trainer.bach_size=3
expect 3 'missing.h5' mpirun -n 3 $train --set 'data={type: file, path: /nowhere/missing.h5}'
expect 2 'channel' mpirun -n 3 $train --set network.in_channels=2
expect 2 'which command' mpirun -n 2 "$trainax"

# -- a directory that holds a run --
succeeds $train --output run
expect 2 'already holds a run.*--resume.*--overwrite' $train --output run
expect 2 'already holds a run' mpirun -n 2 $train --output run
succeeds $train --output run --overwrite
succeeds $train --output run --resume
expect 2 'trainer.batch_size' $train --output run --resume --set trainer.batch_size=16
expect 2 'trainer.batch_size' mpirun -n 2 $train --output run --resume --set trainer.batch_size=16

# -- divergence: the step is named, the last finite state kept --
expect 4 'diverged at step [0-9]+' $train --output wild --set 'trainer.optimizer={type: sgd, learning_rate: 1e30}'
h5dump -g /parameters wild/checkpoint.h5 | grep -Eiq 'nan|inf' && fail "non-finite parameters in the checkpoint"
[ -e wild/network.h5 ] && fail "a network.h5 of a run that diverged"
expect 4 'diverged at step' mpirun -n 3 $train --output wild3 --set 'trainer.optimizer={type: sgd, learning_rate: 1e30}'
cmp wild/history.csv wild3/history.csv || fail "history of the diverged run depends on ranks"
expect 4 'diverged at step 0 .*: its update' $train --output leap --set 'trainer.optimizer={type: sgd, learning_rate: 1e39}' \
    --set trainer.num_rollout_steps=2
h5dump -g /parameters leap/checkpoint.h5 | grep -Eiq 'nan|inf' && fail "non-finite parameters after one leap"

# -- no error: a batch larger than the data --
timeout 60 $trainax train $quickstart --output big --set trainer.batch_size=5000 --set trainer.num_training_steps=2 >all.txt 2>&1
grep -q 'batch size 5000 is larger than the total number of samples 1980' all.txt || fail "the user is not told of a full batch"
grep -qi 'full batch' all.txt || fail "the user is not told of a full batch"

# -- a warning: a chain without a learning rate is refused no more than Optax refuses it --
succeeds $train --output uphill --set 'trainer.optimizer={type: chain, transforms: [scale_by_adam]}' \
    --set 'callbacks=[learning_rate]' --set trainer.num_training_steps=2
grep -q 'warning: trainer.optimizer: nothing in the chain turns the gradient round' err.txt || fail "no warning of an ascent"
tail -1 uphill/history.csv | grep -q ',$' || fail "a learning rate that is none"
expect 2 "transforms.1.max_norm must be above 0" $train --output none \
    --set 'trainer.optimizer={type: chain, transforms: [scale_by_adam, {type: clip_by_global_norm, max_norm: 0}]}'

finish
