#!/usr/bin/env bash
# Nothing of the user's is lost through an output: what is read is never written over, what is there goes with --overwrite alone,
# links stay, simultaneous jobs do not share a file, signals leave nothing behind.
. "$(dirname "$0")/common.sh" "$1" "$2"

few="--quiet --set trainer.num_training_steps=3"
succeeds "$trainax" generate "$quickstart" --set data.num_samples=6 --output data.h5
sed '/^data:/,/^  key: 0/c data: {type: file, path: data.h5}' "$quickstart" >config.yaml
succeeds "$trainax" train config.yaml $few --output run
cp run/network.h5 net.h5
mkdir keep other && cp data.h5 config.yaml net.h5 keep
unharmed() { # unharmed WHAT
    for file in data.h5 config.yaml net.h5; do
        cmp -s $file keep/$file || fail "$1: $file is another now"
    done
    [ -z "$(find . -name '.*.tmp')" ] || fail "$1: left behind: $(find . -name '.*.tmp')"
}

# -- an input, by whatever name it goes --
ln -s ../data.h5 other/link.h5 && ln net.h5 other/hard.h5
rollout="rollout net.h5 --initial data.h5 --steps 2"
evaluate="evaluate config.yaml --network net.h5"
held_out='evaluation={data: {type: file, path: data.h5}}'
while read -r output command; do
    for launch in "" "mpirun -n 3"; do
        for overwrite in "" --overwrite; do
            expect 2 'is an input.*never replaced' $launch "$trainax" $command --output $output $overwrite
        done
    done
    unharmed "$command --output $output"
done <<LIST
data.h5 $rollout
net.h5 $rollout
./other/../data.h5 $rollout
other/link.h5 $rollout
other/hard.h5 $rollout
$work/net.h5 $rollout
data.h5 generate config.yaml --set data.levels=0:2
config.yaml generate config.yaml
config.yaml $evaluate
net.h5 $evaluate
data.h5 $evaluate
LIST
expect 2 'data.h5. is an input' "$trainax" evaluate "$quickstart" --network net.h5 --set "$held_out" --output data.h5
expect 2 'net.h5. is an input' "$trainax" generate config.yaml --set network.parameters=net.h5 --output net.h5
[ -L other/link.h5 ] || fail "a link that is an input's is none any more"

# -- another file that is there --
for command in "$rollout" "$evaluate" "generate config.yaml"; do
    echo mine >there
    expect 2 "'there' exists: give --overwrite" "$trainax" $command --output there
    expect 2 "'there' exists: give --overwrite" mpirun -n 3 "$trainax" $command --output there
    [ "$(cat there)" = mine ] || fail "$command: replaced without --overwrite"
    succeeds mpirun -n 2 "$trainax" $command --output there --overwrite
    [ "$(head -c 5 there)" = mine ] && fail "$command: not replaced with --overwrite"
    rm there
    succeeds "$trainax" $command --output there
    rm there
done
expect 3 'Is a directory' "$trainax" $rollout --output other

# -- a link to it --
mkdir far && echo mine >far/target && ln -s far/target first && ln -s ../first other/second && ln -s new.h5 far/dangling
for command in "$rollout" "$evaluate"; do
    expect 2 'second. exists' "$trainax" $command --output other/second
    succeeds "$trainax" $command --output other/second --overwrite
    [ "$(readlink first) $(readlink other/second)" = "far/target ../first" ] || fail "$command: the link is gone"
    [ "$(head -c 5 far/target)" = mine ] && fail "$command: the target of a link is not written"
    succeeds mpirun -n 2 "$trainax" $command --output far/dangling
    [ "$(readlink far/dangling)" = new.h5 ] && [ -s far/new.h5 ] || fail "$command: the target of a link to nothing is not written"
    [ "$(ls -A far | tr '\n' ' ')" = "dangling new.h5 target " ] || fail "$command: beside the target: $(ls -A far)"
    rm far/new.h5
done
ln -s round about && ln -s about round
expect 3 'Too many levels of symbolic links' "$trainax" $rollout --output round

# -- several at once: one writes, the others are told; or, where each may replace the other's, all do --
for k in 1 2 3 4 5 6; do
    { mpirun -n $((k % 2 + 1)) "$trainax" $rollout --output once.h5; echo $? >code.$k; } 2>err.$k &
done
wait
[ "$(sort code.* | tr -d '\n')" = 022222 ] || fail "of six that wrote the same file: $(cat code.* err.*)"
for k in 1 2 3 4 5 6; do
    { "$trainax" $rollout --output once.h5 --overwrite; echo $? >code.$k; } 2>err.$k &
