#!/usr/bin/env bash
# A link between hosts goes down in the middle of a run: it ends within the bound, with a checkpoint; a shorter outage, or a rank that
# takes its time, does it no harm.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"
. "$tests/cluster/network.sh"
network_up

arguments="--quiet --set output.checkpoint_interval=0"
bound=4
export TRAINAX_DEAD_LINK=$bound

start() { # start NAME: two ranks on each host; $run is the process to wait for
    on_first_host mpirun -x TRAINAX_DEAD_LINK -H "$subnet.1:2,$subnet.2:2" --map-by node -n 4 "$trainax" train "$quickstart" $arguments \
        --output "$1" --set trainer.num_training_steps=100000000 2>"$1.err" &
    run=$!
    wait_for_rows "$1" 100
}

rows() { cat "$1/history.csv" 2>/dev/null | wc -l; }
wait_for_rows() { # wait_for_rows NAME COUNT
    for _ in $(seq 300); do
        [ "$(rows "$1")" -ge "$2" ] && return
        sleep 0.1
    done
    fail "$1 has no more than $(rows "$1") rows: $(cat "$1.err")"
}
ranks_on() { # ranks_on HOST
    local process
    for process in $(ip netns pids "$bridge.$1"); do
        [ "$(cat "/proc/$process/comm" 2>/dev/null)" != trainax ] || echo "$process"
    done
}
same_as_whole() { # same_as_whole NAME: resumed, it comes to what a run that nothing happened to comes to
    local steps
    steps=$("$trainax" inspect "$1/checkpoint.h5" | sed -n 's/^step: //p')
    succeeds mpirun -n 2 "$trainax" train "$quickstart" $arguments --output "$1" --resume --set trainer.num_training_steps=$((steps + 70))
    succeeds "$trainax" train "$quickstart" $arguments --output "$1.whole" --set trainer.num_training_steps=$((steps + 70))
    same_run "$1" "$1.whole"
}

# -- down for good --
start dead
link_is down
timeout 60 tail --pid=$run -f /dev/null || fail "a dead link keeps a run waiting"
wait $run
code=$?
[ $code -eq 1 ] || fail "exit code $code after a dead link"
grep -q "^trainax: error: $subnet.2 has not answered for $bound s .*: run again with --resume" dead.err || fail "a dead link: $(cat dead.err)"
for _ in $(seq 100); do
    [ -z "$(ranks_on 2)" ] && break
    sleep 0.2
done
[ -z "$(ranks_on 2)" ] || fail "a rank behind a dead link lives on"
[ -e dead/lock ] && fail "the directory is still claimed"
same_as_whole dead
link_is up

# -- for a moment; then a rank that stands still for longer than the bound, while its machine answers --
start short
link_is down
sleep 2
link_is up
before=$(rows short)
wait_for_rows short $((before + 100))
still=$(ranks_on 2 | head -1)
kill -STOP "$still"
sleep $((2 * bound))
kill -0 $run || fail "a rank that takes long is taken for a dead link: $(cat short.err)"

# -- asked to stop while that one is waited for: the last step is saved before the time to finish the next is over --
for process in $(ranks_on 1); do kill -TERM "$process"; done
for _ in $(seq 40); do
    [ -e short/checkpoint.h5 ] && break
    sleep 0.1
done
[ -e short/checkpoint.h5 ] || fail "asked to stop while it waits for a rank, a run saves nothing"
kill -KILL "$still"
wait $run
same_as_whole short
finish
