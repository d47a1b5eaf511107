"""Networks to Python and back with the real packages: bytes, forward, .eqx files, and what is refused.

usage: exchange.py TRAINAX INITIAL.yaml
"""

import json
import subprocess
import sys

import h5py
import jax
import numpy as np
import yaml

jax.config.update("jax_enable_x64", True)

import trainax_exchange as exchange

# Norms after each of its fourteen convolutions make the rounding of a dilated network's float32 larger.
TOLERANCE = {"float32": 1e-6, "float64": 1e-13}
DILATED = 4


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(arguments)}\n{done.stderr}")


def train(trainax, network, precision, states):
    """A step of it, then a rollout step."""
    exchange.save_trajectories("states.h5", states, overwrite=True)
    case = {
        "precision": precision,
        "data": {"type": "file", "path": "states.h5"},
        "network": network,
        "trainer": {"optimizer": {"type": "adam", "learning_rate": 0.01}, "num_training_steps": 1, "batch_size": 2, "key": 0},
    }
    with open("case.yaml", "w") as file:
        json.dump(case, file)
    run(trainax, "train", "case.yaml", "--quiet", "--overwrite", "--output", "run")
    run(trainax, "rollout", "run/network.h5", "--initial", "states.h5", "--steps", "1", "--output", "rolled.h5", "--overwrite")
    return exchange.load_trajectories("rolled.h5").states


def same_bytes(a, b):
    """All that a network file is, in its order."""

    def content(path):
        with h5py.File(path) as file:
            head = [file.attrs[name] for name in ("format", "format_version", "network", "precision", "state")]
            return head, [(name, x.dtype, x[...].tobytes()) for name, x in file["parameters"].items()]

    return content(a) == content(b)


def check(trainax, network, precision):
    network = dict(network)
    states = np.random.default_rng(1).normal(size=(2, 2, *network.pop("data"))).astype(precision)
    rolled = train(trainax, network, precision, states)
    module = exchange.load_network("run/network.h5")
    expected = np.asarray(jax.vmap(module)(rolled[:, 0]))
    error = np.abs(rolled[:, 1] - expected).max() / np.abs(expected).max()
    assert expected.dtype == precision
    assert error <= TOLERANCE[precision] * (DILATED if network["type"] == "dilated_res_net" else 1), f"forward: {error:.1e}"
    exchange.save_network("back.h5", module, like="run/network.h5", overwrite=True)
    assert same_bytes("run/network.h5", "back.h5"), "other bytes"
    run(trainax, "rollout", "back.h5", "--initial", "states.h5", "--steps", "1", "--output", "again.h5", "--overwrite")
    assert exchange.load_trajectories("again.h5").states.tobytes() == rolled.tobytes(), "another rollout"


def refused(pattern, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except ValueError as error:
        assert pattern in str(error), f"{pattern!r} is not in {str(error)!r}"
    else:
        raise AssertionError(f"not refused: {pattern}")


def check_refusals():
    section, state = "Conv;4;1;relu", (1, 12)
    module = exchange.build_network(section, state)

    def save(path, network=module, **options):
        exchange.save_network(path, network, **{"section": section, "state": state, **options})

    save("conv.h5")
    refused("is there already", save, "conv.h5")
    refused("one of like and section", save, "new.h5", like="conv.h5")
    refused("has the shape (4, 1, 3), not (5, 1, 3)", save, "new.h5", section="Conv;5;1;relu")
    refused("has no parameter layers.2.weight", save, "new.h5", section="Conv;4;2;relu")
    refused("has a parameter layers.1.weight too many", save, "new.h5", section="Conv;4;0;relu")
    refused("describes no network", save, "new.h5", section="Konv;4;1;relu")
    refused("no MLP can be made", save, "new.h5", section="MLP;5;1;relu", state=(1, 4, 6))
    refused("type 'magic'", save, "new.h5", section={"type": "magic"})
    leaves = [np.asarray(x) for _, x in exchange.leaves_of(module)]
    refused("not finite", save, "new.h5", exchange.with_leaves(module, [x * np.nan for x in leaves]))
    refused("all are of float32, or all", save, "new.h5", exchange.with_leaves(module, [leaves[0].astype("f4"), *leaves[1:]]))
    refused("no network file", exchange.load_network, "states.h5")
    exchange.save_eqx("conv.eqx", module)
    refused("no such network", exchange.load_eqx, "conv.eqx", exchange.build_network("Conv;5;1;relu", state))
    refused("more parameters", exchange.load_eqx, "conv.eqx", module.layers[0])
    jax.config.update("jax_enable_x64", False)
    refused("jax_enable_x64", exchange.load_network, "conv.h5")
    jax.config.update("jax_enable_x64", True)


def same_leaves(a, b):
    pairs = zip(exchange.leaves_of(a), exchange.leaves_of(b), strict=True)
    return all(np.array_equal(x, y) and x.dtype == y.dtype for (_, x), (_, y) in pairs)


def check_eqx():
    """apebench reads what save_eqx writes, and load_eqx what it would write."""
    try:
        import apebench
    except ImportError:
        print("without apebench")
        return
    import equinox

    scenario = apebench.scenarios.scenario_dict["diff_adv"](num_points=16)
    nets = "Conv;3;1;relu Res;3;1;tanh UNet;3;1;gelu Dil;1;3;1;swish FNO;3;4;1;gelu MLP;5;1;relu MoRes;3;1;relu MoUNet;3;1;tanh"
    for number, net in enumerate([*nets.split(), "Pure;3"]):
        networks = [exchange.build_network(net, (1, 16), jax.random.PRNGKey(seed)) for seed in range(2)]
        path = f"ours.{number}.h5"
        exchange.save_network(path, networks[0], section=net, state=(1, 16))
        descriptor = net if net.count(";") > 1 else f"{net};identity"
        load = lambda file, seeds: scenario.load_model(file, num_seeds=seeds, task_config="predict", network_config=descriptor)
        exchange.save_eqx("one.eqx", exchange.load_network(path), overwrite=True)
        exchange.save_eqx("two.eqx", networks, overwrite=True)
        one, two = load("one.eqx", 1), load("two.eqx", 2)
        assert same_leaves(one, networks[0]), net
        equinox.tree_serialise_leaves("theirs.eqx", two)
        assert all(map(same_leaves, exchange.load_eqx("theirs.eqx", path, num_seeds=2), networks)), net
        assert same_leaves(exchange.load_eqx("one.eqx", path), networks[0]), net


def main():
    trainax, initial = sys.argv[1:]
    with open(initial) as file:
        networks = yaml.safe_load(file)
    kinds = {network["type"]: network for network in networks}  # the last of each type
    failures = 0
    for number, network in enumerate(kinds.values()):
        precision = ("float32", "float64")[number % 2]
        try:
            check(trainax, network, precision)
        except AssertionError as error:
            failures += 1
            print(f"FAILED: {precision} {network}: {error}")
    check_refusals()
    check_eqx()
    print(f"{len(kinds)} networks there and back")
    sys.exit(failures > 0)


main()
