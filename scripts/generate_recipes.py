"""Recipes of training written once more on Trainax's configurations, JAX's random numbers and Optax: how scripts/generate_golden.py
trains cases whose rollouts grow, whose gradients are accumulated, whose leaves are frozen, averaged, whose windows are changed.

optax.MultiSteps, optax.partition with set_to_zero, optax.ema and optax.contrib.reduce_on_plateau are Optax's own.
"""

import fnmatch
import itertools

import generate_golden as golden
import numpy as np

KEYS = ("ema", "freeze", "accumulate_grad_batches", "input_noise", "augmentation")


def losses_of(trainer):
    return [p.get("time_level_loss", "mse") for p in (trainer, *parts(trainer))]


def is_recipe(case):
    trainer, optimizer = case["trainer"], case["trainer"]["optimizer"]
    plateaus = [optimizer] if isinstance(optimizer, dict) else []
    plateaus += [t for t in plateaus[0].get("transforms", []) if isinstance(t, dict)] if plateaus else []
    return (
        any(key in trainer for key in KEYS)
        or "_weights': [" in repr(losses_of(trainer))
        or "point_weights" in repr(losses_of(trainer))
        or any("reduce_on_plateau" in (p.get("type"), *p) for p in plateaus)
        or len(stages(trainer)) > 1
    )


# -- weights ----------------------------------------------------------------------------------------------------------

FIELDS = None  # (windows, fields, *points): of the minibatch that is looked at


def is_weighted(section):
    parts = section.get("losses", []) if isinstance(section, dict) else []
    return bool({"channel_weights", "point_weights"} & set(section)) or any(is_weighted(p) for p in parts)


class Weighted:
    """A loss whose means over channels and points are sum w x / sum w."""

    def __init__(self, section):
        self.section = section

    def mean(self, x):
        jnp = golden.jnp
        w = jnp.ones_like(x)
        if "channel_weights" in self.section:
            w = w * jnp.asarray(self.section["channel_weights"], dtype=x.dtype).reshape((-1,) + (1,) * (x.ndim - 2))
        if "point_weights" in self.section:
            w = w * FIELDS[:, int(self.section["point_weights"])][:, None]
        axes = tuple(range(1, x.ndim))
        return (w * x).sum(axes) / w.sum(axes)

    def samples(self, prediction, target):
        name, jnp = self.section["type"], golden.jnp
        if name == "composite":
            parts, weights = golden.weighted(self.section["losses"])
            return sum(w * Weighted(part).samples(prediction, target) for part, w in zip(parts, weights))
        d = prediction if target is None else prediction - target
        p = {"lp": self.section.get("p", 2.0), "mae": 1, "normalized_mae": 1}.get(name, 2)
        size = lambda x: self.mean(jnp.abs(x) if p == 1 else x * x if p == 2 else jnp.abs(x) ** p)
        samples = size(d) / size(target) if name.startswith("normalized") else size(d)
        return samples ** (1 / p) if name in ("rmse", "lp") else samples

    def __call__(self, prediction, target=None):
        return golden.batch_reduction(self.section)(self.samples(prediction, target))


# -- stages -----------------------------------------------------------------------------------------------------------


def parts(section):
    return section.get("configurations", [section])


def stages(section):
    """The steps at which the rollouts of one of the parts change."""
    maps = [p.get("num_rollout_steps", 1) for p in parts(section)]
    return sorted({0, *itertools.chain.from_iterable(m for m in maps if isinstance(m, dict))})


def part_at(section, step):
    steps = section.get("num_rollout_steps", 1)
    if not isinstance(steps, dict):
        return section
    now = max(steps.values()) if step is None else steps[max(k for k in steps if k <= step)]
    used = now + (section.get("num_post_physics_steps", 1) if "mix_chain" in section.get("type", "") else 0)
    section = {**section, "num_rollout_steps": now}
    if isinstance(section.get("time_level_weights"), list):
        section["time_level_weights"] = section["time_level_weights"][:used]
    return section


def section_at(section, step):
    """Of the stage of a step; None: all at their largest."""
    if "configurations" in section:
        return {**section, "configurations": [part_at(p, step) for p in section["configurations"]]}
    return part_at(section, step)


# -- windows ----------------------------------------------------------------------------------------------------------


