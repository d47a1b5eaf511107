#!/usr/bin/env bash
# A run that is stopped and resumed, on other numbers of ranks, ends with the same bytes; files that a crash leaves behind are
# dealt with; a finished run is left alone or extended.
. "$(dirname "$0")/common.sh" "$1" "$2"

train() { # train DIRECTORY STEPS ARGUMENTS...
    local directory=$1 steps=$2
    shift 2
    succeeds $launch "$trainax" train "$quickstart" --quiet --set trainer.num_rollout_steps=3 --set parallel.block=5 \
        --set 'callbacks=[{type: weight_norm, every: 3}]' --set trainer.num_training_steps=$steps --output "$directory" "$@"
}

launch=""
train whole 200
# -- extended in pieces, mid-epoch, on other numbers of ranks --
train pieces 37
launch="mpirun -n 3" train pieces 90 --resume
launch="mpirun -n 2" train pieces 150 --resume --set parallel.threads=2
launch="" train pieces 200 --resume --set parallel.placement=replicated
same_run whole pieces

# -- a finished run: nothing happens, at once, whatever else is wrong with the data --
before=$(ls -l --time-style=full-iso pieces)
train pieces 200 --resume
launch="mpirun -n 2" train pieces 200 --resume
[ "$before" = "$(ls -l --time-style=full-iso pieces)" ] || fail "a finished run was touched"

# -- but for its history.csv, if that is not what it was --
for harm in 'rm pieces/history.csv' 'sed -i 7s/0/1/ pieces/history.csv' 'truncate -s 999 pieces/history.csv' \
    'echo more >>pieces/history.csv' 'mv pieces/history.csv away.csv; ln -s ../away.csv pieces/history.csv'; do
    eval "$harm"
    train pieces 200 --resume
    same_run whole pieces
    [ -f pieces/history.csv ] && ! [ -L pieces/history.csv ] || fail "history.csv after: $harm"
done

# -- fewer steps than are done --
before=$(ls -l --time-style=full-iso pieces)
asked="--quiet --output pieces --resume --set trainer.num_rollout_steps=3 --set parallel.block=5"
for n in 1 3; do
    expect 2 'num_training_steps.*200 steps' mpirun -n $n "$trainax" train "$quickstart" $asked \
        --set 'callbacks=[{type: weight_norm, every: 3}]' --set trainer.num_training_steps=120
done
[ "$before" = "$(ls -l --time-style=full-iso pieces)" ] || fail "fewer steps than are done: something was touched"

# -- a network without a checkpoint: not replaced --
mkdir bare && cp pieces/network.h5 pieces/history.csv pieces/config.yaml bare
for n in 1 3; do
    expect 2 'bare/network.h5 is finished.*no checkpoint' mpirun -n $n "$trainax" train "$quickstart" --quiet --output bare --resume
done
for file in network.h5 history.csv config.yaml; do
    cmp -s pieces/$file bare/$file || fail "a network without a checkpoint: $file is another now"
done

# -- the start of a run that is not there, and of one that died before its first checkpoint --
train fresh 200 --resume
grep . err.txt && fail "a warning where there was no run to go on with"
same_run whole fresh
[ -e fresh/checkpoint.previous.h5 ] && fail "a checkpoint that nobody asked for"
mkdir young && cp whole/config.yaml young && head -3 whole/history.csv >young/history.csv
train young 200 --resume
grep -q 'warning: no checkpoint in .*young: starting anew$' err.txt || fail "a start from scratch without a word"
same_run whole young

# -- a chain: the state of each of its transforms --
chain='trainer.optimizer={type: chain, transforms: [{type: trace, decay: 0.5}, scale_by_adam, {type: trace, decay: 0.9},
    {type: scale_by_learning_rate, learning_rate: {type: cosine_decay, init_value: 1e-2, decay_steps: 60}}]}'
train linked 60 --set "$chain"
train joined 25 --set "$chain"
launch="mpirun -n 3" train joined 60 --resume --set "$chain"
same_run linked joined

