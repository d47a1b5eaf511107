"""Networks and trajectories of trainax in Python, and back. To be imported, with this folder on PYTHONPATH:

    network = load_network("runs/first/network.h5")                  # a module of Equinox or PDEquinox
    save_network("continued.h5", network, like="runs/first/network.h5")
    states = load_trajectories("reference.h5").states                # (samples, levels, channels, *points)
    save_trajectories("mine.h5", states, dt=0.1)
    save_eqx("apebench.eqx", network)                                # as apebench and Trainax's SaveNetwork write it
    network = load_eqx("apebench.eqx", like="runs/first/network.h5")

Numbers pass as they are, bit for bit. Trajectories need h5py, networks also jax, equinox, pdequinox and PyYAML. What does not fit
is a ValueError that says what. No file is replaced without overwrite=True, and none is left half-written.
"""

import inspect
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

FORMAT, FORMAT_VERSION = "trainax network", 1


def _write(path, suffix, write, overwrite):
    """write(temporary), then its final name."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise ValueError(f"{path} is there already: overwrite=True replaces it")
    with tempfile.TemporaryDirectory(prefix=".exchange.", dir=path.parent) as folder:
        temporary = Path(folder) / f"file{suffix}"
        write(temporary)
        os.replace(temporary, path)


# ---- networks: a section of a configuration, and the shape of the states, make a module ----

# APEBench's descriptors: NAME;NUMBER...;ACTIVATION
DESCRIPTORS = {
    "conv": ("conv_net", "hidden_channels", "depth"),
    "res": ("classic_res_net", "hidden_channels", "num_blocks"),
    "unet": ("classic_u_net", "hidden_channels", "num_levels"),
    "dil": ("dilated_res_net", "dilation_rates", "hidden_channels", "num_blocks"),
    "fno": ("classic_fno", "num_modes", "hidden_channels", "num_blocks"),
    "mlp": ("mlp", "width_size", "depth"),
    "mores": ("modern_res_net", "hidden_channels", "num_blocks"),
    "mounet": ("modern_u_net", "hidden_channels", "num_levels"),
}


def _described(descriptor):
    name, *words = descriptor.split(";")
    if name.lower() == "pure" and len(words) == 1:
        return {"type": "conv", "kernel_size": int(words[0]), "padding": "same", "padding_mode": "circular", "use_bias": False}
    kind, *options = DESCRIPTORS.get(name.lower(), (None,))
    if not kind or len(words) != len(options) + 1:
        raise ValueError(f"{descriptor!r} describes no network: NAME;NUMBER…;ACTIVATION of {', '.join(DESCRIPTORS)}")
    section = {"type": kind, "activation": words[-1], **dict(zip(options, map(int, words)))}
    if kind == "dilated_res_net":
        rates = [2**k for k in range(section["dilation_rates"] + 1)]
        section["dilation_rates"] = rates + rates[-2::-1]
    return section


def read_section(text):
    """YAML 1.2, where 1e-3 is a number; or a descriptor."""
    import yaml

    loader = type("Loader", (yaml.SafeLoader,), {})
    number = re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$")
    loader.add_implicit_resolver("tag:yaml.org,2002:float", number, list("-+.0123456789"))
    section = yaml.load(text, loader)
    return section if isinstance(section, dict) else _described(str(section))


def _identity(x):
    return x


def _plain(options):
    """As constructors want them: lists are tuples, or one number for all axes; words are functions."""
    import jax

    per_axis = ("kernel_size", "stride", "padding", "dilation", "num_modes", "num_points", "hidden_channels")
    plain = {}
    for name, value in options.items():
        if isinstance(value, list):
            value = tuple(tuple(x) if isinstance(x, list) else x for x in value)
            value = value[0] if name in per_axis and len(value) == 1 and isinstance(value[0], int) else value
        elif name.endswith("activation"):
            value = _identity if value.lower() == "identity" else getattr(jax.nn, value.lower())
        plain[name] = value
    return plain


def _factory(section):
    """PDEquinox's factory of a block: `name` or {type: name, option: value, …}."""
    import pdequinox

    options = {"type": section} if isinstance(section, str) else dict(section)
    name = "".join(word.capitalize() for word in options.pop("type").split("_"))
    factory = getattr(pdequinox.blocks, f"{name}Factory")
    if "zero_bias_init" not in inspect.signature(factory).parameters:
        options.pop("zero_bias_init", None)
    return factory(**_plain(options))


