"""Baselines of data sets against their formulas in numpy: baseline.py TRAINAX."""
import csv
import itertools
import subprocess
import sys

import h5py
import numpy as np

trainax = sys.argv[1]
rng = np.random.default_rng(1)
failures = 0
ALPHAS = [10.0**-k for k in range(1, 13)]
RCONDS = [10.0**-k for k in range(1, 7)]


def fail(text):
    global failures
    failures += 1
    print("FAILED:", text)


# ---- Data: random maps that are not quite linear, so that there is something to choose ----


def trajectories(samples, levels, state, bend=0.3, noise=0.0, rank=None):
    n = int(np.prod(state))
    matrix = np.linalg.qr(rng.normal(size=(n, n)))[0] * np.linspace(1, 0.8, n)
    within = np.linalg.qr(rng.normal(size=(n, rank or n)))[0]
    x = rng.normal(size=(samples, within.shape[1])) @ within.T
    all_levels = [x]
    for _ in range(levels - 1):
        x = (x + bend * np.sin(2 * x)) @ matrix.T if rank is None else x @ within @ np.diag(np.linspace(1, 0.5, rank)) @ within.T
        all_levels.append(x + noise * rng.normal(size=x.shape))
    return 0.2 + np.stack(all_levels, axis=1).reshape(samples, levels, *state) if rank is None else np.stack(
        all_levels, axis=1).reshape(samples, levels, *state)


def advection(samples, levels, points, modes):
    k, grid = np.arange(1, modes + 1), np.arange(points) / points
    a, b = rng.normal(size=(2, samples, modes))
    phase = 2 * np.pi * k[:, None] * (grid[None, :] - 0.021 * np.arange(levels)[:, None, None])
    return (np.einsum("sk,tkx->stx", a, np.cos(phase)) + np.einsum("sk,tkx->stx", b, np.sin(phase)))[:, :, None]


# ---- Formulas: ragged trajectories are lists of arrays (levels, numbers) ----


def pairs(data):
    return np.concatenate([u[:-1] for u in data]), np.concatenate([u[1:] for u in data])


def linear(kind, data, value, bias):
    """x -> A x + b; A, b."""
    x, y = pairs(data)
    mean_x, mean_y = (x.mean(0), y.mean(0)) if bias else (0 * x[0], 0 * x[0])
    x, y = x - mean_x, y - mean_y
    g, b = x.T @ x / len(x), y.T @ x / len(x)
    values, q = np.linalg.eigh(g)
    values, q = values[::-1], q[:, ::-1]
    if kind == "ridge":
        a = np.linalg.solve(g + value * values[0] * np.eye(len(g)), b.T).T
    elif kind == "truncated_svd":
        q, values = q[:, values > value**2 * values[0]], values[values > value**2 * values[0]]
        a = b @ q / values @ q.T
    else:
        r = min(int(value), np.sum(values > 1e-12 * values[0]))
        q, values = q[:, :r], values[:r]
        a = q @ (q.T @ b @ q) / values @ q.T
    return a, mean_y - a @ mean_x


def transfer(data, state, rcond):
    """H of each wavenumber: (modes, C, C)."""
    axes = tuple(range(2, 1 + len(state)))
    x, y = (np.fft.rfftn(u.reshape(-1, *state), axes=axes).reshape(len(u), state[0], -1) for u in pairs(data))
    p = np.einsum("mik,mjk->kij", x, x.conj()) / len(x)
    c = np.einsum("mik,mjk->kij", y, x.conj()) / len(x)
    values, vectors = np.linalg.eigh(p)
    with np.errstate(divide="ignore"):
        inverse = np.where(values > rcond**2 * values.max(), 1 / values, 0)
    return c @ (vectors * inverse[:, None, :]) @ vectors.conj().transpose(0, 2, 1)


def convolve(h, state):
    axes = tuple(range(2, 1 + len(state)))

    def apply(u):
        modes = np.fft.rfftn(u.reshape(-1, *state), axes=axes)
        result = np.einsum("kij,sjk->sik", h, modes.reshape(len(u), state[0], -1)).reshape(modes.shape)
        return np.fft.irfftn(result, s=state[1:], axes=axes).reshape(len(u), -1)

    return apply


