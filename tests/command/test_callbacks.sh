#!/usr/bin/env bash
# Callbacks of a whole run: the same bytes of history and files on any number of ranks and threads and after a resume; what
# they write is what a run of so many steps would end with; early stopping; what may differ on --resume; what is refused.
. "$(dirname "$0")/common.sh" "$1" "$2"

set=(--quiet --set trainer.num_rollout_steps=3 --set trainer.num_training_steps=60 --set parallel.block=5 --set data.temporal_horizon=30
    --set 'evaluation={data: {type: advection_1d_periodic, num_points: 25, num_samples: 7, temporal_horizon: 12, key: 4}, metrics: [mean_nRMSE, q50_MAE]}')
callbacks='{type: grad_norm, name: own, every: 3, configuration: {type: supervised, num_rollout_steps: 3}},
    {type: grad_norm, name: cut, every: 2, configuration: {type: supervised, num_rollout_steps: 2, cut_bptt: true}},
    {type: composite, every: 2, callbacks: [weight_norm, {type: loss, name: chain, every: 5, with_grad: true,
        configuration: {type: diverted_chain, num_rollout_steps: 3}, ref_stepper: {type: fou_advection_1d, cfl: -0.75}}]},
    {type: get_network, every: 20}, {type: save_network, path: nets, file_name: sub/net, every: 25}, learning_rate,
    {type: metrics, every: 4}, {type: metrics, name: last, every: 6, over_steps: last}'
train() { # train DIRECTORY CALLBACKS ARGUMENTS...
    local directory=$1 list=$2
    shift 2
    succeeds $launch "$trainax" train "$quickstart" "${set[@]}" --set "callbacks=[$list]" --output "$directory" "$@"
}
same_files() { # same_files A B
    same_run "$1" "$2"
    (cd "$1" && ls -- *_*.h5) >names.txt
    cmp -s names.txt <(cd "$2" && ls -- *_*.h5) || fail "$1 and $2 have other files"
    while read -r name; do
        cmp -s "$1/$name" "$2/$name" || fail "$1/$name and $2/$name differ"
    done <names.txt
}
launch=""

# -- the same on ranks and threads --
train one "$callbacks"
mv nets nets_of_one
[ "$(head -1 one/history.csv)" = step,epoch,batch,loss,own,cut,weight_norm,chain,network,network_saved,learning_rate,mean_nRMSE,q50_MAE,last_mean_nRMSE,last_q50_MAE ] ||
    fail "header: $(head -1 one/history.csv)"
[ "$(ls nets_of_one/sub | tr '\n' ' ')" = "net_0.h5 net_25.h5 net_50.h5 " ] || fail "files of save_network"
[ "$(ls one | grep -c '^chain_gradient_[0-9]*0.h5$')" -eq 6 ] || fail "files of gradients" # every 10
[ "$(ls one | grep '^network_' | tr '\n' ' ')" = "network_0.h5 network_20.h5 network_40.h5 " ] || fail "files of get_network"
launch="mpirun -n 3" train three "$callbacks"
same_files one three
cmp nets/sub/net_25.h5 nets_of_one/sub/net_25.h5 || fail "save_network depends on ranks"
launch="mpirun -n 2" train both "$callbacks" --overwrite --set parallel.threads=2 --set parallel.placement=replicated
same_files one both
train double "$callbacks" --overwrite --set precision=float64
launch="mpirun -n 3" train double_three "$callbacks" --overwrite --set precision=float64
same_files double double_three

# -- after a resume, elsewhere; save_network's path may differ, progress and checkpoint come and go --
rm -r nets
launch="mpirun -n 2" train pieces "$callbacks" --set trainer.num_training_steps=23
launch="mpirun -n 3" train pieces "progress, $callbacks, {type: checkpoint, every: 7}" --set trainer.num_training_steps=41 --resume
launch="" train pieces "${callbacks/path: nets/path: elsewhere}, {type: progress, every: 5}" --resume
same_files one pieces
cmp elsewhere/sub/net_50.h5 nets_of_one/sub/net_50.h5 || fail "save_network's other path"
expect 2 'callbacks.1.every is 2 but the run was started with 3' "$trainax" train "$quickstart" "${set[@]}" --resume --output pieces \
    --set "callbacks=[progress, ${callbacks/every: 3/every: 2}]"

# -- a snapshot is the network that so many steps end with; metrics are what evaluate says of it --
train twenty "" --set trainer.num_training_steps=20
cmp -s <(h5dump -g /parameters one/network_20.h5 | tail -n +2) <(h5dump -g /parameters twenty/network.h5 | tail -n +2) ||
    fail "network_20.h5 is not the network before step 20"
"$trainax" inspect one/network_20.h5 | grep -qx 'step: 20' || fail "inspect of a snapshot"
"$trainax" inspect one/chain_gradient_20.h5 | grep -qx 'content: gradient' || fail "inspect of a gradient"
"$trainax" evaluate "$quickstart" "${set[@]:1}" --network one/network_20.h5 >table.txt || fail "evaluate on a snapshot"
gmean=$(sed -n 's/^gmean_mean_nRMSE: //p' table.txt)
awk -F, -v gmean="$gmean" '$1 == 20 { d = $12 / gmean - 1; found = d * d < 1e-12 } END { exit !found }' one/history.csv || fail "metrics at step 20"

