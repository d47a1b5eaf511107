"""The spectrum of a run against eigenvalues of a Jacobian by complex steps: spectrum.py RUN DATA.h5 NETWORK STEPS LOSS SCREEN."""
import sys

import h5py
import numpy as np

run, data, kind, steps, loss, screen = sys.argv[1:]
steps = int(steps)
with h5py.File(f"{run}/network.h5") as file:
    leaves = [leaf[...] for leaf in file["parameters"].values()]
    names = list(file["parameters"])
with h5py.File(data) as file:
    trajectories = file["trajectories"][...].reshape(*file["trajectories"].shape[:2], -1)
windows = np.concatenate([trajectories[:, k:k + steps + 1] for k in range(trajectories.shape[1] - steps)])


def conv(parameters, u):
    return parameters[0] * u + parameters[1] * np.roll(u, -1, axis=-1)


def mlp(parameters, u):
    first, bias, second, last = np.split(parameters, np.cumsum([leaf.size for leaf in leaves])[:-1])
    return np.tanh(u @ first.reshape(leaves[0].shape).T + bias) @ second.reshape(leaves[2].shape).T + last


def residuals(parameters):
    u, rows = windows[:, 0].astype(complex), []
    for step in range(1, steps + 1):
        u = {"conv": conv, "mlp": mlp}[kind](parameters, u)
        target = windows[:, step]
        size = np.linalg.norm(target, axis=1, keepdims=True) if loss == "normalized_mse" else np.sqrt(target.shape[1])
        rows.append((u - target) / size / np.sqrt(len(windows)))
    return np.stack(rows, axis=1).ravel()


theta = np.concatenate([leaf.ravel() for leaf in leaves]).astype(complex)
jacobian = np.stack([residuals(theta + 1e-30j * unit).imag / 1e-30 for unit in np.eye(len(theta))], axis=1)
rows, parameters = jacobian.shape
values = np.linalg.eigvalsh(jacobian.T @ jacobian if rows >= parameters else jacobian @ jacobian.T)[::-1]
shares = np.maximum(values, 0) / np.maximum(values, 0).sum()
expected = {
    "residuals": rows,
    "parameters": parameters,
    "largest eigenvalue": values[0],
    "smallest eigenvalue": values[-1],
    "condition number": values[0] / values[-1],
    "effective rank": np.exp(-sum(p * np.log(p) for p in shares if p > 0)),
}
said = dict(line.strip().split(": ") for line in open(screen))
table = np.loadtxt(f"{run}/spectrum.csv", delimiter=",", skiprows=1, ndmin=2)
good = open(f"{run}/spectrum.csv").readline() == "index,eigenvalue\n" and list(said) == list(expected)
good &= np.array_equal(table[:, 0], np.arange(1, min(rows, parameters) + 1))
# Each eigenvalue is known to rounding of the largest one.
good &= np.allclose(table[:, 1], values, rtol=1e-10, atol=1e-13 * values[0])
for name, value in expected.items():
    tolerance = 1e-13 * values[0] / abs(values[-1]) if name in ("condition number", "smallest eigenvalue") else 1e-10
    good &= np.isclose(float(said.get(name, "nan")), value, rtol=max(tolerance, 1e-10))
if not good:
    print(said, expected, table[:, 1], values, sep="\n")
sys.exit(not good)
