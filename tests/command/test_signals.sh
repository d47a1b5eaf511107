#!/usr/bin/env bash
# A signal that reaches any one rank stops all ranks at the same step, with a checkpoint and exit code 75; the resumed run ends
# with the bytes of one that was never stopped.
. "$(dirname "$0")/common.sh" "$1" "$2"

# The number of steps differs from machine to machine in time, not in bits: the stopped run is compared with one of as many steps.
arguments="--quiet --set parallel.block=5 --set trainer.num_rollout_steps=3 --set output.checkpoint_every=1000"

# wait_for_end PROCESS: its exit code; one that does not end is killed, with all of its ranks.
wait_for_end() {
    timeout 120 tail --pid="$1" -f /dev/null || {
        fail "process $1 has not ended"
        kill -KILL $(pgrep -P "$1") "$1"
    }
    wait "$1"
}

# The ranks of the mpirun with process id $1.
ranks_of() { pgrep -P "$1" -x trainax; }

wait_for_run() { # until the first checkpoint stands
    for _ in $(seq 600); do
        [ -e "$1/checkpoint.h5" ] && return
        sleep 0.05
    done
    fail "$1 has not started"
}

wait_for_history() { # until the first step is over
    for _ in $(seq 600); do
        [ -e "$1/history.csv" ] && return
        sleep 0.05
    done
    fail "$1 has not started"
}

steps_of() { "$trainax" inspect "$1/checkpoint.h5" | sed -n 's/^step: //p'; }

check_stopped() { # check_stopped NAME CODE
    [ "$2" -eq 75 ] || fail "$1: exit code $2 instead of 75"
    check_resumed "$1"
}

check_resumed() {
    [ -e "$1/network.h5" ] && fail "$1: a network.h5 of a stopped run"
    local steps
    steps=$(steps_of "$1")
    succeeds mpirun -n 2 "$trainax" train "$quickstart" $arguments --output "$1" --resume --set trainer.num_training_steps=$((steps + 70))
    succeeds "$trainax" train "$quickstart" $arguments --output "$1.whole" --set trainer.num_training_steps=$((steps + 70))
    same_run "$1" "$1.whole"
}

for signal in TERM INT USR1 USR2 HUP XCPU; do
    "$trainax" train "$quickstart" $arguments --output $signal --set trainer.num_training_steps=100000000 2>err.txt &
    process=$!
    wait_for_run $signal
    kill -$signal $process
    wait_for_end $process
    check_stopped $signal $?
    grep -q ' asked to stop$' $signal/run.log || fail "$signal: run.log does not say why the run stopped"
done

# SIGHUP is not meant for a run that was started to ignore it.
(trap '' HUP && exec "$trainax" train "$quickstart" $arguments --output ignored --set trainer.num_training_steps=100000000 2>err.txt) &
process=$!
wait_for_run ignored
kill -HUP $process
before=$(steps_of ignored)
for _ in $(seq 600); do
    [ "$(steps_of ignored)" -gt $((before + 2000)) ] && break
    sleep 0.05
done
kill -TERM $process
wait_for_end $process
[ $? -eq 75 ] && [ "$(steps_of ignored)" -gt $((before + 2000)) ] || fail "a run that ignores SIGHUP has not gone on"

# The time of a CPU is up, as ulimit -t and queues say it.
(ulimit -S -t 2 && exec "$trainax" train "$quickstart" $arguments --output limited --set trainer.num_training_steps=100000000 2>err.txt)
check_stopped limited $?

# One rank alone gets it; mpirun passes the ranks' exit code on.
mpirun -n 3 "$trainax" train "$quickstart" $arguments --output last --set trainer.num_training_steps=100000000 2>err.txt &
process=$!
wait_for_run last
kill -TERM "$(ranks_of $process | tail -1)"
wait_for_end $process
check_stopped last $?

# Through mpirun. (Not SIGUSR1: where hwloc asks OpenCL for devices, a driver of LLVM's keeps it from mpirun.)
mpirun -n 3 "$trainax" train "$quickstart" $arguments --output through --set trainer.num_training_steps=100000000 2>err.txt &
process=$!
wait_for_run through
kill -USR2 $process
wait_for_end $process
check_stopped through $?

# A rank that is killed takes the others along, wherever they wait for it.
mpirun -n 3 "$trainax" train "$quickstart" $arguments --output killed --set trainer.num_training_steps=100000000 2>err.txt &
process=$!
wait_for_run killed
kill -KILL "$(ranks_of $process | tail -1)"
wait_for_end $process
[ $? -eq 137 ] || fail "exit code when a rank is killed"
check_resumed killed

# Likewise where ranks share a block and wait for each other all the time: the last one has it, the first one helps.
shared() { # shared NAME SIGNAL RANK CODE
    mpirun -n 3 "$trainax" train "$quickstart" --quiet --output "$1" --set data.num_points=1600 --set data.num_samples=1 --set trainer.batch_size=3 --set parallel.block=3 \
        --set 'network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 40, key: 0}' \
        --set trainer.num_training_steps=100000000 --set output.checkpoint_interval=0 2>err.txt &
    process=$!
    wait_for_history "$1"
    grep -q ', sharing blocks$' "$1/run.log" || fail "no rank helps another"
    kill -"$2" "$(ranks_of $process | sed -n "$3p")"
    wait_for_end $process
    [ $? -eq "$4" ] || fail "$1: exit code when rank $3 of those that share a block gets $2"
}
shared helper KILL 1 137
shared owner KILL 3 137
shared stopped TERM 1 75

