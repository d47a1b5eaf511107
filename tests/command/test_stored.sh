#!/usr/bin/env bash
# What older versions have written (tests/stored/VERSION, by scripts/store_files.sh) is read, and runs of theirs go on.
. "$(dirname "$0")/common.sh" "$1" "$2"

# close WHAT A B: the same words, and numbers to 1e-3 of each other; whatever the instruction set that either was computed with.
close() {
    awk 'function off(a, b) { return a != b && (a !~ /^[-+.0-9]/ || (a - b) ^ 2 > 1e-6 * (b ^ 2 + 1e-4)) }
        NR == FNR { line[FNR] = $0; lines = FNR; next }
        { n = split($0, a, /[, ]+/); if (split(line[FNR], b, /[, ]+/) != n) bad = 1; for (i = 1; i <= n; i++) bad += off(b[i], a[i]) }
        END { exit bad || FNR != lines }' "$2" "$3" || {
        fail "$1"
        diff "$2" "$3"
    }
}
numbers() { h5dump -y -w 1 -d "$2" "$1" | grep -E '^ *[-+0-9.e]+,?$' | tr -d ' ,'; } # numbers FILE DATASET, one a line
result() { "$trainax" inspect "$1" | grep '^result: '; }
train() { succeeds $launch "$trainax" train "$run.yaml" --quiet --set trainer.num_training_steps="$1" --output "$2" "${@:3}"; }

for version in "$tests"/stored/*/; do
    cp -r "$version" stored && cd stored || exit 1
    "$trainax" inspect trajectories.h5 >out.txt
    grep -qx 'shape: (3, 8, 1, 16)' out.txt || fail "$version: inspect says of trajectories: $(cat out.txt)"
    succeeds "$trainax" rollout adam/best.h5 --initial trajectories.h5 --steps 4 --output now.h5
    numbers rollout.h5 /trajectories >then.txt && numbers now.h5 /trajectories >now.txt
    [ "$(wc -l <then.txt)" = 240 ] || fail "$version: rollout.h5 has $(wc -l <then.txt) numbers"
    close "$version: a rollout of a stored network" then.txt now.txt
    succeeds "$trainax" evaluate adam.yaml --network adam/best.h5 --output now.csv
    close "$version: an evaluation of a stored network" evaluation.csv now.csv

    for run in adam chain adan; do
        launch=""
        [ "$(result $run/network.h5)" = "$(result $run/checkpoint.h5)" ] || fail "$version: $run: the files' results differ"
        train 12 half
        train 24 whole
        same=$([ "$(result half/network.h5)" = "$(result $run/network.h5)" ] && echo yes)
        for ranks in 1 2; do
            cp -r $run resumed
            launch=$([ $ranks = 1 ] || echo mpirun -n $ranks)
            train 24 resumed --resume
            close "$version: $run resumed on $ranks ranks" $run.csv resumed/history.csv
            # Where this program computes with the same bits as that one did, there is no trace of the change of hands.
            [ -z "$same" ] || same_run whole resumed
            if [ $run = adam ]; then # what its early stopping had found is known to the best network that follows it
                "$trainax" inspect resumed/best.h5 >best.txt
                [ "$(grep -Ex 'step: .*' best.txt)" = "$(awk -F, 'NR > 1 && $5 != "" { print $5, "step: " $1 }' adam.csv | sort -g | sed -n '1s/.* step/step/p')" ] ||
                    fail "$version: best.h5 is of $(grep step: best.txt)"
            fi
            rm -r resumed
        done
        rm -r half whole
    done
    cd "$work" && rm -r stored
done
[ -n "${version:-}" ] && [ -d "$version" ] || fail "no stored files in $tests/stored"
finish
