#!/usr/bin/env bash
# Training on a device from the same configuration: the CPU's numbers to rounding; the same bytes on any number of ranks, after a
# resume and where activations are computed again; checkpoints that move between backends; what is told where there is no device.
. "$2/command/common.sh" "$1" "$2"
export POCL_CACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/pocl/kcache # what PoCL makes of a program takes it long
export XDG_CACHE_HOME=$work/cache POCL_MAX_PTHREAD_COUNT=1

"$trainax" list devices >devices.txt 2>err.txt || {
    echo "no OpenCL device here: $(cat err.txt)"
    exit 77
}
grep -Eq '^0  .*  \(.*, driver .*\)  [0-9.]+ GiB  float32( float64)?$' devices.txt || fail "list devices: $(cat devices.txt)"

cat >run.yaml <<'YAML'
precision: float64
data: {type: advection_1d_periodic, num_points: 12, num_samples: 6, temporal_horizon: 11, key: 3}
network: {type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 3, depth: 1, key: 1}
trainer: {num_rollout_steps: 4, optimizer: {type: adam, learning_rate: 1.0e-2}, num_training_steps: 20, batch_size: 23, key: 42}
parallel: {block: 3, backend: opencl}
callbacks: [{type: metrics, every: 5}]
YAML
train() { succeeds $launch "$trainax" train run.yaml --quiet --output "$1" "${@:2}"; }

# The first one may take minutes: PoCL compiles.
timeout 600 "$trainax" train run.yaml --quiet --output one 2>err.txt || fail "exit code $?: $(cat err.txt)"
launch= train cpu --set parallel.backend=cpu
grep -Eq '^[^ ]* device: .*: [0-9.]+ [KM]iB a rank predicted; a step moves [0-9.]+ KiB to it and [0-9.]+ KiB from it$' one/run.log ||
    fail "the run's log does not name the device, or what a step moves: $(grep device one/run.log)"
awk -F, 'NR == FNR { for (k = 1; k <= NF; k++) a[FNR, k] = $k; next }
    FNR > 1 { for (k = 4; k <= NF; k++) if ($k != "" && ($k - a[FNR, k]) ^ 2 > 1e-24 * $k ^ 2) bad = 1 } END { exit bad || FNR < 20 }' \
    cpu/history.csv one/history.csv || fail "the device computes other numbers than the CPU"

for ranks in 2 3; do
    launch="mpirun -n $ranks" train $ranks
    same_run one $ranks
done
launch= train resumed --set trainer.num_training_steps=9
launch="mpirun -n 2" train resumed --resume
same_run one resumed

# -- what is only planned compiles nothing --
succeeds env XDG_CACHE_HOME="$work/planned" "$trainax" inspect run.yaml
grep -q '^device bytes per rank: [0-9]*$' out.txt && [ ! -e planned ] || fail "inspect: $(ls planned) $(grep device out.txt)"

# -- memory: the least that it takes, which the error says --
expect 2 'parallel.memory: too little: this run takes at least [0-9]+ KiB' "$trainax" train run.yaml --output no --set parallel.memory=1KiB
least=$(sed -n 's/.*at least \([0-9]*\) KiB.*/\1/p' lines.txt)
launch= train less --set parallel.memory="$((least + 8)) KiB"
same_run one less

# -- on with the other one --
cp -r one moved
launch= train moved --resume --set parallel.backend=cpu --set trainer.num_training_steps=25
[ "$(grep -c 'the last bits may differ' err.txt)" = 1 ] || fail "a checkpoint that moves to the CPU: $(cat err.txt)"
launch= train moved --resume --set trainer.num_training_steps=30
[ "$(grep -c 'the last bits may differ' err.txt)" = 1 ] || fail "a checkpoint that moves to the device: $(cat err.txt)"
launch= train moved --resume --set trainer.num_training_steps=35
grep -q 'may differ' err.txt && fail "a checkpoint that stays where it is: $(cat err.txt)"

succeeds "$trainax" evaluate run.yaml --network one/network.h5 --output device.csv
succeeds "$trainax" evaluate run.yaml --network one/network.h5 --output cpu.csv --set parallel.backend=cpu
paste -d, device.csv cpu.csv | awk -F, 'NR > 1 { n = NF / 2; for (k = 1; k <= n; k++) if ($k != $(k + n) && ($k - $(k + n)) ^ 2 > 1e-24 * $k ^ 2) bad = 1 }
    END { exit bad || NR < 2 }' || fail "an evaluation on the device has other numbers than on the CPU"

succeeds "$trainax" generate run.yaml --output data.h5
succeeds "$trainax" rollout one/network.h5 --initial data.h5 --steps 5 --output cpu.h5
succeeds mpirun -n 2 "$trainax" rollout one/network.h5 --initial data.h5 --steps 5 --device auto --output device.h5
h5diff --delta=1e-12 cpu.h5 device.h5 /trajectories >out.txt || fail "a rollout on the device: $(head -5 out.txt)"
expect 2 "there is no OpenCL device '99'" "$trainax" rollout one/network.h5 --initial data.h5 --steps 5 --device 99 --output no

# -- compilers catch signals of their own: a run is stopped by the ones that it hears all the same --
for signal in USR1 TERM; do
    "$trainax" train run.yaml --output $signal --set trainer.num_training_steps=100000000 --set output.checkpoint_interval=0 2>err.txt &
    process=$!
    for _ in $(seq 600); do
        [ "$(wc -l 2>/dev/null <$signal/history.csv)" -gt 2 ] 2>/dev/null && break
        sleep 0.05
    done
    kill -$signal $process
    timeout 60 tail --pid=$process -f /dev/null || kill -KILL $process
    wait $process
    [ $? = 75 ] || fail "a run on the device that gets SIG$signal: $(cat err.txt)"
done

# -- what is not there --
expect 2 "run.yaml:5:[0-9]+: parallel.backend: there is no OpenCL device '99'; there are: 0 " "$trainax" train run.yaml --output no --set parallel.device=99
for launch in "" "mpirun -n 3"; do
    expect 1 'OpenCL finds no device on this machine' env OCL_ICD_VENDORS=/nowhere $launch "$trainax" train run.yaml --output no
done
expect 1 'OpenCL finds no device on this machine' env OCL_ICD_VENDORS=/nowhere "$trainax" list devices
expect 2 'parallel.device: a rank takes about [0-9]+ MiB of .*, which has [0-9]+ MiB: with less parallel.memory' env POCL_MEMORY_LIMIT=1 \
    "$trainax" train run.yaml --output no --set data.num_points=65536 --set network.hidden_channels=64
[ -e no ] && fail "a run that cannot begin leaves something behind"

# -- compiled kernels: damaged ones are compiled anew --
entry=$(ls "$work"/cache/trainax/opencl/* | head -1)
[ "$(ls "$work"/cache/trainax/opencl | wc -l)" = 1 ] || fail "stored kernels: $(ls "$work/cache/trainax/opencl")"
for damage in short empty changed; do
    case $damage in
        short) truncate -s 1000 "$entry" ;;
        empty) truncate -s 0 "$entry" ;;
        changed) dd if=/dev/zero of="$entry" bs=100 count=1 seek=50 conv=notrunc status=none ;;
    esac
    sum=$(cksum <"$entry")
    launch= train damaged --overwrite
    same_run one damaged
    [ "$(cksum <"$entry")" != "$sum" ] || fail "stored kernels stay damaged: $damage"
    sum=$(cksum <"$entry")
    launch= train damaged --overwrite
    [ "$(cksum <"$entry")" = "$sum" ] || fail "kernels that are whole are compiled again: $damage"
done
finish