done
wait
[ "$(sort code.* | tr -d '\n')" = 000000 ] || fail "of six that replace the same file: $(cat code.* err.*)"
succeeds "$trainax" inspect once.h5
unharmed "several at once"

# -- what a killed one has left, where it could not but leave it, is gone with the next in that folder --
mkdir left
sleep 0 &
wait
touch "left/.a.h5.$(head -c 8 /proc/sys/kernel/random/boot_id)-$(stat -Lc %i /proc/self/ns/pid)-$!.tmp"
touch "left/.a.h5.$(head -c 8 /proc/sys/kernel/random/boot_id)-$(stat -Lc %i /proc/self/ns/pid)-$$.tmp" # of one that lives
succeeds "$trainax" $rollout --output left/b.h5
[ "$(ls -A left | tr '\n' ' ')" = "$(basename left/.a.*-$$.tmp) b.h5 " ] || fail "not swept: $(ls -A left)"
rm -r left

# -- what a run reads lies where it would write --
train="$trainax train config.yaml $few"
kept() { cmp -s "$1" "$2" || fail "$3: $1 is another now"; }
cp data.h5 run/network.h5
expect 2 'run/network.h5. is an input' $train --output run --overwrite --set data.path=run/network.h5
expect 2 'run/network.h5. is an input' mpirun -n 3 $train --output run --overwrite --set data.path=run/network.h5
expect 2 'run/network.h5. is an input' $train --output run --resume --set trainer.num_training_steps=5 --set data.path=run/network.h5
kept run/network.h5 data.h5 "train onto its data"
cp net.h5 run/network.h5
expect 2 'run/network.h5. is an input' $train --output run --overwrite --set network.parameters=run/network.h5
kept run/network.h5 net.h5 "train onto its initial parameters"
cp run/config.yaml resolved.yaml
expect 2 'run/config.yaml. is an input' "$trainax" train run/config.yaml --quiet --overwrite
kept run/config.yaml resolved.yaml "train onto its configuration"
succeeds "$trainax" train run/config.yaml --quiet --resume --set trainer.num_training_steps=5
snapshots="callbacks=[{type: save_network, path: nets, file_name: net, every: 2}]"
succeeds $train --output saved --set "$snapshots"
cp nets/net_2.h5 net_2.h5
expect 2 'nets/net_2.h5. is an input' $train --output again --set "$snapshots" --set network.parameters=nets/net_2.h5
expect 2 'nets/net_2.h5. is an input' mpirun -n 2 $train --output again --set "$snapshots" --set network.parameters=nets/net_2.h5
kept nets/net_2.h5 net_2.h5 "save_network onto an input"
[ -e again ] && fail "a refused run left its directory"
expect 2 'net_0.h5. exists: give --overwrite' $train --output again --set "$snapshots" --set trainer.num_training_steps=2
expect 2 'net_0.h5. exists' mpirun -n 2 $train --output again --resume --set "$snapshots" --set trainer.num_training_steps=2
[ -e again ] && fail "a run refused for save_network left its directory"
rm saved/*.h5 # as if it had been interrupted before its first checkpoint
succeeds $train --output saved --resume --set "$snapshots"
kept nets/net_2.h5 net_2.h5 "a resume of the same run"
echo mine >nets/net_4.h5 # where the run comes to when it is made longer
expect 2 'net_4.h5. exists' $train --output saved --resume --set "$snapshots" --set trainer.num_training_steps=6
[ "$(cat nets/net_4.h5)" = mine ] || fail "a resume replaced what is not its run's"
succeeds $train --output again --overwrite --set "$snapshots" --set network.parameters=nets/net_2.h5 --set trainer.num_training_steps=2
rm -r nets
for k in 1 2 3 4; do
    { $train --output at_once$k --set network.key=$k --set "$snapshots"; echo $? >code.$k; } 2>err.$k &
done
wait
[ "$(cat code.[1-4] | sort | tr -d '\n')" = 0222 ] || fail "of four that save the same networks: $(cat code.[1-4] err.[1-4])"
succeeds $train --output got --set "callbacks=[get_network]"
cp got/network_1.h5 network_1.h5
expect 2 'got/network_1.h5. is an input' $train --output got --overwrite --set network.parameters=got/network_1.h5
kept got/network_1.h5 network_1.h5 "--overwrite where a snapshot is read"
cp data.h5 got/mine.h5
succeeds $train --output got --overwrite --set data.path=got/mine.h5
kept got/mine.h5 data.h5 "data beside a run"

# -- names in a run directory that are links: replaced, never followed --
for how in --overwrite "--resume --set trainer.num_training_steps=6"; do
    rm -rf linked mine && mkdir mine
    succeeds $train --output linked
    cp linked/checkpoint.h5 mine
    for name in run.log history.csv config.yaml network.h5 checkpoint.h5 checkpoint.previous.h5; do
        [ -e mine/$name ] || echo mine >mine/$name
        rm -f linked/$name && ln -s ../mine/$name linked/$name
    done
    cp -r mine before
    succeeds $train --output linked $how
    diff -r mine before || fail "$how: a link in the run directory was followed"
    [ -z "$(find linked -type l ! -name checkpoint.previous.h5)" ] || fail "$how: $(find linked -type l) is a link still"
    rm -rf before
done

# -- signals: the process dies of them, and nothing is left, not even where it cannot know (if the file system has unnamed files) --
mkdir big
long="generate $quickstart --set data.num_samples=100000 --output big/a.h5"
writes() { # writes PROCESS: has it, or a rank of it, a file open there, with a name or without?
    local one
    for one in "$1" $(pgrep -P "$1" -x trainax); do readlink /proc/"$one"/fd/*; done 2>/dev/null | grep -q "^$work/big/"
}
interrupted() { # interrupted SIGNAL CODE COMMAND...: while it writes
    local signal=$1 code=$2 process
    shift 2
    "$@" 2>err.txt &
    process=$!
    for _ in $(seq 400); do
        writes $process && break
        sleep 0.02
    done
    writes $process || fail "$*: writes nothing"
    kill -"$signal" $process
    wait $process 2>/dev/null
    [ $? -eq "$code" ] || fail "$signal to $*: exit code is not $code"
    [ -z "$(ls -A big)" ] || fail "$signal to $*: $(ls -A big) is left"
    rm -f big/*
}
for signal in TERM INT HUP USR1 XCPU; do
    interrupted $signal $((128 + $(kill -l $signal))) "$trainax" $long
done
interrupted QUIT 131 env --default-signal=QUIT "$trainax" $long
interrupted INT 130 "$trainax" rollout net.h5 --initial data.h5 --steps 3000000 --output big/a.h5
if python3 -c 'import os; os.open(".", os.O_TMPFILE | os.O_RDWR)' 2>err.txt; then
    interrupted KILL 137 "$trainax" $long
    interrupted KILL 137 mpirun -n 3 "$trainax" $long
fi
interrupted USR2 $((128 + $(kill -l USR2))) mpirun -n 3 "$trainax" $long
interrupted TERM 1 mpirun -n 3 "$trainax" $long

# -- streams that are closed: no message lands in a file --
(exec 0<&- 2>&- && "$trainax" train config.yaml --set trainer.num_training_steps=3 --set trainer.batch_size=5000 --output closed >/dev/null)
(exec 0<&- 1>&- 2>&- && "$trainax" train config.yaml --set trainer.num_training_steps=3 --set trainer.batch_size=5000 --output all)
succeeds $train --set trainer.batch_size=5000 --output open
cmp -s open/history.csv closed/history.csv && cmp -s open/history.csv all/history.csv || fail "history.csv of a run without streams"

# -- --output as it stands --
for name in $'line\nbreak' '$HOME' '~' $'quote"\'\\' ' # : '; do
    succeeds $train --output "$name"
    succeeds $train --output "$name" --resume --set trainer.num_training_steps=4
    [ -s "$name/network.h5" ] || fail "--output $name is taken for something else"
    succeeds "$trainax" train "$name/config.yaml" --quiet --resume --set trainer.num_training_steps=5
done
expect 2 'must be UTF-8.*/\\xff' $train --output $'\xff'

# -- a message is one line, whatever is named in it --
bad=$'no\nsuch\e[31m\xff\xc2\x85'
shown='no\\nsuch\\x1b\[31m\\xff\\u0085'
expect 2 "$shown" "$trainax" train "$bad"
expect 2 "$shown" "$trainax" "$bad"
expect 2 "$shown" "$trainax" train config.yaml "--$bad"
expect 2 "$shown" "$trainax" list "$bad"
expect 3 "$shown" "$trainax" rollout "$bad" --initial data.h5 --steps 1 --output none.h5
expect 3 "$shown" "$trainax" rollout net.h5 --initial data.h5 --steps 1 --output "$bad/none.h5"
expect 2 'no\\nsuch' $train --set $'trainer.optimizer={type: "no\\nsuch"}'
expect 2 'no\\x1bsuch' $train --set $'callbacks=[{"no\\esuch": 1, type: weight_norm}]'
finish
