#!/usr/bin/env bash
# An ensemble: each member is the run alone, whatever ranks and groups; tables; members that diverge, stop, are resumed; errors.
. "$(dirname "$0")/common.sh" "$1" "$2"

# Keys come from the seeds. One learning rate is beyond all bounds.
cat >config.yaml <<'END'
data: {type: advection_1d_periodic, num_points: 30, num_samples: 5, temporal_horizon: 20, key: 0}
evaluation:
  data: {type: advection_1d_periodic, num_points: 30, num_samples: 3, temporal_horizon: 9, key: 1}
  metrics: [mean_nRMSE, mean_correlation]
network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2, padding: same, padding_mode: circular, use_bias: false}
trainer: {num_rollout_steps: 3, optimizer: {type: adam}, num_training_steps: 60, batch_size: 32}
callbacks: [{type: weight_norm, every: 7}, {type: early_stopping, metric: mean_nRMSE, every: 20, patience: 9}]
parallel: {block: 5}
ensemble: {seeds: "3:5", vary: {trainer.optimizer.learning_rate: [1.0e-2, 3.0e+38, 3.0e-2]}}
END
rates=(1.0e-2 1.0e-2 3.0e+38 3.0e+38 3.0e-2 3.0e-2)
seeds=(3 4 3 4 3 4)

single() { # single MEMBER: that run alone, in alone/MEMBER
    local seed=${seeds[$1]}
    timeout 120 "$trainax" train config.yaml --quiet --output "alone/member_00$1" --set ensemble=null \
        --set trainer.optimizer.learning_rate="${rates[$1]}" --set "network.key={seed: $seed, split: 2, index: 0}" \
        --set "trainer.key={seed: $seed, split: 2, index: 1}" 2>err.txt
}
for k in 0 1 2 3 4 5; do
    single $k
    [ $? -eq $((k == 2 || k == 3 ? 4 : 0)) ] || fail "member $k alone: $(cat err.txt)"
    if [ -e alone/member_00$k/network.h5 ]; then
        succeeds "$trainax" evaluate alone/member_00$k/config.yaml --network alone/member_00$k/network.h5 \
            --output alone/member_00$k/metrics.csv
    fi
done

same() { # same DIR: its members are the runs alone, to the byte
    local k name
    for k in 0 1 2 3 4 5; do
        for name in history.csv network.h5 best.h5 metrics.csv; do
            if [ -e alone/member_00$k/$name ] || [ -e "$1/member_00$k/$name" ]; then
                cmp alone/member_00$k/$name "$1/member_00$k/$name" || fail "$1: $name of member $k is not that of the run alone"
            fi
        done
        diff <(sed 's/alone\/member/DIR/' alone/member_00$k/config.yaml) <(sed "s/$1\/member/DIR/" "$1/member_00$k/config.yaml") ||
            fail "$1: config.yaml of member $k"
    done
    cmp whole/members.csv "$1/members.csv" && cmp whole/ensemble.csv "$1/ensemble.csv" || fail "$1: other tables"
}

succeeds "$trainax" train config.yaml --output whole
grep -q 'warning: member_002: training diverged' err.txt || fail "a member that diverged is not told"
same whole
cut -d, -f1-5 whole/members.csv | diff - /dev/fd/3 3<<'END' || fail "members.csv"
member,seed,trainer.optimizer.learning_rate,status,steps
member_000,3,1.0e-2,finished,60
member_001,4,1.0e-2,finished,60
member_002,3,3.0e+38,diverged,1
member_003,4,3.0e+38,diverged,1
member_004,3,3.0e-2,finished,60
member_005,4,3.0e-2,finished,60
END
python=$(with_modules numpy) && { "$python" "$tests/command/ensemble.py" tables whole || fail "tables are not what the members say"; }

# -- ranks and groups --
for setting in "2 auto" "3 2" "4 3" "3 1"; do
    read -r ranks groups <<<"$setting"
    succeeds mpirun -n $ranks "$trainax" train config.yaml --quiet --output groups --overwrite --set ensemble.groups=$groups
    same groups
done

# -- its config.yaml makes it again; a finished one is left alone, with the exit code that it had --
succeeds "$trainax" train whole/config.yaml --quiet --output again
same again
before=$(ls -lR --time-style=full-iso again/member_00[0145])
succeeds mpirun -n 2 "$trainax" train config.yaml --quiet --output again --resume
same again
[ "$before" = "$(ls -lR --time-style=full-iso again/member_00[0145])" ] || fail "finished members were touched"

