#!/usr/bin/env bash
# What a person sees: progress lines and the terminal's width, who speaks, what cannot be printed, what comes through pipes.
. "$(dirname "$0")/common.sh" "$1" "$2"

# -- progress never wraps: at most the columns but the last, which is the cursor's --
# on_terminal COMMANDS: runs them in bash on a terminal; its progress lines go to lines.txt
on_terminal() {
    echo "$*" >commands.sh
    script -qec 'bash commands.sh' /dev/null </dev/null >terminal.txt
    tr '\r' '\n' <terminal.txt | sed 's/\x1b\[K//' | grep '^\(E: .*\)\? *[0-9]*%' >lines.txt
}
# wants WIDTH PATTERN: all lines are at most that long, and the last one matches
wants() {
    awk -v most="$1" 'length($0) > most { long = 1 } END { exit long || NR == 0 }' lines.txt || fail "progress on $(($1 + 1)) columns"
    tail -n 1 lines.txt | grep -Eq -- "$2" || fail "no '$2' on $(($1 + 1)) columns: $(tail -n 1 lines.txt)"
}
whole='^E: 00016, B: 00007 100%\|#+\| 1000/1000 \[0:00<0:00, [0-9.]+ it/s, loss [0-9.e-]+\]$'
for case in "132 $whole" "80 $whole" '40 ^100%\|#+\| \[0:00<0:00, loss [0-9.e-]+\]$' '20 ^100% loss [0-9.e-]+$' '9 ^100%$' '5 ^100%$'; do
    columns=${case%% *}
    on_terminal "stty cols $columns; $trainax train $quickstart --overwrite --output shown"
    wants $((columns - 1)) "${case#* }"
done
# forever: stopped by USR1 after the commands given
forever() {
    on_terminal "$1; $trainax train $quickstart --overwrite --output shown --set trainer.num_training_steps=2000000000 \
        --set trainer.record_loss_every=1000000 & sleep 1; $2; sleep 1; kill -USR1 \$!; wait \$!"
}
forever 'stty cols 100' 'stty cols 30'
grep -q '^.\{99\}$' lines.txt || fail "progress does not fill 100 columns"
tail -n 1 lines.txt | grep -q '^.\{10,29\}$' || fail "progress does not follow the terminal to 30 columns"
# A bar does not grow again where the rest of its line becomes shorter.
grep -v '^.\{90,99\}$' lines.txt | grep '.\{30\}' && fail "progress of a width that the terminal never had"
# The numbers beside it change their lengths, its bar does not grow; it is full at the end alone.
on_terminal "stty cols 40; $trainax train $quickstart --overwrite --output shown --set trainer.num_training_steps=30000 \
    --set trainer.optimizer.learning_rate=1e-4"
sed 's/^[^|]*|\([^|]*\)|.*/\1/' lines.txt >bars.txt
awk 'NR > 1 && length($0) > before { exit 1 } { before = length($0) }' bars.txt || fail "a bar grows"
grep -v '^100%' lines.txt | grep '|#*|' && fail "a bar is full too early"
on_terminal "stty cols 80; TERM=dumb $trainax train $quickstart --overwrite --output shown"
grep -q $'\033' terminal.txt && fail "escape codes on a dumb terminal"
grep -q '1000 steps' terminal.txt || fail "nothing on a dumb terminal"

# -- what other launchers have left behind silences nobody --
succeeds "$trainax" list
cp out.txt list.txt
succeeds mpirun -n 1 bash -c 'env | grep -E "^(PMIX|OMPI|ORTE)" | grep -v " " | sed "s/RANK=0/RANK=3/"'
tr '\n' ' ' <out.txt >gone.txt # all that a job has known that is over
for left in OMPI_COMM_WORLD_RANK=2 PMIX_RANK=3 PMI_RANK=1 SLURM_PROCID=1 'OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=4' \
    'PMI_RANK=1 PMI_SIZE=4 PMI_FD=900' 'SLURM_PROCID=1 SLURM_NTASKS=4 SLURM_STEP_NUM_TASKS=4 SLURM_TASK_PID=1' "$(cat gone.txt)"; do
    succeeds env $left "$trainax" list
    cmp -s out.txt list.txt || fail "no list with $left"
    expect 2 'no command lits' env $left "$trainax" lits
    expect 3 'none.h5' env $left "$trainax" evaluate "$quickstart" --network none.h5
    succeeds env $left "$trainax" train "$quickstart" --overwrite --output run
    grep -q '^1000 steps' err.txt || fail "no result with $left"
