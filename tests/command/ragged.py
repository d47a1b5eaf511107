"""Training and evaluation on trajectories of unequal length, by strides in time: ragged.py TRAINAX.

The losses of steps that change nothing, and the rows of `evaluate`, against loops in numpy; draws by threefry in Python."""
import os
import subprocess
import sys

import h5py
import numpy as np

trainax = sys.argv[1]
failures = 0
SAMPLES, LEVELS, CHANNELS, POINTS, ROLLOUT, STEPS, KEY = 5, 12, 2, 16, 2, 3, 3
lengths = [12, 5, 9, 2, 12]
rng = np.random.default_rng(1)
values = np.cumsum(rng.normal(size=(SAMPLES, LEVELS, CHANNELS, POINTS)), 1) * 0.1 + 3
for k, length in enumerate(lengths):
    values[k, length:] = np.nan
held_out = np.concatenate([values[:1, :9] + 0.5, values[:1, 2:11] - 0.25])

CONFIG = """precision: float64
data: {type: file, path: ragged.h5%s}
network: {type: conv, num_spatial_dims: 1, in_channels: 2, out_channels: 2, kernel_size: 3, padding: same, padding_mode: circular, key: 1}
trainer: {num_training_steps: %d, batch_size: 100, key: %d, num_rollout_steps: %d, optimizer: {type: sgd, learning_rate: %s}}
parallel: {block: 5}
evaluation: {metrics: [mean_MSE, q50_MSE]%s}
callbacks: [{type: metrics, every: 2}]
"""


def fail(text):
    global failures
    failures += 1
    print("FAILED:", text)


def run(*arguments, ranks=1, code=0):
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    result = subprocess.run([*launcher, trainax, *arguments], capture_output=True, text=True, timeout=120)
    if result.returncode != code:
        fail(f"{arguments}: exit code {result.returncode}: {result.stderr}")
    return result.stderr


def configure(data, steps=STEPS, rate="0.0", evaluation=""):
    with open("run.yaml", "w") as file:
        file.write(CONFIG % (data, steps, KEY, ROLLOUT, rate, evaluation))


# ---- Draws: Threefry-2x32 with 20 rounds, jax.random.fold_in, uniform of float64 in the partitionable stream ----


def threefry(key, counter):
    word, rotations = 0xFFFFFFFF, ((13, 15, 26, 6), (17, 29, 16, 24))
    keys = (key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDA)
    x, y = (counter[0] + keys[0]) & word, (counter[1] + keys[1]) & word
    for group in range(5):
        for turn in rotations[group % 2]:
            x = (x + y) & word
            y = ((y << turn | y >> (32 - turn)) & word) ^ x
        x, y = (x + keys[(group + 1) % 3]) & word, (y + keys[(group + 2) % 3] + group + 1) & word
    return x, y


def uniform(key):
    high, low = threefry(key, (0, 0))
    return ((high << 32 | low) >> 12) * 2.0**-52


