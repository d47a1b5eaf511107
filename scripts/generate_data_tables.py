#!/usr/bin/env python3
"""Writes tests/data/trainax.txt: known answers of Trainax's sample data and mixer, of Exponax's initial conditions and rollouts,
and of Python's slices.

Needs:  pip install "jax==0.10.2" "trainax==0.0.2" "exponax==0.1.0"
Usage:  scripts/generate_data_tables.py > tests/data/trainax.txt
"""
import contextlib
import random
from importlib.metadata import version

import exponax as ex
import jax
import jax.numpy as jnp
import numpy as np
from trainax._mixer import PermutationMixer
from trainax._sample_data import advection_1d_periodic, lorenz_rk4, make_lorenz_stepper_rk4

assert jax.__version__ == "0.10.2" and version("trainax") == "0.0.2" and version("exponax") == "0.1.0"

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

# axes, points, channels, options of the series; the last but one has every mode that there is
SERIES = [
    (1, 30, 1, {}),
    (1, 31, 1, dict(cutoff=4, max_one=True)),
    (1, 24, 3, dict(cutoff=12, amplitude_range=(0.5, 2.0), angle_range=(-1.0, 1.0), offset_range=(-2.0, 3.0))),
    (1, 24, 1, dict(cutoff=3, offset_range=(1.0, 1.5), std_one=True)),
    (1, 1009, 1, dict(cutoff=504)),
    (2, 12, 2, {}),
    (2, 9, 1, dict(cutoff=2, offset_range=(0.0, 1.0), max_one=True)),
    (2, 10, 1, dict(cutoff=5)),
    (3, 8, 1, dict(cutoff=4)),
    (3, 7, 2, dict(cutoff=1, offset_range=(0.5, 1.0), std_one=True)),
]
# stepper, points, samples, stored levels, warm-up steps, channels
ROLLOUTS = [
    ("advection_1d_spectral", dict(cfl=-0.75), 30, 5, 51, 0, 1),
    ("advection_1d_spectral", dict(cfl=2.3), 31, 3, 20, 7, 1),
    ("advection_1d_spectral", dict(cfl=0.3), 16, 33, 4, 1, 2),
    ("fou_advection_1d", dict(cfl=0.6), 20, 4, 10, 3, 1),
    ("lorenz_rk4", dict(dt=0.02), None, 40, 12, 5, 3),
]


def source_line(precision, stream, source, arguments):
    data = np.asarray(source(key=jax.random.PRNGKey(SEED), **arguments))
    flat = data.reshape(-1)
    shape = "x".join(str(n) for n in data.shape)
    section = f"{{type: {source.__name__}, key: {SEED}{yaml(arguments)}}}"
    print(f"source|{precision}|{stream}|{section}|{shape}|{np.abs(flat).max()}|{numbers(flat)}")


def numbers(flat):
    chosen = sorted({int(k * (flat.size - 1) / 23) for k in range(24)})
    return " ".join(f"{i} {float(flat[i]).hex()}" for i in chosen)


def yaml(options):
    text = lambda value: str(list(value) if isinstance(value, tuple) else value).replace("True", "true")
    return "".join(f", {name}: {text(value)}" for name, value in options.items())


def channels_of(generate, count):
    """As RandomMultiChannelICGenerator, for states without spatial axes too."""
    return lambda points, key: jnp.concatenate([generate(points, key=k) for k in jax.random.split(key, count)])


def initial_line(precision, stream, axes, points, channels, options):
    generate = channels_of(ex.ic.RandomTruncatedFourierSeries(axes, **options), channels)
    states = np.asarray(ex.build_ic_set(generate, num_points=points, num_samples=3, key=jax.random.PRNGKey(SEED)))
    shape = "x".join(str(n) for n in states.shape)
    section = f"{{type: random_truncated_fourier_series{yaml(options)}}}"
    print(f"initial|{precision}|{stream}|{section}|{shape}|{np.abs(states).max()}|{numbers(states.reshape(-1))}")


