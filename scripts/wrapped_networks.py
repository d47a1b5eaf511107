"""Networks around networks (increment, scaled, history, conditioned, masked) as Equinox modules, for generate_golden.py.

What a step is given, the newest levels and what stands beside the trajectory, is packed into one vector, which Trainax takes for a
state: Trainax's own trainer, configurations and losses then train such a network. Statistics are numpy's, in double.
"""

import h5py
import numpy as np
import trainax_exchange

LIMIT = 1e-4


def is_wrapper(section):
    return isinstance(section, dict) and section["type"] in ("increment", "scaled", "history", "conditioned", "masked")


def chain_of(section):
    """The wrappers, the outermost first, and the section of the innermost network."""
    wrappers = []
    while is_wrapper(section):
        wrappers.append(section)
        section = section["network"]
    return wrappers, section


def moments(x, axes):
    """Over all but one axis: mean, std, rms."""
    x = np.asarray(x, dtype=np.float64)
    mean = x.mean(axis=axes)
    shape = [1] * x.ndim
    shape[[k for k in range(x.ndim) if k not in axes][0]] = -1
    return mean, np.sqrt(((x - mean.reshape(shape)) ** 2).mean(axis=axes)), np.sqrt((x**2).mean(axis=axes))


class Setting:
    """A network's data: what is given, in which order, and the constants."""

    def __init__(self, section, data, path, stride):
        self.wrappers, self.innermost = chain_of(section)
        self.named = {wrapper["type"]: wrapper for wrapper in self.wrappers}
        self.state = data.shape[2:]
        self.levels = self.named.get("history", {}).get("num_steps", 1)
        self.stride = stride
        self.points = int(np.prod(self.state[1:]))
        with h5py.File(path) as file:
            self.parameters = np.asarray(file["parameters"] if "parameters" in file else np.zeros((len(data), 0)))
            fields = np.asarray(file["constant_fields"] if "constant_fields" in file else np.zeros((1, 0, *self.state[1:])))
            self.names = [[n.decode() if isinstance(n, bytes) else n for n in file.attrs.get(name, [])]
                          for name in ("parameter_names", "constant_field_names")]
        self.fields = np.broadcast_to(fields, (len(data), *fields.shape[1:]))
        self.mask = self._mask()
        self.conditions = self._conditions()
        self.statistics = self._statistics(np.asarray(data))

    def _mask(self):
        if "masked" not in self.named:
            return np.ones((len(self.fields), self.points))
        field = self.named["masked"]["field"]
        index = self.names[1].index(field) if isinstance(field, str) else field
        return (self.fields[:, index] != 0).reshape(len(self.fields), -1).astype(np.float64)

    def _conditions(self):
        """(trajectories, E, points), normalised."""
        options = self.named.get("conditioned")
        if options is None:
            return np.zeros((len(self.fields), 0, self.points))
        chosen = lambda what, names, all_: {"all": list(range(all_)), "none": []}.get(what) if isinstance(what, str) else [
            names.index(n) if isinstance(n, str) else n for n in what]
        columns = chosen(options.get("constant_scalars", "all"), self.names[0], self.parameters.shape[1])
        fields = chosen(options.get("constant_fields", "none"), self.names[1], self.fields.shape[1])
        scalars = np.repeat(self.parameters[:, columns, None], self.points, axis=2)
        fields = self.fields[:, fields].reshape(len(self.fields), -1, self.points)
        x = np.concatenate([scalars, fields], axis=1).astype(np.float64)
        kind, least = options.get("normalize", "none"), options.get("min_std", LIMIT)
        if kind != "none":
            mean, std, rms = moments(x, (0, 2))
            mean, std = (mean, std) if kind == "zscore" else (0 * mean, rms)
            x = (x - mean[None, :, None]) / np.maximum(std, least)[None, :, None]
        if options.get("dt_stride", False):
            x = np.concatenate([x, np.full((len(x), 1, self.points), float(self.stride))], axis=1)
        return x

    def _inside(self, x):
        """(trajectories, levels, channels, *points): (channels, numbers that count)."""
        flat = np.asarray(x, dtype=np.float64).reshape(*x.shape[:3], -1)
        inside = np.broadcast_to(self.mask[:, None, :] != 0, (*flat.shape[:2], self.points))
        return np.stack([flat[:, :, c][inside] for c in range(flat.shape[2])])

    def _statistics(self, data):
        mean, std, rms = moments(self._inside(data), (1,))
        _, std_delta, rms_delta = moments(self._inside(data[:, self.stride :] - data[:, : -self.stride]), (1,))
        return {"mean": mean, "std": std, "rms": rms, "std_delta": std_delta, "rms_delta": rms_delta}

    def numbers(self, wrapper, unit):
        """(mean or None, scale) of increment or scaled. unit: that states have been divided by."""
        least, channels = wrapper.get("min_std", LIMIT), self.state[0]
        if wrapper["type"] == "increment":
            scale = wrapper.get("scale", 1.0)
            if isinstance(scale, str):
                return None, np.maximum(self.statistics[scale], least) / unit
            return None, np.broadcast_to(np.asarray(scale, dtype=np.float64), (channels,))
        if "std" in wrapper:
            return np.asarray(wrapper.get("mean", np.zeros(channels))), np.asarray(wrapper["std"])
        if wrapper.get("normalize", "zscore") == "rms":
            return np.zeros(channels), np.maximum(self.statistics["rms"], least)
        return self.statistics["mean"], np.maximum(self.statistics["std"], least)

    def packed(self, data):
        """(trajectories, windows of `levels`, numbers)."""
        data = np.asarray(data)
        count = data.shape[1] - self.levels + 1
        pieces = [data[:, k : k + count].reshape(len(data), count, -1) for k in range(self.levels)]
        beside = np.concatenate([self.conditions.reshape(len(data), -1), self.mask], axis=1)
        pieces.append(np.repeat(beside[:, None], count, axis=1))
        return np.concatenate(pieces, axis=2).astype(data.dtype)

    def windows(self, data, length):
        """Of every stride-th level, as if each were a trajectory."""
        k, span = self.stride, (length + self.levels - 2) * self.stride + 1
        beside = lambda x, n: np.repeat(x, n, axis=0)
        starts = data.shape[1] - span + 1
        levels = np.stack([np.asarray(data)[s, t : t + span : k] for s in range(len(data)) for t in range(starts)])
        spread = object.__new__(Setting)
        spread.__dict__ = {**self.__dict__, "conditions": beside(self.conditions, starts), "mask": beside(self.mask, starts)}
        return spread.packed(levels)


