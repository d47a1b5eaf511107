#!/usr/bin/env bash
# What a run says of itself, on the screen and in run.log: what it trains and on what, that it stopped, went on or failed, and the
# hash of its result; and that a log which cannot be written harms nothing.
. "$(dirname "$0")/common.sh" "$1" "$2"

launch=
train() { # train DIRECTORY ARGUMENTS...
    local directory=$1
    shift
    timeout 120 $launch "$trainax" train "$quickstart" --output "$directory" --set trainer.num_training_steps=50 "$@" >out.txt 2>err.txt
}
says() { grep -qxE -- "$2" <(sed -E 's/^[0-9-]{10}T[0-9:]{8}[+-][0-9]{2}:[0-9]{2} //' "$1/run.log") || fail "$1/run.log does not say $2"; }
counts() { # counts NUMBER PATTERN DIRECTORY
    [ "$(grep -cE -- "$2" "$3/run.log")" -eq "$1" ] || fail "$3/run.log does not say $1 times $2"
}

# -- at the start, on the screen and in the file; each line has its time --
launch="mpirun -n 2" train one --set data.num_samples=1 --set parallel.threads=2 --set 'callbacks=[]' || fail "a run"
isa=$("$trainax" --version | sed -n 's/^ISA: //p')
cat >expected.txt <<LINES
data: advection_1d_periodic, 1 trajectory, 100 levels, 1 channel, 30 points
network: conv, 2 parameters in float32
windows: 99 of 2 levels, 4 minibatches of 32 per epoch, in blocks of 32
ranks: 2 x 2 threads, for 1 block a step: as many ranks help at most, as blocks are too short to share: the others are idle
instruction set: $isa
LINES
while IFS= read -r line; do
    grep -qxF -- "$line" err.txt || fail "the screen does not show $line"
    says one "$line"
done <expected.txt
grep '^memory' err.txt >memory.txt
says one "$(cat memory.txt)"
mpirun -n 2 "$trainax" inspect "$quickstart" --set data.num_samples=1 --set parallel.threads=2 --set 'callbacks=[]' | grep '^memory' >>memory.txt
awk 'NR == 1 && /^memory per rank: [0-9.]+ KiB predicted$/ { said = 1024 * $4 }
     NR == 2 { ratio = said / $NF } END { exit !(ratio > .98 && ratio < 1.02) }' memory.txt || fail "inspect predicts another memory"
[ "$(grep -vc "^result: " out.txt)" = 0 ] || fail "notes on stdout"
version=$("$trainax" --version | head -1)
says one "${version//[()]/.}, MPI .*, HDF5 [0-9.]+, FFTW 3[0-9.]*, libfyaml [0-9.]+, libcrypto [0-9.]+.*, compiler .*"
says one "command: .*trainax train .*quickstart.yaml --output one .*'callbacks=\[\]' \(in $work\)"
says one "ranks on: $(hostname) x 2( \(Slurm job .*\))?"
grep -Evq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2} [^ ]' one/run.log && fail "an entry without a time"
[ "$(head -1 one/config.yaml)" = "# $version" ] || fail "config.yaml without the version"
[ "$(h5dump -a version one/network.h5 | sed -n 's/.*(0): "\(.*\)"/trainax \1/p')" = "$version" ] || fail "network.h5 without the version"

# -- where the time of each rank went: what is measured within the steps is no more than what they took --
for log in one alone; do
    [ $log = one ] || launch='' train $log --set trainer.num_training_steps=400 || fail "a run on one rank"
    sed -n 's/.* times: //p' $log/run.log >times.txt
    python3 - $log <<'CODE' || fail "where the time of a step went: $(cat times.txt)"
import json, sys
times = json.load(open("times.txt"))
alone = sys.argv[1] != "one"
assert times["steps"] == (360 if alone else 45), "a tenth is left out"
for step, *parts in zip(*(times[kind] for kind in ("step", "sums", "windows", "files")), strict=True):
    assert step > 0 and all(part >= 0 for part in parts) and sum(parts) <= step
    assert alone == (parts[0] == 0)
assert len(times["step"]) == (1 if alone else 2)
CODE
done

# -- axes, or none --
"$trainax" train "$tests/golden/conv_3d.yaml" --output space --set trainer.num_training_steps=0 --quiet 2>err.txt || fail "a run in 3D"
says space "data: .* [0-9]+ x [0-9]+ x [0-9]+ points"
"$trainax" train "$tests/golden/lorenz_mlp.yaml" --output states --set trainer.num_training_steps=0 --quiet 2>err.txt || fail "states"
says states "data: .* 3 channels"

