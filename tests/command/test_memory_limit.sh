#!/usr/bin/env bash
# Memory. What cannot be there is refused before it is taken, with the numbers; inspect says it without taking it.
# parallel.memory: the same bytes of parameters, optimizer state and history whatever the limit and on several ranks and
# threads; a resume under another limit; inspect's trade; below the least, an error that says what the least is.
. "$(dirname "$0")/common.sh" "$1" "$2"

network='network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 12, depth: 5, key: 0}'
set=(--set "$network" --set trainer.num_rollout_steps=20 --set trainer.num_training_steps=30 --set parallel.block=5
    --set data.num_samples=10)
train() { # train NAME ARGUMENTS...
    local name=$1
    shift
    succeeds "$trainax" train "$quickstart" --quiet --output "$name" "${set[@]}" "$@"
}
inspect() { # inspect SED ARGUMENTS...: what the SED expression finds in the prediction
    local expression=$1
    shift
    "$trainax" inspect "$quickstart" "${set[@]}" "$@" | sed -n "$expression"
}
total='s/^memory bytes per rank: //p'
chosen='s/^  chosen: .* bytes, \(.*\) % more work a step$/\1/p'

# -- sizes that no machine has: within seconds, in 2 GiB of address space, and nothing is left behind --
within=(prlimit --as=2147483648)
[ -n "${TRAINAX_SANITIZE:-}" ] && within=() # sanitizers take more than that
wide='network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 640000, depth: 5, key: 0}'
held_out='evaluation={data: {type: advection_1d_periodic, num_points: 30, num_samples: 100000000, temporal_horizon: 100, key: 1}}'
for absurd in "$wide" data.num_points=1000000000 data.num_samples=1000000000 data.temporal_horizon=1000000000; do
    expect 2 'this needs [0-9.e+]+ [TP]iB of memory \((parameters and optimizer|trajectories) [0-9.e+]+ [TP]iB' \
        "${within[@]}" "$trainax" train "$quickstart" --quiet --output none --set "$absurd"
    [ -e none ] && fail "a refused run left its directory: $absurd"
    succeeds "${within[@]}" "$trainax" inspect "$quickstart" --set "$absurd"
    bytes=$(sed -n "$total" out.txt)
    [ "$bytes" -gt 1000000000000 ] || fail "$bytes bytes predicted for $absurd"
    grep -q '^does not fit here: this needs ' out.txt || fail "inspect does not say that it does not fit: $absurd"
done
expect 2 'this needs [0-9.]+ TiB of memory a rank, [0-9.]+ TiB for 3 ranks \(parameters and optimizer' \
    mpirun -n 3 "$trainax" train "$quickstart" --quiet --output none --set "$wide"
expect 2 'this needs 1\.[0-9]+ TiB of memory \(held-out data 1\.[0-9]+ TiB\)' "$trainax" train "$quickstart" --quiet --output none \
    --set "$held_out" --set 'callbacks=[metrics]'
expect 2 'no machines hold that' "$trainax" inspect "$quickstart" --set data.num_points=2000000000 \
    --set data.num_samples=2000000000 --set data.temporal_horizon=2000000000
expect 2 'parameters, of which layers.1.weight has 3e\+16: no machine holds that' "$trainax" inspect "$quickstart" \
    --set "${wide/640000/100000000}"

# -- the other commands --
train short --set trainer.num_training_steps=1
expect 2 'this needs [0-9.]+ TiB of memory \(metrics of samples' "$trainax" evaluate "$quickstart" --network short/network.h5 \
    --set data.num_samples=2000000000
expect 2 'this needs 1\.[0-9]+ TiB of memory \(trajectories' "$trainax" evaluate "$quickstart" --network short/network.h5 \
    --full-loss --set "${held_out/100000000/5}" --set data.num_samples=100000000
if [ -z "${TRAINAX_SANITIZE:-}" ]; then
    large=(--set data.num_points=3000000 --set data.num_samples=1 --set data.temporal_horizon=1)
    expect 2 'this needs [0-9.]+ GiB of memory \(trajectories' prlimit --as=419430400 \
        "$trainax" generate "$quickstart" --output none.h5 "${large[@]}" --set data.num_points=30000000
    spectral='{type: rollout, stepper: {type: advection_1d_spectral, cfl: -0.75}, initial_condition: normal, num_samples: 1, key: 0'
    expect 2 'out of memory \([0-9.]+ GiB asked for at once, [0-9.]+ GiB are free\)' "${within[@]}" \
        "$trainax" generate "$quickstart" --output none.h5 --set "data=$spectral, num_points: 2000000000, temporal_horizon: 1}"
    succeeds "$trainax" generate "$quickstart" --output large.h5 "${large[@]}"
    expect 2 'this needs [0-9.]+ MiB of memory \(activations' prlimit --as=268435456 "$trainax" rollout short/network.h5 \
        --initial large.h5 --steps 1 --output none.h5
    [ -e none.h5 ] && fail "a refused command left its file"
    rm large.h5

    # -- what the message says is enough is enough; threads --
    long=(--set parallel.block=100 --set trainer.batch_size=200 --set trainer.num_training_steps=1 --set trainer.num_rollout_steps=90
        --set "${network/12/24}")
    few=(prlimit --as=150000000)
    expect 2 'limits of a process \(ulimit\) on .* leave [0-9.]+ MiB: parallel.memory: [0-9]+ MiB is enough' "${few[@]}" \
        "$trainax" train "$quickstart" --quiet --output none "${set[@]}" "${long[@]}"
    enough=$(sed -n 's/.*parallel.memory: \([0-9]* MiB\) is enough.*/\1/p' lines.txt)
    train roomy "${long[@]}"
    succeeds "${few[@]}" "$trainax" train "$quickstart" --quiet --output tight "${set[@]}" "${long[@]}" \
        --set "parallel.memory=$enough"
    same_run roomy tight
    expect 2 'ulimit.*: fewer parallel.threads take less' prlimit --as=700000000 "$trainax" train "$quickstart" --quiet \
        --output none --set "${network/12/700}" --set parallel.threads=8
    expect 1 'the system refuses 900 threads \(.*\): give parallel.threads a smaller number' "${within[@]}" \
        "$trainax" train "$quickstart" --quiet --output none --set parallel.threads=900
    expect 1 'the system refuses 900 threads' "${within[@]}" mpirun -n 3 "$trainax" train "$quickstart" --quiet --output none \
        --set parallel.threads=900
    [ -e none ] && fail "a refused run left its directory"