done
expect 2 'no command lits' mpirun -n 3 "$trainax" lits
expect 2 'no command lits' mpirun -n 2 "$trainax" list : -n 1 "$trainax" lits
expect 2 'train has no option --bad' mpirun -n 1 "$trainax" train "$quickstart" --output bad : -n 1 "$trainax" train "$quickstart" --bad
expect 2 'srun without an MPI plugin' env SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2 SLURM_TASK_PID=$$ "$trainax" train "$quickstart"

# -- what cannot be printed --
# into.sh REDIRECTIONS COMMAND...
printf '%s\n' 'where=$1' 'shift' 'eval "exec \"\$@\" $where"' >into.sh
for words in --help --version list help "help conv" "help train" "train --help" "inspect $quickstart" "inspect run/network.h5" \
    "evaluate $quickstart --network run/network.h5" "bench --list" "bench quickstart/rollout_1"; do
    expect 3 'cannot write to stdout: No space left' bash into.sh '>/dev/full' "$trainax" $words
done
for words in list "evaluate $quickstart --network run/network.h5"; do
    expect 3 'cannot write to stdout: No space left' mpirun -n 2 bash -c 'exec "$@" >/dev/full' x "$trainax" $words
done
expect 3 'cannot write to stdout: Bad file' bash into.sh '>&-' "$trainax" --version
for words in list --help "bench --list"; do
    "$trainax" $words 2>err.txt | true
    [ "${PIPESTATUS[0]} $(wc -l <err.txt)" = "0 0" ] || fail "a reader that leaves is an error: $words"
done

# -- nothing lands in a file because a stream was closed --
for closed in '2>&-' '<&- 2>&-' '<&- >&- 2>&-'; do
    bash into.sh "$closed" "$trainax" train "$quickstart" --overwrite --output closed --set trainer.batch_size=5000
    grep -vE '^([0-9]+,[0-9]+,[0-9]+,[0-9.e+-]+|step,epoch,batch,loss)$' closed/history.csv && fail "a message in history.csv: $closed"
    [ "$(wc -l <closed/history.csv)" -eq 1001 ] || fail "history.csv with $closed"
done

# -- a configuration through a pipe, relative to where the command runs --
succeeds "$trainax" generate "$quickstart" --output data.h5
{ sed '/^data:/,/^  key:/d' "$quickstart"; printf '%s\n' 'data: {type: file, path: data.h5}' 'output: {directory: here}'; } >piped.yaml
succeeds "$trainax" inspect piped.yaml
grep -v '^memory' out.txt >wanted.txt # what the program itself takes is counted as the system gives it out
succeeds bash -c '"$0" inspect <(cat piped.yaml)' "$trainax"
grep -v '^memory' out.txt | cmp -s - wanted.txt || fail "inspect <(…)"
succeeds bash -c 'cat piped.yaml | "$0" inspect /dev/stdin' "$trainax"
grep -v '^memory' out.txt | cmp -s - wanted.txt || fail "inspect /dev/stdin"
succeeds bash -c 'cat piped.yaml | "$0" inspect -' "$trainax"
grep -v '^memory' out.txt | cmp -s - wanted.txt || fail "inspect -"
succeeds bash -c '"$0" inspect - <data.h5' "$trainax"
grep -qx 'trajectories: 20' out.txt || fail "inspect - of data"
succeeds bash -c 'cat piped.yaml | mpirun -n 2 "$0" train - --quiet --output dashed' "$trainax"
[ -s dashed/network.h5 ] || fail "train -"
succeeds bash -c '"$0" train <(cat piped.yaml) --quiet' "$trainax"
[ -s here/network.h5 ] || fail "train <(…)"
finish
