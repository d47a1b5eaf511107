#!/usr/bin/env python3
"""Writes the two files of scripts/experiments/fou_notebook.yaml: a trajectory that no data source here produces, and a start.

Needs:  pip install h5py numpy
Usage:  scripts/generate_fou_notebook.py [FOLDER]      (default: scripts/experiments)
"""
import pathlib
import sys

import h5py
import numpy as np

POINTS, STEPS, TIME_STEP, SPEED = 40, 100, 0.1, -0.1
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "experiments")

# First-order upwind steps to the left on the 40 inner points of [0, 1]; the state is zero at both ends.
spacing = 1.0 / (POINTS + 1)
levels = [np.sin(np.pi * spacing * np.arange(1, POINTS + 1))]
for _ in range(STEPS):
    right = np.append(levels[-1][1:], 0.0)
    levels.append(levels[-1] - SPEED * TIME_STEP / spacing * (right - levels[-1]))

with h5py.File(folder / "fou_notebook.h5", "w", track_order=True) as file:
    file["trajectories"] = np.stack(levels)[None, :, None, :]
    file.attrs["dt"] = TIME_STEP
    file.attrs["domain_extent"] = 1.0

with h5py.File(folder / "fou_notebook_start.h5", "w", track_order=True) as file:
    file.create_group("parameters", track_order=True)["weight"] = np.array([[[0.4, 0.5]]])
    file.attrs["format"] = "trainax network"
    file.attrs["format_version"] = 1
    file.attrs["precision"] = "float64"
    file.attrs["network"] = (
        "type: conv\nnum_spatial_dims: 1\nin_channels: 1\nout_channels: 1\nkernel_size: 2\npadding: [[0, 1]]\nuse_bias: false\nkey: 0\n"
    )
