"""Whole runs of scenarios, on one rank and on three, against APEBench's own losses and metrics.

usage: scenarios.py TRAINAX trainings.txt
"""

import csv
import subprocess
import sys
from pathlib import Path

trainax, table = sys.argv[1:]
failures = 0


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(arguments)}\n{done.stderr}")


def column(path, name):
    with open(path) as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


def check(what, values, expected, tolerance):
    global failures
    worst = max((abs(a - b) / abs(b) for a, b in zip(values, expected)), default=0)
    if len(values) != len(expected) or not worst <= tolerance:
        failures += 1
        print(f"FAILED: {what}: {len(values)} values, not {len(expected)}, or off by {worst}, more than {tolerance}")


def check_line(scenario, tolerance, names, *rows):
    Path("run.yaml").write_text(f"precision: float64\nscenario: {scenario}\nparallel: {{block: 2}}\n")
    for ranks in ("1", "3"):
        run("mpirun", "-n", ranks, trainax, "train", "run.yaml", "--quiet", "--overwrite", "--output", f"on_{ranks}")
    run(trainax, "evaluate", "run.yaml", "--network", "on_1/network.h5", "--output", "metrics.csv", "--overwrite")
    for file in ("history.csv", "config.yaml"):
        text = Path("on_1", file).read_text().replace("on_1", "on_3")
        if text != Path("on_3", file).read_text():
            sys.exit(f"FAILED: {file} depends on ranks: {scenario}")
    for name, row in zip(names.split(","), rows):
        path = "on_1/history.csv" if name == "loss" else "metrics.csv"
        check(f"{name} of {scenario}", column(path, name), [float(word) for word in row.split()], float(tolerance))


lines = [line for line in Path(table).read_text().splitlines() if not line.startswith("#")]
for line in lines:
    check_line(*line.split("|"))
sys.exit(failures > 0 or not lines)