def _composed(options, *slots):
    """Of networks of blocks: activation and boundary_mode have no default in PDEquinox."""
    options = {"activation": "relu", "boundary_mode": "periodic", **options}
    factories = {f"{slot}_factory": _factory(options.pop(slot)) for slot in slots if slot in options}
    return {**_plain(options), **factories}


def _sequential(constructor, options, key):
    """PDEquinox asks the one factory once for each block, in their order: here it makes one after the other of a list."""
    blocks = options.pop("blocks", None) or [options.pop("block", "classic_res_block")]
    count = options.pop("num_blocks", len(blocks))
    factories = iter([_factory(block) for block in (blocks if len(blocks) == count else blocks * count)])
    options = _composed(options, "lifting", "projection")
    return constructor(num_blocks=count, block_factory=lambda **place: next(factories)(**place), **options, key=key)


def _hierarchical(constructor, options, key):
    slots = "lifting", "down_sampling", "left_arc", "up_sampling", "right_arc", "projection"
    return constructor(**_composed(options, *slots), key=key)


def _simple(constructor, options, key):
    return constructor(**_plain(options), key=key)


def _constructors(options):
    import equinox
    import pdequinox

    arch = pdequinox.arch
    return {
        "conv": (equinox.nn.Conv, _simple),
        "linear": (equinox.nn.Linear, _simple),
        "mlp": (equinox.nn.MLP if "in_size" in options else arch.MLP, _simple),
        "conv_net": (arch.ConvNet, _simple),
        "classic_res_net": (arch.ClassicResNet, _simple),
        "modern_res_net": (arch.ModernResNet, _simple),
        "dilated_res_net": (arch.DilatedResNet, _simple),
        "classic_u_net": (arch.ClassicUNet, _simple),
        "modern_u_net": (arch.ModernUNet, _simple),
        "classic_fno": (arch.ClassicFNO, _simple),
        "spectral_conv": (pdequinox.conv.SpectralConv, _simple),
        "sequential": (pdequinox.Sequential, _sequential),
        "hierarchical": (pdequinox.Hierarchical, _hierarchical),
    }


def _from_state(state):
    """What a network takes from the data where its section does not say it. PDEquinox's MLP has as many points along all axes."""
    channels, *points = state
    options = {"num_spatial_dims": len(points), "in_channels": channels, "out_channels": channels}
    return options if len(set(points)) > 1 else {**options, "num_points": points[0] if points else 1}


def build_network(section, state=None, key=None, **given):
    """The module of a section (a dict, YAML, or a descriptor), for states of that shape (channels, *points), drawn from `key`.
    given: instead of what follows from the state (out_channels)."""
    import jax

    section = section if isinstance(section, dict) else read_section(section)
    options = {name: value for name, value in section.items() if value is not None and name not in ("type", "key", "parameters")}
    constructor, build = _constructors(options).get(str(section.get("type")).lower(), (None, None))
    if not constructor:
        raise ValueError(f"a network of type {section.get('type')!r}: Equinox and PDEquinox have none that it would be")
    known = inspect.signature(constructor).parameters
    for name, value in {**(_from_state(state) if state else {}), **given}.items():
        if name in known:
            options.setdefault(name, value)
    try:
        return build(constructor, options, jax.random.PRNGKey(0) if key is None else key)
    except TypeError as error:
        raise ValueError(f"no {constructor.__name__} can be made of this section: {error}") from error


def _is_array(x):
    import jax

    return isinstance(x, (jax.Array, np.ndarray, jax.ShapeDtypeStruct))


def leaves_of(network):
    """(name, array) of every parameter, in Equinox's order: "layers.0.weight"."""
    import jax

    flat = jax.tree_util.tree_flatten_with_path(network)[0]
    name = lambda path: ".".join(str(getattr(k, "name", getattr(k, "idx", k))) for k in path)
    return [(name(path), x) for path, x in flat if _is_array(x)]


def with_leaves(network, leaves):
    """The same network with these arrays, in the order of leaves_of."""
    import jax

    leaves = iter(leaves)
    return jax.tree_util.tree_map(lambda x: next(leaves) if _is_array(x) else x, network)


