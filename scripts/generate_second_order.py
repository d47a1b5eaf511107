"""levenberg_marquardt and gauss_newton written once more, in NumPy, on the residuals of the real Trainax: how scripts/generate_golden.py
trains the cases in tests/algebra. By the formulas alone: Nielsen's damping, the acceleration of Transtrum and Sethna, dense solves.

Trainax's configurations take any function for a loss at one time level: here one that keeps the residuals and hands out variables, by
whose derivatives the configuration tells what each of them weighs.
"""

import math

import generate_golden as golden
import numpy as np


def flattened(x):
    return x.reshape(len(x), -1)


def of_samples(section, difference, target):
    """[samples, numbers] whose squares, summed, are a loss of each sample."""
    if golden.yaml_type(section) == "composite":
        parts, weights = golden.weighted(section["losses"])
        return golden.jnp.concatenate([math.sqrt(w) * of_samples(p, difference, target) for p, w in zip(parts, weights) if w], axis=1)
    weights = golden.jnp.ones_like(difference)
    if isinstance(section, dict) and "channel_weights" in section:
        channels = golden.jnp.asarray(section["channel_weights"]).reshape((-1,) + (1,) * (difference.ndim - 2))
        weights = weights * channels / channels.mean()
        difference, target = difference * weights**0.5, target if target is None else target * weights**0.5
    if golden.yaml_type(section) == "normalized_mse":
        return flattened(difference) / golden.jnp.linalg.norm(flattened(target), axis=1, keepdims=True)
    return flattened(difference) / math.sqrt(difference[0].size)


class Recorder:
    def __init__(self, section, variables):
        self.section, self.variables, self.kept = section, variables, []

    def __call__(self, prediction, target=None):
        residuals = of_samples(self.section, golden.difference(prediction, target), target)
        mean = isinstance(self.section, str) or self.section.get("batch_reduction", "mean") == "mean"
        self.kept.append(residuals / math.sqrt(len(residuals)) if mean else residuals)
        return self.variables[len(self.kept) - 1]


def configuration_residuals(section, physics, network, batch):
    most = 100

    def run(variables):
        recorder = Recorder(section.get("time_level_loss", "mse"), variables)
        golden.COMPONENTS["loss", "recorded"] = lambda options: recorder
        configuration = golden.build("configuration", {**section, "time_level_loss": "recorded"})[0]
        return configuration(network, batch, **physics), recorder.kept

    weights, kept = golden.jax.grad(run, has_aux=True)(golden.jnp.zeros(most))
    roots = golden.jnp.sqrt(golden.jax.lax.stop_gradient(weights))
    return [root * r.reshape(-1) for root, r in zip(roots, kept)]


def residuals_of(section, physics, network, batch):
    """One row a number, in no particular order."""
    if section.get("type") != "composite":
        return configuration_residuals(section, physics, network, batch)
    parts, weights = golden.weighted(section["configurations"])
    return [math.sqrt(w) * r for p, w in zip(parts, weights) if w for r in residuals_of(p, physics, network, batch)]


class Problem:
    """Residuals and their Jacobian in the run's precision, as doubles; of the minibatch of a step."""

    def __init__(self, case, network, trainer):
        jax, options = golden.jax, {"type": "supervised", **case["trainer"]}
        parameters, static = golden.equinox.partition(network, golden.equinox.is_inexact_array)
        whole, unflatten = jax.flatten_util.ravel_pytree(parameters)
        trained = self.trained(network, options)
        self.start = whole[trained]
        self.network = lambda p: golden.equinox.combine(unflatten(whole.at[trained].set(p)), static)
        self.windows = trainer.trajectory_sub_stacker
        key = golden.make_key(options["key"])
        count = self.windows.num_total_samples
        self.mixer = golden.trainax.PermutationMixer(count, options["num_training_steps"], options["batch_size"], key)
        self.full = options["batch_size"] >= count
        physics = {"ref_stepper": None, **golden.physics(options)}
        self.options, self.physics, self.stages = options, physics, golden.recipes().stages(options)

    @staticmethod
    def trained(network, options):
        """Which of all parameters."""
        frozen = [
            np.full(x.size, golden.recipes().is_frozen(name, options.get("freeze", [])))
            for name, x in golden.leaves_of(network)
        ]
        return np.flatnonzero(~np.concatenate(frozen))

    def begin_stage(self, step):
        jax, options = golden.jax, golden.recipes().section_at(self.options, step)
        rows = lambda p, batch: golden.jnp.concatenate(residuals_of(options, self.physics, self.network(p), batch))
        loss = golden.build("configuration", options)[0]
        self.rows, self.jacobian = jax.jit(rows), jax.jit(jax.jacrev(rows))
        self.loss = jax.jit(lambda p, batch: loss(self.network(p), batch, **self.physics))

    def batch(self, step):
        if step in self.stages:
            self.begin_stage(step)
        return self.windows(self.mixer(step))

    def r(self, p, batch):
        return np.asarray(self.rows(p, batch), np.float64)

    def moved(self, p, h):
        return golden.jnp.asarray(np.asarray(p, np.float64) + h, p.dtype)


