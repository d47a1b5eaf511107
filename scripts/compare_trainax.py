#!/usr/bin/env python3
"""The same configurations in the real Trainax and in trainax, one after the other on one core, several rounds interleaved.

    scripts/compare_trainax.py                             # the quickstart with 1, 5 and 20 rollout steps
    scripts/compare_trainax.py --networks 1 [2 3]          # APEBench's five networks in that many dimensions, one step on noise
    scripts/compare_trainax.py CASE.yaml… [--steps N] [--rounds K] [--set KEY=VALUE]…

Makes a virtual environment with the pinned packages where there is none (--venv), and needs build/trainax (--program). Of
each program: the time from start to the first finished step (compilation included), the time of a step after that, peak
memory, and the loss after the same number of steps. Trainax runs twice: as shipped (its trainer's Python loop) and as an
expert writes it (all steps in one jitted lax.scan; it needs minibatches of equal size, so an epoch's short last one is left
out, and its loss is another one). The best of the rounds counts, on both sides.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["jax==0.10.2", "trainax==0.0.2", "exponax==0.1.0", "pdequinox==0.1.2", "apebench==0.1.1", "optax==0.2.8",
            "equinox==0.13.8", "h5py", "pyyaml"]
QUICKSTART = ROOT / "scripts" / "experiments" / "quickstart.yaml"

# APEBench's five networks, the points of an axis and the samples of a minibatch.
NETWORKS = {
    "Conv;34;10": "type: conv_net, hidden_channels: 34, depth: 10, activation: relu",
    "UNet;12;2": "type: classic_u_net, hidden_channels: 12, num_levels: 2, activation: relu",
    "Res;26;8": "type: classic_res_net, hidden_channels: 26, num_blocks: 8, activation: relu",
    "FNO;12;18;4": "type: classic_fno, num_modes: 12, hidden_channels: 18, num_blocks: 4, activation: gelu",
    "Dil;2;32;2": "type: dilated_res_net, hidden_channels: 32, num_blocks: 2, dilation_rates: [1, 2, 4, 2, 1], activation: relu",
}
SIZES = {1: (160, 20), 2: (64, 20), 3: (32, 4)}

# -- the real package, in a process of its own --------------------------------------------------------------------------


def set_key(case, assignment):
    import yaml

    path, value = assignment.split("=", 1)
    *parents, last = path.split(".")
    for name in parents:
        case = case[name]
    case[last] = yaml.safe_load(value)


def as_shipped(trainer, network, key, steps):
    """(seconds to the end of the first step, seconds a step, losses)"""
    import jax

    def train(steps):
        object.__setattr__(trainer, "num_minibatches", steps)
        begin = time.monotonic()
        losses = jax.block_until_ready(trainer(network, key, spawn_tqdm=False)[1])
        return time.monotonic() - begin, losses

    first, _ = train(1)
    again, _ = train(1)
    whole, losses = train(steps)
    return first, (whole - again) / (steps - 1), losses


def as_one_scan(trainer, network, key, steps):
    import equinox
    import jax
    import jax.numpy as jnp
    from trainax._mixer import PermutationMixer

    count = trainer.trajectory_sub_stacker.num_total_samples
    mixer = PermutationMixer(count, steps, trainer.batch_size, key)
    indices = jnp.stack([mixer(i) for i in range(steps) if mixer(i).shape[0] == min(trainer.batch_size, count)])
    parameters, static = equinox.partition(network, equinox.is_array)

    @jax.jit
    def run(parameters, state, indices, data):
        def step(carry, batch):
            parameters, state = carry
            loss, gradient = jax.value_and_grad(
                lambda p: trainer.loss_configuration(
                    equinox.combine(p, static), data[batch], ref_stepper=trainer.ref_stepper, residuum_fn=trainer.residuum_fn
                )
            )(parameters)
            updates, state = trainer.optimizer.update(gradient, state, parameters)
            return (equinox.apply_updates(parameters, updates), state), loss

        return jax.lax.scan(step, (parameters, state), indices)[1]

    data = trainer.trajectory_sub_stacker.data_sub_trajectories
    state = trainer.optimizer.init(parameters)
    begin = time.monotonic()
    jax.block_until_ready(run(parameters, state, indices, data))
    first = time.monotonic() - begin
    begin = time.monotonic()
    losses = jax.block_until_ready(run(parameters, state, indices, data))
    whole = time.monotonic() - begin
    return first - whole * (1 - 1 / len(indices)), whole / len(indices), [float("nan")]


def child(arguments):
    """Prints one line of JSON."""
    begin = time.monotonic()
    sys.path.insert(0, str(ROOT / "scripts"))
    import generate_golden as golden
    import resource
    import yaml

    with open(arguments.cases[0]) as file:
        case = yaml.load(file, golden.Loader)
    for assignment in arguments.set:
        set_key(case, assignment)
    case.pop("callbacks", None)
    golden.set_up_jax(case.get("precision", "float32"), case.get("random", {}).get("stream", "jax_partitionable"))
    folder = Path(arguments.cases[0]).resolve().parent
    trainer = golden.build_trainer(case, golden.build("data", case["data"], folder))
    network = golden.build_network(case["network"])
    made = time.monotonic() - begin
    run = as_shipped if arguments.child == "shipped" else as_one_scan
    first, step, losses = run(trainer, network, golden.make_key(case["trainer"]["key"]), arguments.steps)
    print(json.dumps({"start": made + first, "step": step, "loss": float(losses[-1]),
                      "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


# -- both programs, timed from outside ----------------------------------------------------------------------------------


def on_one_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def run_package(python, how, case, arguments):
    command = [python, __file__, "--child", how, "--steps", str(arguments.steps), str(case.path)]
    for assignment in case.overrides:
        command += ["--set", assignment]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=on_one_core).stdout
    return json.loads(lines.strip().splitlines()[-1])


def run_program(program, case, steps, directory):
    """(seconds, bytes at most, last loss)"""
    command = [program, "train", str(case.path), "--set", f"trainer.num_training_steps={steps}", "--set", "callbacks=[]",
               "--output", directory, "--overwrite", "--quiet"]
    for assignment in case.overrides:
        command += ["--set", assignment]
    begin = time.monotonic()
    process = subprocess.Popen(command, preexec_fn=on_one_core)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    if status:
        sys.exit(f"compare_trainax: failed: {' '.join(command)}")
    with open(Path(directory) / "history.csv") as file:
        loss = float(list(csv.DictReader(file))[-1]["loss"])
    return seconds, usage.ru_maxrss * 1024, loss


def run_ours(program, case, steps):
    with tempfile.TemporaryDirectory() as directory:
        start, _, _ = run_program(program, case, 1, directory)
        whole, memory, loss = run_program(program, case, steps, directory)
        timed = steps
        while whole < start + 0.5:  # a thousand small steps take no longer than the start: time more of them
            timed *= 4
            whole, _, _ = run_program(program, case, timed, directory)
    return {"start": start, "step": (whole - start) / (timed - 1), "memory": memory, "loss": loss}


def best(rounds):
    return {key: min(r[key] for r in rounds) for key in rounds[0]}


class Case:
    def __init__(self, path, overrides, name=None):
        self.path, self.overrides = path, overrides
        self.name = name or Path(path).stem


def make_venv(folder):
    python = Path(folder) / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    probe = [str(python), "-c", "import trainax, apebench, h5py, yaml"]
    if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode:
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return str(python)


def write_noise(python, path, dimensions):
    points, samples = SIZES[dimensions]
    shape = (samples, 2, 1, *[points] * dimensions)
    write = f"import h5py, numpy; h5py.File({str(path)!r}, 'w')['trajectories'] = numpy.random.default_rng(0).uniform(-1, 1, {shape}).astype('f')"
    subprocess.run([python, "-c", write], check=True)


def network_cases(python, dimensions, overrides, folder):
    write_noise(python, folder / f"noise_{dimensions}.h5", dimensions)
    for number, (name, options) in enumerate(NETWORKS.items()):
        path = folder / f"{dimensions}_{number}.yaml"
        path.write_text(f"""data: {{type: file, path: noise_{dimensions}.h5}}
