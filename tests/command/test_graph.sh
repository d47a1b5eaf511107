#!/usr/bin/env bash
# inspect --graph: what is drawn is what the configuration unrolls to, for every configuration, cut and rule of weights that the golden
# runs have.
. "$(dirname "$0")/common.sh" "$1" "$2"

python=python3
"$python" -c 'import yaml' 2>/dev/null || python=/usr/bin/python3

drawn=0
for config in $(grep -lE 'type: (supervised|diverted|mix_chain|residuum|composite)' "$tests"/golden/*.yaml |
    grep -E '/(branch_one|composite|diverted|mix_chain|residuum|supervised|weights)[^/]*$'); do
    name=$(basename "$config" .yaml)
    succeeds "$trainax" inspect "$config" --graph "$name.dot"
    succeeds "$trainax" inspect "$config" --graph "$name.svg"
    "$python" "$tests/command/graph.py" "$config" "$name.dot" "$name.svg" || fail "the graph of $name"
    drawn=$((drawn + 1))
done
[ $drawn -ge 30 ] || fail "only $drawn configurations were drawn"

expect 2 '\-\-graph writes FILE.svg or FILE.dot, not .g.png' "$trainax" inspect "$quickstart" --graph g.png
expect 2 'more than 2000 states' "$trainax" inspect "$quickstart" --set trainer.num_rollout_steps=1500 --set data.temporal_horizon=1600 \
    --graph g.svg
expect 2 'no graph: .*trainer' "$trainax" inspect "$quickstart" --set trainer=null --graph g.svg
[ ! -e g.svg ] || fail "a file in spite of an error"
echo mine >g.svg
expect 2 'exists: give --overwrite' "$trainax" inspect "$quickstart" --graph g.svg
grep -q mine g.svg || fail "a file was replaced"
succeeds mpirun -n 2 "$trainax" inspect "$quickstart" --graph g.svg --overwrite
grep -q '</svg>' g.svg || fail "nothing was drawn over"
cp "$quickstart" config.svg
expect 2 'is an input' "$trainax" inspect config.svg --graph config.svg --overwrite
expect 2 'draws a configuration' "$trainax" inspect "$tests" --graph h.svg

finish
