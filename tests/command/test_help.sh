#!/usr/bin/env bash
# What a person can look up: --help of every command, help and list in any width, manual pages, completion.
. "$(dirname "$0")/common.sh" "$1" "$2"
unset COLUMNS
commands=$("$trainax" --help | sed -n 's/^  trainax \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 8 ] || fail "commands in --help: $commands"

widest() { LC_ALL=C.UTF-8 wc -L <"$1"; }
fits() { # fits WORDS...: within terminals of 40 and 80 columns
    local columns
    for columns in 40 80; do
        COLUMNS=$columns succeeds "$trainax" "$@"
        [ "$(widest out.txt)" -le $columns ] || fail "wider than $columns: $*"
    done
}
says() { # says 'PATTERN' WORDS...
    local pattern=$1
    shift
    succeeds "$trainax" "$@"
    grep -Eq -- "$pattern" out.txt || fail "$* does not say '$pattern'"
}

# -- commands: a line for every option that the README or the usage names --
fits --help
for command in $commands; do
    fits "$command" --help
    succeeds "$trainax" "$command" --help
    for flag in $(sed -n "s/^| \`trainax $command\( [^\`]*\)\`.*/\1/p" "$tests/../README.md" | grep -o -- '--[a-z_-]*') \
        $(head -1 out.txt | grep -o -- '--[a-z_-]*') --help; do
        grep -Eq -- "^  $flag( [A-Z][^ ]*)?  +[a-z0-9].* " out.txt || fail "$command --help has no line for $flag"
    done
    says "^usage: trainax $command" help "$command"
done
says '^usage: trainax rollout' help command/rollout
for command in $commands; do # an example can be typed as it stands
    grep -h 'trainax trainax' <("$trainax" help --man "trainax-$command") && fail "the example of trainax-$command"
    "$trainax" "$command" --help | grep '^example: ' | grep -v "^example: trainax $command " && fail "the example of $command --help"
done
says 'also a component: trainax help data/rollout$' help rollout
expect 2 'no command explain' "$trainax" explain "$quickstart"
for words in --help list 'help run'; do
    "$trainax" $words | grep -q 'not built yet' && fail "$words offers what is not there"
done

# -- keys, kinds, metrics, descriptors --
fits list
fits help trainer
says '^  trainer.optimizer  optimizer  required ' help trainer.optimizer
says '^  adamw  ' help trainer.optimizer
says '^  parallel.memory  memory or unlimited  unlimited ' help parallel.memory
says '^  precision  float32\|float64  float32 ' help precision
says '^  batch_size .*trainer' help batch_size
says 'jax.random.split\(PRNGKey\(0\), 2\)\[1\]' help key
says '^  mean_fourier_nRMSE  ' list
says '^vrmse  ' list metrics
says '^  LOW  ' help 'mean_fourier_nRMSE;0;5;0'
says '\{type: conv_net, hidden_channels: 34, depth: 10, activation: relu\}' help 'Conv;34;10;relu'
says '^  learning_rate  number or schedule  required ' help learning_rate # also a callback
says '^  mean_MAE  ' help metrics                                         # likewise
says '^modern_u_net \(network\)' help MoUNet
says '^  Res;HIDDEN;BLOCKS;ACTIVATION  ' list networks
expect 2 "nothing is called 'mean_corelation' .*mean_correlation" "$trainax" help mean_corelation

says "^jax.nn.relu is a word of" help jax.nn.relu
says '^  activation .*\(in .*networks?' help relu
says 'trainer.loss_configuration' help GeneralTrainer
says '\(in [0-9]+ optimizers\)' help clip_by_global_norm
expect 2 "did you mean 'q50_nRMSE'" "$trainax" help q50_mean_nRMSE
expect 2 'Res has the form Res;HIDDEN;BLOCKS;ACTIVATION' "$trainax" help 'Res;26'
expect 2 "'a' is no integer .Res;HIDDEN;BLOCKS;ACTIVATION" "$trainax" help 'Res;a;b;relu'
COLUMNS=80 succeeds "$trainax" help mean_fourier_nRMSE
grep -q 'mean_fourier_nRMSE;0;5;0' out.txt || fail "a name is broken in two"

# -- the width: a terminal's, else COLUMNS, else none --
succeeds "$trainax" help conv
[ "$(widest out.txt)" -gt 100 ] || fail "wrapped on a pipe"
if command -v script >/dev/null; then
    script -qec "stty cols 60; $trainax help conv" /dev/null | tr -d '\r' >terminal.txt
    [ "$(widest terminal.txt)" -le 60 ] && grep -q '^  padding_mode ' terminal.txt || fail "not wrapped at the terminal's width"
fi
for words in --help 'train --help' 'help adam' list 'help --completion'; do
    "$trainax" $words >/dev/full 2>err.txt
    [ $? -eq 3 ] && grep -q 'cannot write to stdout' err.txt || fail "a full device is not noticed: $words"
done

# -- manual pages --
for page in trainax.1 trainax-config.5 $(printf 'trainax-%s.1 ' $commands); do
    mandoc -T lint -W warning "$build/documents/$page" | grep -v 'missing date' >lint.txt
    [ -s lint.txt ] && fail "$page: $(head -3 lint.txt)"
    mandoc -T utf8 "$build/documents/$page" | sed 's/.\x08//g' >"$page.txt"
    [ "$(wc -l <"$page.txt")" -gt 15 ] || fail "$page is empty"
done
grep -q -- '--time-limit H:MM:SS' trainax-train.1.txt || fail "the page of train lacks an option"
grep -q 'trainax bench quickstart --split' trainax-bench.1.txt || fail "the page of bench lacks its example"
for words in '^ *learning_rate number or schedule, required' '^   modern_u_net' '^ *threads integer, default 1' '^ *75' 'FNO;MODES;HIDDEN'; do
    cat trainax.1.txt trainax-config.5.txt | grep -Eq -- "$words" || fail "the manual does not say $words"
done
expect 2 "no manual page 'trainax-x'" "$trainax" help --man trainax-x
expect 2 'either a NAME or' "$trainax" help adam --man trainax

# -- completion --
touch run.yaml net.h5 notes.txt
mkdir folder
. "$build/documents/trainax.bash"
completes() { # completes 'WORDS THAT ARE OFFERED' WORD...: the last one is being typed; bash cuts words at '=' as well
    local expected=$1
    shift
    COMP_WORDS=(trainax "$@")
    COMP_CWORD=$#
    _trainax
    [ "$(printf '%s\n' "${COMPREPLY[@]}" | sort | xargs)" = "$expected" ] || fail "completion of '$*': ${COMPREPLY[*]}"
}
completes 'train' tr
completes '--help --version' --
completes '--output --overwrite' train --o
completes 'folder run.yaml' train ''
completes 'folder net.h5' rollout ''
completes 'folder' train run.yaml --output ''
completes 'folder run.yaml' check ''
completes 'trainer.ref_stepper.cfl' check run.yaml --component trainer.ref_stepper.cf
completes 'float32 float64' check mine.so --precision fl
completes 'notes.txt' evaluate --output no
completes '' train run.yaml --time-limit ''
completes 'trainer.num_training_steps=' train --set trainer.num_t
completes 'float32 float64' train --set precision =
completes 'float64' train --set precision = float6
completes 'precision=float64' train --set precision=float6
completes 'false true' train --set trainer.do_sub_stacking =
completes 'diverted_chain diverted_chain_branch_one' train --set trainer.type = div
completes 'rmsprop' train --set trainer.optimizer = rm
completes 'trainer.optimizer.nesterov=' generate --set trainer.optimizer.nes
completes 'lorenz_rk4' inspect --set data.type = lor
completes 'vrmse' evaluate run.yaml --metrics vr
completes 'mean_MSE,mean_correlation' evaluate run.yaml --metrics mean_MSE,mean_c
completes 'adamw' help adamw
completes 'trainer.batch_size' help trainer.ba
completes 'data/rollout' help data/ro
completes 'command/rollout' help command/ro
completes 'networks' list net
completes 'trainax-config' help --man trainax-co
completes 'quickstart/rollout_20' bench quickstart/rollout_2
completes '' nothing x
finish
