#!/usr/bin/env bash
# Scenarios in every command, whole runs against APEBench's; networks that correct a coarse stepper: the same bytes on any ranks,
# whatever is kept in memory, and when a run goes on.
. "$(dirname "$0")/common.sh" "$1" "$2"

python3 "$tests/command/scenarios.py" "$trainax" "$tests/scenario/trainings.txt" || fail "scenarios.py"

cat >burgers.yaml <<'END'
scenario:
  type: diff_burgers
  num_points: 20
  task: correct;sequential_with_bypass
  net: Conv;3;1;tanh
  train: div;2
  optim_config: adam;12;constant;1e-3
  num_train_samples: 3
  train_temporal_horizon: 6
  num_test_samples: 2
  test_temporal_horizon: 4
  record_loss_every: 1
  callbacks: net;4,weight_norm;3,metrics;6
parallel: {block: 2}
END
train() { # train NAME RANKS ARGUMENTS...
    local name=$1 ranks=$2
    shift 2
    succeeds mpirun -n "$ranks" "$trainax" train burgers.yaml --quiet --output "$name" "$@"
}

# -- the same bytes --
train one 1
train three 3
same_run one three
least=$("$trainax" train burgers.yaml --output none --set parallel.memory=1B 2>&1 |
    sed -n 's/.* at least \([0-9.]*\) \(.*\) a rank.*/\1\2/p')
train little 1 --set parallel.memory="$least"
same_run one little
train first 2 --set trainer.num_training_steps=5
train first 1 --resume
same_run one first
grep -q '^scenario' one/config.yaml && fail "config.yaml has a scenario"
succeeds "$trainax" train one/config.yaml --quiet --output again
same_run one again

# -- what is trained is used --
h5ls -r one/network.h5 | grep -q '/parameters/network\.layers\.0\.weight' || fail "leaves of the network inside"
succeeds "$trainax" generate burgers.yaml --evaluation --output test.h5
succeeds "$trainax" rollout one/network.h5 --initial test.h5 --steps 4 --output states.h5
succeeds "$trainax" evaluate burgers.yaml --network one/network.h5 --output errors.csv
[ "$(wc -l <errors.csv)" -eq 5 ] || fail "metrics of four steps"
succeeds "$trainax" export one/network.h5 --c --output network.c
expect 2 "an operation 'rfftn', which cannot be exported to ONNX" "$trainax" export one/network.h5 --onnx --output network.onnx
expect 2 'network: corrected_stepper does not work with history' "$trainax" train burgers.yaml --output none \
    --set 'network.network={type: history, num_steps: 2, network: "Conv;4;1;relu"}'
expect 2 "unknown stepper 'phy' " "$trainax" train burgers.yaml --output none --set network.coarse_stepper=phy

# -- coarse data --
succeeds "$trainax" generate burgers.yaml --coarse --output coarse.h5
succeeds mpirun -n 3 "$trainax" generate burgers.yaml --coarse --output coarse_3.h5
cmp coarse.h5 coarse_3.h5 || fail "coarse data depend on ranks"
succeeds "$trainax" generate burgers.yaml --output fine.h5
cmp -s coarse.h5 fine.h5 && fail "coarse data are the others"
expect 2 'either --evaluation or --coarse' "$trainax" generate burgers.yaml --coarse --evaluation --output none.h5
expect 2 'has no scenario, whose coarse stepper is asked for' "$trainax" generate one/config.yaml --coarse --output none.h5

# -- what is said of them --
"$trainax" list scenarios >list.txt
[ "$(wc -l <list.txt)" -eq 60 ] || fail "$(wc -l <list.txt) scenarios"
while read -r name _; do
    "$trainax" help "scenario/$name" | grep -q 'ic_config' || fail "help $name"
done <list.txt
"$trainax" help scenario.net | grep -q 'as its descriptor' || fail "help scenario.net"
"$trainax" help train_seed | grep -q 'in 60 scenarios' || fail "help train_seed"
"$trainax" inspect burgers.yaml --set scenario.num_substeps=3 --set trainer.batch_size=7 >resolved.txt
grep -q 'num_sub_steps: 3' resolved.txt && grep -q 'batch_size: 7' resolved.txt || fail "--set of both"
expect 2 "unknown scenario 'norm_kss' \(did you mean 'norm_ks'\? There are: .*, phy_kolm_flow\)" \
    "$trainax" inspect burgers.yaml --set scenario=norm_kss

finish