def normal_line(precision, stream, channels, shape, std):
    generate = channels_of(lambda _, key: std * jax.random.normal(key, (1,) + shape), channels)
    states = np.asarray(ex.build_ic_set(generate, num_points=0, num_samples=4, key=jax.random.PRNGKey(SEED)))
    text = "x".join(str(n) for n in states.shape)
    print(f"initial|{precision}|{stream}|{{type: normal, std: {std}}}|{text}|{np.abs(states).max()}|{numbers(states.reshape(-1))}")


def make_stepper(name, options, points):
    if name == "lorenz_rk4":
        return make_lorenz_stepper_rk4(**options)
    if name == "fou_advection_1d":
        return lambda u: (1 - options["cfl"]) * u + options["cfl"] * jnp.roll(u, 1, axis=-1)
    return ex.stepper.Advection(1, 1.0, points, 1.0, velocity=options["cfl"] / points)


def rollout_line(precision, stream, name, options, points, samples, levels, warmup, channels):
    one = make_stepper(name, options, points)
    # exponax's steppers are for one channel: each channel for itself
    stepper = one if points is None else lambda u: jax.vmap(lambda row: one(row[None])[0])(u)
    if points is None:
        generate, initial = channels_of(lambda _, key: jax.random.normal(key, (1,)), channels), "normal"
    else:
        series, initial = ex.ic.RandomTruncatedFourierSeries(1, max_one=True), "{type: random_truncated_fourier_series, max_one: true}"
        generate = channels_of(series, channels)
    states = ex.build_ic_set(generate, num_points=points, num_samples=samples, key=jax.random.PRNGKey(SEED))
    states = jax.vmap(ex.repeat(stepper, warmup))(states)
    data = np.asarray(jax.vmap(ex.rollout(stepper, levels - 1, include_init=True))(states))
    grid = "" if points is None else f", num_points: {points}" + (f", num_channels: {channels}" if channels > 1 else "")
    section = (f"{{type: rollout, stepper: {{type: {name}{yaml(options)}}}, initial_condition: {initial}{grid}, num_samples: {samples}, "
               f"temporal_horizon: {levels}, num_warmup_steps: {warmup}, key: {SEED}}}")
    shape = "x".join(str(n) for n in data.shape)
    print(f"rollout|{precision}|{stream}|{section}|{shape}|{np.abs(data).max()}|{numbers(data.reshape(-1))}")


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
    print("# Made by scripts/generate_data_tables.py with jax 0.10.2, trainax 0.0.2 and exponax 0.1.0.")
    print("# source, rollout, initial|precision|stream|options|shape|largest|index value …  mixer|precision|stream|seed windows batch|step epoch batch")
    print("# count first last sum of (k + 1) window_k, …  slice|size|text|indices")
    for precision in ("float32", "float64"):
        jax.config.update("jax_enable_x64", precision == "float64")
        for stream in ("jax_partitionable", "jax_legacy"):
            jax.config.update("jax_threefry_partitionable", stream == "jax_partitionable")
            for source, arguments in SOURCES:
                source_line(precision, stream, source, arguments)
            for case in SERIES:
                initial_line(precision, stream, *case)
            for channels, shape, std in ((3, (), 1.0), (1, (10,), 1.0), (2, (3, 4), 1.5)):
                normal_line(precision, stream, channels, shape, std)
            for case in ROLLOUTS:
                rollout_line(precision, stream, *case)
            mixer_line(precision, stream, 1980, 32, [0, 1, 60, 61, 62, 123, 124, 125, 619])
            mixer_line(precision, stream, 100, 100, [0, 1, 2, 3])
            mixer_line(precision, stream, 7, 50, [0, 1, 5])
            mixer_line(precision, stream, 5, 1, [0, 4, 5, 24])
    slice_lines()


main()