def fold(key, *numbers):
    for number in numbers:
        key = golden.jax.random.fold_in(key, number)
    return key


def uniform(key, shape):
    return np.asarray(golden.jax.random.uniform(key, shape), dtype=np.float64)


def parity(permutation):
    return (-1) ** sum(a > b for a, b in itertools.combinations(permutation, 2))


class Symmetry:
    """What an augmentation does to levels (levels, channels, *points)."""

    def __init__(self, section):
        self.vectors = section.get("vectors", [])
        self.pseudoscalars = section.get("pseudoscalars", [])

    def flip(self, u, axis):
        u = np.flip(u, axis + 2).copy()
        for channel in [v[axis] for v in self.vectors] + self.pseudoscalars:
            u[:, channel] *= -1
        return u

    def permute(self, u, permutation):
        u = np.transpose(u, (0, 1, *(2 + a for a in permutation))).copy()
        old = u.copy()
        for vector in self.vectors:
            for a, b in enumerate(permutation):
                u[:, vector[a]] = old[:, vector[b]]
        for channel in self.pseudoscalars:
            u[:, channel] *= parity(permutation)
        return u


def axes_of(section, dimensions):
    axes = section.get("axes", "all")
    return range(dimensions) if axes == "all" else axes


def random_axis_roll(section, u, key):
    numbers = uniform(key, (u.ndim - 2,))
    for a in axes_of(section, u.ndim - 2):
        u = np.roll(u, int(np.floor(numbers[a] * u.shape[a + 2])), a + 2)
    return u


def random_axis_flip(section, u, key):
    numbers = uniform(key, (u.ndim - 2,))
    for a in axes_of(section, u.ndim - 2):
        if numbers[a] < section.get("p", 0.5):
            u = Symmetry(section).flip(u, a)
    return u


def random_axis_permute(section, u, key):
    return Symmetry(section).permute(u, np.argsort(uniform(key, (u.ndim - 2,)), kind="stable"))


def random_rotation_90(section, u, key):
    dimensions = u.ndim - 2
    numbers = uniform(key, (2 * dimensions,))
    permutation = np.argsort(numbers[:dimensions], kind="stable")
    flips = numbers[dimensions:] < 0.5
    if parity(permutation) * (-1) ** int(flips.sum()) == -1:
        flips[0] = not flips[0]
    symmetry = Symmetry({**section, "pseudoscalars": []})
    u = symmetry.permute(u, permutation)
    for a in np.flatnonzero(flips):
        u = symmetry.flip(u, a)
    return u


class Windows:
    """Those of a step as the configuration sees them."""

    def __init__(self, case, trainer):
        self.options = case["trainer"]
        self.key = golden.make_key(self.options["key"])
        self.stacker = trainer.trajectory_sub_stacker
        self.mixer = golden.trainax.PermutationMixer(
            self.stacker.num_total_samples, self.options["num_training_steps"], self.options["batch_size"], self.key
        )
        self.noise = self.options.get("input_noise")
        data = golden.build("data", case["data"], golden.GOLDEN)
        self.std = self.standard_deviations(data) if self.noise else None
        self.fields = golden.constant_fields(case["data"], data)

    def standard_deviations(self, data):
        std = np.broadcast_to(np.asarray(self.noise["std"], dtype=np.float64), (data.shape[2],))
        if self.noise.get("per_channel", False):
            channels = np.moveaxis(np.asarray(data, dtype=np.float64), 2, 0).reshape(data.shape[2], -1)
            std = std * np.maximum(channels.std(axis=1), 1e-4)
        return std.astype(data.dtype)

    def changed(self, u, window, step):
        key = fold(self.key, 102, step, window)
        for j, section in enumerate(self.options.get("augmentation", [])):
            u = globals()[section["type"]](section, u, fold(key, j))
        return self.disturbed(u, window, step)

    def changed_fields(self, window, step):
        trajectory = window // (self.stacker.num_total_samples // len(self.fields))
        key, u = fold(self.key, 102, step, window), self.fields[trajectory][None]
        for j, section in enumerate(self.options.get("augmentation", [])):
            plain = {k: v for k, v in section.items() if k not in ("vectors", "pseudoscalars")}
            u = globals()[section["type"]](plain, u, fold(key, j))
        return u[0]

    def disturbed(self, u, window, step):
        if self.noise:
            z = golden.jax.random.normal(fold(self.key, 101, step, window), (1, *u.shape[1:]), dtype=u.dtype)
            u = u.copy()
            u[:1] += self.std.reshape((-1,) + (1,) * (u.ndim - 2)) * np.asarray(z)
        return u

    def __call__(self, step):
        indices = np.asarray(self.mixer(step))
        plain = np.asarray(self.stacker(indices))
        batch = np.stack([self.changed(u, int(w), step) for u, w in zip(plain, indices)])
        return golden.jnp.asarray(batch), np.stack([self.changed_fields(int(w), step) for w in indices])