def errors(apply, data, state):
    """mean_nRMSE of each step: of those that have that level."""
    now, channels, result = np.stack([u[0] for u in data]), state[0] if len(state) > 1 else 1, []
    for step in range(1, max(len(u) for u in data)):
        with np.errstate(all="ignore"):
            now = apply(now)
            there = [k for k, u in enumerate(data) if len(u) > step]
            difference, reference = (v.reshape(len(there), channels, -1)
                                     for v in (now[there] - [data[k][step] for k in there], np.stack([data[k][step] for k in there])))
            result.append((np.sqrt((difference**2).mean(-1)) / np.sqrt((reference**2).mean(-1))).sum(-1).mean())
    return np.array(result)


def gmean(values):
    with np.errstate(all="ignore"):
        return np.exp(np.log(values[:100]).mean())


def choose(kind, data, state, bias):
    rest = max(1, len(data) // 5)
    fitted, held_out = data[:-rest], data[-rest:]
    most = min(len(pairs(fitted)[0]), int(np.prod(state)))
    candidates = {"ridge": ALPHAS, "truncated_svd": RCONDS, "dmd": [2**k for k in range(64) if 2**k <= most]}[kind]
    scores = []
    for value in candidates:
        a, b = linear(kind, fitted, value, bias)
        score = gmean(errors(lambda u: u @ a.T + b, held_out, state))
        scores.append(score if np.isfinite(score) else np.inf)
    return next(value for value, score in zip(candidates, scores) if score <= 1.01 * min(scores) + 1e-10)


# ---- What trainax says ----


def run(*arguments, ranks=1):
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    return subprocess.run([*launcher, trainax, *arguments], capture_output=True, text=True, timeout=120)


def table(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def near(what, ours, expected, relative, absolute=0.0):
    ours, expected = np.asarray(ours, dtype=float), np.asarray(expected, dtype=float)
    if ours.shape != expected.shape or not np.allclose(ours, expected, rtol=relative, atol=absolute):
        fail(f"{what}: {ours} instead of {expected}")


def network(path, state):
    """The network of a file, by its leaves; its type and how many numbers it has."""
    with h5py.File(path) as file:
        kind = [line.split(": ")[1] for line in file.attrs["network"].splitlines() if line.startswith("type: ")][0]
        leaves = {name: leaf[...].astype(float) for name, leaf in file["parameters"].items()}
    count = sum(leaf.size for leaf in leaves.values())
    if kind == "spectral_conv":
        h = leaves["weights_real"] + 1j * leaves["weights_imag"]
        modes = [m // 2 + 1 if d == len(state) - 2 else m for d, m in enumerate(state[1:])]
        whole, channels = np.zeros((state[0], state[0], *modes), complex), slice(None)
        for block, high in enumerate(itertools.product([0, 1], repeat=len(modes) - 1)):  # the first axis is the fastest
            parts = [slice(-k, None) if up else slice(k) for k, up in zip(h.shape[3:], reversed(high))] + [channels]
            whole[(channels, channels, *parts)] = h[block]
        return kind, count, convolve(np.moveaxis(whole.reshape(state[0], state[0], -1), -1, 0), state)
    if kind == "conv":
        return kind, count, lambda u: (u.reshape(len(u), state[0], -1) * leaves["weight"].reshape(-1, 1)).reshape(len(u), -1)
    layers = [leaves["weight"]] if kind == "linear" else [leaves[f"flat_mlp.layers.{k}.weight"] for k in range(2) if f"flat_mlp.layers.{k}.weight" in leaves]
    bias = leaves.get("bias", leaves.get(f"flat_mlp.layers.{len(layers) - 1}.bias", 0))
    whole = layers[0] if len(layers) == 1 else layers[1] @ layers[0]
    return kind, count, lambda u: u @ whole.T + bias


KINDS = [
    ("persistence", None, False, "{type: persistence}"),
    ("climatology", None, False, "{type: climatology}"),
    ("ridge", "auto", False, "{type: ridge}"),
    ("ridge", 1e-3, True, "{type: ridge, alpha: 1e-3, use_bias: true}"),
    ("ridge", "auto", True, "{type: ridge, use_bias: true}"),
    ("truncated_svd", 1e-6, False, "{type: truncated_svd}"),
    ("truncated_svd", "auto", True, "{type: truncated_svd, rcond: auto, use_bias: true}"),
    ("dmd", "auto", False, "{type: dmd}"),
    ("dmd", 2, True, "{type: dmd, rank: 2, use_bias: true}"),
    ("spectral", 1e-6, False, "{type: spectral}"),
]


def expected_network(kind, data, state, value, bias):
    """What it computes, its spectral radius, the numbers of its network."""
    x, n = np.concatenate(data), int(np.prod(state))
    if kind == "persistence":
        return lambda u: u, 1, 0
    if kind == "climatology":
        return lambda u: 0 * u + x.mean(0), 0, 0
    if kind == "spectral":
        h = transfer(data, state, value)
        count = 2 * state[0]**2 * 2**(len(state) - 2)
        for d, points in enumerate(state[1:]):
            count *= points // 2 + 1 if d == len(state) - 2 else (points + 1) // 2
        return convolve(h, state), np.abs(np.linalg.eigvals(h)).max(), count
    a, b = linear(kind, data, value, bias)
    rank = np.linalg.matrix_rank(a, tol=1e-7 * np.linalg.norm(a)) if kind != "ridge" else min(n, len(pairs(data)[0]))
    factors = len(state) > 1 and (kind == "dmd" or 2 * rank < n)
    return lambda u: u @ a.T + b, np.abs(np.linalg.eigvals(a)).max(), (2 * rank * n if factors else n * n) + bias * n


def check(what, data, state, out, held_out, tolerance, names):
    rows, columns = table(f"{out}/baselines.csv"), table(f"{out}/metrics.csv")
    if [row["name"] for row in rows] != names:
        return fail(f"{what}: rows {rows}")
    x, y = pairs(data)
    for name, row in zip(names, rows):
        kind, value, bias, _ = KINDS[int(name[1:])]
        here = f"{what}, {out}, {KINDS[int(name[1:])][3]}"
        value = choose(kind, data, state, bias) if value == "auto" else value
        apply, radius, count = expected_network(kind, data, state, value, bias)
        if value is None and row["value"] != "":
            fail(f"{here}: a value {row['value']}")
        elif value is not None:
            near(f"{here}: value", row["value"], value, 1e-7)
        near(f"{here}: parameters", row["parameters"], count, 0)
        near(f"{here}: train_loss", row["train_loss"], ((apply(x) - y)**2).mean(), tolerance, tolerance**2)
        steps = errors(apply, held_out, state)
        near(f"{here}: metrics.csv", [column[name] for column in columns], steps, 30 * tolerance, tolerance)
        near(f"{here}: gmean", row["gmean_mean_nRMSE"], gmean(steps), 30 * tolerance, tolerance)
        near(f"{here}: spectral radius", row["spectral_radius"], radius, 30 * tolerance)
        form, numbers, stored = network(f"{out}/{name}.h5", state)
        if value is not None and numbers != count:
            fail(f"{here}: {numbers} numbers in its file, not {count}")
        if len(state) == 1 and form != "linear":
            fail(f"{here}: a {form} on a state without axes")
        near(f"{here}: what its file computes", stored(x), apply(x), 0, 10 * tolerance * np.abs(x).max())


def compare(what, data, kinds=range(len(KINDS)), precision="float64", tolerance=1e-9, other=None, lengths=None):
    """Of trajectories (S, T + 1, C, ...), from one rank and three."""
    state = data.shape[2:]
    kinds = [k for k in kinds if len(state) > 1 or KINDS[k][0] != "spectral"]
    names = [f"b{k}" for k in kinds]
    sections = ", ".join(KINDS[k][3].replace("}", f", name: b{k}" + "}") for k in kinds)
    for name, values in (("data", data), ("other", other)):
        with h5py.File(f"{name}.h5", "w") as file:
            file["trajectories"] = data if values is None else values
            if lengths is not None and name == "data":
                file["lengths"] = lengths
    with open("run.yaml", "w") as file:
        file.write(f"precision: {precision}\ndata: {{type: file, path: data.h5}}\nbaselines: [{sections}]\n")
        file.write("" if other is None else "evaluation: {data: {type: file, path: other.h5}, num_steps: 4}\n")
    if precision == "float32":
        data = data.astype(np.float32)
    flat = [u[:count].reshape(count, -1).astype(float) for u, count in zip(data, np.full(len(data), data.shape[1]) if lengths is None else lengths)]
    held_out = flat if other is None else [u[:5].reshape(5, -1) for u in other]
    for ranks in (1, 3):
        result = run("baseline", "run.yaml", "--output", f"out{ranks}", "--overwrite", ranks=ranks)
        if result.returncode:
            return fail(f"{what} on {ranks} ranks: {result.stderr}")
        with open(f"out{ranks}/baselines.csv") as file:
            if file.read() != result.stdout:
                fail(f"{what}: the screen shows another table:\n{result.stdout}")
        check(what, flat, state, f"out{ranks}", held_out, tolerance, names)


def compare_training(what, data, form, optimizer, steps, apply, tolerance):
    """Least squares of a network that is linear have one answer, whoever looks for it."""
    state, (x, _) = data.shape[2:], pairs([u.reshape(len(u), -1) for u in data])
    with h5py.File("data.h5", "w") as file:
        file["trajectories"] = data
    with open("train.yaml", "w") as file:
        file.write(f"precision: float64\ndata: {{type: file, path: data.h5}}\nnetwork: {{{form}, key: 1}}\n"
                   f"trainer: {{optimizer: {{{optimizer}}}, num_training_steps: {steps}, batch_size: 100000, key: 0}}\n")
    result = run("train", "train.yaml", "--output", "trained", "--overwrite", "--quiet")
    if result.returncode:
        return fail(f"{what}: {result.stderr}")
    near(f"{optimizer} as {what}", network("trained/network.h5", state)[2](x), apply(x), 0, tolerance * np.abs(x).max())


# 40 steps divide the damping by 3 each, until they gain nothing: a loss that is 1e-16 off is that of parameters that are 1e-8 off.
# Then it grows to 1e200, at which no step is an error.
LM, GN = ("type: levenberg_marquardt, ftol: 0", 40), ("type: gauss_newton, damping_parameter: 0", 1)
for bias in (False, True):
    data = trajectories(6, 20, (3,))
    a, b = linear("ridge", data, 0, bias)
    for asked, tolerance in ((LM, 1e-7), (GN, 1e-12)):
        compare_training(f"ridge, alpha 0, use_bias {bias}", data, f"type: linear, in_features: 3, out_features: 3, use_bias: {bias}".lower(),
                         *asked, lambda u: u @ a.T + b, tolerance)
for state, modes in (((2, 9), "[5]"), ((1, 4, 5), "[2, 3]")):
    data = trajectories(5, 12, state)
    h = transfer([u.reshape(len(u), -1) for u in data], state, 1e-6)
    compare_training(f"spectral, {state}", data, f"type: spectral_conv, num_spatial_dims: {len(state) - 1}, in_channels: {state[0]}, "
                     f"out_channels: {state[0]}, num_modes: {modes}", *LM, convolve(h, state), 1e-7)
compare("no axes", trajectories(6, 20, (3,)))
compare("no axes, fewer pairs than numbers", trajectories(3, 4, (14,)))
compare("1 axis", trajectories(10, 9, (1, 12)), other=trajectories(4, 7, (1, 12)))
compare("1 axis, 2 channels, an odd number", trajectories(5, 12, (2, 9)))
compare("1 axis, fewer pairs than numbers", trajectories(4, 5, (2, 20)))
compare("2 axes", trajectories(8, 12, (2, 4, 5)))
compare("2 axes, odd ones, far fewer pairs", trajectories(3, 4, (1, 9, 7)))
compare("3 axes", trajectories(9, 8, (1, 3, 4, 5)))
compare("trajectories of unequal lengths", trajectories(7, 10, (1, 8)), lengths=[10, 3, 1, 10, 7, 10, 4])
# Rounded numbers of the data are 6e-8 off, in sums of many.
compare("float32", trajectories(8, 9, (1, 10)), precision="float32", tolerance=3e-5)
# What is not in the data is known to rounding over the smallest eigenvalue kept: 1e-12 and 1e-6.
deficient = [0, 1, 3, 5, 7, 9]
compare("deficient", trajectories(8, 9, (1, 16), rank=4), deficient, tolerance=1e-8)
compare("deficient, fewer pairs than numbers", trajectories(4, 5, (1, 40), rank=4), deficient, tolerance=1e-8)
compare("advection", advection(10, 12, 24, 5), deficient, tolerance=1e-8)
for row in table("out1/baselines.csv"):
    if row["name"] in ("b5", "b7", "b9") and not float(row["gmean_mean_nRMSE"]) < 1e-10:
        fail(f"advection is not exact: {row}")

sys.exit(failures > 0)
