#!/usr/bin/env python3
"""An ensemble against numpy.

ensemble.py tables DIR                   members.csv and ensemble.csv are what history.csv and metrics.csv of the members say
ensemble.py metrics FILE DATA ROLLOUT…   FILE, of `evaluate --network DIR`, is what the members' rollouts of DATA say
ensemble.py rollout FILE ROLLOUT…        FILE, of `rollout DIR`, is mean and standard deviation of the members' rollouts"""
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


def check_metrics(path, data, *rollouts):
    """In double: sums in another order alone."""
    import h5py

    def read(name):
        with h5py.File(name) as file:
            return file["trajectories"][:]

    header, rows = table(path)
    assert header == ["step", "mean_nRMSE", "mean_MSE", "spread", "crps"], header
    reference, members = read(data), numpy.stack([read(name) for name in rollouts])
    count = len(members)
    assert len(rows) == reference.shape[1] - 1
    for step, row in enumerate(rows, 1):
        x, y = members[:, :, step], reference[:, step]
        error, norm = (((z**2).mean(axis=-1) ** 0.5).sum(axis=-1) for z in (x.mean(axis=0) - y, y))
        pairs = sum(abs(x[k] - x[j]) for k in range(count) for j in range(count))
        variance = x.var(axis=0, ddof=1) if count > 1 else 0 * y
        crps = abs(x - y).mean(axis=0) - (pairs / (2 * count * (count - 1)) if count > 1 else 0)
        expected = [(error / norm).mean(), ((x.mean(axis=0) - y) ** 2).mean(), variance.mean() ** 0.5, crps.mean()]
        assert numpy.allclose(numpy.array(row[1:], float), expected, rtol=1e-12, atol=1e-15), (row, expected)


def check_rollout(path, *rollouts):
    """In double: sums in another order alone."""
    import h5py

    def read(name, dataset="trajectories"):
        with h5py.File(name) as file:
            return file[dataset][:]

    members = numpy.stack([read(name) for name in rollouts])
    spread = members.std(axis=0, ddof=1) if len(members) > 1 else 0 * members[0]
    assert numpy.allclose(read(path), members.mean(axis=0), rtol=1e-12, atol=1e-15)
    assert numpy.allclose(read(path, "spread"), spread, rtol=1e-12, atol=1e-15)


def check_tables(directory):
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
    {"tables": check_tables, "metrics": check_metrics, "rollout": check_rollout}[sys.argv[1]](*sys.argv[2:])
