#!/usr/bin/env python3
"""A step of a network inside a simulation, beside ONNX Runtime and libtorch: one state, one core, one thread.

    scripts/compare_inference.py                   # the README's two networks; about two minutes
    scripts/compare_inference.py --ranks 4         # and: CPU time of a call where so many processes run under mpirun at once

Makes a virtual environment with the pinned packages where there is none (--venv), and needs build/trainax, its
libtrainax-inference.a, cc and, for libtorch, c++. Networks are those of `trainax bench inference`, with their initial parameters:

    ours          `trainax export --c`, compiled, called in a loop in C
    ONNX Runtime  the same as an ONNX graph, by its Python binding with bound buffers; what a call of an empty graph takes is told, too
    libtorch      the same traced, frozen and optimized for inference, called in a loop in C++

Samples of 2 ms take turns on the same core. The table has the fastest and the median sample, in microseconds a call. All
results must agree to 1e-5.
"""

import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["numpy==2.4.6", "h5py==3.16.0", "onnx==1.23.2", "onnxruntime==1.32.0", "torch==2.15.0"]
CONV = "{type: conv_net, hidden_channels: 34, depth: 10, activation: relu, key: 0}"
MLP = "{type: mlp, num_spatial_dims: 0, width_size: 60, depth: 6, activation: tanh, key: 0}"
CASES = {
    "conv_34_10": ((1, 160), CONV, "{type: advection_1d_periodic, num_points: 160, num_samples: 1, temporal_horizon: 2, key: 0}"),
    "mlp_60_6": ((3,), MLP, "{type: lorenz_rk4, num_samples: 1, temporal_horizon: 2, key: 0}"),
}

