#!/usr/bin/env python3
"""Tables of `trainax apebench`.
usage: experiments.py DIR TABLES.json         beside apebench's own, and by its own functions where there is apebench
       experiments.py DIR --rollouts TEST.h5  rollouts that are kept of all test trajectories have the errors that stand beside them
"""
import csv
import json
import sys
from pathlib import Path

import numpy as np

csv.field_size_limit(1 << 30)
folder = Path(sys.argv[1])
TOLERANCE = {"rtol": 1e-7, "atol": 1e-9}  # Optax computes schedules in float32 even then; correlations of states that hardly correlate


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def by_its_own_functions(raw):
    try:
        import pandas
        import apebench
    except ImportError:
        return
    tables = [pandas.read_csv(path) for path in raw]
    for melt, file in ((apebench.melt_metrics, "metrics"), (apebench.melt_loss, "train_loss"), (apebench.melt_sample_rollouts, "sample_rollout")):
        expected = pandas.concat([melt(table) for table in tables]).reset_index(drop=True)
        found = pandas.read_csv(folder / f"{file}.csv")
        pandas.testing.assert_frame_equal(found, expected)
    metrics = pandas.read_csv(folder / "metrics.csv")
    first = metrics[metrics["scenario"] == metrics["scenario"][0]].reset_index(drop=True)
    assert list(apebench.read_in_kwargs(first.copy())["advection_gamma"]) == [2.5] * len(first)
    assert set(apebench.split_train(metrics.copy())["rollout"]) == {1, 2}
    means = apebench.aggregate_gmean(metrics)
    assert len(means) == 4 and np.allclose(means["gmean_mean_nRMSE"][0], np.exp(np.log(metrics["mean_nRMSE"][:5]).mean()))
    relative = apebench.relative_by_config(first.copy(), grouping_cols=["seed", "time_step"])
    assert (relative["mean_nRMSE_rel"] == 1).all()


def beside(tables):
    expected = json.loads(Path(tables).read_text())
    raw = {path.stem: path for path in (folder / "raw").iterdir()}
    assert set(raw) == set(expected), (sorted(raw), sorted(expected))
    for name, table in expected.items():
        rows = read(raw[name])
        samples = [column for column in rows[0] if column.startswith("sample_rollout_")]
        assert list(rows[0]) == ["", *table["columns"], *samples], name
        assert samples == ["sample_rollout_000", "sample_rollout_001"] and len(rows) == len(table["rows"]), name
        for k, (row, values) in enumerate(zip(rows, table["rows"])):
            assert row[""] == str(k)
            for column, value in zip(table["columns"], values):
                found = row[column] if not isinstance(value, float) else float(row[column])
                assert np.isclose(found, value, **TOLERANCE) if isinstance(value, float) else found == str(value), (column, found, value)
            for column in samples:
                shape = np.array(json.loads(row[column])).shape
                assert shape == ((6, 1, 16, 16) if "unbal" in name else (6, 1, 32)), shape
    by_its_own_functions([raw[name] for name in expected])


def rollouts(test):
    import h5py

    with h5py.File(test) as file:
        reference = file["trajectories"][...]
    (raw,) = (folder / "raw").iterdir()
    for row in read(raw):
        states = np.array([json.loads(row[f"sample_rollout_{k:03d}"]) for k in range(len(reference))])
        assert states.shape == reference.shape and np.array_equal(states[:, 0], reference[:, 0])
        norm = lambda field: np.sqrt((field**2).mean(axis=-1))
        errors = (norm(states - reference) / norm(reference)).mean(axis=(0, 2))
        assert np.allclose(errors[1:], [float(row[f"mean_nRMSE_{k:04d}"]) for k in range(1, len(errors))], rtol=1e-12), errors


rollouts(sys.argv[3]) if sys.argv[2] == "--rollouts" else beside(sys.argv[2])
