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
    printf 'machine: m\ncluster: \nrestart: \nuser: %s\nid: 0123456789abcdef\n' $(id -u) >>far/lock
}
mkdir slurm
PATH=$work/slurm:$PATH
cat >slurm/scontrol <<'EOF'
#!/bin/sh
case $* in
'-ao show config') printf 'ClusterName = here\nPrivateData = none\n' ;;
'-ao show job 17') echo 'JobId=17 JobName=x JobState=RUNNING Restarts=0 StartTime=2024-01-01T00:00:00' ;;
'-ao show job 18') echo 'JobId=18 JobName=x JobState=PENDING Restarts=1 StartTime=Unknown' ;;
'-ao show job 19') echo 'slurm_load_jobs error: Invalid job id specified' && false ;;
'-ao show job 21') # over in a moment
    echo "JobId=21 JobState=$(cat state || echo COMPLETING) StartTime=2024-01-01T00:00:00"
    echo COMPLETED >state ;;
'-o show job 17') echo 'JobId=17 JobName=x' ;;
'-o show job 14') printf 'JobId=%s ArrayJobId=14 ArrayTaskId=%s JobName=x\n' 16 1 14 2 ;;
requeue*) echo "$*" >>requeued.txt ;;
*) echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' && false ;;
esac
EOF
chmod +x slurm/scontrol
claim ''
expect 2 'far is in use by process 12 on node7 since 2024-.*whether that is alive.*if it is dead, remove .*far/lock$' \
    "$trainax" train "$quickstart" --quiet --output far
claim 17
expect 2 'far is in use by process 12 on node7 \(job 17\) since .*one run at a time' "$trainax" train "$quickstart" --quiet --output far
claim 20 # Slurm does not answer
expect 2 'far is in use by .*\(job 20\).*remove .*far/lock$' "$trainax" train "$quickstart" --quiet --output far
SLURMD_NODENAME=n1 SLURM_JOB_ID=20 SLURM_RESTART_COUNT=1 succeeds "$trainax" train "$quickstart" --quiet --output far # its own earlier life
for job in 18 19 21; do # requeued; over; about to be
    rm -r far
    claim $job
    succeeds "$trainax" train "$quickstart" --quiet --output far
done
claim '1; touch harm'
expect 2 'far is in use' "$trainax" train "$quickstart" --quiet --output far --resume
[ -e harm ] && fail "a claim is run as a command"

# -- taken over while it was not to be seen: it writes nothing any more --
"$trainax" train "$quickstart" $long --output lost 2>lost.err &
first=$!
wait_for_claim lost
sleep 1
kill -STOP $first
rm lost/lock
succeeds "$trainax" train "$quickstart" --quiet --output lost --overwrite
before=$(cd lost && ls && sha256sum config.yaml history.csv network.h5 checkpoint.h5)
kill -CONT $first
wait $first
[ $? -eq 2 ] || fail "exit code of a run that has lost its directory"
grep -q 'lost/lock is not this run.s any more' lost.err || fail "a run that has lost its directory says: $(cat lost.err)"
[ "$before" = "$(cd lost && ls && sha256sum config.yaml history.csv network.h5 checkpoint.h5)" ] ||
    fail "a run that has lost its directory has written there"

# -- slurm/train.sbatch: the one task of an array whose time is up goes back into the queue, no other --
cat >slurm/mpirun <<'EOF'
#!/bin/bash
echo "$*" >started.txt
stop() { [ $((heard += 1)) -ge $HEARS ] && exit $CODE; }
trap stop USR2
while :; do /bin/sleep 0.1; done
EOF
printf '#!/bin/sh\nexec /bin/sleep 0.1\n' >slurm/sleep
chmod +x slurm/mpirun slurm/sleep
requeue() { # requeue EXPECTED NAME=VALUE...
    local expected=$1 process
    shift
    rm -f requeued.txt started.txt
    env SLURM_SUBMIT_DIR="$work" TRAINAX="$trainax" HEARS=1 CODE=75 "$@" bash "$tests/../slurm/train.sbatch" "$quickstart" \
        --output runs/%a >sbatch.txt 2>&1 &
    process=$!
    for _ in $(seq 100); do
        [ -s started.txt ] && break
        /bin/sleep 0.05
    done
    /bin/sleep 0.3 # until the traps stand
    kill -USR1 $process
    wait $process
    [ "$(cat requeued.txt 2>/dev/null)" = "$expected" ] || fail "requeued: $(cat requeued.txt sbatch.txt)"
}
requeue 'requeue 17' SLURM_JOB_ID=17
grep -q 'runs/%a --resume$' started.txt || fail "not a task of an array: $(cat started.txt)"
requeue 'requeue 17' SLURM_JOB_ID=17 HEARS=3         # mpirun had not begun to listen
requeue 'requeue 17' SLURM_JOB_ID=17 CODE=140        # nor had the ranks
requeue '' SLURM_JOB_ID=17 CODE=4                    # diverged
requeue 'requeue 17' SLURM_JOB_ID=17 SLURM_ARRAY_JOB_ID=14 SLURM_ARRAY_TASK_ID=2 # submitted by that task
requeue 'requeue 14_2' SLURM_JOB_ID=14 SLURM_ARRAY_JOB_ID=14 SLURM_ARRAY_TASK_ID=2
grep -q 'runs/2 --resume$' started.txt || fail "a task of an array: $(cat started.txt)"
SLURM_JOB_ID=17 SLURM_SUBMIT_DIR=$work TRAINAX=$work/missing bash "$tests/../slurm/train.sbatch" "$quickstart" 2>err.txt
[ $? -eq 1 ] && grep -q 'no trainax in .*/missing:' err.txt || fail "a TRAINAX that is not there: $(cat err.txt)"
finish
