#!/usr/bin/env python3
"""Writes tests/scenario/apebench.txt: trajectories of APEBench's scenarios, and their names; or tests/scenario/trainings.txt: losses
and metrics of whole runs.

Needs:  pip install "jax==0.10.2" "apebench==0.1.1" "exponax==0.1.0"
Usage:  scripts/generate_scenario_tables.py > tests/scenario/apebench.txt
        scripts/generate_scenario_tables.py trainings > tests/scenario/trainings.txt
"""
import contextlib
import sys
from collections.abc import Callable
from importlib.metadata import version

import jax
import numpy as np

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

import apebench
import apebench._base_scenario
import equinox
import exponax

assert jax.__version__ == "0.10.2" and version("apebench") == "0.1.1" and version("exponax") == "0.1.0"

# Without compilation, which would take most of the time, JAX knows no loop of no rounds.
repeat = exponax.repeat
exponax.repeat = lambda stepper, count: repeat(stepper, count) if count else lambda u: u

SCENARIOS = apebench.scenarios.scenario_dict
SMALL = {"num_train_samples": 2, "train_temporal_horizon": 3, "num_test_samples": 2, "test_temporal_horizon": 4}
FLAT = ["phy_sh", "phy_gs", "phy_gs_type", "phy_decay_turb", "phy_kolm_flow", "phy_diag_diff", "phy_aniso_diff", "phy_mix_disp", "phy_mix_hyp"]
COUNTS = {"train": 8, "test": 4, "coarse": 4}  # numbers of trajectories that the table has


def words(value):
    """As in YAML."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(words(v) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else np.format_float_positional(value) if isinstance(value, float) else str(value)


def sample(values, count):
    flat = np.asarray(values).reshape(-1)
    indices = np.unique((np.arange(1, count + 1) * 0.381966 % 1 * len(flat)).astype(int))
    return " ".join(f"{i} {flat[i]!r}" for i in indices).replace("np.float64(", "").replace(")", "")


def lines(name, **options):
    options = {**SMALL, **options}
    if name == "phy_poisson":
        options |= {"train_temporal_horizon": 1, "test_temporal_horizon": 1}
    if "ks" in name or "kolm" in name:
        options.setdefault("num_warmup_steps", 3)
    scenario = SCENARIOS[name](**options)
    column = scenario.get_scenario_name() or f"{scenario.num_spatial_dims}d_{name}"  # phy_burgers has none
    text = f"{{type: {name}" + "".join(f", {k}: {words(v)}" for k, v in options.items()) + "}"
    data = {"train": scenario.get_train_data, "test": scenario.get_test_data, "coarse": scenario.get_train_data_coarse}
    for kind, get in data.items():
        if (name, kind) == ("phy_poisson", "coarse"):
            continue
        with jax.disable_jit():
            values = np.asarray(get())
        assert np.isfinite(values).all(), text
        shape = "x".join(map(str, values.shape))
        print(f"{kind}|{text}|{column}|{shape}|{np.abs(values).max():.3g}|{sample(values, COUNTS[kind])}", flush=True)


class Corrected(equinox.Module):
    """APEBench's CorrectedStepper, mended: the coarse stepper's numbers are no leaves, which Adam would take for parameters and
    stop_gradient refuses where they are integers."""

    coarse: Callable = equinox.field(static=True)
    network: equinox.Module
    mode: str = equinox.field(static=True)

    def __call__(self, x):
        coarse = self.coarse(x)
        correction = self.network(x if self.mode == "parallel" else coarse)
        return correction if self.mode == "sequential" else coarse + correction


def training(name, task, train, net, seed, tolerance, **options):
    options = {**SMALL, "num_train_samples": 3, "train_temporal_horizon": 6, "batch_size": 5, "record_loss_every": 2, **options}
    scenario = SCENARIOS[name](**options)
    words_of_run = {"task": task, "train": train, "net": net, "seed": seed}
    text = f"{{type: {name}" + "".join(f", {k}: {words(v)}" for k, v in {**words_of_run, **options}.items()) + "}"
    with contextlib.redirect_stdout(sys.stderr):  # it may say something of the batch size
        _, losses, _, metrics, _, _ = scenario.run_raw(task_config=task, network_config=net, train_config=train, start_seed=seed)
    rows = [losses[0], *(values[0] for values in metrics.values())]
    numbers = [" ".join(repr(float(v)) for v in row) for row in rows]
    print("|".join([text, repr(tolerance), ",".join(["loss", *metrics]), *numbers]), flush=True)
    jax.clear_caches()


def trainings():
    """Optax's schedules other than the constant one are in single precision."""
    apebench._base_scenario.CorrectedStepper = lambda coarse_stepper, network, mode: Corrected(lambda x: coarse_stepper(x), network, mode)
    print("# Made by scripts/generate_scenario_tables.py with jax 0.10.2, apebench 0.1.1 and exponax 0.1.0:")
    print("# scenario|tolerance|loss and metrics|losses|values of a metric|…")
    constant = {"optim_config": "adam;8;constant;1e-3", "num_points": 20}
    kept = {"num_points": 20, "optim_config": "adam;12;exp;1e-3;5;0.9;True"}
    training("diff_burgers", "correct;parallel", "div;2", "Conv;3;1;tanh", 1, 1e-11, **constant)
    training("diff_adv", "correct;sequential", "sup;3;true", "Conv;3;1;gelu", 2, 1e-11, **constant)
    training("norm_ks", "correct;sequential_with_bypass", "one", "Res;3;1;relu", 3, 1e-11, **constant, num_warmup_steps=3)
    training("phy_kdv", "predict", "div;2;true;true", "Conv;3;1;tanh", 0, 1e-6, **kept)
    training("diff_fisher", "predict", "sup;2", "MLP;6;1;tanh", 7, 1e-11, **constant, report_metrics="mean_nRMSE,mean_H1_nRMSE")
    metrics = "mean_nMSE,mean_fourier_nRMSE;0;3;1.0"
    still = {"train_temporal_horizon": 1, "test_temporal_horizon": 1}
    training("phy_poisson", "predict", "one", "Conv;3;1;tanh", 4, 1e-11, **constant, **still, report_metrics=metrics)
    warm = {"optim_config": "adam;12;warmup_cosine;0.0;1e-3;4", "num_points": 10, "num_spatial_dims": 2, "num_substeps": 2}
    training("phy_gs", "correct;parallel", "div;2", "Pure;3;relu", 4, 1e-6, **warm)