def rate_at(rate, step):
    return rate if isinstance(rate, float) else float(getattr(golden.optax, rate["type"])(**{k: rate[k] for k in rate if k != "type"})(step))


def gauss_newton(problem, options, steps):
    p, losses, values = problem.start, [], []
    for step in range(steps):
        batch = problem.batch(step)
        r, J = problem.r(p, batch), np.asarray(problem.jacobian(p, batch), np.float64)
        A = J.T @ J
        mu = options.get("damping_parameter", 1e-6) * A.diagonal().max()
        losses.append(problem.loss(p, batch))
        values.append({"damping": mu})
        # of a singular A the dual form has the digits
        dual = len(J) < len(p)
        v = J.T @ np.linalg.solve(J @ J.T + mu * np.eye(len(J)), r) if dual else np.linalg.solve(A + mu * np.eye(len(p)), J.T @ r)
        p = problem.moved(p, -rate_at(options.get("learning_rate", 1.0), step) * v)
    return losses, values, p


class System:
    """(J'J + mu I) v = -J'f."""

    def __init__(self, J, mu):
        self.J, self.dual = J, len(J) < J.shape[1]
        K = J @ J.T if self.dual else J.T @ J
        self.factor = np.linalg.cholesky(K + mu * np.eye(len(K)))

    def solve(self, f):
        L = self.factor
        x = np.linalg.solve(L.T, np.linalg.solve(L, f if self.dual else self.J.T @ f))
        return -self.J.T @ x if self.dual else -x


def attempt(problem, options, p, batch, r, J, mu):
    """(predicted decrease, gain ratio, where it leads)"""
    system = System(J, mu)
    v, g, e = system.solve(r), J.T @ r, 0.1
    predicted = v @ (mu * v - g)
    if options.get("geodesic", True):
        f = 2 / e * ((problem.r(problem.moved(p, e * v), batch) - r) / e - J @ v)
        a = system.solve(f)
        if np.linalg.norm(a) <= options.get("contribution_ratio_threshold", 0.75) * np.linalg.norm(v):
            v = v + a / 2
    there = problem.moved(p, v)
    other = problem.r(there, batch)
    return predicted, (r - other) @ (r + other) / predicted, there


def levenberg_marquardt(problem, options, steps):
    ftol = options.get("ftol") or (1e-14 if problem.start.dtype == np.float64 else 1e-7)
    p, mu, nu, rho, losses, values = problem.start, None, 2, None, [], []
    for step in range(steps):
        batch = problem.batch(step)
        r, J = problem.r(p, batch), np.asarray(problem.jacobian(p, batch), np.float64)
        mu = options.get("damping_parameter", 1e-3) * np.sum(J**2, axis=0).max() if mu is None else mu
        losses.append(problem.loss(p, batch))
        values.append({"damping": mu, "gain_ratio": rho})
        predicted, rho, there = attempt(problem, options, p, batch, r, J, mu)
        if rho > 0:
            p, mu, nu = there, mu * max(1 / 3, 1 - (2 * rho - 1) ** 3), 2
        else:
            mu, nu = mu * nu, 2 * nu
        if problem.full and predicted <= ftol * (r @ r):
            break
    return losses, values, p


def train(case, network, trainer):
    """As generate_golden.train."""
    options = case["trainer"]["optimizer"]
    problem = Problem(case, network, trainer)
    method = {"levenberg_marquardt": levenberg_marquardt, "gauss_newton": gauss_newton}[options["type"]]
    losses, values, p = method(problem, options, case["trainer"]["num_training_steps"])
    return np.asarray(losses), values, golden.leaves_of(problem.network(p))