def _outline(section, state):
    """A network without numbers."""
    import equinox

    return equinox.filter_eval_shape(lambda: build_network(section, state))


def _check_leaves(path, found, wanted):
    """Both are lists of (name, array)."""
    found, wanted = ({name: tuple(x.shape) for name, x in leaves} for leaves in (found, wanted))
    for name in wanted:
        if name not in found:
            raise ValueError(f"{path}: the network has no parameter {name}")
    for name in found:
        if name not in wanted:
            raise ValueError(f"{path}: the network has a parameter {name} too many")
    for name in wanted:
        if found[name] != wanted[name]:
            raise ValueError(f"{path}: parameter {name} has the shape {found[name]}, not {wanted[name]}")


# ---- network files ----


@dataclass
class _Head:
    """What a network file says beside its parameters."""

    section: str
    state: tuple = None
    normalization: dict = None

    @classmethod
    def read(cls, path):
        with h5py.File(path) as file:
            if file.attrs.get("format") != FORMAT or "parameters" not in file:
                raise ValueError(f"{path}: is no network file of trainax")
            if file.attrs["format_version"] != FORMAT_VERSION:
                raise ValueError(f"{path}: format version {file.attrs['format_version']}, known is {FORMAT_VERSION}")
            state = file.attrs.get("state")
            normalization = {name: x[...] for name, x in file.get("normalization", {}).items()}
            return cls(file.attrs["network"], state and tuple(map(int, state.split(","))), normalization)


def load_network(path, state=None):
    """The module of a network file, or of a checkpoint; its arrays are of the file's precision. state: (channels, *points), where
    the file does not say it."""
    import jax

    head = _Head.read(path)
    outline = _outline(head.section, head.state or state)
    with h5py.File(path) as file:
        stored = file["parameters"]
        _check_leaves(path, stored.items(), leaves_of(outline))
        values = [stored[name][...] for name, _ in leaves_of(outline)]
    if any(x.dtype == np.float64 for x in values) and not jax.config.jax_enable_x64:
        raise ValueError(f"{path}: is in float64, which needs jax.config.update('jax_enable_x64', True)")
    return with_leaves(outline, [jax.numpy.asarray(x) for x in values])


def save_network(path, network, *, like=None, section=None, state=None, overwrite=False):
    """A network file. What network it is says another file (like), or a section of a configuration (YAML, or a descriptor of
    APEBench) and the shape of the states (channels, *points)."""
    if (like is None) == (section is None):
        raise ValueError("one of like and section says which network this is")
    head = _Head.read(like) if like else _Head(_complete(section), state)
    leaves = [(name, np.asarray(x)) for name, x in leaves_of(network)]
    _check_leaves(path, leaves, leaves_of(_outline(head.section, head.state)))
    precision = leaves[0][1].dtype.name
    for name, x in leaves:
        if x.dtype.name != precision or precision not in ("float32", "float64"):
            raise ValueError(f"{path}: parameter {name} is of {x.dtype}: all are of float32, or all of float64")
        if not np.isfinite(x).all():
            raise ValueError(f"{path}: parameter {name} holds numbers that are not finite")
    _write(path, ".h5", lambda temporary: _put_network(temporary, head, precision, leaves), overwrite)


def _complete(section):
    """YAML's form of JSON. A section has a key, whatever becomes of it."""
    return json.dumps({"key": 0, **(section if isinstance(section, dict) else read_section(section))})


def _put_network(path, head, precision, leaves):
    with h5py.File(path, "w") as file:
        file.attrs.update(format=FORMAT, format_version=FORMAT_VERSION, precision=precision, network=head.section)
        if head.state:
            file.attrs["state"] = ",".join(map(str, head.state))
        group = file.create_group("parameters", track_order=True)
        for name, x in leaves:
            group[name] = x
        for name, x in (head.normalization or {}).items():
            file[f"normalization/{name}"] = x


# ---- .eqx, as equinox.tree_serialise_leaves writes it: what apebench leaves of a study ----


def save_eqx(path, networks, *, overwrite=False):
    """A network, or several (a list) side by side as apebench has those of several seeds."""
    import equinox
    import jax

    if isinstance(networks, (list, tuple)):
        stacked = zip(*([x for _, x in leaves_of(network)] for network in networks))
        networks = with_leaves(networks[0], map(jax.numpy.stack, stacked))
    _write(path, ".eqx", lambda temporary: equinox.tree_serialise_leaves(temporary, networks), overwrite)


