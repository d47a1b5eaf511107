#!/usr/bin/env python3
"""Golden values from the real Trainax, for tests/golden, tests/algebra, tests/plugins and tests/network.

    python3 -m venv V
    V/bin/pip install "jax==0.10.2" "trainax==0.0.2" "exponax==0.1.0" "pdequinox==0.1.2" "apebench==0.1.1" \\
        "optax==0.2.8" "equinox==0.13.8" h5py pyyaml
    V/bin/python scripts/generate_golden.py               # everything that the tests read
    V/bin/python scripts/generate_golden.py CASE.yaml…    # only these, each beside its YAML file

A case is a configuration as `trainax train` takes it, CASE.yaml. The same objects are built here by hand from the Python
packages, one function a component (networks by trainax_exchange), and trained by the packages' own trainer. CASE.txt then holds, one a line,

    tolerance T                           relative; 1e-12 unless a comment `# tolerance: T because …` in the YAML says otherwise
    loss STEP EPOCH BATCH VALUE           for every step at which the loss is recorded
    callback COLUMN STEP VALUE            for every step at which a callback has a value
    leaf NAME RANK SIZE… : VALUE…         the parameters after the last step, in Equinox's order
    file NAME GROUP                       the leaves that follow are those of a file that a callback wrote

with 17 (float64) or 9 (float32) significant digits. `sensitivity` in its head is how far loss and parameters move (relative
to the largest number of a leaf) when initial parameters and data are disturbed by their rounding error: no other program
can be expected to be closer than that.

tests/network/initial.txt (from the networks in initial.yaml beside it) holds initial parameters in both streams and
precisions, compared bit for bit:

    network PRECISION STREAM NUMBER       the NUMBER-th (from 0) of the YAML's list
    leaf NAME RANK SIZE… : FIRST LAST HASH    FNV-1a (64 bits) over the little-endian bytes of the values
"""

import argparse
import importlib.metadata
import math
import os
import re
import sys
import traceback
from pathlib import Path

import numpy as np
import trainax_exchange
import wrapped_networks
import yaml

PINNED = {
    "jax": "0.10.2",
    "trainax": "0.0.2",
    "exponax": "0.1.0",
    "pdequinox": "0.1.2",
    "optax": "0.2.8",
    "equinox": "0.13.8",
}
ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
SECOND_ORDER = ROOT / "tests" / "algebra"
PLUGINS = ROOT / "tests" / "plugins"
INITIAL = ROOT / "tests" / "network" / "initial.yaml"


class Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: 1e-3 is one."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)

# -- one function a component -----------------------------------------------------------------------------------------

COMPONENTS = {}
WRAPS = {}  # of losses, steppers, residua: on the states of a network around another


def component(kind, name):
    def register(build):
        COMPONENTS[kind, name] = build
        return build

    return register


def build(kind, section, *arguments):
    """A component from `name` or {type: name, option: value, …}."""
    if kind == "loss" and recipes().is_weighted(section):
        return recipes().Weighted(section)
    options = {} if isinstance(section, str) else {k: v for k, v in section.items() if k != "type"}
    name = section if isinstance(section, str) else section["type"]
    return WRAPS.get(kind, lambda x: x)(COMPONENTS[kind, name.lower()](options, *arguments))


def yaml_type(section):
    return section if isinstance(section, str) else section["type"]


def make_key(spec):
    if isinstance(spec, dict):
        return jax.random.split(jax.random.PRNGKey(spec["seed"]), spec["split"])[spec["index"]]
    return jax.random.PRNGKey(spec)


@component("data", "advection_1d_periodic")
def data_advection(options, folder):
    return trainax.sample_data.advection_1d_periodic(**{**options, "key": make_key(options["key"])})


@component("data", "lorenz_rk4")
def data_lorenz(options, folder):
    return trainax.sample_data.lorenz_rk4(**{**options, "key": make_key(options["key"])})


@component("data", "file")
def data_file(options, folder):
    import h5py

    with h5py.File(folder / options["path"]) as file:
        return jnp.asarray(file["trajectories"][...], dtype=jnp.zeros(()).dtype)


def constant_fields(section, data):
    """(trajectories, fields, *points); without any, no fields."""
    import h5py

    if section["type"] == "file":
        with h5py.File(GOLDEN / section["path"]) as file:
            if "constant_fields" in file:
                fields = file["constant_fields"][...].astype(data.dtype)
                return np.broadcast_to(fields, (len(data), *fields.shape[1:]))
    return np.zeros((len(data), 0, *data.shape[3:]), dtype=data.dtype)


