#!/usr/bin/env bash
# generate, rollout, inspect, list, help, --version: alone and on several ranks.
. "$(dirname "$0")/common.sh" "$1" "$2"

# -- what needs no MPI: one process speaks --
for words in --help --version list "list networks" "help adam" "help optimizer/adam" "help train" "train --help" "inspect $quickstart"; do
    succeeds "$trainax" $words
    cp out.txt alone.txt
    [ -s alone.txt ] || fail "no output: $words"
    succeeds mpirun -n 2 "$trainax" $words
    cmp -s <(grep -v 'ranks\|bytes per rank' alone.txt) <(grep -v 'ranks\|bytes per rank' out.txt) || fail "another output under mpirun: $words"
done
succeeds env LD_DEBUG=libs "$trainax" list
grep -q 'mca_btl' err.txt && fail "list starts MPI"
succeeds "$trainax" inspect "$quickstart" --set network.kernel_size=5
grep -qx 'parameters: 5' out.txt || fail "parameter count"
succeeds mpirun -n 3 "$trainax" inspect "$quickstart" --set parallel.block=5 # 32 samples
grep -A1 '^ranks that help at most: 7$' out.txt | grep -qx 'blocks per step on a rank: 3' || fail "where strong scaling ends"
large=(--set 'network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 40, key: 0}'
       --set data.num_points=1600 --set parallel.block=16)
succeeds mpirun -n 5 "$trainax" inspect "$quickstart" "${large[@]}" # 2 blocks: 2 and 3 ranks
grep -A1 '^blocks per step on a rank: 1$' out.txt | grep -qx 'ranks on a block: 3' || fail "ranks that share a block"
[ "$(sed -n 's/^ranks that help at most: //p' out.txt)" -gt 5 ] || fail "where strong scaling ends if ranks share blocks"

# -- generate: the same numbers on any number of ranks; training from the file is training from the generator --
succeeds "$trainax" generate "$quickstart" --output data.h5
succeeds mpirun -n 3 "$trainax" generate "$quickstart" --output data3.h5
h5diff data.h5 data3.h5 || fail "generate depends on ranks"
succeeds "$trainax" inspect data.h5
for line in 'trajectories: 20' 'levels: 100' 'channels: 1' 'shape: (20, 100, 1, 30)'; do
    grep -qxF "$line" out.txt || fail "inspect does not say $line"
done
h5dump -a /dt data.h5 >/dev/null 2>&1 && fail "a spacing of levels that nobody knows"
succeeds "$trainax" generate "$quickstart" --output back.h5 --set "data={type: file, path: data.h5, dt: 0.5, levels: '::-2'}"
succeeds "$trainax" inspect back.h5
grep -qx 'dt: -1' out.txt && h5dump -a /dt back.h5 >/dev/null || fail "the spacing of levels backwards"
succeeds "$trainax" train "$quickstart" --output run --quiet
[ -s out.txt ] || [ -s err.txt ] && fail "--quiet is not quiet"
succeeds "$trainax" train "$quickstart" --output from_file --quiet --set "data={type: file, path: $work/data.h5}"
same_run run from_file