network: {{{options}, num_spatial_dims: {dimensions}, in_channels: 1, out_channels: 1, key: 0}}
trainer:
  {{optimizer: {{type: adam, learning_rate: 1.0e-3}}, num_training_steps: 1, batch_size: {SIZES[dimensions][1]}, key: 0}}
""")
        yield Case(path, overrides, f"{name}, {dimensions}D")


def processor():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--networks", nargs="+", type=int, default=[], choices=[1, 2, 3], metavar="DIMENSIONS")
    parser.add_argument("--scan-only", action="store_true", help="leaves out Trainax as shipped")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", default=str(ROOT / "build" / "trainax"))
    parser.add_argument("--venv", default=str(Path.home() / ".cache" / "trainax-compare"))
    parser.add_argument("--child", choices=["shipped", "scan"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return child(arguments)
    if not os.access(arguments.program, os.X_OK):
        sys.exit(f"compare_trainax: no program {arguments.program}: build it, or give --program")
    python = make_venv(arguments.venv)
    with tempfile.TemporaryDirectory() as folder:
        cases = [Case(path, arguments.set) for path in arguments.cases]
        for dimensions in arguments.networks:
            cases += network_cases(python, dimensions, arguments.set, Path(folder))
        compare(python, arguments, cases or [
            Case(QUICKSTART, [f"trainer.num_rollout_steps={r}", *arguments.set], f"quickstart, rollout {r}") for r in (1, 5, 20)
        ])


def compare(python, arguments, cases):
    print(f"one core of {processor()}, {arguments.steps} steps, best of {arguments.rounds} rounds\n")
    print("| case | program | start to first step | a step | peak memory | last loss | ours is faster by |")
    print("|---|---|---|---|---|---|---|")
    for case in cases:
        rounds = {"Trainax as shipped": [], "Trainax, one jitted scan": [], "trainax": []}
        if arguments.scan_only:
            del rounds["Trainax as shipped"]
        for _ in range(arguments.rounds):
            if not arguments.scan_only:
                rounds["Trainax as shipped"].append(run_package(python, "shipped", case, arguments))
            rounds["Trainax, one jitted scan"].append(run_package(python, "scan", case, arguments))
            rounds["trainax"].append(run_ours(arguments.program, case, arguments.steps))
        ours = best(rounds["trainax"])
        for name, all_rounds in rounds.items():
            r = best(all_rounds)
            print(f"| {case.name} | {name} | {r['start']:.3g} s | {1e6 * r['step']:.4g} us | {r['memory'] / 2**20:.0f} MiB | "
                  f"{r['loss']:.6g} | {r['step'] / ours['step']:.3g} x |", flush=True)


if __name__ == "__main__":
    main()