# -- stopped in the middle, by a signal or the clock; gone on with on other ranks and groups --
slow=(--set 'network=Conv;8;3;relu' --set trainer.num_training_steps=600 --set 'callbacks=[{type: weight_norm, every: 7}]')
succeeds "$trainax" train config.yaml --quiet --output long "${slow[@]}"
mpirun -n 2 "$trainax" train config.yaml --quiet --output stopped "${slow[@]}" 2>err.txt &
process=$!
for ((k = 0; k < 200; k++)); do
    [ -e stopped/member_001/history.csv ] && break
    sleep 0.05
done
kill -TERM "$(pgrep -P $process -x trainax | tail -1)"
wait $process
[ $? -eq 75 ] || fail "a stopped ensemble: $(cat err.txt)"
grep -q 'stopped with [0-5] of 6 members finished: run again with --resume' err.txt || fail "a stopped ensemble says: $(cat err.txt)"
[ -e stopped/members.csv ] && fail "a table of members that are not finished"
succeeds mpirun -n 3 "$trainax" train config.yaml --quiet --output stopped --resume "${slow[@]}" --set ensemble.groups=2
for k in 0 1 2 3 4 5; do
    for name in history.csv network.h5 metrics.csv; do
        [ ! -e long/member_00$k/$name ] || cmp long/member_00$k/$name stopped/member_00$k/$name || fail "member $k after a stop: $name"
    done
done
cmp long/members.csv stopped/members.csv && cmp long/ensemble.csv stopped/ensemble.csv || fail "tables after a stop"

# -- extended: metrics are measured again --
succeeds mpirun -n 2 "$trainax" train config.yaml --quiet --output shorter --set trainer.num_training_steps=20
succeeds "$trainax" train config.yaml --quiet --output shorter --resume
same shorter

# -- metrics.csv alone is missing: as after a kill between the two --
rm shorter/member_001/metrics.csv
succeeds "$trainax" train config.yaml --quiet --output shorter --resume
same shorter

# -- all diverge --
expect 4 'all 2 members have diverged: .*members.csv' mpirun -n 2 "$trainax" train config.yaml --quiet --output all \
    --set 'ensemble={vary: {trainer.optimizer.learning_rate: [3.0e+38, 2.0e+38]}}' --set network.key=1 --set trainer.key=1
grep -q '^member_001,,2.0e+38,diverged,1,nan,' all/members.csv || fail "members.csv of those that diverged: $(cat all/members.csv)"
[ "$(wc -l <all/ensemble.csv)" -eq 1 ] || fail "ensemble.csv without a member"

# -- the directory is owned as one, and by one kind of run; nothing of an older one stays --
expect 2 'whole already holds a run' "$trainax" train config.yaml --quiet --output whole
expect 2 'whole holds an ensemble, and this is a single run' "$trainax" train config.yaml --quiet --output whole --resume \
    --set ensemble=null --set network.key=1 --set trainer.key=1 --set trainer.optimizer.learning_rate=1e-2
expect 2 'alone/member_000 holds a single run, and this is an ensemble' "$trainax" train config.yaml --quiet \
    --output alone/member_000 --resume
cp again/member_000/history.csv again/member_000/kept.csv
succeeds "$trainax" train config.yaml --quiet --output again --overwrite --set 'ensemble={seeds: [7]}' \
    --set trainer.optimizer.learning_rate=1e-2
[ "$(echo again/*)" = "again/config.yaml again/ensemble.csv again/member_000 again/members.csv again/run.log" ] ||
    fail "what an older ensemble has left: $(echo again/*)"
[ -e again/member_000/kept.csv ] || fail "a file of the user's is gone"

# -- wrong input --
refused() { # refused PATTERN ENSEMBLE
    expect 2 "$1" "$trainax" train config.yaml --quiet --output wrong --set "ensemble=$2" --set trainer.optimizer.learning_rate=1e-2
    [ -e wrong ] && fail "something was begun: $2"
}
refused 'seeds' '{}'
refused 'ensemble.seeds' '{seeds: []}'
refused 'ensemble.seeds' '{seeds: "4:4"}'
refused 'ensemble.seeds.*START:STOP' '{seeds: some}'
refused 'trainer.batch_size.* empty' '{seeds: [1], vary: {trainer.batch_size: []}}'
refused 'trainer.key.*`seeds`' '{seeds: [1], vary: {trainer.key: [1, 2]}}'
refused 'network.key.seed.*`seeds`' '{seeds: [1], vary: {network.key.seed: [1, 2]}}'
refused 'trainer.batch_sizes.*batch_size' '{seeds: [1], vary: {trainer.batch_sizes: [1, 2]}}'
refused 'data.num_points' '{seeds: [1], vary: {data.num_points: [30]}}'
for path in precision random.stream output.directory parallel.block; do
    refused "$path" "{seeds: [1], vary: {$path: [1]}}"
