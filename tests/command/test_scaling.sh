#!/usr/bin/env bash
# scripts/scaling_study: real runs on 1, 2 and 3 ranks with one result, arithmetic on invented times, files that other programs read,
# a line for each mistake; the batch script and the picture.
. "$(dirname "$0")/common.sh" "$1" "$2"

top=$tests/..
study="$top/scripts/scaling_study --program $trainax"
mistake() { # mistake CODE 'PATTERN' COMMAND...: one line that matches, and nothing else
    local code=$1 pattern=$2 status
    shift 2
    "$@" >out.txt 2>err.txt
    status=$?
    [ $status -eq "$code" ] && [ ! -s out.txt ] && [ "$(wc -l <err.txt)" -eq 1 ] && grep -Eq -- "$pattern" err.txt ||
        fail "exit code $status instead of $code, or another message than '$pattern': $(cat out.txt err.txt)"
}
settings=(--set parallel.block=4 --set 'callbacks=[]')

# -- real runs --
succeeds $study "$quickstart" "${settings[@]}" --ranks 1,2,3 --steps 50 --repetitions 2 --predict 64 --output study
grep -q '^predicted, not measured' out.txt && [ "$(grep -c ' predicted ' out.txt)" -eq 10 ] || fail "what is predicted is not labelled: $(cat out.txt)"
succeeds "$trainax" train "$quickstart" "${settings[@]}" --set trainer.num_training_steps=50 --output alone --quiet
result=$(sed -n 's/.* result: //p' alone/run.log)
python=python3
"$python" -c 'import jsonschema' 2>/dev/null || python=/usr/bin/python3
"$python" - "$result" <<'CODE' || fail "the files of a study"
import csv, json, jsonschema, math, sys

study = json.load(open("study/scaling.json"))
rows = study["rows"]
assert [(row["mode"], row["ranks"]) for row in rows] == [(mode, ranks) for mode in ("strong", "weak") for ranks in (1, 2, 3)]
for row in rows:
    assert row["mode"] == "weak" or row["result"] == sys.argv[1]
    assert row["batch_size"] == 32 * (row["ranks"] if row["mode"] == "weak" else 1)
    assert row["most_blocks"] == (8 if row["mode"] == "weak" else math.ceil(8 / row["ranks"])) and row["steps"] == 45
    assert math.isclose(row["parallel_efficiency"], row["load_balance"] * row["communication_efficiency"], rel_tol=1e-12)
    assert 0 < row["load_balance"] <= 1 and 0 < row["communication_efficiency"] <= 1
    sums = [sum(rank.values()) for rank in row["rank_parts"]]  # ranks leave a step together, but read their own clocks
    assert len(sums) == row["ranks"] and math.isclose(max(sums), row["time"], rel_tol=1e-9)
    assert row["q25"] <= row["time"] <= row["q75"]
    base = rows[0] if row["mode"] == "strong" else rows[3]
    assert math.isclose(row["efficiency"], row["samples_per_second"] / base["samples_per_second"] / row["ranks"])
assert rows[0]["runs"] == rows[3]["runs"]  # one core is one core
assert all(row["predicted"] for row in study["predicted"]) and max(row["ranks"] for row in study["predicted"]) == 64
assert all(row["efficiency"] <= 1 + 1e-12 for row in study["predicted"] if row["mode"] == "weak")
lines = list(csv.DictReader(open("study/scaling.csv")))
assert [line["result"] for line in lines] == [row["result"] for row in rows]
assert all(float(line["time"]) == row["time"] and float(line["windows"]) == row["parts"]["windows"] for line, row in zip(lines, rows))
assert len(list(csv.DictReader(open("study/ranks.csv")))) == 2 * (1 + 2 + 3)
values = {"type": "array", "minItems": 1, "items": {"type": "number"}}
data = {"type": "array", "items": {"type": "object", "required": ["point", "values"], "properties": {"point": values, "values": values}}}
of_each = lambda schema: {"type": "object", "minProperties": 1, "additionalProperties": schema}
extra_p = {"type": "object", "required": ["parameters", "measurements"],  # as Extra-P's documentation has it
           "properties": {"parameters": {"type": "array", "items": {"type": "string"}}, "measurements": of_each(of_each(data))}}
for mode in ("strong", "weak"):
    jsonschema.validate(json.load(open(f"study/extrap_{mode}.json")), extra_p)
talp = json.load(open("study/talp_strong_3x1.json"))["Application"]["Global"]
assert talp["numMpiRanks"] == talp["numCpus"] == 3
assert math.isclose(talp["usefulTime"] / talp["elapsedTime"] / talp["numCpus"], talp["parallelEfficiency"], rel_tol=1e-4)
CODE
grep -Evq '^(predicted_)?(strong|weak)_[0-9]+x1_[a-z_]+: [0-9.e+-]+ [a-z1/]+$' study/metrics.txt && fail "metrics.txt: $(cat study/metrics.txt)"

