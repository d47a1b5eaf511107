#!/usr/bin/env bash
# Jobs that share a run directory: one has it, the others are told who; a claim that a killed run left is in nobody's way.
. "$(dirname "$0")/common.sh" "$1" "$2"

long="--quiet --set trainer.num_training_steps=100000000"

wait_for_claim() { # until a run has the directory
    for _ in $(seq 400); do
        [ -e "$1/lock" ] && return
        sleep 0.05
    done
    fail "nobody has claimed $1"
}

# -- many start together, each with data that take a moment: one trains, and its files are its own --
start_one() { # start_one SEED RANKS
    mpirun -n $2 "$trainax" train "$quickstart" --quiet --output together --set trainer.num_training_steps=2000 \
        --set data.num_samples=20000 --set trainer.key=$1 2>$1.err
    echo $? >$1.code
}
for seed in 1 2 3 4 5 6; do start_one $seed $((seed % 3 * 2 + 1)) & done
wait
[ "$(grep -l '^0$' ?.code | wc -l)" = 1 ] || fail "$(grep -l '^0$' ?.code | wc -l) of the runs that started together ended well"
[ "$(grep -l '^2$' ?.code | wc -l)" = 5 ] || fail "not all others were refused: $(cat ?.code)"
[ "$(cat ?.err | grep -Ec '^trainax: error: .*together (is in use by process [0-9]+ on|already holds a run)')" = 5 ] ||
    fail "not all others were told why: $(cat ?.err)"
winner=$(grep -l '^0$' ?.code | cut -c1)
grep -q "^ *key: $winner$" <(sed -n '/^trainer:/,$p' together/config.yaml) || fail "config.yaml is another run's"
awk -F, 'NF != 4 || (NR > 1 && $1 != NR - 2) { bad = 1 } END { exit bad || NR != 2001 }' together/history.csv ||
    fail "history.csv of runs that started together"
ls -A together | sort | tr '\n' ' ' | grep -qx 'checkpoint.h5 config.yaml history.csv network.h5 run.log ' ||
    fail "left behind: $(ls -A together)"

# -- a second one, in whatever way it is started, changes nothing and names the first --
"$trainax" train "$quickstart" $long --output busy 2>first.err &
first=$!
wait_for_claim busy
sleep 1 # history.csv stands
kill -STOP $first
grep -Eqx 'since: [0-9T:-]{19}[+-][0-9]{2}:[0-9]{2}' busy/lock || fail "the time of a claim: $(grep since busy/lock)"
before=$(ls -lA --time-style=full-iso busy; stat -c %y busy)
for how in "" --resume --overwrite; do
    expect 2 "busy is in use by process $first on $(hostname) since 2" "$trainax" train "$quickstart" $long --output busy $how
    expect 2 "busy is in use by process $first on " mpirun -n 3 "$trainax" train "$quickstart" $long --output busy $how
done
[ "$before" = "$(ls -lA --time-style=full-iso busy; stat -c %y busy)" ] || fail "a run that was refused has touched something"

# -- killed: the next one takes over, without a word to a person --
kill -KILL $first
wait $first 2>/dev/null
[ -e busy/lock ] || fail "a killed run cannot take its claim back"
succeeds "$trainax" train "$quickstart" --output busy --resume
grep -q "busy was left by process $first on .*, which is dead: taken over" err.txt || fail "a dead claim is taken over without a word"
[ -e busy/lock ] && fail "the claim of a finished run is still there"

# -- given back after a stop and after an error; a folder made for it goes again --
timeout 60 "$trainax" train "$quickstart" $long --output stopped --time-limit 0:00:01 2>/dev/null
[ $? -eq 75 ] || fail "exit code of a time limit"
[ -e stopped/lock ] && fail "a stopped run keeps its claim"
expect 2 'num_rollout_steps|levels' "$trainax" train "$quickstart" --quiet --output new/folder/run --set trainer.num_rollout_steps=1000
[ -e new ] && fail "a run that never began leaves a folder"

# -- a claim from elsewhere: Slurm knows, or a person must --
claim() { # claim JOB: of a process that cannot be seen from here
    mkdir -p far
    printf 'host: node7\nprocess: 12\njob: %s\nsince: 2024-01-31T23:59:59+0100\nstarted: 1\nprocesses: pid:[1]\nboot: b\n' "$1" >far/lock
    printf 'machine: m\ncluster: \nrestart: \nid: 0123456789abcdef\n' >>far/lock
}
mkdir slurm
PATH=$work/slurm:$PATH
printf '#!/bin/sh\n[ "$3" = 17 ] && echo RUNNING\n[ "$3" = 18 ] && echo PENDING\n[ "$3" != 20 ]\n' >slurm/squeue
chmod +x slurm/squeue
claim ''
expect 2 'far is in use by process 12 on node7 since 2024-.*whether that is alive.*if it is dead, remove .*far/lock$' \
    "$trainax" train "$quickstart" --quiet --output far
claim 17
expect 2 'far is in use by process 12 on node7 \(job 17\) since .*one run at a time' "$trainax" train "$quickstart" --quiet --output far
claim 20 # Slurm does not answer
expect 2 'far is in use by .*\(job 20\).*remove .*far/lock$' "$trainax" train "$quickstart" --quiet --output far
SLURM_JOB_ID=20 SLURM_RESTART_COUNT=1 succeeds "$trainax" train "$quickstart" --quiet --output far # its own earlier life
for job in 18 19; do # requeued; over
    rm -r far
    claim $job
    succeeds "$trainax" train "$quickstart" --quiet --output far
done
claim '1; touch harm'
expect 2 'far is in use' "$trainax" train "$quickstart" --quiet --output far --resume
[ -e harm ] && fail "a claim is run as a command"

# -- slurm/train.sbatch: the one task of an array whose time is up goes back into the queue, no other --
printf '#!/bin/sh\necho "$*" >>requeued.txt\n' >slurm/scontrol
printf '#!/bin/sh\ntrap "exit 75" USR2\nwhile :; do /bin/sleep 0.1; done\n' >slurm/mpirun
printf '#!/bin/sh\nexec /bin/sleep 0\n' >slurm/sleep
chmod +x slurm/scontrol slurm/mpirun slurm/sleep
requeue() { # requeue EXPECTED NAME=VALUE...
    local expected=$1 process
    shift
    rm -f requeued.txt
    env SLURM_SUBMIT_DIR="$work" TRAINAX="$trainax" "$@" bash "$tests/../slurm/train.sbatch" "$quickstart" >sbatch.txt 2>&1 &
    process=$!
    for _ in $(seq 100); do
        pgrep -P $process -f mpirun >/dev/null && break
        /bin/sleep 0.05
    done
    /bin/sleep 0.3 # until its trap stands
    kill -USR1 $process
    wait $process
    [ "$(cat requeued.txt 2>/dev/null)" = "requeue $expected" ] || fail "requeued: $(cat requeued.txt sbatch.txt)"
}
requeue 17 SLURM_JOB_ID=17
requeue 15_2 SLURM_JOB_ID=15 SLURM_ARRAY_JOB_ID=15 SLURM_ARRAY_TASK_ID=2
finish
