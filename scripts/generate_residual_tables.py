#!/usr/bin/env python3
"""Residuals and their Jacobians by the real Trainax and jax.jacobian, for tests/training: CASE.txt beside each
tests/training/residuals/CASE.yaml.

    V/bin/python scripts/generate_residual_tables.py          # V: see scripts/generate_golden.py, whose builders are used

A case is a configuration as `trainax train` takes it. Of its first minibatch, at the initial parameters, CASE.txt has a line a row:

    row VALUE DERIVATIVE…                 with respect to all parameters, in Equinox's order

Trainax's configurations take any function for a loss at one time level: here one that keeps the residuals and hands out variables, by whose derivatives the configuration tells what each of them weighs.
"""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import generate_golden as golden
import yaml

RESIDUALS = golden.ROOT / "tests" / "training" / "residuals"


def mse(difference, target):
    return difference / math.sqrt(difference.size)


def normalized_mse(difference, target):
    size = jnp.sqrt(jnp.sum(target**2, axis=(1, 2), keepdims=True))
    return difference / size / math.sqrt(len(difference))


LOSSES = {"mse": mse, "normalized_mse": normalized_mse}


class Recorder:
    def __init__(self, loss, variables):
        self.loss, self.variables, self.kept = loss, variables, []

    def __call__(self, prediction, target):
        self.kept.append(self.loss(prediction - target, target))
        return self.variables[len(self.kept) - 1]


def residuals_of(case, network, batch):
    """One row a number, sample by sample; levels without weight left out."""
    most = 100

    def run(variables):
        recorder = Recorder(LOSSES[case["trainer"]["time_level_loss"]], variables)
        golden.COMPONENTS["loss", "recorded"] = lambda options: recorder
        trainer = {**case["trainer"], "time_level_loss": "recorded"}
        configuration = golden.trainer_configuration({**case, "trainer": trainer})[0]
        physics = {"ref_stepper": None, **golden.physics(trainer)}
        return configuration(network, batch, **physics), recorder.kept

    weights, kept = jax.grad(run, has_aux=True)(jnp.zeros(most))
    terms = [jnp.sqrt(w) * r for w, r in zip([float(w) for w in weights], kept) if w > 0]
    return jnp.concatenate([term.reshape(len(term), -1) for term in terms], axis=1).reshape(-1)


def generate(path):
    case = yaml.load(path.read_text(), golden.Loader)
    data = golden.build("data", case["data"], path.parent)
    windows = golden.build_stacker(case, data)
    mixer = trainax.PermutationMixer(
        windows.num_total_samples,
        case["trainer"]["num_training_steps"],
        case["trainer"]["batch_size"],
        golden.make_key(case["trainer"]["key"]),
    )
    batch = windows(mixer(0))
    network = golden.build_network(case["network"], data.shape[2:])
    parameters, static = equinox.partition(network, equinox.is_inexact_array)
    flat, unflatten = jax.flatten_util.ravel_pytree(parameters)

    def residuals(p):
        return residuals_of(case, equinox.combine(unflatten(p), static), batch)

    lines = [f"# {golden.versions()}"]
    for value, derivatives in zip(residuals(flat), jax.jacobian(residuals)(flat)):
        lines.append("row " + " ".join(f"{float(x):.17g}" for x in (value, *derivatives)))
    path.with_suffix(".txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    golden.check_versions()
    golden.set_up_jax("float64", "jax_partitionable")
    import equinox
    import jax
    import jax.flatten_util
    import jax.numpy as jnp
    import trainax

    for path in sorted(RESIDUALS.glob("*.yaml")):
        generate(path)
