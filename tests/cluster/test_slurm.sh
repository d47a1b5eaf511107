#!/usr/bin/env bash
# The batch scripts under a real slurmctld with four nodes: whatever ends a job early, the run comes to the bytes of one that nothing
# happened to, and nobody has to do anything.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"
. "$tests/cluster/slurm.sh"
cluster_up

slurm=$tests/../slurm
export TRAINAX=$trainax
unset OMPI_MCA_rmaps_base_oversubscribe

state() { squeue -h -t all -j "$1" -o %T; }
wait_until() { # wait_until WHAT SECONDS COMMAND...
    local what=$1 left=$(($2 * 5))
    shift 2
    until "$@"; do
        [ $((left -= 1)) -ge 0 ] || { fail "$what: $(squeue -h -t all; cat ./*.log)"; return 1; }
        sleep 0.2
    done
}
is() { [[ " ${*:2} " == *" $(state "$1") "* ]]; } # is JOB STATE...
has_rows() { [ "$(cat "$1/history.csv" 2>/dev/null | wc -l)" -ge "$2" ]; }
has_checkpoint() { [ -e "$1/checkpoint.h5" ]; }
submit() { # submit [OPTION OF sbatch] ARGUMENT...
    local option=()
    while [[ $1 == -* ]]; do option+=("$1"); shift; done
    sbatch --parsable -N2 --ntasks-per-node=1 "${option[@]}" "$slurm/train.sbatch" "$@"
}
has_restarted() { scontrol -o show job "$1" | grep -q " Restarts=$2 "; }
begins_again() { # begins_again JOB SECONDS [TIMES]: it has gone back into the queue; let it begin at once
    wait_until "job $1 is not back in the queue" "$2" has_restarted "$1" "${3:-1}" && sleep 3
    scontrol update job="$1" starttime=now 2>/dev/null # or it has begun
}
completes() { # completes JOB NAME OPTION...: and its run is what one command leaves
    wait_until "job $1 does not end" 120 is "$1" COMPLETED FAILED CANCELLED
    is "$1" COMPLETED || fail "job $1 is $(state "$1"): $(cat trainax-"$1".log)"
    [ -d "$2.whole" ] || succeeds "$trainax" train "${@:3}" --quiet --output "$2.whole"
    same_run "$2" "$2.whole"
}
cp "$quickstart" quick.yaml
quick="quick.yaml --set trainer.num_training_steps=2000"
python3 - <<'END' # some seconds a step
import yaml
slow = yaml.safe_load(open("quick.yaml"))
slow["data"].update(num_points=3072, num_samples=4, temporal_horizon=60)
slow.update(network="Conv;34;10;relu", network_key=0)
slow["trainer"].update(batch_size=200, num_training_steps=6)
yaml.safe_dump(slow, open("slow.yaml", "w"))
slow["data"] = {"type": "rollout", "stepper": {"type": "advection_1d_spectral", "cfl": 0.5}, "num_points": 32, "num_warmup_steps": 10**5,
                "initial_condition": {"type": "normal"}, "num_samples": 20000, "temporal_horizon": 60, "key": 0}
yaml.safe_dump(slow, open("still.yaml", "w"))
END

# -- as it is meant, with all tasks that were asked for; by srun; an array, a directory each; the scaling of it --
first=$(submit --ntasks-per-node=2 quick.yaml --output plain --set trainer.num_training_steps=300)
second=$(sbatch --parsable -N2 --ntasks-per-node=1 --output=trainax-%j.log --wrap \
    "srun --mpi=pmix -K $trainax train quick.yaml --quiet --output srun --set trainer.num_training_steps=300")
third=$(sbatch --parsable --array=3-4 "$slurm/seeds.sbatch" quick.yaml --quiet --set trainer.num_training_steps=300)
completes "$first" plain quick.yaml --set trainer.num_training_steps=300
grep -q ' ranks: 4 x' plain/run.log || fail "not all tasks: $(cat plain/run.log)"
cp -r plain.whole srun.whole
completes "$second" srun
wait_until "the array does not end" 60 eval "! squeue -h -j $third | grep -q ."
for seed in 3 4; do
    mv runs/seeds/quick/$seed seed$seed || fail "no run of task $seed: $(cat seeds-*.log)"
    succeeds "$trainax" train quick.yaml --quiet --output seed$seed.whole --set trainer.num_training_steps=300 --set network.key=$seed \
        --set trainer.key=$seed
    same_run seed$seed seed$seed.whole
done

# -- an ensemble over the nodes, put back into the queue in the middle: its members are as in one command --
job=$(SEEDS=0:3 sbatch --parsable -N2 --ntasks-per-node=1 --output=trainax-%j.log "$slurm/ensemble.sbatch" quick.yaml --output members \
    --set 'network=Conv;8;3;relu' --set network_key=0 --set trainer.num_training_steps=600)
wait_until "no steps" 60 has_rows members/member_001 2
scontrol requeue "$job" && begins_again "$job" 60
wait_until "job $job does not end" 120 is "$job" COMPLETED FAILED CANCELLED
is "$job" COMPLETED || fail "job $job is $(state "$job"): $(cat trainax-"$job".log)"
succeeds "$trainax" train quick.yaml --quiet --output members.whole --set 'network=Conv;8;3;relu' --set network_key=0 \
    --set trainer.num_training_steps=600 --set 'ensemble.seeds="0:3"'