# -- the result: SHA-256 over the leaves, also of an unfinished run and of a file read back --
network='network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 3, depth: 1, key: 0}'
for precision in float32 float64; do
    train $precision --set precision=$precision --set "$network" || fail "a run"
    for leaf in layers.0.weight layers.0.bias layers.1.weight layers.1.bias; do
        h5dump -d "/parameters/$leaf" -b LE -o leaf.bin $precision/network.h5 >/dev/null
        cat leaf.bin
    done | sha256sum | sed -E 's/(.{16}).*/result: \1/' >expected.txt
    cmp -s out.txt expected.txt || fail "the result in $precision is not the hash of the leaves"
    sed -n '$s/^[^ ]* //p' $precision/run.log | cmp -s - expected.txt || fail "the result is not the last line of run.log"
    for file in network.h5 checkpoint.h5; do
        "$trainax" inspect $precision/$file | grep '^result' | cmp -s - expected.txt || fail "inspect $file shows another result"
    done
done

# -- a resumed run's log goes on; one that is finished says its result and is left alone --
grep 'result: ' one/run.log | sed 's/^[^ ]* //' >expected.txt
cp one/run.log before.txt
train one --set data.num_samples=1 --resume || fail "a finished run"
cmp -s out.txt expected.txt || fail "the result of a finished run is not shown"
cmp -s one/run.log before.txt || fail "the log of a finished run was touched"
train one --set data.num_samples=1 --set trainer.num_training_steps=60 --resume || fail "an extended run"
cmp -s <(head -n "$(wc -l <before.txt)" one/run.log) before.txt || fail "a resumed run's log does not go on"
says one "resuming at step 50 from .*one/checkpoint.h5"
counts 2 'result: ' one
truncate -s 5000 one/checkpoint.h5
train one --set data.num_samples=1 --set trainer.num_training_steps=70 --resume || fail "a run with a damaged checkpoint"
says one "warning: .*checkpoint.h5 is damaged .*"
rm one/checkpoint*.h5 one/network.h5
train one --set data.num_samples=1 --resume || fail "a run that begins again"
counts 4 'result: ' one

# -- a new one begins with --overwrite alone; nobody else's file is written to --
echo mine >mine.txt
rm one/run.log && ln -s ../mine.txt one/run.log
train one --set data.num_samples=1 --overwrite --quiet || fail "a run that replaces another"
[ -s out.txt ] || [ -s err.txt ] && fail "--quiet says something"
counts 1 'result: ' one
counts 1 'memory per rank: ' one
[ "$(cat mine.txt)" = mine ] || fail "a link in the run directory was followed"
mkdir other && echo mine >other/run.log
expect 2 'already holds a run' "$trainax" train "$quickstart" --output other
[ "$(cat other/run.log)" = mine ] || fail "somebody's run.log was touched"
expect 2 'in_channels' "$trainax" train "$quickstart" --output early --set network.in_channels=2
[ -e early ] && fail "something is left of a run that has not begun"

# -- how a run ended --
train limited --time-limit 0:00:01 --set trainer.num_training_steps=100000000
[ $? -eq 75 ] || fail "exit code of a time limit"
says limited "the time limit is near"
says limited "stopped at step [0-9]+ of 100000000: .*"
grep -Eqx 'trainax: stopped at step .*: the time limit is near; run again with --resume.*' err.txt || fail "the screen does not say why"
train wild --set 'trainer.optimizer={type: sgd, learning_rate: 1e30}'
[ $? -eq 4 ] || fail "exit code of a run that diverges"
[ "$(sed -n '$s/^[^ ]* //p' wild/run.log)" = "$(sed -n 's/^trainax: //p' err.txt)" ] || fail "run.log does not end with the error"
counts 0 'result: ' wild

# -- an entry is a line --
train lines --set $'callbacks=[\n]' || fail "a line break in the command"
says lines 'command: .*'"'callbacks=\[\\\\n\]'.*"

# -- a log that cannot be written: said as of any file, with no half line; the run is whole --
mkdir folder && mkdir folder/run.log
expect 3 'cannot write .*folder/run.log: Is a directory' "$trainax" train "$quickstart" --output folder --resume
rmdir folder/run.log && mkfifo folder/run.log && rm -f folder/config.yaml && mkfifo folder/config.yaml
expect 3 'cannot write .*folder/(run.log|config.yaml): ' timeout 60 "$trainax" train "$quickstart" --output folder --resume
train whole --set trainer.num_training_steps=90 || fail "a run"
if [ "${TRAINAX_SANITIZE:-}" != thread ]; then # whose own bookkeeping lies in files
    train full || fail "a run"
    { head -c 24500 /dev/zero | tr '\0' x && echo; } >full/run.log
    printf '#!/bin/bash\nulimit -f 24 # KiB\nexec "$@"\n' >limited.sh
    expect 3 'cannot write .*full/run.log: (File too large|No space left)' bash limited.sh "$trainax" train "$quickstart" --output full \
        --resume --set trainer.num_training_steps=90
    [ "$(wc -c <full/run.log)" -eq 24501 ] || fail "part of an entry"
    train full --resume --set trainer.num_training_steps=90 || fail "a run whose log could not be written"
    same_run full whole
fi
finish
