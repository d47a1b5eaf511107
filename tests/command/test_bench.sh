# bench: every kind of case gives a right result, in all forms of output, alone and on two ranks. No time is asserted.
. "$(dirname "$0")/common.sh"
export TMPDIR=$work

succeeds "$trainax" bench quickstart/rollout_1 1d/fno_12_18_4/rollout_1 configuration/residuum conv_1d/weights operation/group_norm_1d rollout/one_state_1d rollout/twenty_states_1d --split
[ "$(grep -c 'right$' out.txt)" -eq 7 ] || fail "not all of seven cases are right: $(cat out.txt)"
for row in 'network +conv ' 'loss +dot ' 'residuum +conv ' 'network +spectral_analyse' 'outside of blocks'; do
    grep -Eq "^ +$row" out.txt || fail "--split shows no row $row"
done

if ! "$trainax" --version | grep -qx 'BLAS: none'; then
    succeeds mpirun -n 2 "$trainax" bench second_order/quickstart_1 --split
    grep -Eq '^second_order/quickstart_1 .* right$' out.txt || fail "levenberg_marquardt ends elsewhere: $(cat out.txt)"
    for part in jacobian gram factor; do
        grep -Eq "^ +system +$part " out.txt || fail "--split shows no $part"
    done
    succeeds mpirun -n 2 "$trainax" bench second_order/lorenz
    grep -Eq '^second_order/lorenz .* right$' out.txt || fail "steps of levenberg_marquardt lead nowhere: $(cat out.txt)"
fi

succeeds "$trainax" bench 1d/unet_12_2/rollout_1 --json
python3 -c '
import json, sys
case, = json.load(open("out.txt"))
assert case["right"] and case["cores"] == 1 and case["flops"] > 0, case
assert {o["part"] for o in case["operations"]} >= {"network", "loss"}, case
' || fail "--json"

succeeds mpirun -n 2 "$trainax" bench 1d/unet_12_2/rollout_1 --set parallel.threads=2 --set precision=float64
grep -Eq '^1d/unet_12_2/rollout_1 .* f64 +4 .* right$' out.txt || fail "two ranks of two threads: $(cat out.txt)"
succeeds mpirun -n 2 "$trainax" bench 1d/fno_12_18_4/rollout_1 --json
python3 -c '
import json
case, = json.load(open("out.txt"))
assert 0 < case["share_of_waiting"] < 1, case
' || fail "the share of a step that two ranks wait for windows: $(cat out.txt)"

succeeds mpirun -n 3 "$trainax" bench sum --json
python3 -c '
import json
cases = json.load(open("out.txt"))
assert len(cases) == 3 and all(c["right"] and c["cores"] == 3 and c["relative"] > 0 for c in cases), cases
' || fail "sums beside those of MPI: $(cat out.txt)"
# Reading: the numbers are those that HDF5 reads, beside which it is timed; h5py where Python has it.
succeeds "$trainax" bench reading/gzip_foreign reading/lzf
grep -Eq '^  reads [0-9]+ MB/s, (h5py|H5Dread) [0-9]+ MB/s$' out.txt || fail "bench reading: $(cat out.txt)"
PYTHON=/nonexistent succeeds mpirun -n 2 "$trainax" bench reading/contiguous reading/gzip_large_chunks --json
python3 -c '
import json
for case in json.load(open("out.txt")):
    assert case["right"] and case["cores"] == 2 and case["bytes_per_second"] > 0 and case["other"] == "H5Dread", case
' || fail "bench reading --json on two ranks"

# The published distance is that of the case as it stands: with other settings, loss and gradient tell.
for settings in precision=float64 'trainer.batch_size=7 --set data.key=3 --set network.key=3' \
    'trainer.num_rollout_steps=3 --set precision=float64 --set random.stream=jax_partitionable'; do
    succeeds "$trainax" bench quickstart/rollout_1 --set $settings
    grep -q 'right$' out.txt || fail "the quickstart with $settings: $(cat out.txt)"
done
succeeds mpirun -n 2 "$trainax" bench quickstart/rollout_1 --set data.key=3

# Tables for a narrow terminal, of which the names' column grows with the names; nothing but an error where nothing is measured.
for columns in 80 100; do
    COLUMNS=$columns succeeds "$trainax" bench configuration/diverted_chain_branch_one operation/gelu_1d --split
    [ "$(wc -L <out.txt)" -le $columns ] || fail "wider than $columns columns: $(cat out.txt)"
    [ "$(grep -c 'right$' out.txt)" -eq 2 ] || fail "results are missing within $columns columns: $(cat out.txt)"
done
expect 2 'data.num_pionts' "$trainax" bench quickstart/rollout_1 --set data.num_pionts=3
[ -s out.txt ] && fail "a header without a row"
"$trainax" bench quickstart/rollout_1 1d/conv_34_10/rollout_1 --json --set data.num_samples=21 >out.txt 2>&1
[ $? -eq 2 ] || fail "the second case takes num_samples"
tail -n 1 out.txt | grep -q '^trainax: error: ' || fail "an error within a line of JSON: $(tail -n 1 out.txt)"
python3 -c 'import json, sys; [case] = json.loads(sys.stdin.read()); assert case["right"]' < <(sed '$d' out.txt) || fail "JSON before an error"

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
