# bench: every kind of case gives a right result, in all forms of output, alone and on two ranks. No time is asserted.
. "$(dirname "$0")/common.sh"
export TMPDIR=$work

succeeds "$trainax" bench quickstart/rollout_1 1d/fno_12_18_4/rollout_1 configuration/residuum conv_1d/weights operation/group_norm_1d --split
[ "$(grep -c 'right$' out.txt)" -eq 5 ] || fail "not all of five cases are right: $(cat out.txt)"
for row in 'network +conv ' 'loss +dot ' 'residuum +conv ' 'network +spectral_analyse' 'outside of blocks'; do
    grep -Eq "^ +$row" out.txt || fail "--split shows no row $row"
done

succeeds "$trainax" bench 1d/unet_12_2/rollout_1 --json
python3 -c '
import json, sys
case, = json.load(open("out.txt"))
assert case["right"] and case["cores"] == 1 and case["flops"] > 0, case
assert {o["part"] for o in case["operations"]} >= {"network", "loss"}, case
' || fail "--json"

succeeds mpirun -n 2 "$trainax" bench 1d/unet_12_2/rollout_1 --set parallel.threads=2 --set precision=float64
grep -Eq '^1d/unet_12_2/rollout_1 .* f64 +4 .* right$' out.txt || fail "two ranks of two threads: $(cat out.txt)"

TRAINAX_ISA=portable succeeds "$trainax" bench operation/spectral_1d conv_1d/input --set precision=float64
[ "$(grep -c ' portable   f64 .*right$' out.txt)" -eq 2 ] || fail "operations in double, portable: $(cat out.txt)"

succeeds "$trainax" bench --list
"$trainax" bench 2d/rollout_5 --list | grep -qx '2d/dil_2_32_2/rollout_5' || fail "bench 2d/rollout_5 --list"
[ "$("$trainax" bench '3d/*_5' '*/idle_*' --list | wc -l)" -eq 6 ] || fail "patterns of cases: $("$trainax" bench '3d/*_5' --list)"
# Any number of words: all cases by name, one of them a hundred times.
mapfile -t names < <("$trainax" bench --list)
[ "$("$trainax" bench "${names[@]}" $(yes "${names[0]}" | head -100) --list)" = "$(printf '%s\n' "${names[@]}")" ] || fail "many words"
expect 2 "bench has no case 'quickstart/rollout_2'; did you mean quickstart/rollout_1" "$trainax" bench quickstart/rollout_2
expect 2 "bench has no case '3d/[*]_6' [(]bench --list" "$trainax" bench 1d '3d/*_6' --list
expect 2 "unknown key 'batch' in trainer" "$trainax" bench quickstart/rollout_1 --set trainer.batch=3
compgen -G "$TMPDIR/trainax-bench-*" >/dev/null && fail "bench leaves files behind"
finish
