#!/usr/bin/env python3
"""Tables of an ensemble against numpy: ensemble.py DIR: members.csv and ensemble.csv are what history.csv and metrics.csv of the
members say."""
import csv
import sys

import numpy

TOLERANCE = 1e-8  # tables of float32 have nine digits


def table(path):
    with open(path) as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def close(a, b):
    return numpy.allclose(float(a), float(b), rtol=TOLERANCE, atol=0, equal_nan=True)


def average(name, values):
    values = values[:100]
    return values.mean() if "correlation" in name else numpy.exp(numpy.log(values).mean())


def main(directory):
    header, rows = table(f"{directory}/members.csv")
    place = {name: k for k, name in enumerate(header)}
    metrics = [name[len("gmean_"):] for name in header if name.startswith("gmean_")]
    assert header[:2] == ["member", "seed"] and metrics, header
    tables = []
    for row in rows:
        _, history = table(f"{directory}/{row[0]}/history.csv")
        losses = [line[3] for line in history if line[3]]
        assert row[place["loss"]] == (losses[-1] if losses else ""), row
        if row[place["status"]] == "finished":
            names, cells = table(f"{directory}/{row[0]}/metrics.csv")
            assert names[1:] == metrics, names
            tables.append(numpy.array(cells, float)[:, 1:])
            for k, name in enumerate(metrics):
                assert close(row[place[f"gmean_{name}"]], average(name, tables[-1][:, k])), (row, name)
        else:
            assert row[place["status"]] == "diverged" and all(not cell for cell in row[-len(metrics):]), row
    header, rows = table(f"{directory}/ensemble.csv")
    stacked = numpy.stack(tables)
    assert header == ["step"] + [f"{m}_{s}" for m in metrics for s in ("mean", "q10", "q50", "q90")], header
    assert len(rows) == stacked.shape[1]
    for step, row in enumerate(rows):
        assert row[0] == str(step + 1)
        for k in range(len(metrics)):
            values = stacked[:, step, k]
            expected = [values.mean(), *numpy.quantile(values, [0.1, 0.5, 0.9])]
            assert all(map(close, row[1 + 4 * k:5 + 4 * k], expected)), (row, expected)


if __name__ == "__main__":
    main(sys.argv[1])