# -- matrices: after the first update, which makes bases, and between their renewals --
for optimizer in soap muon; do
    asked=(--set "trainer.optimizer={type: $optimizer, learning_rate: 1e-2, clip: 1}" --set 'network=Conv;6;2;relu' --set network_key=1)
    launch="" train $optimizer 25 "${asked[@]}"
    launch="mpirun -n 2" train $optimizer.pieces 1 "${asked[@]}"
    launch="mpirun -n 3" train $optimizer.pieces 13 --resume "${asked[@]}"
    launch="" train $optimizer.pieces 25 --resume --set parallel.threads=2 "${asked[@]}"
    same_run $optimizer $optimizer.pieces
done

# -- checkpoints by the clock: with next to no interval one is due after each step --
train timed 20 --set output.checkpoint_interval=1e-9
[ -e timed/checkpoint.previous.h5 ] || fail "output.checkpoint_interval does nothing"
train timed 200 --resume
same_run whole timed

# -- killed hard: history.csv is ahead of the checkpoint, and its last line torn --
train killed 80 --set output.checkpoint_every=32
head -c 900 whole/history.csv >killed/history.csv
rm killed/network.h5
train killed 200 --resume
same_run whole killed

# -- killed between the last checkpoint and network.h5 --
cp -r whole unfinished && rm unfinished/network.h5
train unfinished 200 --resume
same_run whole unfinished

# -- damaged checkpoints: the one before is used and the damaged one named --
train damaged 100 --set output.checkpoint_every=60
[ -e damaged/checkpoint.previous.h5 ] || fail "no previous checkpoint"
truncate -s 10000 damaged/checkpoint.h5
train damaged 200 --resume
grep -q 'warning: .*damaged/checkpoint.h5 is damaged' err.txt || fail "the damaged checkpoint is not named"
same_run whole damaged
train network 100 --set output.checkpoint_every=60
cp network/network.h5 network/checkpoint.h5 # sealed, and none the less no checkpoint
train network 200 --resume
grep -q 'warning: .*network/checkpoint.h5 is damaged.*checkpoint.previous.h5 is used, step 60' err.txt || fail "a network as a checkpoint: $(cat err.txt)"
same_run whole network
size=$(stat -c %s damaged/checkpoint.h5)
printf 'XXXX' | dd of=damaged/checkpoint.h5 bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
echo nothing >damaged/checkpoint.previous.h5
expect 3 'damaged' "$trainax" train "$quickstart" --quiet --output damaged --resume --set trainer.num_rollout_steps=3 \
    --set parallel.block=5 --set 'callbacks=[{type: weight_norm, every: 3}]'

# -- config.yaml reproduces the run --
succeeds "$trainax" train whole/config.yaml --output again --quiet
same_run whole again

# -- data are what they hold, wherever they lie: moved, renamed, or generated before and now read --
small="--quiet --set trainer.num_rollout_steps=3 --set parallel.block=5"
data() { # data FILE OPTIONS...: 3 trajectories
    local file=$1
    shift
    succeeds "$trainax" generate "$quickstart" --output "$file" --set data.num_samples=3 "$@"
}
mkdir there && data there/ref.h5 && data there/held_out.h5 --set data.key=1
cat >there/own.yaml <<END
data: {type: file, path: ref.h5}
evaluation: {data: {type: file, path: held_out.h5}}
network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2, padding: same, padding_mode: circular, parameters: init.h5}
trainer: {num_rollout_steps: 3, optimizer: {type: adam, learning_rate: 1e-2}, num_training_steps: 20, batch_size: 32, key: 42}
callbacks: [{type: metrics, every: 5}]
parallel: {block: 5}
END
own() { # own RANKS CONFIG DIRECTORY STEPS ARGUMENTS...
    local ranks=$1 config=$2 directory=$3 steps=$4
    shift 4
    succeeds mpirun -n $ranks "$trainax" train "$config" --quiet --output "$directory" --set trainer.num_training_steps=$steps "$@"
}
succeeds "$trainax" train there/own.yaml --quiet --output there/init --set network.parameters=null --set network.key=1 \
    --set trainer.num_training_steps=0
