#!/usr/bin/env bash
# The same bytes on any number of ranks and threads, sharded or replicated: parameters, optimizer state, history. Seven blocks a
# minibatch, the last one short, and a short last minibatch.
. "$(dirname "$0")/common.sh" "$1" "$2"

for precision in float32 float64; do
    run() { # run NAME RANKS ARGUMENTS...
        local name=$1 ranks=$2
        shift 2
        succeeds mpirun -n "$ranks" "$trainax" train "$quickstart" --quiet --output "$precision.$name" \
            --set precision=$precision --set trainer.num_rollout_steps=3 --set trainer.num_training_steps=130 \
            --set parallel.block=5 --set trainer.record_loss_every=2 \
            --set "callbacks=[{type: weight_norm, every: 3}, {type: loss, name: two, every: 4, configuration: {type: supervised, num_rollout_steps: 2}}]" "$@"
        same_run "$precision.one" "$precision.$name"
    }
    succeeds "$trainax" train "$quickstart" --quiet --output $precision.one \
        --set precision=$precision --set trainer.num_rollout_steps=3 --set trainer.num_training_steps=130 \
        --set parallel.block=5 --set trainer.record_loss_every=2 \
        --set "callbacks=[{type: weight_norm, every: 3}, {type: loss, name: two, every: 4, configuration: {type: supervised, num_rollout_steps: 2}}]"
    run nine 9
    run both 2 --set parallel.threads=2
    run replicated 3 --set parallel.placement=replicated
    [ $precision = float32 ] || continue # how ranks and threads share the work does not depend on it
    run launched 1
    run two 2
    run three 3
    run four 4
    run threads 1 --set parallel.threads=2
done

# Operations large enough for threads to share a block: three blocks for two threads, one for two, for four, for three of two ranks.
# More ranks than blocks share them, too: three for four and eight, one for two to eight, and for threads of each.
shared() { # shared NAME RANKS BLOCK NETWORK ARGUMENTS...
    local name=$1 ranks=$2 block=$3 network=$4
    shift 4
    succeeds mpirun -n "$ranks" "$trainax" train "$quickstart" --quiet --output "${network%%,*}.$block.$name" \
        --set "network={type: $network, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 40, key: 0}" \
        --set data.num_points=1600 --set data.num_samples=2 --set data.temporal_horizon=4 --set trainer.num_training_steps=3 \
        --set trainer.batch_size=3 --set trainer.num_rollout_steps=1 --set "parallel.block=$block" "$@"
    same_run "${network%%,*}.$block.one" "${network%%,*}.$block.$name"
    [ "$ranks" -lt 4 ] || [ $# -gt 0 ] || grep -q ', sharing blocks$' "${network%%,*}.$block.$name/run.log" ||
        fail "$name: no rank helps another" # threads of several ranks only where instructions are long
}
for network in conv_net "classic_u_net, num_levels: 1"; do
    for block in 1 3; do
        shared one 1 $block "$network"
        shared two 1 $block "$network" --set parallel.threads=2
        shared four 1 $block "$network" --set parallel.threads=4
        shared both 2 $block "$network" --set parallel.threads=3
        shared ranks4 4 $block "$network"
        shared ranks8 8 $block "$network"
        shared ranks4x2 4 $block "$network" --set parallel.threads=2
    done
done
[ "$(head -1 float32.one/history.csv)" = step,epoch,batch,loss,weight_norm,two ] || fail "header of history.csv"
[ "$(wc -l <float32.one/history.csv)" -eq $((1 + 65 + 22)) ] || fail "rows of history.csv" # every 2nd, and odd multiples of 3
grep -q '^3,0,3,,[0-9.]*,$' float32.one/history.csv || fail "empty cells of history.csv"
finish
