#!/usr/bin/env bash
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