def main():
    if sys.argv[1:] == ["trainings"]:
        return trainings()
    print("# Made by scripts/generate_scenario_tables.py with jax 0.10.2, apebench 0.1.1 and exponax 0.1.0:")
    print("# which data|scenario|its name|shape|largest value|index value index value …")
    for name in SCENARIOS:
        if name in FLAT:
            lines(name, num_spatial_dims=2, num_points=16)
        elif name == "phy_unbal_adv":
            lines(name, num_spatial_dims=3, num_points=8)
        else:
            lines(name, num_points=32)
    for name in ("norm_four", "diff_conv", "norm_burgers", "diff_nonlin", "norm_burgers_sc", "phy_kdv", "diff_ks", "phy_poly"):
        lines(name, num_spatial_dims=2, num_points=12)
    lines("diff_burgers", num_spatial_dims=3, num_points=8)
    for name in ("diff_burgers", "norm_kdv", "phy_ks", "phy_conv"):
        lines(name, num_points=32, num_substeps=3, coarse_proportion=0.25)
    lines("phy_sh", num_spatial_dims=3, num_points=8)
    lines("phy_gs", num_spatial_dims=3, num_points=8, num_substeps=2)
    lines("phy_unbal_adv", num_spatial_dims=2, num_points=16, advection_coef_vector=(0.01, -0.04))
    matrix = ((0.001, 0.0, 0.0001), (0.0, 0.002, 0.0), (0.0001, 0.0, 0.003))
    lines("phy_aniso_diff", num_spatial_dims=3, num_points=8, diffusion_coef_matrix=matrix)
    for pattern in ("alpha", "lambda", "mu"):
        lines("phy_gs_type", num_spatial_dims=2, num_points=12, pattern_type=pattern)
    lines("diff_adv", num_points=32, ic_config="diffused;0.001;true;false")
    lines("diff_adv", num_points=33, ic_config="grf;2.5;false;true", train_seed=5, test_seed=6)
    lines("norm_fisher", num_points=32, ic_config="fourier;3;false;true")
    lines("norm_lin_simple", num_points=32, linear_term_order=3, linear_alpha=0.000001)
    lines("phy_lin", num_points=32, a_coefs=(0.1, -0.2, 0.003), domain_extent=2.0, dt=0.2)
    lines("phy_poisson", num_points=32, order=4, num_channels=2)
    lines("diff_ks", num_points=32, order=4, num_warmup_steps=10, dealiasing_fraction=0.5)
    lines("diff_burgers", num_points=32, conservative=False, num_circle_points=8, circle_radius=0.5)
    lines("norm_ks_cons", num_points=32, convection_delta=5.0)


if __name__ == "__main__":
    sys.exit(main())