def modules(setting, key):
    """The outermost network, a map of packed states; the loss, the stepper and the residuum on such states."""
    import equinox
    import jax
    import jax.numpy as jnp

    channels, *points = setting.state
    size, extra = channels * setting.points, setting.conditions.shape[1]

    def unpack(z):
        levels = z[: setting.levels * size].reshape(setting.levels, *setting.state)
        conditions = z[setting.levels * size : -setting.points].reshape(extra, *points)
        return levels, conditions, (z[-setting.points :] > 0.5).reshape(1, *points).astype(z.dtype)

    def push(z, level):
        return jnp.concatenate([z[size : setting.levels * size], level.ravel(), z[setting.levels * size :]])

    def newest(z):
        return unpack(z)[0][-1]

    def along(numbers):
        return jnp.asarray(numbers).reshape(-1, *[1] * len(points))

    class Wrapper(equinox.Module):
        network: equinox.Module
        kind: str = equinox.field(static=True)
        mean: tuple = equinox.field(static=True)
        scale: tuple = equinox.field(static=True)

        def step(self, levels, conditions):
            inside = lambda x: self.network.step(x, conditions) if isinstance(self.network, Wrapper) else self.network(
                jnp.concatenate([*x, conditions]) if len(x) > 1 or extra else x[0])
            if self.kind == "increment":
                return levels[-1] + along(self.scale) * inside(levels)
            if self.kind == "scaled":
                return along(self.mean) + along(self.scale) * inside((levels - along(self.mean)) / along(self.scale))
            return inside(levels)

        def __call__(self, z):
            levels, conditions, mask = unpack(z)
            return push(z, mask * self.step(levels, conditions) + (1 - mask) * levels[-1])

    given = (setting.levels * channels + extra, *points)
    network = trainax_exchange.build_network(setting.innermost, given, key, out_channels=channels)
    unit, parts = np.ones(channels), []
    for wrapper in setting.wrappers:
        plain = wrapper["type"] in ("increment", "scaled")
        mean, scale = setting.numbers(wrapper, unit) if plain else (None, None)
        unit = scale if wrapper["type"] == "scaled" else unit
        static = lambda x: None if x is None else tuple(map(float, x))
        parts.append((wrapper["type"], static(mean), static(scale)))
    for kind, mean, scale in reversed(parts):
        network = Wrapper(network, kind, mean, scale)

    def loss(of_states):
        """Means over points are over those of the mask."""
        name = type(of_states).__name__
        power = 0 if name.startswith("Normalized") else 1

        def single(z, target):
            mask = unpack(z)[2]
            factor = (mask.mean() ** -power) if power else 1
            seen = (z if z.shape == setting.state else newest(z)) * mask
            return factor * of_states.single_batch(seen, None if target is None else newest(target) * mask)

        return lambda z, target=None: of_states.batch_reduction(jax.vmap(single, in_axes=(0, None if target is None else 0))(z, target))

    def stepper(of_states):
        return lambda z: push(z, of_states(newest(z)))

    def residuum(of_states):
        """Of the newest levels, in the place of the newest."""
        return lambda later, earlier: jax.vmap(push)(later, of_states(jax.vmap(newest)(later), jax.vmap(newest)(earlier)))

    return network, {"loss": loss, "stepper": stepper, "residuum": residuum}
