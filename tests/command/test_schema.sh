#!/usr/bin/env bash
# The schema takes every configuration there is here, as it stands and resolved, in any spelling of names, and refuses, at one place,
# each mistake that can be seen without running.
. "$(dirname "$0")/common.sh" "$1" "$2"

python=python3
"$python" -c 'import jsonschema, yaml' 2>/dev/null || python=/usr/bin/python3 # where install_dependencies.sh puts them
"$trainax" schema >schema.json || fail "no schema"
schema() { # schema accepts|refuses FILE...
    "$python" "$tests/command/check_schema.py" schema.json "$@" || failures=$((failures + 1))
}

schema accepts "$tests"/golden/*.yaml "$tests"/../scripts/experiments/*.yaml "$quickstart"

# -- resolved: every option of what is used, null where it may be --
for name in callback_gradients composite_nested diverted_lp_sum mix_chain_lorenz sequential_mixed_1d weights_exponential; do
    succeeds "$trainax" train "$tests/golden/$name.yaml" --quiet --set trainer.num_training_steps=0 --output "$name"
    mv "$name/config.yaml" "$name.yaml"
done
schema accepts ./*.yaml

# -- names as Python spells them --
count=0
accepts() { # accepts 'SED'
    sed "$1" "$quickstart" >"spelled.$((++count)).yaml"
    cmp -s "spelled.$count.yaml" "$quickstart" && fail "nothing changed by $1"
}
accepts 's/type: supervised/type: tx.trainer.SupervisedTrainer/'
accepts 's/time_level_loss: mse/time_level_loss: MSELoss/'
accepts 's/type: adam, learning_rate: 1.0e-2/type: optax.Adam, learning_rate: {type: optax.constant_schedule, value: 1e-3}/'
accepts 's/type: conv$/type: equinox.nn.Conv1d/'
accepts 's/padding: same/padding: SAME/'
accepts 's/time_level_loss: mse/time_level_loss_fn: MSELoss()/'
accepts '/^network:/,/^  key: 73/c network: "Conv;34;10;relu"\nnetwork_key: {seed: 0, split: 2, index: 1}'
accepts '/^network:/,/^  key: 73/c network: pure;2\nnetwork_key: 0'
accepts '/^network:/,/^  key: 73/c network: {type: pdeqx.arch.MLP, activation_factory: jax.nn.relu, key: 1}'
accepts '/^trainer:/,$d'
accepts '$a parallel: {memory: 1.5GiB, block: Auto}'
accepts '$a evaluation: {metrics: [mean_nRMSE, Q90nrmse, "mean_fourier_MAE; 0; 5; 0.5, vrmse"]}'
accepts '$a callbacks: [{type: metrics, keep_best: q50_H1_nRMSE}, {type: early_stopping}]'

# -- beside a scenario sections may lack keys --
cat >scenario.yaml <<'END'
scenario: {type: norm_ks, net: "Res;26;8;relu", train: "div;3", seed: 0, gradient_norm_beta: -1e-4}
trainer: {batch_size: 7, optimizer: {b1: 0.5}}
data: {num_samples: 3}
END
echo 'scenario: diff_adv' >short.yaml
sed 's/gradient_norm_beta/gradient_norm_delta/' scenario.yaml >unknown.yaml
schema accepts scenario.yaml short.yaml
schema refuses unknown.yaml

# -- mistakes, and what is none to a schema --
while IFS=$'\t' read -r verdict edit _; do
    sed "$edit" "$quickstart" >"$verdict.$((++count)).yaml"
done < <(grep -v '^#' "$tests/command/mistakes.txt")
schema accepts spelled.*.yaml accepts.*.yaml
schema refuses refuses.*.yaml
sed 's/^trainer:/trainr:/; s/batch_size/batch_size_fn/' "$quickstart" >typo.yaml
"$python" "$tests/command/check_schema.py" schema.json accepts typo.yaml 2>&1 | grep -q "'trainr' was unexpected" || fail "the schema's words for an unknown key"

expect 2 'unexpected argument' "$trainax" schema quickstart.yaml
expect 3 'No space left' bash -c '"$0" schema >/dev/full' "$trainax"
finish