cmp members/members.csv members.whole/members.csv && cmp members/ensemble.csv members.whole/ensemble.csv || fail "other tables"
for k in 0 1 2; do
    cmp members/member_00$k/network.h5 members.whole/member_00$k/network.h5 || fail "member $k"
done

fourth=$(cd "$tests/.." && TMPDIR=$work sbatch --parsable -N2 --ntasks-per-node=1 --output="$work/scaling.log" slurm/scaling.sbatch \
    "$quickstart" --mode strong --steps 20 --repetitions 1 --lines --output "$work/scaling")
wait_until "the study does not end" 60 is "$fourth" COMPLETED FAILED
for ranks in 1 2; do
    grep -q "^strong_${ranks}x1_time_per_step: .* s$" scaling.log || fail "scaling.sbatch: $(cat scaling.log)"
done

# -- preempted in the middle of a step of some seconds: that step is kept --
job=$(submit slow.yaml --output slow)
wait_until "no steps" 100 has_rows slow 2
urgent=$(sbatch --parsable -p urgent -N4 --exclusive --output=urgent.log --wrap "sleep 1")
wait_until "the urgent job does not run" 30 is "$urgent" RUNNING COMPLETED
has_checkpoint slow || fail "a run that is preempted loses its steps: $(cat trainax-"$job".log)"
wait_until "the urgent job does not end" 30 is "$urgent" COMPLETED
begins_again "$job" 30
completes "$job" slow slow.yaml

# -- given time to end: it needs a moment of that, and is back in the queue --
job=$(submit -ppatient $quick --output patient --set trainer.num_training_steps=100000000)
wait_until "no steps" 60 has_rows patient 100
urgent=$(sbatch --parsable -p urgent -N4 --exclusive --output=urgent.log --wrap "sleep 1")
wait_until "it is not back in the queue" 60 has_restarted "$job" 1
grep -q '^train.sbatch: stopped in time: back in the queue' trainax-"$job".log || fail "a grace time: $(cat trainax-"$job".log)"
scancel "$job"
wait_until "the urgent job does not end" 60 is "$urgent" COMPLETED

# -- a node that is not the batch script's dies: back in the queue, as there was progress --
job=$(submit $quick --output node --set output.checkpoint_every=100)
wait_until "no checkpoint" 60 has_checkpoint node
kill_node n2
begins_again "$job" 60
grep -q '^train.sbatch: ended by a failure (.*): back in the queue' trainax-"$job".log || fail "a dead node: $(cat trainax-"$job".log)"
start_node n2
completes "$job" node $quick

# -- the end of the time comes near, as Slurm says it; then a person cancels it: that is for good --
job=$(submit $quick --output limit --set trainer.num_training_steps=100000000)
wait_until "no steps" 60 has_rows limit 100
scancel --batch --signal=USR1 "$job"
begins_again "$job" 30
grep -q '^train.sbatch: stopped in time: back in the queue' trainax-"$job".log || fail "a time limit: $(cat trainax-"$job".log)"
wait_until "it does not go on" 60 grep -q '^resuming at step' trainax-"$job".log
scancel "$job"
wait_until "a cancelled job goes on" 30 is "$job" CANCELLED
wait_until "a cancelled run keeps its directory" 15 eval '[ ! -e limit/lock ]'

# -- the time is over before a step is done: tried again, but only once --
job=$(submit still.yaml --output still)
for times in 1 2; do
    wait_until "the run does not begin" 60 [ -e still/lock ]
    scancel --batch --signal=USR1 "$job"
    [ $times = 2 ] || begins_again "$job" 60
done
wait_until "a run that does not come to a step goes on" 60 is "$job" FAILED
grep -q '^train.sbatch: stopped in time, at the step at which it began: not tried again' trainax-"$job".log ||
    fail "no step: $(cat trainax-"$job".log)"

# -- killed again and again, before any checkpoint: once is enough, in a line of its own and one of ours --
job=$(submit $quick --output stuck --set trainer.num_training_steps=100000000)
wait_until "no steps" 60 has_rows stuck 100
kill -KILL $(pgrep -f "^[^ ]*trainax train $quick --output stuck")
wait_until "a run without progress goes on" 60 is "$job" FAILED
grep -q '^train.sbatch: ended by a failure (137), at the step at which it began' trainax-"$job".log ||
    fail "no progress: $(cat trainax-"$job".log)"
grep -q -- '-----' trainax-"$job".log && fail "Open MPI's banner: $(cat trainax-"$job".log)"

# -- a study stops in the middle of its second run, goes back into the queue, and ends as one that nothing happened to --
printf 'base: quick.yaml\nsettings: {plain: {}, slow: {trainer.optimizer.learning_rate: 1.0e-3}}\nseeds: [0, 1]\n' >study.yaml
few="--set trainer.num_training_steps=5000"
job=$(sbatch --parsable -N2 --ntasks-per-node=1 "$slurm/study.sbatch" study.yaml $few --output study)
wait_until "the study does not come to its second run" 60 has_rows study/runs/plain/1 100
scancel --batch --signal=USR1 "$job"
begins_again "$job" 30
wait_until "job $job does not end" 120 is "$job" COMPLETED FAILED CANCELLED
is "$job" COMPLETED || fail "job $job is $(state "$job"): $(cat trainax-study-"$job".log)"
grep -q '^train.sbatch: stopped in time: back in the queue' trainax-study-"$job".log || fail "a study: $(cat trainax-study-"$job".log)"
succeeds "$trainax" study study.yaml $few --quiet --output study.whole
cmp study/tests.csv study.whole/tests.csv || fail "a study that was stopped"
finish
