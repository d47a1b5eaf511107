#!/usr/bin/env bash
# A full disk: exit code 3, one line, nothing half-written, and the checkpoint before it is intact. Where no small file system can
# be mounted a limit on the size of files stands in.
. "$(dirname "$0")/common.sh" "$1" "$2"

arguments="--quiet --set trainer.num_training_steps=4000 --set output.checkpoint_every=500"
if mkdir disk && mount -t tmpfs -o size=400k none disk 2>/dev/null; then
    trap 'cd /; umount "$work/disk"; rm -rf "$work"' EXIT
    expect 3 'disk/.*(No space left|full)' "$trainax" train "$quickstart" $arguments --output disk/run
    ls disk/run >listing.txt
    grep -Ev '^(config.yaml|run.log|history.csv|checkpoint.h5|checkpoint.previous.h5)$' listing.txt && fail "left behind on a full disk"
    succeeds "$trainax" inspect disk/run/checkpoint.h5
    tail -c 1 disk/run/history.csv | od -c | grep -q '\\n' || fail "history.csv ends within a row"
    mkdir roomy && cp -r disk/run roomy/run
    succeeds "$trainax" train "$quickstart" $arguments --output roomy/run --resume
    succeeds "$trainax" train "$quickstart" $arguments --output roomy/whole
    same_run roomy/run roomy/whole
    rm -rf disk/run
    expect 3 'disk/run' mpirun -n 3 "$trainax" train "$quickstart" $arguments --output disk/run
    expect 3 'disk/d.h5' "$trainax" generate "$quickstart" --set data.num_samples=100 --output disk/d.h5
    ls disk | grep -v '^run$' && fail "left behind on a full disk"
fi
if [ "${TRAINAX_SANITIZE:-}" != thread ]; then # whose own bookkeeping lies in files
    printf '#!/bin/bash\nulimit -f 24 # KiB\nexec "$@"\n' >limited.sh
    expect 3 run bash limited.sh "$trainax" train "$quickstart" $arguments --output run
    ls run | grep -Ev '^(config.yaml|run.log|history.csv|checkpoint.h5|checkpoint.previous.h5)$' && fail "left behind at the limit"
fi
finish