# -- rollout: the initial level first, then the network applied; a network with the weights (0.25, 0.75) is upwind --
succeeds "$trainax" rollout run/network.h5 --initial data.h5 --steps 7 --output rolled.h5
succeeds mpirun -n 3 "$trainax" rollout run/network.h5 --initial data.h5 --steps 7 --output rolled3.h5
h5diff rolled.h5 rolled3.h5 || fail "rollout depends on ranks"
succeeds "$trainax" inspect rolled.h5
grep -qxF 'shape: (20, 8, 1, 30)' out.txt || fail "shape of a rollout"
numbers() { h5dump -m %.9g -y -w 1 -d /trajectories -s "$2" -c "$3" "$1" | sed -n 's/^ *\([-0-9][-0-9.e+]*\),\{0,1\}$/\1/p'; }
numbers data.h5 0,0,0,0 1,1,1,30 >initial.txt
numbers rolled.h5 0,0,0,0 1,1,1,30 >first.txt
cmp initial.txt first.txt || fail "the initial level of a rollout"
weights=$("$trainax" inspect run/network.h5 | sed -n 's/^ *weight .*: //p')
numbers rolled.h5 0,7,0,0 1,1,1,30 >last.txt
awk -v weights="$weights" '
    FNR == NR { u[n++] = $1; next }
    FNR == 1 { split(weights, w, " ")
               for (t = 0; t < 7; t++) { for (i = 0; i < n; i++) v[i] = w[1] * u[i] + w[2] * u[(i + 1) % n]
                                         for (i = 0; i < n; i++) u[i] = v[i] } }
    { d = $1 - u[FNR - 1]; if (d < 0) d = -d; if (d > worst) worst = d }
    END { exit !(FNR == 30 && worst < 1e-5) }' initial.txt last.txt || fail "a rollout is not the network applied 7 times"
succeeds "$trainax" rollout run/checkpoint.h5 --initial rolled.h5 --steps 0 --output none.h5
for steps in 9223372036854775807 9223372036854775806 1000000000000000000; do
    expect 2 "$steps steps are more than any file holds" mpirun -n 2 "$trainax" rollout run/network.h5 --initial data.h5 \
        --steps $steps --output endless.h5
done
succeeds "$trainax" inspect none.h5
grep -qxF 'shape: (20, 1, 1, 30)' out.txt || fail "a rollout of 0 steps"
grep -qx 'dt: unknown' out.txt || fail "a spacing that nobody has given"
succeeds "$trainax" inspect run/network.h5
[ "$(tail -n 1 out.txt)" = 'parameters: null' ] || fail "inspect does not end with the network: $(tail -n 2 out.txt)"

# -- inspect: what does not fit is said --
expect 2 'run/network.h5 is none' "$trainax" inspect run/network.h5 --set network.kernel_size=5
expect 2 '[-]-output needs a value' "$trainax" train "$quickstart" --output=
for section in data network trainer; do
    succeeds "$trainax" inspect "$quickstart" --set $section=null
    grep -qx "not complete enough to train: there is no section '$section'" err.txt || fail "no note that $section is missing"
done

# -- progress: on a terminal a live line, elsewhere none for a short run --
succeeds "$trainax" train "$quickstart" --output plain
grep -q 'it/s' err.txt && fail "progress within ten seconds without a terminal"
if command -v script >/dev/null; then
    script -qec "$trainax train $quickstart --output shown" /dev/null >terminal.txt
    grep -q '1000/1000.*it/s' terminal.txt || fail "no progress on a terminal"
    script -qec "$trainax train $quickstart --output hidden --quiet" /dev/null >terminal.txt
    [ -s terminal.txt ] && fail "--quiet is not quiet on a terminal"
    script -qec "$trainax train $quickstart --output double --set callbacks=[progress]" /dev/null >terminal.txt
    [ "$(tr '\r' '\n' <terminal.txt | grep -c '1000/1000')" -eq 1 ] || fail "progress twice"
fi

succeeds "$trainax" inspect "$quickstart" --set 'callbacks=[{type: grad_norm}]'
grep -q '^not complete enough to train: .*callbacks.0.configuration is required' err.txt || fail "inspect drops a section silently"

TRAINAX_ISA=portable succeeds "$trainax" --version
grep -qx 'ISA: portable' out.txt || fail "TRAINAX_ISA does not choose"
"$trainax" --version >wanted.txt
TRAINAX_ISA= succeeds "$trainax" --version
cmp wanted.txt out.txt || fail "an empty TRAINAX_ISA chooses something"
TRAINAX_ISA=neon expect 2 "TRAINAX_ISA is 'neon', but the best that this machine runs" "$trainax" --version
finish