def load_eqx(path, like, num_seeds=None):
    """The network of an .eqx file; of several seeds a list. like: a network file of trainax, or a module, that it is as."""
    import equinox
    import jax

    outline = like if isinstance(like, equinox.Module) else load_network(like)
    seeds = (num_seeds,) if num_seeds else ()
    wanted = [jax.ShapeDtypeStruct((*seeds, *x.shape), x.dtype) for _, x in leaves_of(outline)]
    with open(path, "rb") as file:
        try:
            network = equinox.tree_deserialise_leaves(file, with_leaves(outline, wanted))
        except Exception as error:
            raise ValueError(f"{path}: is no such network: {' '.join(str(error).split())}") from error
        if file.read(1):
            raise ValueError(f"{path}: has more parameters than such a network")
    if not num_seeds:
        return network
    return [with_leaves(network, [x[k] for _, x in leaves_of(network)]) for k in range(num_seeds)]


# ---- trajectories ----


@dataclass
class Trajectories:
    """states: (samples, levels, channels, *points); parameters: a row a sample; constant_fields: (samples or 1, fields, *points);
    lengths: levels of each sample, where they differ."""

    states: np.ndarray
    dt: float = 0.0
    domain_extent: float = None
    channel_names: list = None
    parameters: np.ndarray = None
    parameter_names: list = None
    constant_fields: np.ndarray = None
    constant_field_names: list = None
    lengths: np.ndarray = None


NUMBERS = "dt", "domain_extent"
NAMES = "channel_names", "parameter_names", "constant_field_names"
ARRAYS = "parameters", "constant_fields", "lengths"


def load_trajectories(path):
    """Of a .npy file, or of trainax's HDF5."""
    if Path(path).suffix == ".npy":
        return Trajectories(_check_states(path, np.load(path)))
    with h5py.File(path) as file:
        if "trajectories" not in file:
            raise ValueError(f"{path}: there are no /trajectories in it")
        packed = {"scale_factor", "add_offset", "_FillValue", "missing_value"} & set(file["trajectories"].attrs)
        if packed:
            raise ValueError(f"{path}: its numbers are packed ({', '.join(sorted(packed))}): let `trainax generate` unpack them")
        others = {name: float(file.attrs[name]) for name in NUMBERS if name in file.attrs}
        others.update((name, list(file.attrs[name])) for name in NAMES if name in file.attrs)
        others.update((name, file[name][...]) for name in ARRAYS if name in file)
        return Trajectories(_check_states(path, file["trajectories"][...]), **others)


def save_trajectories(path, states, *, overwrite=False, **others):
    """A .npy file, which holds the states alone, or trainax's HDF5; others: as Trajectories has them."""
    data = Trajectories(_check_states(path, np.asarray(states)), **others)
    samples = len(data.states)
    for name, fits in ("parameters", (samples,)), ("constant_fields", (1, samples)), ("lengths", (samples,)):
        if getattr(data, name) is not None and len(getattr(data, name)) not in fits:
            raise ValueError(f"{path}: {len(getattr(data, name))} rows of {name} for {samples} trajectories")
    if Path(path).suffix == ".npy":
        if others:
            raise ValueError(f"{path}: a .npy file holds states alone, not {', '.join(others)}: an .h5 file does")
        _write(path, ".npy", lambda temporary: np.save(temporary, data.states), overwrite)
    else:
        _write(path, ".h5", lambda temporary: _put_trajectories(temporary, data), overwrite)


def _check_states(path, states):
    if states.ndim < 3 or not np.issubdtype(states.dtype, np.floating):
        raise ValueError(f"{path}: {states.dtype} of the shape {states.shape}: states are (samples, levels, channels, *points)")
    return states


def _put_trajectories(path, data):
    given = lambda names: [(name, getattr(data, name)) for name in names if getattr(data, name) is not None]
    with h5py.File(path, "w") as file:
        file["trajectories"] = data.states
        file.attrs.update((name, np.float64(x)) for name, x in given(NUMBERS))
        file.attrs.update((name, list(map(str, x))) for name, x in given(NAMES))
        for name, x in given(ARRAYS):
            file[name] = np.asarray(x)