fi

# -- the least, as the error says --
expect 2 'parallel.memory: too little: this run takes at least [0-9]+ KiB a rank' "$trainax" train "$quickstart" \
    --quiet --output none "${set[@]}" --set 'parallel.memory=1 KiB'
[ -e none ] && fail "a refused run left its directory"
least=$(sed -n 's/.*at least \([0-9]*\) KiB.*/\1/p' lines.txt)
expect 2 'too little' "$trainax" train "$quickstart" --quiet --output none "${set[@]}" --set "parallel.memory=$((least - 8)) KiB"

# -- inspect --
unlimited=$(inspect "$total")
[ "$(inspect "$chosen")" = 0.0 ] || fail "work is repeated without a limit"
[ -n "$(inspect 's/^  states between rollout steps kept: [0-9]* bytes, \([0-9.]*\) % more work a step$/\1/p')" ] || fail "inspect does not print the trade"
middle=$(((unlimited / 1024 + least) / 2))
for limit in $middle "$least"; do
    bytes=$(inspect "$total" --set "parallel.memory=$limit KiB")
    [ "$bytes" -le $((1024 * limit)) ] || fail "$bytes bytes predicted with a limit of $limit KiB"
    [ "$(inspect "$chosen" --set "parallel.memory=$limit KiB")" != 0.0 ] || fail "no work is repeated within $limit KiB"
done

# -- the same bytes --
train all
train middle --set "parallel.memory=$middle KiB"
train least --set "parallel.memory=$least KiB"
train threads --set "parallel.memory=$((2 * least)) KiB" --set parallel.threads=2
succeeds mpirun -n 3 "$trainax" train "$quickstart" --quiet --output ranks "${set[@]}" --set "parallel.memory=$least KiB"
for run in middle least threads ranks; do
    same_run all $run
done

# A checkpoint of few numbers is all image.
image=$(inspect 's/^  beside them on rank 0, while it writes a checkpoint: //p')
size=$(stat -c %s all/checkpoint.h5)
[ "$image" -ge $((2 * size)) ] && [ "$image" -le $((4 * size + 2097152)) ] || fail "$image bytes predicted for a checkpoint of $size"

# -- a resume under another limit --
train resumed --set trainer.num_training_steps=11 --set "parallel.memory=$middle KiB"
succeeds "$trainax" train "$quickstart" --quiet --output resumed --resume "${set[@]}" --set "parallel.memory=$least KiB"
same_run all resumed

# -- other networks and configurations: the least that the error names is enough, and changes nothing --
set=(--set network_key=0 --set data.num_points=32 --set data.num_samples=3 --set trainer.num_training_steps=5 --set parallel.block=5)
stepper='ref_stepper: {type: fou_advection_1d, cfl: -0.75}'
trainer='num_training_steps: 5, batch_size: 8, key: 42, optimizer: {type: adam, learning_rate: 1e-2}'
for network in 'UNet;4;2;relu' 'FNO;4;4;2;gelu' 'Dil;2;4;1;relu' 'Res;4;3;relu' 'MLP;16;2;tanh'; do
    for configuration in 'type: supervised' "type: diverted_chain, num_branch_steps: 3, $stepper" \
        "type: mix_chain_post_physics, num_post_physics_steps: 2, $stepper"; do
        what=(--set "network=$network" --set "trainer={$configuration, num_rollout_steps: 8, $trainer}" --overwrite)
        expect 2 'parallel.memory: too little: this run takes at least [0-9]+ KiB a rank' "$trainax" train "$quickstart" \
            --quiet --output none "${set[@]}" "${what[@]}" --set 'parallel.memory=1 KiB'
        least=$(sed -n 's/.*at least \([0-9]*\) KiB.*/\1/p' lines.txt)
        train all "${what[@]}"
        train least "${what[@]}" --set "parallel.memory=$least KiB"
        same_run all least
    done
done
finish
