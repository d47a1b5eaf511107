#!/usr/bin/env bash
# All ranks of a job are told the same, by command line, variables and folders: else one line, exit 2, and nothing is touched.
. "$(dirname "$0")/common.sh" "$1" "$2"

few="--quiet --set trainer.num_training_steps=3"
succeeds "$trainax" generate "$quickstart" --set data.num_samples=4 --output data.h5
cp data.h5 moved.h5
succeeds "$trainax" train "$quickstart" $few --output one
succeeds "$trainax" train "$quickstart" $few --output two --set trainer.key=9

# told PATTERN RANKS LIST COMMAND...: rank k of RANKS gets the words of LIST's k-th line behind the others'.
told() {
    local pattern=$1 ranks=$2 before
    printf '%s\n' "$3" >words.txt
    shift 3
    before=$(files)
    expect 2 "$pattern" mpirun -n "$ranks" bash each.sh "$@"
    [ "$(files)" = "$before" ] || fail "something was touched: $pattern"
}
files() { find . -mindepth 1 ! -name '*.txt' -printf '%p %T@ %s\n' | sort; }
cat >each.sh <<'EACH'
eval "more=($(sed -n "$((OMPI_COMM_WORLD_RANK + 1))p" words.txt))"
exec "$@" "${more[@]}"
EACH
train="$trainax train $quickstart $few"
told 'rank 1 was told --set trainer.batch_size=9 where rank 0 was told --set trainer.batch_size=8' 2 \
    $'--set trainer.batch_size=8\n--set trainer.batch_size=9' $train --output run
told 'rank 2 was told --output runs/2 where rank 0 was told --output runs/0' 3 $'--output runs/0\n--output runs/0\n--output runs/2' $train
told 'rank 1 was told --output run/1 where' 3 $'--output run/0\n--output run/1\n--output run/2' $train # a sweep
told 'rank 1 was told nothing more where rank 0 was told --quiet' 2 $'--quiet\n' "$trainax" train "$quickstart" --output run
told 'rank 1 was told --resume where rank 0 was told' 2 $'\n--resume' $train --output run
told 'rank 1 was told .*two/network.h5 where rank 0 was told .*one/network.h5' 2 $'one/network.h5\ntwo/network.h5' \
    "$trainax" rollout --initial data.h5 --steps 2 --output rolled.h5
told 'rank 1 was told --steps 3 where rank 0 was told --steps 2' 2 $'--steps 2\n--steps 3' \
    "$trainax" rollout one/network.h5 --initial data.h5 --output rolled.h5
told 'rank 1 was told --network two/' 3 $'--network one/network.h5\n--network two/network.h5\n--network one/network.h5' \
    "$trainax" evaluate "$quickstart" --output metrics.csv
told 'rank 1 was told .*other.yaml where rank 0 was told .*quickstart.yaml' 2 "$quickstart"$'\nother.yaml' "$trainax" generate --output g.h5
told 'rank 1 was told quickstart/rollout_5 where rank 0 was told quickstart/rollout_1' 2 $'quickstart/rollout_1\nquickstart/rollout_5' "$trainax" bench

# -- other programs of the same job --
expect 2 'rank 1 was told generate where rank 0 was told train' mpirun -n 1 $train --output run : -n 1 "$trainax" generate "$quickstart" --output g.h5

# -- ranks that end before they have joined the others --
others="mpirun -n 2 $train --output run : -n 1"
expect 2 'rank 2 was told --help where rank 0 was told .*quickstart' $others "$trainax" train --help
expect 2 'rank 2 was told list where rank 0 was told train' $others "$trainax" list
expect 2 'rank 2, not all of them: train needs a CONFIG' $others "$trainax" train
expect 2 'rank 2, not all of them: there is no command trian' $others "$trainax" trian
expect 2 'rank 0, not all of them: which command' mpirun -n 1 "$trainax" : -n 2 $train --output run
expect 2 'error: there is no command trian' mpirun -n 3 "$trainax" trian
[ "$(grep -c error: err.txt)" = 1 ] || fail "ranks that fail alike: $(cat err.txt)"
succeeds mpirun -n 3 "$trainax" --version
[ -e run ] && fail "ranks that end at once: a run was begun"

# -- the same words that mean another thing: a folder --
mkdir a b && cp "$quickstart" a/c.yaml && cp "$quickstart" b/c.yaml
expect 2 "rank 1 was told directory: $work/b/run where rank 0 was told directory: $work/a/run" \
    mpirun -n 1 --wdir "$work/a" "$trainax" train c.yaml $few --output run : -n 2 --wdir "$work/b" "$trainax" train c.yaml $few --output run
[ -e a/run ] || [ -e b/run ] && fail "ranks in other folders: a run was begun"

# -- the same, in another order --
printf '%s\n' '--output both --set trainer.key=7' '--set=trainer.key=7 --output both' >words.txt
succeeds mpirun -n 2 bash each.sh $train
[ -s both/network.h5 ] || fail "the same in another order"
finish