done
refused 'trainer.batch_size must be at least 1' '{seeds: [1], vary: {trainer.batch_size: [0]}}'
sed 's/^ensemble: .*/ensemble:\n  vary:\n    trainer.optimizer.lerning_rate: [1]/' config.yaml >placed.yaml
expect 2 'placed.yaml:11:5: trainer.optimizer.lerning_rate' "$trainax" train placed.yaml --quiet --output wrong --set network.key=1 \
    --set trainer.key=1

# -- evaluated as one: the mean state, how far members are apart, crps; in double, against the rollouts of each --
double=(--set precision=float64 --set 'evaluation.metrics=[mean_nRMSE, mean_MSE]' --set trainer.optimizer.learning_rate=1e-2)
succeeds "$trainax" generate config.yaml "${double[@]}" --set data.num_samples=3 --set data.temporal_horizon=9 --set data.key=1 --output held_out.h5
for directory in triple double; do
    seeds=$([ $directory = triple ] && echo 3:6 || echo 3:4)
    succeeds "$trainax" train config.yaml --quiet "${double[@]}" --set "ensemble={seeds: '$seeds'}" --output $directory
    rollouts=()
    for member in $directory/member_*; do
        succeeds "$trainax" rollout $member/network.h5 --initial held_out.h5 --steps 8 --output $member/rolled.h5
        rollouts+=($member/rolled.h5)
    done
    for n in 1 2 4; do
        succeeds mpirun -n $n "$trainax" evaluate config.yaml "${double[@]}" --network $directory --output spread$n.csv --overwrite
        cmp spread1.csv spread$n.csv || fail "the spread on $n ranks"
    done
    for n in 1 3; do
        succeeds mpirun -n $n "$trainax" rollout $directory --initial held_out.h5 --steps 8 --output mean$n.h5 --overwrite
        succeeds "$trainax" inspect mean$n.h5
    done
    cmp <(h5dump mean1.h5 | tail -n +2) <(h5dump mean3.h5 | tail -n +2) || fail "the mean rollout on 3 ranks"
    python=$(with_modules numpy,h5py) && { "$python" "$tests/command/ensemble.py" rollout mean3.h5 "${rollouts[@]}" ||
        fail "the mean rollout"; }
    python=$(with_modules numpy,h5py) && { "$python" "$tests/command/ensemble.py" metrics spread1.csv held_out.h5 "${rollouts[@]}" ||
        fail "metrics of the members' mean"; }
done
succeeds "$trainax" rollout triple --initial held_out.h5 --steps 8 --output mean.npy
expect 2 'member_002/network.h5' "$trainax" rollout triple --initial held_out.h5 --steps 8 --output triple/member_002/network.h5 --overwrite
expect 3 'no finished member of an ensemble' mpirun -n 2 "$trainax" rollout "$work" --initial held_out.h5 --steps 8 --output no.h5
expect 3 'no finished member of an ensemble' "$trainax" evaluate config.yaml --network "$work"
mkdir -p forms/member_000 forms/member_001
cp long/member_000/network.h5 forms/member_000
cp double/member_000/network.h5 forms/member_001
expect 3 'forms/member_001/network.h5 has another network than forms/member_000/network.h5' "$trainax" rollout forms \
    --initial held_out.h5 --steps 8 --output no.h5
expect 2 'full loss is of one network' mpirun -n 2 "$trainax" evaluate config.yaml "${double[@]}" --network double --full-loss
expect 2 'double/member_000/network.h5' "$trainax" evaluate config.yaml "${double[@]}" --network double \
    --output double/member_000/network.h5 --overwrite
cp alone/member_000/network.h5 double/member_000/network.h5
"$trainax" train config.yaml --quiet "${double[@]}" --set ensemble=null --set network_key=1 --set trainer.key=1 \
    --set 'network=Conv;3;1;relu' --output double/member_001 && cp double/member_001/network.h5 double/member_001/other.h5
expect 3 'double/member_001/network.h5' mpirun -n 2 "$trainax" evaluate config.yaml "${double[@]}" --network double

# -- no effect on other commands --
succeeds "$trainax" evaluate config.yaml --network whole/member_000/network.h5 --output metrics.csv
cmp metrics.csv whole/member_000/metrics.csv || fail "evaluate of a configuration with members"
finish