# -- arithmetic: two ranks, of which the second computes half as long; a model that is known --
python3 - "$top/scripts/scaling_study" <<'CODE' || fail "the arithmetic"
import importlib.machinery, importlib.util, math, sys

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("study", sys.argv[1])
study = importlib.util.module_from_spec(importlib.util.spec_from_loader("study", loader))
loader.exec_module(study)
times = {"steps": 10, "step": [1000, 1000], "sums": [150, 550], "windows": [50, 50], "files": [0, 0]}
one = study.parts_of(times)
assert one["ranks"] == [{part: value * 1e-10 for part, value in zip(study.PARTS, values)} for values in ((800, 150, 0, 50, 0), (400, 150, 400, 50, 0))]
row = study.make_row({"ranks": 2, "threads": 1, "batch_size": 5}, [one | {"result": ""}])
assert [round(row[name], 12) for name in study.POP] == [0.75, 0.8, 0.6] and math.isclose(row["samples_per_second"], 5e7)
sizes = {"batch_size": 8, "block": 4, "windows": 80, "most_ranks": 10}  # two blocks, five ranks at each
blocks = lambda ranks, threads=1: study.make_point(sizes, "strong", ranks, threads, 1)["most_blocks"]
assert [blocks(ranks) for ranks in (1, 2, 3, 4, 7, 8, 64)] == [2, 1, 1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
assert [blocks(ranks, threads=2) for ranks in (1, 2, 4, 64)] == [2, 1, 1 / 2, 1 / 2]
for known in ([1e-3, 2e-3, 5e-4], [0, 2e-3, 5e-4], [1e-3, 2e-3, 0]):
    points = [{"ranks": ranks, "most_blocks": -(-37 // ranks)} for ranks in (1, 2, 3, 4, 8)]
    found = study.fit([point | {"time": study.time_of(known, point)} for point in points])
    assert all(math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-9) for x, y in zip(found, known)), (found, known)
# A first row that took longer than the model says makes no efficiency above 1.
options = lambda: 0
options.ranks, options.threads, options.mode, options.predict = [1, 2], [1], ["weak"], 8
slow = study.make_points(options, sizes, options.ranks)
slow = [point | {"time": time} for point, time in zip(slow, (3.0, 2.0))]
assert all(row["efficiency"] <= 1 for row in study.predict(options, sizes, slow, [study.make_model(slow, 1)]))
CODE

# -- runs that do not agree --
cat >invented <<'END'
#!/bin/sh
[ "$1" = inspect ] && printf '\ntrainer:\n  batch_size: 8\nwindows: 80\nparameters: 2\nblock: 4\nranks that help at most: 2\n' && exit
while [ "$1" != --output ]; do shift; done
mkdir -p "$2" && echo "x times: {\"steps\": 1, \"step\": [9], \"sums\": [0], \"windows\": [0], \"files\": [0]}" >"$2/run.log"
echo "x result: $(echo "$2$RANKS" | cksum | cut -c1-4)" >>"$2/run.log"
END
chmod +x invented
mistake 1 "2 x 1 cores have the result .*, but 1 x 1 have" $study --program ./invented x --mode strong --launcher 'env RANKS={ranks}' --output bad
[ -z "$(ls bad)" ] || fail "files of a study that failed"

# -- mistakes --
mistake 2 "'0' is not a list of positive numbers" $study "$quickstart" --ranks 0
mistake 2 "'1,x' is not a list" $study "$quickstart" --threads 1,x
mistake 2 'required: CONFIG' $study
mistake 2 'study has a study already' $study "$quickstart" --output study
mistake 2 'fewer ranks' $study "$quickstart" --ranks 1,100
mistake 2 'nofile.yaml: cannot be read' $study nofile.yaml
mistake 2 'is not a configuration' $study alone/network.h5
mistake 2 "unknown key 'bath'" $study "$quickstart" --set trainer.bath=1
mistake 1 'cannot run nobody' $study "$quickstart" --launcher 'nobody {ranks}'
mistake 2 'does not say where' $study "$quickstart" --launcher nobody
mistake 3 'cannot make the folder alone/run.log' $study "$quickstart" "${settings[@]}" --ranks 1 --steps 5 --repetitions 1 --output alone/run.log

# -- the batch script, on all slots (tests/cluster has it under Slurm); the picture, or what is missing for it --
SLURM_JOB_ID=7 MPIRUN_OPTIONS="-H localhost:3" SLURM_SUBMIT_DIR=$top TRAINAX=$trainax succeeds bash "$top/slurm/scaling.sbatch" "$quickstart" \
    "${settings[@]}" --mode strong --steps 20 --repetitions 1 --lines
for ranks in 1 2 3; do
    grep -q "^strong_${ranks}x1_time_per_step: .* s$" scaling-7/metrics.txt out.txt || fail "scaling.sbatch: $(cat out.txt)"
done
if python3 -c 'import matplotlib' 2>/dev/null; then
    succeeds python3 "$top/scripts/plot.py" scaling study/scaling.json
    [ "$(head -c 4 study/scaling.png | tail -c 3)" = PNG ] || fail "no picture"
else
    mistake 1 'matplotlib is missing' python3 "$top/scripts/plot.py" scaling study/scaling.json
fi
finish