# -- updates ----------------------------------------------------------------------------------------------------------


def is_frozen(name, patterns):
    return any(fnmatch.fnmatchcase(name, p.replace("[", "[[]")) for p in patterns)


def build_optimizer(options, network):
    optax, section = golden.optax, dict(options["optimizer"])
    plateau = section.pop("reduce_on_plateau", None)
    optimizer = golden.build_optimizer(section)
    if plateau is not None:
        optimizer = optax.chain(optimizer, optax.contrib.reduce_on_plateau(**plateau))
    if "freeze" in options:
        names = iter([name for name, _ in golden.leaves_of(network)])
        arrays = golden.equinox.filter(network, golden.equinox.is_array)
        labels = golden.jax.tree_util.tree_map(
            lambda x: "frozen" if is_frozen(next(names), options["freeze"]) else "trained", arrays
        )
        optimizer = optax.partition({"trained": optimizer, "frozen": optax.set_to_zero()}, lambda _: labels)
    optimizer = optax.with_extra_args_support(optimizer)
    every = options.get("accumulate_grad_batches", 1)
    return optax.MultiSteps(optimizer, every, accumulator_dtype=golden.jnp.zeros(()).dtype) if every > 1 else optimizer


def is_update(options, step):
    every = options.get("accumulate_grad_batches", 1)
    return step % every == every - 1


COMPILED = {"case": None}  # of the case that was last trained


def compiled_for(case):
    if COMPILED["case"] is not case:
        COMPILED.update(case=case, functions={})
    return COMPILED["functions"]


def train(case, network, trainer):
    """(loss history, callback values per step, leaves, leaves of the average)"""
    jax, equinox, optax, options = golden.jax, golden.equinox, golden.optax, case["trainer"]
    physics = {"ref_stepper": None, "residuum_fn": None, **golden.physics(options)}
    parameters, static = equinox.partition(network, equinox.is_array)
    optimizer, windows = build_optimizer(options, network), Windows(case, trainer)
    state = optimizer.init(parameters)
    ema = optax.ema(options["ema"]["decay"], debias=True) if "ema" in options else None
    mean, average = ema.init(parameters) if ema else None, parameters
    compiled, losses, seen = compiled_for(case), [], []
    update = compiled.setdefault("update", jax.jit(lambda g, s, p, loss: optimizer.update(g, s, p, value=loss)))
    callbacks = [c for c in (golden.build("callback", section) for section in case.get("callbacks", [])) if c]

    def stage_gradient(step):
        first = max(k for k in stages(options) if k <= step)
        if first not in compiled:
            configuration = golden.build("configuration", section_at({"type": "supervised", **options}, first))[0]

            def loss(p, batch, fields):
                global FIELDS
                FIELDS = fields
                return configuration(equinox.combine(p, static), batch, **physics)

            compiled[first] = jax.jit(jax.value_and_grad(loss))
        return compiled[first]

    for step in range(options["num_training_steps"]):
        batch, fields = windows(step)
        seen.append({k: v for c in callbacks for k, v in c(step, equinox.combine(parameters, static), batch).items()})
        loss, gradient = stage_gradient(step)(parameters, batch, fields)
        updates, state = update(gradient, state, parameters, loss)
        if is_update(options, step):
            parameters = optax.apply_updates(parameters, updates)
            if ema:
                average, mean = ema.update(parameters, mean)
        if step % options.get("record_loss_every", 1) == 0:
            losses.append(float(loss))
    leaves = golden.leaves_of(equinox.combine(parameters, static))
    return np.array(losses), seen, leaves, equinox.combine(average, static) if ema else None
