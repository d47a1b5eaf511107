"""Exported models against `trainax rollout`, by NumPy in double, and by ONNX Runtime where it is installed.

usage: onnx_models.py TRAINAX INITIAL.yaml

All networks of INITIAL.yaml in float32, some in float64, and those below: trained for a step (so that no norm is the identity),
rolled out for a step from three states, exported, checked, evaluated on these at once and one by one.
"""

import json
import subprocess
import sys

import h5py
import numpy as np
import onnx
import onnx.checker
import onnx.numpy_helper
import yaml

try:
    import onnxruntime
except ImportError:
    onnxruntime = None

conv = {"type": "conv", "kernel_size": 5, "padding": "same"}
net = {"type": "conv_net", "hidden_channels": 4, "depth": 2, "key": 0}
MORE = [
    {"data": [1, 13], **conv, "padding_mode": "reflect", "kernel_size": 4, "key": 1},
    {"data": [1, 13], **conv, "padding_mode": "replicate", "padding": "same_lower", "dilation": 2, "key": 2},
    {"data": [1, 5], **conv, "padding_mode": "circular", "kernel_size": 21, "padding": 10, "key": 3},
    {"data": [2, 7], **conv, "kernel_size": 3, "padding": 7, "stride": 3, "groups": 2, "key": 4},
    {"data": [1, 4, 4], "type": "classic_fno", "hidden_channels": 2, "num_modes": 3, "num_blocks": 1, "key": 5},  # modes overlap
    *({"data": [2, 20], **net, "activation": name} for name in "tanh gelu sigmoid silu leaky_relu elu softplus identity".split()),
]
# Of float32's rounding; norms after each of its fourteen convolutions make a dilated network's larger.
TOLERANCE = {"float32": 1e-6, "float64": 1e-13}
DILATED = 4


# ---- by NumPy: what onnx/Operators.md says of opset 13 ----


def conv_of(x, w, b=None, *, strides, dilations, group):
    axes = len(strides)
    points = [(n - (k - 1) * d - 1) // s + 1 for n, k, d, s in zip(x.shape[2:], w.shape[2:], dilations, strides)]
    y = np.zeros((x.shape[0], w.shape[0], *points))
    i, o = w.shape[1], w.shape[0] // group
    for tap in np.ndindex(*w.shape[2:]):
        at = tuple(slice(t * d, t * d + (p - 1) * s + 1, s) for t, d, p, s in zip(tap, dilations, points, strides))
        for g in range(group):
            seen = x[(slice(None), slice(g * i, (g + 1) * i), *at)]
            y[:, g * o : (g + 1) * o] += np.einsum("bi...,oi->bo...", seen, w[(slice(g * o, (g + 1) * o), slice(None), *tap)])
    return y if b is None else y + b.reshape(-1, *[1] * axes)


OPERATORS = {
    "Conv": conv_of,
    "Gemm": lambda x, w, b=0, *, transB: x @ (w.T if transB else w) + b,
    "Einsum": lambda *x, equation: np.einsum(equation.decode(), *x),
    "Gather": lambda x, indices, *, axis: np.take(x, indices, axis),
    "Pad": lambda x, pads: np.pad(x, list(zip(pads[: x.ndim], pads[x.ndim :]))),
    "Concat": lambda *x, axis: np.concatenate(x, axis),
    "Reshape": lambda x, shape: x.reshape([x.shape[d] if n == 0 else n for d, n in enumerate(shape)]),
    "Transpose": lambda x, *, perm: x.transpose(perm),
    "ReduceMean": lambda x, *, axes: x.mean(tuple(axes), keepdims=True),
    "Identity": lambda x: x,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "Exp": np.exp,
    "Log": np.log,
    "Abs": np.abs,
    "Neg": np.negative,
    "Sqrt": np.sqrt,
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Min": np.minimum,
    "Max": np.maximum,
}


def evaluate(model, state):
    wide = lambda x: x.astype(float) if x.dtype.kind == "f" else x
    values = {x.name: wide(onnx.numpy_helper.to_array(x)) for x in model.graph.initializer}
    values["state"] = wide(state)
    for node in model.graph.node:
        options = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        values[node.output[0]] = OPERATORS[node.op_type](*(values[name] for name in node.input), **options)
    return values["next_state"]


# ---- making, comparing ----


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(arguments)}\n{done.stderr}")


def make(trainax, network, precision):
    network = dict(network)
    states = np.random.default_rng(0).normal(size=(3, 2, *network.pop("data"))).astype(precision)
    np.save("states.npy", states)
    with h5py.File("states.h5", "w") as file:
        file["trajectories"] = states
    case = {
        "precision": precision,
        "data": {"type": "npy", "path": "states.npy"},
        "network": network,
        "trainer": {"optimizer": {"type": "adam", "learning_rate": 0.01}, "num_training_steps": 1, "batch_size": 3, "key": 0},
    }
    with open("case.yaml", "w") as file:
        json.dump(case, file)
    run(trainax, "train", "case.yaml", "--quiet", "--overwrite", "--output", "run")
    run(trainax, "rollout", "run/network.h5", "--initial", "states.h5", "--steps", "1", "--output", "rolled.h5", "--overwrite")
    run(trainax, "export", "run/network.h5", "--onnx", "--output", "model.onnx", "--overwrite")


def check_form(model, precision):
    onnx.checker.check_model(model, full_check=True)
    assert [(x.domain, x.version) for x in model.opset_import] == [("", 13)] and model.ir_version == 7
    assert [x.name for x in model.graph.input] == ["state"] and [x.name for x in model.graph.output] == ["next_state"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    stored = {x.name: onnx.numpy_helper.to_array(x) for x in model.graph.initializer}
    with h5py.File("run/network.h5") as file:
        for name, leaf in file["parameters"].items():
            assert stored[name].dtype == precision and stored[name].tobytes() == leaf[...].tobytes(), name


def compare(network, precision):
    model = onnx.load("model.onnx")
    check_form(model, precision)
    with h5py.File("rolled.h5") as file:
        state, expected = file["trajectories"][:, 0], file["trajectories"][:, 1]
    found = {"NumPy": evaluate(model, state)}
    if onnxruntime:
        session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
        found["ONNX Runtime"] = session.run(None, {"state": state})[0]
        found["ONNX Runtime, one by one"] = np.concatenate([session.run(None, {"state": x[None]})[0] for x in state])
    allowed = TOLERANCE[precision] * (DILATED if network["type"] == "dilated_res_net" else 1)
    for what, y in found.items():
        error = np.abs(y - expected).max() / np.abs(expected).max()
        assert y.shape == expected.shape and error <= allowed, f"{what}: {error:.1e} instead of {allowed:.1e}"


def main():
    trainax, initial = sys.argv[1:]
    with open(initial) as file:
        networks = yaml.safe_load(file) + MORE
    cases = [(x, "float32") for x in networks] + [(x, "float64") for x in networks[1::4]]
    failures = 0
    for network, precision in cases:
        try:
            make(trainax, network, precision)
            compare(network, precision)
        except Exception as error:
            failures += 1
            print(f"FAILED: {precision} {network}: {error!r}")
    print(f"{len(cases)} models, {'with' if onnxruntime else 'without'} ONNX Runtime")
    sys.exit(failures > 0)


main()