def stride_of(low, high, step, window, length, start):
    if low == high:
        return low
    key = (0, KEY)
    for number in (103, step, window):
        key = threefry(key, (0, number))
    most = min(high, (length - 1 - start) // ROLLOUT)
    return low + int(uniform(key) * (most - low + 1))


# ---- What is expected ----


def apply(network, u):
    weight, bias = network
    wide = np.concatenate([u[:, -1:], u, u[:, :1]], 1)
    return sum(weight[:, :, k] @ wide[:, k : k + POINTS] for k in range(3)) + bias


def losses(network, data, low, high):
    windows = [(s, start) for s in range(SAMPLES) for start in range(lengths[s] - ROLLOUT * low)]
    out = []
    for step in range(STEPS):
        total = 0
        for number, (s, start) in enumerate(windows):
            k = stride_of(low, high, step, number, lengths[s], start)
            u = data[s, start]
            for r in range(1, ROLLOUT + 1):
                u = apply(network, u)
                total += np.mean((u - data[s, start + r * k]) ** 2)
        out.append(total / len(windows))
    return out


def rows(network, data, ends, stride):
    states, out = [level[0] for level in data], []
    for step in range(1, (max(ends) - 1) // stride + 1):
        states = [apply(network, u) for u in states]
        errors = [np.sum(np.mean((states[s] - data[s][step * stride]) ** 2, 1)) for s in range(len(data)) if step * stride < ends[s]]
        out.append((np.mean(errors), np.median(errors)))
    return out


def close(what, found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape or not np.all(np.abs(found - expected) <= 1e-12 * np.abs(expected)):
        fail(f"{what}: {found}, not {expected}")


def network_of(path):
    with h5py.File(path) as file:
        return file["parameters/weight"][:], file["parameters/bias"][:]


def column(path, name):
    with open(path) as file:
        header, *lines = file.read().strip().split("\n")
    index = header.split(",").index(name)
    return [float(line.split(",")[index]) for line in lines if line.split(",")[index]]


def check(options, low, high, mean=0.0, std=None):
    data = (values - np.reshape(mean, (-1, 1))) / np.reshape(std if std is not None else 1.0, (-1, 1))
    other = (held_out - np.reshape(mean, (-1, 1))) / np.reshape(std if std is not None else 1.0, (-1, 1))
    configure(options)
    run("train", "run.yaml", "--output", "still", "--overwrite")
    network = network_of("still/network.h5")
    close(f"losses {options}", column("still/history.csv", "loss"), losses(network, data, low, high))
    if os.path.exists("rows.csv"):
        os.remove("rows.csv")
    run("evaluate", "run.yaml", "--network", "still/network.h5", "--output", "rows.csv", ranks=3)
    expected = rows(network, data, lengths, low)
    close(f"rows {options}", list(zip(column("rows.csv", "mean_MSE"), column("rows.csv", "q50_MSE"))), expected)
    os.remove("rows.csv")
    configure(options, evaluation=", data: {type: file, path: held_out.h5}")
    run("evaluate", "run.yaml", "--network", "still/network.h5", "--output", "rows.csv")
    expected = rows(network, other, [9, 9], 1)
    close(f"held-out rows {options}", list(zip(column("rows.csv", "mean_MSE"), column("rows.csv", "q50_MSE"))), expected)
    with h5py.File("still/network.h5") as file:
        if std is None:
            if "normalization" in file:
                fail(f"units {options}")
        else:
            close(f"mean {options}", file["normalization/mean"][:], np.broadcast_to(mean, (2,)))
            close(f"std {options}", file["normalization/std"][:], std)


def same_on_ranks(options):
    """Also with callbacks on held-out data."""
    contents = []
    for ranks in (1, 3):
        configure(options, steps=12, rate="1.0e-2")
        run("train", "run.yaml", "--output", f"ranks_{ranks}", "--overwrite", ranks=ranks)
        with open(f"ranks_{ranks}/history.csv") as file:
            contents.append(file.read())
        with h5py.File(f"ranks_{ranks}/network.h5") as file:
            contents[-1] += str(file["parameters/weight"][:].tobytes())
    if contents[0] != contents[1]:
        fail(f"other bits on other ranks: {options}")


with h5py.File("ragged.h5", "w") as file:
    file["trajectories"], file["lengths"] = values, lengths
with h5py.File("held_out.h5", "w") as file:
    file["trajectories"] = held_out
numbers = np.concatenate([values[k, : lengths[k]] for k in range(SAMPLES)])
check("", 1, 1)
check(", dt_stride: 3", 3, 3)
check(", dt_stride: [1, 4]", 1, 4)
check(", dt_stride: [2, 3], normalize: zscore", 2, 3, numbers.mean((0, 2)), numbers.std((0, 2)))
check(", normalize: rms", 1, 1, 0.0, np.sqrt((numbers**2).mean((0, 2))))
same_on_ranks(", dt_stride: [1, 3], normalize: zscore")
same_on_ranks(", levels: '1:', samples: '::-1', dt_stride: 2")
# Interrupted and resumed it draws the same; by other strides it is another run.
configure(", dt_stride: [1, 3], normalize: zscore", steps=5, rate="1.0e-2")
run("train", "run.yaml", "--output", "resumed")
configure(", dt_stride: [1, 4], normalize: zscore", steps=12, rate="1.0e-2")
if "data.dt_stride" not in run("train", "run.yaml", "--output", "resumed", "--resume", code=2):
    fail("a resume by other strides")
configure(", dt_stride: [1, 3], normalize: zscore", steps=12, rate="1.0e-2")
run("train", "run.yaml", "--output", "resumed", "--resume")
configure(", dt_stride: [1, 3], normalize: zscore", steps=12, rate="1.0e-2")
run("train", "run.yaml", "--output", "whole")
close("a resume", column("resumed/history.csv", "loss"), column("whole/history.csv", "loss"))
configure(", dt_stride: 6")
if "6 apart" not in run("train", "run.yaml", "--output", "none", code=2):
    fail("no window at all")
run("rollout", "whole/network.h5", "--initial", "ragged.h5", "--steps", "8", "--output", "rolled.h5", ranks=2)
with h5py.File("rolled.h5") as file:
    close("lengths of a rollout", file["lengths"][:], np.minimum(lengths, 9))
sys.exit(failures > 0)