# -- files of the run before are gone after --overwrite, those of the user are not --
cp one/network_20.h5 mine.h5 && cp nets_of_one/sub/net_0.h5 three/user_3.h5
train three "{type: get_network, every: 50}" --overwrite
[ "$(ls three | tr '\n' ' ')" = "checkpoint.h5 config.yaml history.csv network.h5 network_0.h5 network_50.h5 run.log user_3.h5 " ] ||
    fail "after --overwrite: $(ls three)"

# -- the checkpoint callback: before steps that are multiples --
train kept "{type: checkpoint, every: 25}"
"$trainax" inspect kept/checkpoint.previous.h5 | grep -qx 'step: 50' || fail "checkpoint callback"

# -- early stopping: finished, with all files, at the same step everywhere --
set+=(--set evaluation.num_steps=1)
stop='{type: early_stopping, every: 3, patience: 4, min_delta: 0.003}, weight_norm'
train stopped "$stop"
tail -1 stopped/history.csv | cut -d, -f1 >last.txt
[ "$(cat last.txt)" -lt 57 ] && [ "$(cat last.txt)" -gt 15 ] || fail "stopped at $(cat last.txt): nothing is tested"
launch="mpirun -n 3" train stopped_three "$stop"
same_run stopped stopped_three
[ -e stopped/network.h5 ] || fail "no network.h5 after early stopping"
before=$(ls -l --time-style=full-iso stopped)
train stopped "$stop" --resume
launch="mpirun -n 2" train stopped "$stop" --resume --set trainer.num_training_steps=90
[ "$before" = "$(ls -l --time-style=full-iso stopped)" ] || fail "a run that was ended was touched"
rm stopped/network.h5
train stopped "$stop" --resume
same_run stopped stopped_three
for steps in 4 10 "$(cat last.txt)" "$((1 + $(cat last.txt)))"; do
    train half_$steps "$stop" --set trainer.num_training_steps=$steps
    launch="mpirun -n 2" train half_$steps "$stop" --resume
    same_run half_$steps stopped
done
timeout 60 "$trainax" train "$quickstart" "${set[@]:1}" --set "callbacks=[$stop]" --output told >all.txt 2>&1 || fail "exit code of early stopping"
grep -q "early stopping at step $(cat last.txt): mean_nRMSE has not improved in 4 evaluations" all.txt || fail "the user is not told of early stopping"

# -- refused: one line --
refused() { # refused CODE 'PATTERN' CALLBACKS ARGUMENTS...
    local code=$1 pattern=$2 list=$3
    shift 3
    rm -rf bad
    expect "$code" "$pattern" $launch "$trainax" train "$quickstart" "${set[@]}" --output bad --set "callbacks=[$list]" "$@"
}
refused 2 'grad_norm needs a `name`' '{type: grad_norm, configuration: supervised}'
refused 2 'did you mean .mean_nRMSE' '{type: early_stopping, metric: mean_nRMS}'
refused 2 'evaluation.metrics' metrics --set evaluation.metrics=nothing
refused 2 "evaluation.metrics: unknown metric 'nRMSE' .did you mean 'mean_nRMSE'" '' --set 'evaluation={metrics: [nRMSE]}' # before training
refused 2 'evaluation.num_steps|num_steps' metrics --set evaluation.num_steps=50
launch="mpirun -n 3" refused 2 'channels|axes' metrics --set 'evaluation={data: {type: lorenz_rk4, key: 0}}'
launch="mpirun -n 3" refused 3 'missing.h5' metrics --set 'evaluation={data: {type: file, path: /nowhere/missing.h5}}'
# before any step, though no callback evaluates anything
for launch in "" "mpirun -n 3"; do
    refused 2 'evaluation.metrics' weight_norm --set evaluation.metrics=nothing
    refused 2 'evaluation.num_steps' weight_norm --set evaluation.num_steps=500
    refused 2 'channels|axes' weight_norm --set 'evaluation={data: {type: lorenz_rk4, key: 0}}'
    refused 3 'missing.h5' weight_norm --set 'evaluation={data: {type: file, path: /nowhere/missing.h5}}'
done
[ -e bad ] && fail "a refused run left its directory"
touch file
refused 3 'file' '{type: save_network, path: file, file_name: net}'
launch="mpirun -n 3" refused 3 'file' '{type: save_network, path: file/deeper, file_name: net, every: 50}'
refused 3 'file' '{type: save_network, path: file, file_name: net}' --set trainer.num_training_steps=1
# Two that would write the same files are both named, whatever they call the folder.
ln -s . here
for launch in "" "mpirun -n 3"; do
    for two in '{type: get_network, name: net}, {type: save_network, path: bad, file_name: net}' \
        '{type: save_network, path: ./bad/, file_name: net}, {type: get_network, name: net, every: 7}' \
        '{type: save_network, path: new/nets, file_name: net}, {type: save_network, path: here/./new, file_name: nets/net}'; do
        refused 2 "callbacks.1: .*_network would write '.*/net_STEP.h5', as does .*callbacks.0: .*_network" "$two"
    done
done
[ -e new ] && fail "a refused run made a folder of its networks"
many='{type: composite, callbacks: ['
for k in $(seq 70); do many+="{type: weight_norm, name: n$k},"; done
refused 2 'more than 62 columns' "$many]}"
finish