# Before the first step: a checkpoint of step 0. Big data give the time, and are not waited for: nobody knows them yet.
big="--set data.num_samples=20000"
stop_early() { # stop_early STEPS OPTION...: as soon as the handler of SIGTERM, bit 14, stands
    local process caught
    "$trainax" train "$quickstart" $arguments $big --output early --set trainer.num_training_steps="$1" "${@:2}" 2>err.txt &
    process=$!
    for _ in $(seq 200); do
        caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' /proc/$process/status 2>/dev/null)
        [ $((0x${caught:-0} >> 14 & 1)) = 1 ] && break
        sleep 0.01
    done
    kill -TERM $process
    wait_for_end $process
    [ $? -eq 75 ] || fail "exit code of an early signal: $(cat err.txt)"
}
stop_early 1000
[ "$(steps_of early)" = 0 ] || fail "an early signal leaves a checkpoint of step $(steps_of early)"
[ "$(cat early/history.csv)" = step,epoch,batch,loss ] || fail "history.csv after an early signal"
h5ls -r early/checkpoint.h5 | grep -q '^/data' && fail "an early signal waits until all data are there"
succeeds mpirun -n 2 "$trainax" train "$quickstart" $arguments $big --output early --resume --set trainer.num_training_steps=70
succeeds "$trainax" train "$quickstart" $arguments $big --output early.whole --set trainer.num_training_steps=70
same_run early early.whole

# A run that is there already is not harmed by it.
stop_early 90 --resume
[ "$(steps_of early)" = 70 ] || fail "a resumed run that is stopped early is at step $(steps_of early)"
succeeds "$trainax" train "$quickstart" $arguments $big --output early --resume --set trainer.num_training_steps=140
succeeds "$trainax" train "$quickstart" $arguments $big --output early.whole --resume --set trainer.num_training_steps=140
same_run early early.whole

# Not even a single trajectory is waited for.
endless() { # endless DATA OPTION...
    stop_early 1000 --overwrite --set "data={$1, num_samples: 1, num_warmup_steps: 2147483647, key: 0}" "${@:2}"
    h5ls -r early/checkpoint.h5 | grep -q '^/data' && fail "an early signal waits for all of a trajectory: $1"
}
endless 'type: lorenz_rk4' --set 'network={type: linear, in_features: 3, out_features: 3, key: 0}'
endless 'type: rollout, stepper: {type: fou_advection_1d, cfl: -0.75}, initial_condition: normal, num_points: 30'

# checkpoint.now: a checkpoint, and on it goes.
"$trainax" train "$quickstart" --quiet --set output.checkpoint_interval=0 --output now --set trainer.num_training_steps=100000000 2>err.txt &
process=$!
for _ in $(seq 600); do
    [ -e now/history.csv ] && break
    sleep 0.05
done
[ -e now/checkpoint.h5 ] && fail "a checkpoint that nobody has asked for"
for k in 1 2; do
    touch now/checkpoint.now
    for _ in $(seq 600); do
        [ -e now/checkpoint.now ] || break
        sleep 0.05
    done
    [ ! -e now/checkpoint.now ] || fail "checkpoint.now stays"
    [ $k = 1 ] && first=$(steps_of now)
done
[ "$(steps_of now)" -gt "$first" ] || fail "a second checkpoint.now changes nothing: $(steps_of now) steps"
kill -0 $process || fail "checkpoint.now ends the run: $(cat err.txt)"
kill -TERM $process
wait_for_end $process

# The time limit leaves room for the longest step and a checkpoint; so does the end of Slurm's job, as the environment or scontrol say.
stops_in_time() { # stops_in_time NAME COMMAND...
    local name=$1 code
    shift
    "$@" --output "$name" --set trainer.num_training_steps=100000000 2>err.txt
    code=$?
    [ $code -eq 75 ] && grep -q 'the time limit is near' err.txt || fail "$name: exit code $code: $(cat err.txt)"
    [ -e "$name/checkpoint.h5" ] || fail "$name: no checkpoint"
}
train="$trainax train $quickstart $arguments"
stops_in_time own $train --time-limit 0:00:02
export SLURM_JOB_ID=17
SLURM_JOB_END_TIME=$(($(date +%s) + 4)) stops_in_time told $train
mkdir bin
cat >bin/scontrol <<'END'
#!/bin/sh
[ "$*" = '-ao show job 17' ] && echo "JobId=17 JobName=x EndTime=$(TZ=UTC0 date -d '+4 seconds' +%Y-%m-%dT%H:%M:%S) Deadline=N/A"
END
chmod +x bin/scontrol
PATH=$work/bin:$PATH stops_in_time asked $train
finish