OURS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <trainax/inference.h>
extern const tx_exported emulator;
static tx_inference *network;
static double now(clockid_t clock) { struct timespec t; clock_gettime(clock, &t); return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec; }
double time_calls(long calls, const float *x, float *y)
{
    tx_error error = {TX_OK, ""};
    if (!network && tx_inference_create(&emulator, NULL, &error, &network)) { fprintf(stderr, "%s\n", error.message); exit(1); }
    const double start = now(CLOCK_MONOTONIC);
    for (long k = 0; k < calls; k++) tx_inference_step(network, x, y, NULL);
    return now(CLOCK_MONOTONIC) - start;
}
int main(int argc, char **argv) /* SECONDS: CPU time of a call, the best of many samples */
{
    static float x[1024], y[1024];
    double best = 1, seconds = atof(argv[argc - 1]), calls = 10, start = now(CLOCK_MONOTONIC);
    while (now(CLOCK_MONOTONIC) - start < seconds) {
        const double before = now(CLOCK_PROCESS_CPUTIME_ID);
        time_calls((long)calls, x, y);
        const double spent = (now(CLOCK_PROCESS_CPUTIME_ID) - before) / calls;
        best = spent < best ? spent : best;
        calls = 0.005 / spent + 1;
    }
    printf("%.3f\n", 1e6 * best);
    return 0;
}
"""

TORCH = r"""
#include <ATen/Parallel.h>
#include <chrono>
#include <cstring>
#include <torch/script.h>
static torch::jit::Module module_;
static std::vector<int64_t> shape;
extern "C" void load(const char *path, const int64_t *n, int axes)
{
    at::set_num_threads(1);
    torch::NoGradGuard guard;
    torch::jit::Module loaded = torch::jit::load(path);
    loaded.eval();
    module_ = torch::jit::optimize_for_inference(loaded);
    shape.assign(n, n + axes);
}
extern "C" double time_calls(long calls, const float *x, float *y)
{
    c10::InferenceMode guard;
    std::vector<torch::jit::IValue> inputs{torch::from_blob(const_cast<float *>(x), shape)};
    at::Tensor out;
    const auto start = std::chrono::steady_clock::now();
    for (long k = 0; k < calls; k++) out = module_.forward(inputs).toTensor();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::memcpy(y, out.contiguous().data_ptr<float>(), (size_t)out.numel() * sizeof(float));
    return taken.count();
}
"""


def run(*words):
    subprocess.run([str(word) for word in words], check=True)


def read_layers(path):
    import h5py

    with h5py.File(path) as file:
        leaves = file["parameters"]
        names = sorted({name.rsplit(".", 1)[0] for name in leaves}, key=lambda name: int(name.rsplit(".", 1)[1]))
        return [(leaves[f"{name}.weight"][...], leaves[f"{name}.bias"][...].reshape(-1)) for name in names]


# ---- those that are timed: functions of a number of calls, x and y, which return seconds ----


def load(library, name="time_calls"):
    import numpy

    function = getattr(ctypes.CDLL(str(library)), name)
    array = numpy.ctypeslib.ndpointer(numpy.float32, flags="C")
    function.argtypes, function.restype = [ctypes.c_long, array, array], ctypes.c_double
    return function


def make_ours(case, folder, program):
    _, network, data = CASES[case]
    (folder / "case.yaml").write_text(
        f"data: {data}\nnetwork: {network}\n"
        "trainer: {optimizer: {type: sgd, learning_rate: 0.1}, num_training_steps: 0, batch_size: 1, key: 0}\n"
    )
    run(program, "train", folder / "case.yaml", "--quiet", "--output", folder / "run")
    run(program, "export", folder / "run/network.h5", "--c", "--output", folder / "emulator.c")
    (folder / "ours.c").write_text(OURS)
    sources = [folder / "ours.c", folder / "emulator.c", f"-I{ROOT}/include", Path(program).parent / "libtrainax-inference.a", "-lm"]
    run("cc", "-O2", "-fPIC", "-shared", *sources, "-o", folder / "ours.so")
    run("cc", "-O2", *sources, "-o", folder / "ours")
    return load(folder / "ours.so")


def onnx_graph(layers, shape):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, value = [], [], "x"
    for k, (weight, bias) in enumerate(layers):
        constants += [numpy_helper.from_array(weight, f"w{k}"), numpy_helper.from_array(bias, f"b{k}")]
        if len(shape) == 1:
            nodes.append(helper.make_node("Gemm", [value, f"w{k}", f"b{k}"], [f"z{k}"], transB=1))
        else:  # the halo of a periodic grid
            nodes.append(helper.make_node("Pad", [value, "halo"], [f"p{k}"], mode="wrap"))
            nodes.append(helper.make_node("Conv", [f"p{k}", f"w{k}", f"b{k}"], [f"z{k}"]))
        value = f"z{k}"
        if k + 1 < len(layers):
            nodes.append(helper.make_node("Tanh" if len(shape) == 1 else "Relu", [value], [f"a{k}"]))
            value = f"a{k}"
    if layers and len(shape) > 1:
        import numpy

        constants.append(numpy_helper.from_array(numpy.array([0, 0, 1, 0, 0, 1]), "halo"))
    if not layers:
        nodes.append(helper.make_node("Identity", ["x"], ["z"]))
        value = "z"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, *shape)) for name in ("x", value)]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


def make_onnx(layers, shape):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = onnx_graph(layers, shape).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name, binding = session.get_outputs()[0].name, session.io_binding()

    def time_calls(calls, x, y):
        for verb, which, array in ((binding.bind_input, "x", x), (binding.bind_output, name, y)):
            verb(which, "cpu", 0, array.dtype, (1, *shape), array.ctypes.data)
        call, inner = session._sess.run_with_iobinding, binding._iobinding
        start = time.perf_counter()
        for _ in range(calls):
            call(inner, None)
        return time.perf_counter() - start

    return time_calls


def make_torch(layers, shape, folder):
    import torch
    from torch.utils import cpp_extension

    warnings.simplefilter("ignore", FutureWarning)  # TorchScript is what programs in C++ and Fortran load
    parts = []
    for k, (weight, bias) in enumerate(layers):
        out, inputs = weight.shape[:2]
        if len(shape) == 1:
            layer = torch.nn.Linear(inputs, out)
        else:
            layer = torch.nn.Conv1d(inputs, out, weight.shape[2], padding=1, padding_mode="circular")
        layer.weight.data, layer.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
        parts += [layer] + ([torch.nn.Tanh() if len(shape) == 1 else torch.nn.ReLU()] if k + 1 < len(layers) else [])
    module = torch.jit.freeze(torch.jit.trace(torch.nn.Sequential(*parts).eval(), torch.zeros(1, *shape)))
    module.save(str(folder / "network.pt"))
    (folder / "theirs.cpp").write_text(TORCH)
    places = [f"-I{path}" for path in cpp_extension.include_paths()]
    for path in cpp_extension.library_paths():
        places += [f"-L{path}", f"-Wl,-rpath,{path}"]
    abi = f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}"
    libraries = ["-ltorch", "-ltorch_cpu", "-lc10"]
    library = folder / "theirs.so"
    run("c++", "-std=c++20", "-O2", "-w", "-fPIC", "-shared", abi, folder / "theirs.cpp", *places, *libraries, "-o", library)
    sizes = (ctypes.c_int64 * (1 + len(shape)))(1, *shape)
    ctypes.CDLL(str(library)).load(str(folder / "network.pt").encode(), sizes, 1 + len(shape))
    return load(library)


# ---- timing ----


def compare(case, arguments, folder):
    import numpy

    shape = CASES[case][0]
    functions = {"ours": make_ours(case, folder, arguments.program)}
    layers = read_layers(folder / "run/network.h5")
    functions["ONNX Runtime"], functions["  an empty graph"] = make_onnx(layers, shape), make_onnx([], shape)
    functions["libtorch"] = make_torch(layers, shape, folder)
    x = numpy.sin(0.3 * numpy.arange(numpy.prod(shape), dtype=numpy.float32)).astype(numpy.float32)
    y = {name: numpy.zeros_like(x) for name in functions}
    calls, samples = {}, {name: [] for name in functions}
    for name, function in functions.items():
        function(20, x, y[name])
        calls[name] = max(1, int(0.002 / (function(20, x, y[name]) / 20)))
    end = time.monotonic() + arguments.seconds
    while time.monotonic() < end:
        for name, function in functions.items():
            samples[name].append(1e6 * function(calls[name], x, y[name]) / calls[name])
    for name, found in samples.items():
        if name.strip() in ("ONNX Runtime", "libtorch"):
            assert numpy.abs(y[name] - y["ours"]).max() <= 1e-5 * numpy.abs(y["ours"]).max(), f"{case}: {name} computes otherwise"
        print(f"{case:12} {name:18} {min(found):9.2f} {statistics.median(found):9.2f}", flush=True)


def count_ranks(case, arguments, folder):
    launch = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n"]
    for ranks in (1, arguments.ranks):
        words = [*launch, str(ranks), folder / "ours", str(arguments.seconds / 4)]
        lines = subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        spent = sorted(float(line) for line in lines)
        print(f"{case:12} {ranks} under mpirun: CPU time of a call {spent[0]:.2f} to {spent[-1]:.2f}", flush=True)


def make_venv(folder):
    python = Path(folder) / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build/trainax"))
    parser.add_argument("--venv", default=str(Path.home() / ".cache" / "trainax-compare-inference"))
    parser.add_argument("--core", type=int, default=min(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=20, help="of a case")
    parser.add_argument("--ranks", type=int, default=0)
    arguments = parser.parse_args()
    python = make_venv(arguments.venv)
    if Path(sys.prefix).resolve() != Path(arguments.venv).resolve():
        os.execv(python, [str(python), *sys.argv])
    everywhere = os.sched_getaffinity(0)
    print(f"{'case':12} {'':18} {'best us':>9} {'median us':>9}")
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            os.sched_setaffinity(0, {arguments.core})
            compare(case, arguments, Path(folder))
            os.sched_setaffinity(0, everywhere)
            if arguments.ranks:
                count_ranks(case, arguments, Path(folder))


if __name__ == "__main__":
    main()
