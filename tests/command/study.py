#!/usr/bin/env python3
"""The tables of `trainax study` against numpy, from what is in the run directories. usage: study.py DIR METRIC [TARGET]"""
import csv
import itertools
import json
import sys
from pathlib import Path

import numpy as np

folder, metric, target = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else None
rising = "correlation" in metric
TOLERANCE = 2e-8  # of what is written with 9 digits


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def near(text, value):
    return text == "" if value is None or np.isnan(value) else np.isclose(float(text), value, rtol=TOLERANCE, atol=0)


def numbers(path, column):
    return np.array([float(row[column]) for row in read(path) if row[column]])


def average(values):
    values = values[:100]
    return values.mean() if rising else np.exp(np.log(values).mean())


def permutation(x):
    if not 2 <= len(x) <= 20 or not np.isfinite(x).all():
        return None
    sums = np.abs(np.array(list(itertools.product((1, -1), repeat=len(x)))) @ x)
    return np.mean(sums >= abs(x.sum()) * (1 - 1e-12))


runs = read(folder / "study.csv")
assert runs, "no run"
values = {}
for run in runs:
    directory = folder / "runs" / run["setting"] / run["seed"]
    history = read(directory / "history.csv")
    losses = [row["loss"] for row in history if row["loss"]]
    assert run["loss"] == losses[-1], run
    if run["status"] == "finished":
        of_run = numbers(directory / "metrics.csv", metric)
        values[run["setting"], run["seed"]] = of_run
        assert near(run[f"gmean_{metric}"], average(of_run)), run
    else:
        assert run["status"] == "diverged" and run[f"gmean_{metric}"] == "", run
    if target is None:
        assert run["reached"] == "", run
    else:
        seen = [(int(row["step"]), float(row[metric])) for row in history if row[metric]]
        reached = bool(seen) and (seen[-1][1] >= target if rising else seen[-1][1] <= target)
        assert run["reached"] == str(reached).lower(), run
        assert not reached or int(run["steps"]) == seen[-1][0], run
        assert not any(value >= target if rising else value <= target for _, value in seen[:-1]), run


def to_target(rows, key):
    if not rows or target is None:
        return None
    found = sorted(float(row[key]) if row["reached"] == "true" else np.inf for row in rows)
    found = found[1:-1] if len(found) >= 3 else found
    return None if np.isinf(found).any() else np.mean(found)


summary = read(folder / "summary.csv")
for row in summary:
    of_setting = [run for run in runs if run["setting"] == row["setting"]]
    gmeans = [float(run[f"gmean_{metric}"]) for run in of_setting if run["status"] == "finished"]
    assert int(row["runs"]) == len(of_setting), row
    assert row["reached"] == str(sum(run["reached"] == "true" for run in of_setting)), row
    assert near(row["steps_to_target"], to_target(of_setting, "steps")), row
    seconds = to_target(of_setting, "seconds")
    assert row["seconds_to_target"] == "" if seconds is None else abs(float(row["seconds_to_target"]) - seconds) < 2e-3, row
    for level in (10, 50, 90):
        assert near(row[f"q{level}"], np.quantile(gmeans, level / 100) if gmeans else None), row

settings = [row["setting"] for row in summary]
expected = []
for a, b in itertools.combinations(settings, 2):
    seeds = [seed for setting, seed in values if setting == a and (b, seed) in values]
    steps = min((len(values[setting, seed]) for setting in (a, b) for seed in seeds), default=0)
    for step in range(steps + 1):
        of = lambda setting: np.array([average(values[setting, seed]) if step == 0 else values[setting, seed][step - 1] for seed in seeds])
        x = of(a) - of(b) if rising else np.log(of(a)) - np.log(of(b))
        expected.append((a, b, metric if step else f"gmean_{metric}", str(step or ""), str(len(seeds)),
                         None if rising or not seeds else np.exp(x.mean()), permutation(x)))
tests = read(folder / "tests.csv")
assert len(tests) == len(expected), (len(tests), len(expected))
for row, (*words, ratio, p) in zip(tests, expected):
    assert [row[key] for key in ("setting_a", "setting_b", "quantity", "step", "n")] == words, (row, words)
    assert near(row["ratio"], ratio) and near(row["p"], p), (row, ratio, p)

found = json.loads((folder / "study.json").read_text())


def value(text, key):
    if key in ("setting", "setting_a", "setting_b", "status", "quantity"):
        return text
    return {"": None, "true": True, "false": False, "nan": None, "inf": None, "-inf": None}[text] if text in (
        "", "true", "false", "nan", "inf", "-inf") else float(text)


for name, table in (("settings", summary), ("runs", runs), ("tests", tests)):
    assert found[name] == [{key: value(text, key) for key, text in row.items()} for row in table], name
markdown = (folder / "study.md").read_text()
for row in summary + [row for row in tests if row["quantity"].startswith("gmean_")]:
    assert f"| {' | '.join(row.values())} |" in markdown, row