def build_network(section, state):
    return trainax_exchange.build_network(section, state, make_key(section["key"]))


def build_case_network(case, data, folder):
    section = case["network"]
    WRAPS.clear()
    if not wrapped_networks.is_wrapper(section):
        return build_network(section, data.shape[2:]), data
    setting = wrapped_networks.Setting(section, data, folder / case["data"]["path"], case["data"].get("dt_stride", 1))
    innermost = setting.innermost
    key = make_key(innermost["key"] if isinstance(innermost, dict) else case["network_key"])
    network, wraps = wrapped_networks.modules(setting, key)
    WRAPS.update(wraps)
    if setting.stride == 1:
        return network, jnp.asarray(setting.packed(data))
    case["trainer"]["do_sub_stacking"] = False
    return network, jnp.asarray(setting.windows(data, trainer_configuration(case)[1]))


def batch_reduction(options):
    return {"mean": jnp.mean, "sum": jnp.sum}[options.get("batch_reduction", "mean")]


@component("loss", "mse")
def loss_mse(options):
    return trainax.loss.MSELoss(batch_reduction=batch_reduction(options))


@component("loss", "mae")
def loss_mae(options):
    return trainax.loss.MAELoss(batch_reduction=batch_reduction(options))


@component("loss", "normalized_mse")
def loss_normalized_mse(options):
    return trainax.loss.Normalized_MSELoss(batch_reduction=batch_reduction(options))


@component("loss", "normalized_mae")
def loss_normalized_mae(options):
    return trainax.loss.Normalized_MAELoss(batch_reduction=batch_reduction(options))


def own_loss(options, of_sample):
    """The losses that Trainax lists as TODO, by its conventions: one number a sample, then the batch."""

    class Loss(trainax.loss.BaseLoss):
        def single_batch(self, prediction, target=None):
            return of_sample(prediction, target)

    return Loss(batch_reduction=batch_reduction(options))


def weighted(sections):
    """The parts of a composite without their weights, and these."""
    parts = [{"type": section} if isinstance(section, str) else dict(section) for section in sections]
    return parts, [part.pop("weight", 1) for part in parts]


def difference(prediction, target):
    return prediction if target is None else prediction - target


@component("loss", "rmse")
def loss_rmse(options):
    return own_loss(options, lambda prediction, target: jnp.sqrt(jnp.mean(jnp.square(difference(prediction, target)))))


@component("loss", "lp")
def loss_lp(options):
    p = options.get("p", 2.0)
    return own_loss(options, lambda x, y: jnp.power(jnp.mean(jnp.power(jnp.abs(difference(x, y)), p)), 1 / p))


@component("loss", "composite")
def loss_composite(options):
    parts, weights = weighted(options["losses"])
    losses = [build("loss", part) for part in parts]
    return own_loss(options, lambda x, y: sum(w * loss.single_batch(x, y) for w, loss in zip(weights, losses)))


# Steppers take one state (channels, points), residua whole batches: both work along the last axis.


@component("stepper", "fou_advection_1d")
def stepper_fou(options):
    cfl = options["cfl"]
    if cfl < 0:
        return lambda u: (1 + cfl) * u - cfl * jnp.roll(u, -1, axis=-1)
    return lambda u: (1 - cfl) * u + cfl * jnp.roll(u, 1, axis=-1)


