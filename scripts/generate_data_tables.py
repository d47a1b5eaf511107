#!/usr/bin/env python3
"""Writes tests/data/trainax.txt: known answers of Trainax's sample data and mixer, and of Python's slices.

Needs:  pip install "jax==0.10.2" "trainax==0.0.2"
Usage:  scripts/generate_data_tables.py > tests/data/trainax.txt
"""
import contextlib
import random
from importlib.metadata import version

import jax
import numpy as np
from trainax._mixer import PermutationMixer
from trainax._sample_data import advection_1d_periodic, lorenz_rk4

assert jax.__version__ == "0.10.2" and version("trainax") == "0.0.2"

SOURCES = [
    (advection_1d_periodic, {}),
    (advection_1d_periodic, dict(cfl=-0.75)),
    (advection_1d_periodic, dict(num_points=31, num_samples=3, highest_init_mode=15, temporal_horizon=40, cfl=2.3)),
    (advection_1d_periodic, dict(num_points=16, num_samples=2, highest_init_mode=8, temporal_horizon=12)),
    (advection_1d_periodic, dict(num_points=10, num_samples=1, highest_init_mode=7, temporal_horizon=1)),
    (lorenz_rk4, {}),
    (lorenz_rk4, dict(num_samples=1, temporal_horizon=300, dt=0.02, num_warmup_steps=0, init_std=2.5)),
    (lorenz_rk4, dict(num_samples=7, temporal_horizon=50, sigma=12.0, rho=30.0, beta=2.0, num_warmup_steps=10)),
]
SEED = 3


def source_line(precision, stream, source, arguments):
    data = np.asarray(source(key=jax.random.PRNGKey(SEED), **arguments))
    flat = data.reshape(-1)
    chosen = sorted({int(k * (flat.size - 1) / 23) for k in range(24)})
    values = " ".join(f"{i} {float(flat[i]).hex()}" for i in chosen)
    options = "".join(f", {name}: {value}" for name, value in arguments.items())
    shape = "x".join(str(n) for n in data.shape)
    print(f"source|{precision}|{stream}|{{type: {source.__name__}, key: {SEED}{options}}}|{shape}|{np.abs(flat).max()}|{values}")


def mixer_line(precision, stream, n, batch_size, steps):
    with contextlib.redirect_stdout(None):  # it prints where the batch is larger than the data
        mixer = PermutationMixer(n, max(steps) + 1, batch_size, jax.random.PRNGKey(SEED))
    answers = []
    for step in steps:
        windows, (epoch, batch) = mixer(step, return_info=True)
        windows = np.asarray(windows)
        weighted = int(sum((k + 1) * int(w) for k, w in enumerate(windows)))
        answers.append(f"{step} {epoch} {batch} {len(windows)} {windows[0]} {windows[-1]} {weighted}")
    print(f"mixer|{precision}|{stream}|{SEED} {n} {batch_size}|" + ", ".join(answers))


def slice_lines():
    draw = random.Random(0)
    bound = lambda: "" if draw.random() < 0.3 else str(draw.randint(-9, 9))
    texts = [":", "::", "::2", "::-1", "-3:", "0:100", "3:3", "5:2:-1", " 1 : 4 ", "-1::-2", ":-9223372036854775807"]
    for _ in range(60):
        step = draw.choice(["", ":", ":1", ":2", ":3", ":-1", ":-2", ":-5"])
        texts.append(f"{bound()}:{bound()}{step}")
    for text in texts:
        size = draw.randint(1, 8)
        parts = [int(part) if part.strip() else None for part in text.split(":")]
        indices = range(*slice(*parts).indices(size))
        print(f"slice|{size}|{text}|" + " ".join(str(i) for i in indices))


def main():
    print("# Made by scripts/generate_data_tables.py with jax 0.10.2 and trainax 0.0.2.")
    print("# source|precision|stream|options|shape|largest|index value …  mixer|precision|stream|seed windows batch|step epoch batch")
    print("# count first last sum of (k + 1) window_k, …  slice|size|text|indices")
    for precision in ("float32", "float64"):
        jax.config.update("jax_enable_x64", precision == "float64")
        for stream in ("jax_partitionable", "jax_legacy"):
            jax.config.update("jax_threefry_partitionable", stream == "jax_partitionable")
            for source, arguments in SOURCES:
                source_line(precision, stream, source, arguments)
            mixer_line(precision, stream, 1980, 32, [0, 1, 60, 61, 62, 123, 124, 125, 619])
            mixer_line(precision, stream, 100, 100, [0, 1, 2, 3])
            mixer_line(precision, stream, 7, 50, [0, 1, 5])
            mixer_line(precision, stream, 5, 1, [0, 4, 5, 24])
    slice_lines()


main()