cp there/init/network.h5 there/init.h5
own 1 there/own.yaml entire 20
own 3 there/own.yaml there/run 7
rm -r there/init.h5 there/init && mv there moved && mv moved/ref.h5 moved/training.h5
own 1 moved/own.yaml moved/run 12 --resume --set data.path=moved/training.h5
own 3 moved/own.yaml moved/run 20 --resume --set "data={type: file, path: $PWD/moved/training.h5, samples: ':'}"
same_run entire moved/run

# -- other content is refused, under whatever name: what has changed is named, and nothing is touched --
before=$(cat moved/run/config.yaml)
cp moved/held_out.h5 moved/ref.h5 && cp moved/training.h5 moved/copy.h5
refused() { # refused RANKS PATTERN ARGUMENTS...
    local ranks=$1 pattern=$2
    shift 2
    expect 2 "$pattern .*resuming from .*moved/run/checkpoint.h5" mpirun -n $ranks "$trainax" train moved/own.yaml --quiet \
        --output moved/run --resume --set trainer.num_training_steps=25 "$@"
}
refused 1 "own.yaml:1:26: data.path: the content of '.*/ref.h5' \\(its checksum\\) is not what the run was started with"
refused 3 "own.yaml:1:26: data.path: the content of '.*/ref.h5' \\(its checksum\\) is not what the run was started with"
refused 3 "evaluation.data.path: the content of '.*/copy.h5' \\(its checksum\\) is not what" --set data.path=moved/copy.h5 \
    --set evaluation.data.path=moved/copy.h5
refused 1 'data.levels is "1:" but the run was started with ":"' --set data.path=moved/copy.h5 --set data.levels="'1:'"
refused 1 'data.type is advection_1d_periodic but the run was started with file' \
    --set 'data={type: advection_1d_periodic, num_points: 30, num_samples: 3, key: 0}'
data moved/ref.h5 --overwrite --set data.temporal_horizon=90
refused 3 'these data have the shape \(3, 90, 1, 30\) but the run was started with \(3, 100, 1, 30\)'
[ "$before" = "$(cat moved/run/config.yaml)" ] || fail "a refused resume has written config.yaml"

# -- generated data: by their options only where the numbers differ --
train born 20 --set data.num_samples=3
expect 2 'data.num_samples is 4 but the run was started with 3' "$trainax" train "$quickstart" $small --output born --resume \
    --set data.num_samples=4 --set trainer.num_training_steps=30 --set 'callbacks=[{type: weight_norm, every: 3}]'
expect 2 'network.parameters is .*/network.h5 but the run was started with null' "$trainax" train "$quickstart" $small --output born \
    --resume --set data.num_samples=3 --set trainer.num_training_steps=30 --set 'callbacks=[{type: weight_norm, every: 3}]' \
    --set network.parameters="$work/whole/network.h5"
train born 40 --resume --set "data={type: file, path: moved/training.h5}"
train unborn 40 --set data.num_samples=3
same_run unborn born

# -- a time limit --
timeout 60 "$trainax" train "$quickstart" --quiet --output limited --time-limit 0:00:01 --set trainer.num_training_steps=100000000 2>err.txt
[ $? -eq 75 ] || fail "exit code of a time limit"
[ "$(grep -c '^trainax: ' err.txt)" -eq 1 ] || fail "one line about a time limit"

# -- no steps: the header alone and the initial parameters --
train zero 0
[ "$(cat zero/history.csv)" = step,epoch,batch,loss,weight_norm ] || fail "history.csv of zero steps"
h5dump -d /parameters/weight zero/network.h5 >/dev/null || fail "network.h5 of zero steps"
train zero 200 --resume
same_run whole zero

# -- stored parameters as the start --
succeeds "$trainax" train "$quickstart" --quiet --output from --set trainer.num_training_steps=0 --set network.parameters="$work/whole/network.h5"
cmp -s <(h5dump -g /parameters from/network.h5 | tail -n +2) <(h5dump -g /parameters whole/network.h5 | tail -n +2) ||
    fail "parameters read from a file"
expect 2 'network.parameters.*weight' "$trainax" train "$quickstart" --quiet --output other --set network.kernel_size=3 \
    --set network.parameters="$work/whole/network.h5"
finish