@component("stepper", "advection_1d_spectral")
def stepper_spectral(options):
    def step(u):
        n = u.shape[-1]
        shift = jnp.exp(-2j * jnp.pi * options["cfl"] / n * jnp.arange(n // 2 + 1))
        return jnp.fft.irfft(jnp.fft.rfft(u) * shift, n=n)

    return step


@component("stepper", "lorenz_rk4")
def stepper_lorenz(options):
    return trainax.sample_data.make_lorenz_stepper_rk4(**options)


@component("stepper", "plugin")
def stepper_plugin(options):
    """That of tests/plugins/implicit.c."""
    advection, diffusion = options["numbers"]

    def step(u):
        n = u.shape[-1]
        matrix = (1 + advection + 2 * diffusion) * jnp.eye(n) - (advection + diffusion) * jnp.eye(n, k=-1) - diffusion * jnp.eye(n, k=1)
        return jnp.linalg.solve(matrix, u.T).T

    return step


@component("residuum", "fou_advection_1d")
def residuum_fou(options):
    step = stepper_fou(options)
    return lambda following, previous: following - step(previous)


@component("residuum", "btcs_upwind_advection_1d")
def residuum_btcs(options):
    cfl = options["cfl"]
    if cfl < 0:
        return lambda u, previous: u - previous + cfl * (jnp.roll(u, -1, axis=-1) - u)
    return lambda u, previous: u - previous + cfl * (u - jnp.roll(u, 1, axis=-1))


def physics(options):
    """ref_stepper and residuum_fn, as a trainer or a callback has them beside its configuration."""
    kinds = {"ref_stepper": "stepper", "residuum_fn": "residuum"}
    return {name: build(kind, options[name]) for name, kind in kinds.items() if name in options}


@component("weights", "exponential")
def weights_exponential(options, count):
    return [options["rate"] ** t for t in range(count)]


@component("weights", "last_only")
def weights_last_only(options, count):
    return [0.0] * (count - 1) + [1.0]


def level_weights(options, name, count):
    value = options.get(name)
    if value is None:
        return {}
    return {name: jnp.array(build("weights", value, count) if isinstance(value, (dict, str)) else value)}


# A configuration and the number of levels that windows must have for it.


def configure(options, name, plain, weights):
    """Trainax's class with the given plain options, its loss, and level weights {option: number of levels}."""
    keywords = {k: options[k] for k in ("num_rollout_steps", "cut_bptt", "cut_bptt_every", *plain) if k in options}
    for weight, count in weights.items():
        keywords.update(level_weights(options, weight, count))
    return getattr(trainax.configuration, name)(time_level_loss=build("loss", options.get("time_level_loss", "mse")), **keywords)


@component("configuration", "supervised")
def configuration_supervised(options):
    steps = options.get("num_rollout_steps", 1)
    return configure(options, "Supervised", (), {"time_level_weights": steps}), steps + 1


@component("configuration", "diverted_chain_branch_one")
def configuration_branch_one(options):
    steps = options.get("num_rollout_steps", 1)
    return configure(options, "DivertedChainBranchOne", ("cut_div_chain",), {"time_level_weights": steps}), steps + 1


@component("configuration", "diverted_chain")
def configuration_diverted_chain(options):
    steps, branch = options.get("num_rollout_steps", 1), options.get("num_branch_steps", 1)
    weights = {"time_level_weights": steps, "branch_level_weights": branch}
    return configure(options, "DivertedChain", ("num_branch_steps", "cut_div_chain"), weights), steps + 1


@component("configuration", "mix_chain_post_physics")
def configuration_mix_chain(options):
    steps = options.get("num_rollout_steps", 1) + options.get("num_post_physics_steps", 1)
    return configure(options, "MixChainPostPhysics", ("num_post_physics_steps",), {"time_level_weights": steps}), steps + 1


@component("configuration", "residuum")
def configuration_residuum(options):
    steps = options.get("num_rollout_steps", 1)
    return configure(options, "Residuum", ("cut_prev", "cut_next"), {"time_level_weights": steps}), steps + 1


@component("configuration", "composite")
def configuration_composite(options):
    parts, weights = weighted(options["configurations"])
    configurations, lengths = zip(*(build("configuration", part) for part in parts))
    return trainax.configuration.Composite(list(configurations), weights), max(lengths)


@component("optimizer", "sgd")
def optimizer_sgd(options):
    return optax.sgd(**options)


@component("optimizer", "adam")
def optimizer_adam(options):
    return optax.adam(**options)


@component("optimizer", "adamw")
def optimizer_adamw(options):
    return optax.adamw(**options)


@component("optimizer", "chain")
def optimizer_chain(options):
    return optax.chain(*(build_transform(section) for section in options["transforms"]))


def build_transform(section):
    """A whole optimizer, or one of Optax's functions by its own name."""
    section = {"type": section} if isinstance(section, str) else dict(section)
    if ("optimizer", section["type"]) in COMPONENTS:
        return build_optimizer(section)
    name = section.pop("type")
    return getattr(optax, name, getattr(optax.contrib, name, None))(**section)


def build_optimizer(section):
    """Clipping and decay act on the gradient before the optimizer."""
    section = dict(section)
    before = [
        getattr(optax, name)(section.pop(name))
        for name in ("clip", "clip_by_global_norm", "add_decayed_weights")
        if name in section
    ]
    return optax.chain(*before, build("optimizer", section))


@component("optimizer", "levenberg_marquardt")
@component("optimizer", "gauss_newton")
def optimizer_second_order(options):
    return optax.identity()  # not asked


@component("callback", "damping")
@component("callback", "gain_ratio")
@component("callback", "progress")
def callback_progress(options):
    return None


@component("callback", "weight_norm")
def callback_weight_norm(options):
    return trainax.callback.WeightNorm(**{"every": 1, **options})


def of_configuration(callback, options):
    options = {"every": 1, **options, **physics(options)}
    section = options.pop("configuration", None) or options.pop("loss_configuration")
    configuration, _ = build("configuration", section)
    return callback(loss_configuration=configuration, **options)


@component("callback", "loss")
def callback_loss(options):
    return of_configuration(trainax.callback.Loss, options)


@component("callback", "grad_norm")
def callback_grad_norm(options):
    return of_configuration(trainax.callback.GradNorm, options)


@component("callback", "get_network")
def callback_get_network(options):
    return trainax.callback.GetNetwork(**{"every": 1, **options})


@component("callback", "composite")
def callback_composite(options):
    return trainax.callback.CompositeCallback([build("callback", section) for section in options["callbacks"]])


def cell(value):
    """What history.csv has of a callback's value: of a loss and its gradient the loss, 1 of a network."""
    value = value[0] if isinstance(value, tuple) else value
    return 1 if isinstance(value, equinox.Module) else value


def snapshot(column, step, value):
    """The file (name, group, network) that stands for a network or a gradient; None of numbers."""
    if isinstance(value, tuple):
        return f"{column}_gradient_{step}.h5", "/gradient", value[1]
    return (f"{column}_{step}.h5", "/parameters", value) if isinstance(value, equinox.Module) else None


def recipes():
    sys.modules.setdefault("generate_golden", sys.modules[__name__])  # which it uses
    import generate_recipes

    return generate_recipes


def trainer_configuration(case):
    """Of rollouts that grow, the largest."""
    return build("configuration", recipes().section_at({"type": "supervised", **case["trainer"]}, None))


def build_stacker(case, data):
    stack = case["trainer"].get("do_sub_stacking", True)
    return trainax.TrajectorySubStacker(data, trainer_configuration(case)[1], do_sub_stacking=stack)


def build_trainer(case, data):
    options = case["trainer"]
    callbacks = [c for c in (build("callback", section) for section in case.get("callbacks", [])) if c]
    return trainax.GeneralTrainer(
        build_stacker(case, data),
        trainer_configuration(case)[0],
        **physics(options),
        optimizer=None if recipes().is_recipe(case) else build_optimizer(options["optimizer"]),
        num_minibatches=options["num_training_steps"],
        batch_size=options["batch_size"],
        callback_fn=trainax.callback.CompositeCallback(callbacks) if callbacks else None,
    )


# -- running a case ---------------------------------------------------------------------------------------------------


def set_up_jax(precision, stream):
    """Once a process: JAX keeps what it compiled under other settings."""
    global jax, jnp, equinox, optax, trainax
    import jax

    jax.config.update("jax_enable_x64", precision == "float64")
    jax.config.update("jax_threefry_partitionable", stream == "jax_partitionable")
    import jax.numpy as jnp
    import equinox
    import optax
    import jax.flatten_util
    import trainax


def leaves_of(network):
    return [(name, np.asarray(x)) for name, x in trainax_exchange.leaves_of(network)]


def disturbed(data, network, random):
    """Both moved by their rounding error, up or down at random."""
    data = data + random.choice([-1, 1], data.shape).astype(data.dtype) * jnp.finfo(data.dtype).eps * jnp.abs(data).max()
    parameters, rest = equinox.partition(network, equinox.is_array)
    shake = lambda x: x + random.choice([-1, 1], x.shape).astype(x.dtype) * jnp.finfo(x.dtype).eps * x
    return data, equinox.combine(jax.tree_util.tree_map(shake, parameters), rest)


def train(case, network, trainer):
    """(loss history, callback values per step, leaves)"""
    if yaml_type(case["trainer"]["optimizer"]) in ("levenberg_marquardt", "gauss_newton"):
        sys.modules.setdefault("generate_golden", sys.modules[__name__])  # which it uses
        import generate_second_order

        return generate_second_order.train(case, network, trainer)
    if recipes().is_recipe(case):
        return recipes().train(case, network, trainer)
    result = trainer(
        network,
        make_key(case["trainer"]["key"]),
        record_loss_every=case["trainer"].get("record_loss_every", 1),
        spawn_tqdm=False,
    )
    return np.asarray(result[1]), result[2] if len(result) > 2 else [], leaves_of(result[0])


def train_disturbed(case, data, network, trainer, seed):
    """The trainer stays the same object but for its data, so that JAX need not compile again."""
    data, network = disturbed(data, network, np.random.default_rng(seed))
    trainer = equinox.tree_at(lambda t: t.trajectory_sub_stacker, trainer, build_stacker(case, data))
    return train(case, network, trainer)


def distance(a, b):
    """The largest relative difference of two runs; numbers of a leaf relative to its largest."""
    if len(a[0]) != len(b[0]):
        return math.inf
    losses = [abs(x - y) / abs(y) for x, y in zip(a[0], b[0]) if y]
    leaves = [np.abs(x - y).max() / max(np.abs(y).max(), 1e-300) for (_, x), (_, y) in zip(a[2], b[2])]
    return float(max(losses + leaves, default=0))


def text_of(x, precision):
    return f"{float(x):.{17 if precision == 'float64' else 9}g}"


def versions():
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PINNED)


def leaf_lines(leaves, precision):
    for name, x in leaves:
        numbers = " ".join(text_of(v, precision) for v in x.ravel())
        yield f"leaf {name} {x.ndim} {' '.join(map(str, x.shape))} : {numbers}"


def generate_case(path):
    text = path.read_text()
    case = yaml.load(text, Loader)
    precision, stream = settings(path)
    set_up_jax(precision, stream)
    data = build("data", case["data"], path.parent)
    network, data = build_case_network(case, data, path.parent)
    trainer = build_trainer(case, data)
    run = train(case, network, trainer)
    sensitivity = max(distance(train_disturbed(case, data, network, trainer, seed), run) for seed in (0, 1))
    asked = re.search(r"^# tolerance: (\S+)", text, re.MULTILINE)
    tolerance = float(asked[1]) if asked else 1e-12
    losses, callbacks, leaves = run[:3]
    windows = trainer.trajectory_sub_stacker.num_total_samples
    minibatches = -(-windows // min(case["trainer"]["batch_size"], windows))
    every = case["trainer"].get("record_loss_every", 1)
    lines = [f"# {versions()}", f"# sensitivity {sensitivity:.1e}", f"tolerance {tolerance:g}"]
    for i, loss in enumerate(losses):
        step = i * every
        lines.append(f"loss {step} {step // minibatches} {step % minibatches} {text_of(loss, precision)}")
    for step, values in enumerate(callbacks):
        lines += [f"callback {column} {step} {text_of(cell(x), precision)}" for column, x in values.items() if x is not None]
    lines += leaf_lines(leaves, precision)
    for step, values in enumerate(callbacks):
        for file in filter(None, (snapshot(column, step, x) for column, x in values.items())):
            lines += [f"file {file[0]} {file[1]}", *leaf_lines(leaves_of(file[2]), precision)]
    if len(run) > 3 and run[3] is not None:
        lines += ["file network_ema.h5 /parameters", *leaf_lines(leaves_of(run[3]), precision)]
    path.with_suffix(".txt").write_text("\n".join(lines) + "\n")
    warning = "  ABOVE A QUARTER OF THE TOLERANCE" if sensitivity > tolerance / 4 else ""
    print(f"{path.name}: {len(losses)} losses, last {losses[-1] if len(losses) else 'none'}, sensitivity {sensitivity:.1e}{warning}")


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def initial_lines(precision, stream):
    set_up_jax(precision, stream)
    lines = []
    for number, section in enumerate(yaml.load(INITIAL.read_text(), Loader)):
        section = dict(section)
        state = section.pop("data")
        lines.append(f"network {precision} {stream} {number}")
        for name, x in leaves_of(build_network(section, state)):
            bits = x.astype(x.dtype.newbyteorder("<")).tobytes()
            ends = f"{text_of(x.ravel()[0], precision)} {text_of(x.ravel()[-1], precision)}"
            lines.append(f"leaf {name} {x.ndim} {' '.join(map(str, x.shape))} : {ends} {fnv1a(bits):016x}")
    return lines


def generate_initial():
    target = INITIAL.with_suffix(".txt")
    target.write_text(f"# {versions()}\n")
    for precision in ("float32", "float64"):
        for stream in ("jax_partitionable", "jax_legacy"):

            def append(precision=precision, stream=stream):
                with target.open("a") as file:
                    file.write("\n".join(initial_lines(precision, stream)) + "\n")

            in_child(append)
    print(target.name)


# -- data files -------------------------------------------------------------------------------------------------------


def smooth(rng, samples, levels, channels, points):
    """Sums of three travelling waves with random amplitudes, phases and speeds."""
    grid = np.meshgrid(*(2 * np.pi * np.arange(n) / n for n in points), indexing="ij")
    u = np.zeros((samples, levels, channels, *points))
    for index in np.ndindex(samples, channels):
        for _ in range(3):
            modes = rng.integers(-2, 3, len(points))
            amplitude, phase, speed = rng.uniform(0.2, 1), rng.uniform(0, 2 * np.pi), rng.uniform(-0.4, 0.4)
            argument = sum((m * x for m, x in zip(modes, grid)), np.zeros(points))
            for t in range(levels):
                u[index[0], t, index[1]] += amplitude * np.sin(argument + phase + speed * t)
    return u


def write_trajectories():
    import h5py

    shapes = {
        "states": (6, 9, 5, (), "f8"),
        "waves_1d": (5, 8, 2, (12,), "f8"),
        "waves_2d": (3, 5, 2, (6, 5), "f4"),
        "square_2d": (3, 5, 1, (4, 4), "f8"),
        "waves_3d": (3, 4, 2, (4, 3, 5), "f4"),
        "even_2d": (3, 4, 1, (8, 4), "f4"),
        "even_3d": (3, 4, 1, (4, 4, 6), "f4"),
        "odd_1d": (5, 8, 1, (11,), "f8"),
        "square_vectors_2d": (3, 5, 3, (4, 4), "f8"),
        "cube_3d": (2, 4, 4, (4, 4, 4), "f8"),
        "fields_1d": (4, 6, 2, (10,), "f8"),
    }
    for number, (name, (samples, levels, channels, points, real)) in enumerate(shapes.items()):
        u = smooth(np.random.default_rng(number), samples, levels, channels, points)
        with h5py.File(GOLDEN / f"{name}.h5", "w", libver="latest") as file:
            file.create_dataset("trajectories", data=u.astype(real), track_times=False)
            file.attrs["dt"] = 0.1
            if name == "fields_1d":
                rng = np.random.default_rng(number + 100)
                file.create_dataset("constant_fields", data=rng.integers(0, 5, (samples, 2, *points)) / 4, track_times=False)
    write_beside("beside_1d", (5, 9, 2, (12,)), 5)
    write_beside("beside_2d", (3, 6, 1, (6, 5)), 1)


def write_beside(name, shape, sets):
    """Trajectories with parameters and constant fields beside them, the second of which is a mask; sets 1: the same for all."""
    import h5py

    rng = np.random.default_rng(len(name) + sets)
    samples, points = shape[0], shape[3]
    fields = rng.uniform(-2, 3, (sets, 2, *points))
    fields[:, 1][rng.uniform(size=(sets, *points)) < 0.3] = 0
    with h5py.File(GOLDEN / f"{name}.h5", "w", libver="latest") as file:
        file.create_dataset("trajectories", data=smooth(rng, *shape), track_times=False)
        file.create_dataset("parameters", data=rng.uniform(-1, 4, (samples, 3)), track_times=False)
        file.create_dataset("constant_fields", data=fields, track_times=False)
        if sets > 1:
            file.attrs["parameter_names"] = ["viscosity", "force", "speed"]
            file.attrs["constant_field_names"] = ["depth", "water"]


# -- command ----------------------------------------------------------------------------------------------------------


def in_child(work):
    """Runs `work` in a process of its own (JAX's settings are per process); stops here when it fails."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work()
            sys.stdout.flush()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("generate_golden.py: that failed")


def settings(path):
    case = yaml.load(path.read_text(), Loader)
    return case.get("precision", "float32"), case.get("random", {}).get("stream", "jax_partitionable")


def grouped(cases):
    groups = {}
    for path in cases:
        groups.setdefault(settings(path), []).append(path)
    return groups


def check_versions():
    for name, wanted in PINNED.items():
        found = importlib.metadata.version(name)
        if found != wanted:
            sys.exit(f"generate_golden.py: {name} is {found}, the golden values are made with {wanted}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", type=Path, metavar="CASE.yaml")
    cases = parser.parse_args().cases
    check_versions()
    if not cases:
        write_trajectories()
        generate_initial()
        cases = sorted(GOLDEN.glob("*.yaml")) + sorted(SECOND_ORDER.glob("*.yaml")) + sorted(PLUGINS.glob("*.yaml"))
    for group in grouped(cases).values():
        in_child(lambda: [generate_case(path) for path in group])


if __name__ == "__main__":
    main()
