#!/usr/bin/env python3
"""How many times faster a training step is than in the real Trainax, on one core.

    scripts/compare_trainax.py                                    # everything, about 20 minutes: the README's table
    scripts/compare_trainax.py --cases 'quickstart/*' --seconds 1

Makes a virtual environment with the pinned packages where there is none (--venv), and needs build/trainax (--program).

Cases are the quickstart of Trainax's README with 1, 5 and 20 rollout steps, and APEBench's five networks on noise (1D: 160
points, 2D: 64 x 64, minibatches of 20). Both programs read the same configuration and the same random streams, on the same
core, with one thread. Trainax is measured in these forms:

    as shipped               its trainer's own loop without a progress bar, from its callback's first stamp to the array of losses
                             that it returns, with record_loss_every=1 (its default), for the quickstart also with 100
    jitted step              one jitted function, parameters and optimizer state donated, called in a Python loop
    jitted scan              all steps in one jitted lax.scan; around it one over epochs where their last minibatch is shorter
    jitted …, windows + GEMM in 1D: periodic convolutions gather the windows of their input and are one matrix product

All of these are compiled, for every size of minibatch, before anything counts. Ours is a whole run of `trainax train` with its
files, less a run of one step. A sample is --seconds long; samples of ours and theirs take turns, until the middle half of each
spreads over less than 5 % of the median, or the case's time is up (--limit). Forms that take more than 1.5 times as long as the
best in a first sample get no others. The first loss must agree to 1e-5, the first ten to 1 %. The table has the ratio of the
fastest samples and, in brackets, of the medians.
"""

import argparse
import contextlib
import csv
import fnmatch
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["jax==0.10.2", "trainax==0.0.2", "exponax==0.1.0", "pdequinox==0.1.2", "apebench==0.1.1", "optax==0.2.8",
            "equinox==0.13.8", "h5py", "pyyaml"]
OURS = "trainax"
FORMS = {  # of Trainax: what runs, and how often the loss is recorded or whether convolutions are matrix products
    "as shipped, record_loss_every=1": ("shipped", 1),
    "as shipped, record_loss_every=100": ("shipped", 100),
    "jitted step": ("step", False),
    "jitted scan": ("scan", False),
    "jitted step, windows + GEMM": ("step", True),
    "jitted scan, windows + GEMM": ("scan", True),
}
EVERY, EVERY_100, STEP, SCAN, *WINDOWS = FORMS
ROUNDS, MOST_ROUNDS, WANTED_SPREAD = 5, 25, 0.05
CHECKED_LOSSES, FIRST_TOLERANCE, TOLERANCE = 10, 1e-5, 1e-2  # Adam turns the rounding of tiny elements into whole steps

# -- cases --------------------------------------------------------------------------------------------------------------

QUICKSTART = """
precision: float32
random: {{stream: jax_legacy}}
data: {{type: advection_1d_periodic, num_points: 30, num_samples: 20, cfl: -0.75, highest_init_mode: 5, temporal_horizon: 100, key: 0}}
network: {{type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2, padding: same, padding_mode: circular,
          use_bias: false, key: 73}}
trainer: {{type: supervised, num_rollout_steps: {rollout}, optimizer: {{type: adam, learning_rate: 1.0e-2}}, num_training_steps: 1,
          batch_size: 32, key: 42}}
"""
NETWORK = """
precision: float32
data: {{type: file, path: noise_{dimensions}.h5}}
network: {{{network}, num_spatial_dims: {dimensions}, in_channels: 1, out_channels: 1, key: 0}}
trainer: {{optimizer: {{type: adam, learning_rate: 1.0e-3}}, num_training_steps: 1, batch_size: 20, key: 0}}
"""
NETWORKS = {
    "conv": ("Conv;34;10", "type: conv_net, hidden_channels: 34, depth: 10, activation: relu"),
    "unet": ("UNet;12;2", "type: classic_u_net, hidden_channels: 12, num_levels: 2, activation: relu"),
    "res": ("Res;26;8", "type: classic_res_net, hidden_channels: 26, num_blocks: 8, activation: relu"),
    "fno": ("FNO;12;18;4", "type: classic_fno, num_modes: 12, hidden_channels: 18, num_blocks: 4, activation: gelu"),
    "dil": ("Dil;2;32;2",
            "type: dilated_res_net, hidden_channels: 32, num_blocks: 2, dilation_rates: [1, 2, 4, 2, 1], activation: relu"),
}
POINTS = {1: 160, 2: 64}


class Case:
    def __init__(self, name, title, text, forms, chunks):
        self.name, self.title, self.text, self.forms = name, title, text, forms
        self.chunks = chunks  # steps in one go; whole epochs


def all_cases():
    for rollout in (1, 5, 20):
        epoch = 20 * (100 - rollout) // 32 + 1
        yield Case(f"quickstart/{rollout}", f"quickstart, rollout {rollout}", QUICKSTART.format(rollout=rollout), [EVERY, EVERY_100, STEP, SCAN],
                   {"shipped": 16 * epoch, "step": epoch, "scan": 100 * epoch})
    for dimensions, steps, forms in (1, 20, [EVERY, STEP, SCAN, *WINDOWS]), (2, 2, [EVERY, STEP, SCAN]):
        for name, (title, network) in NETWORKS.items():
            yield Case(f"{dimensions}d/{name}", f"{title}, {dimensions}D", NETWORK.format(dimensions=dimensions, network=network),
                       forms, {"shipped": steps, "step": steps, "scan": steps})


# -- Trainax, in a process of its own: a form's name a line in, a sample as JSON out ------------------------------------


def windows_and_product(self, x, *, key=None):
    """A periodic convolution along one axis, without stride or groups."""
    import jax.numpy as jnp

    (low, _), dilation = self.padding[0], self.dilation[0]
    windows = jnp.stack([jnp.roll(x, low - k * dilation, axis=1) for k in range(self.kernel_size[0])], axis=1)
    y = jnp.einsum("oik,ikn->on", self.weight, windows)
    return y + self.bias if self.use_bias else y


@contextlib.contextmanager
def windows_instead():
    """Within, convolutions that can be are traced as windows and a matrix product."""
    from pdequinox.conv._conv import MorePaddingConv

    original = MorePaddingConv.__call__

    def call(conv, x, *, key=None):
        able = conv.padding_mode == "circular" and conv.stride == (1,) and conv.groups == 1
        return (windows_and_product if able else original)(conv, x, key=key)

    MorePaddingConv.__call__ = call
    yield
    MorePaddingConv.__call__ = original


class Shipped:
    def __init__(self, problem, steps, record_every):
        import dataclasses

        self.problem, self.steps, self.record_every = problem, steps, record_every
        self.trainer = dataclasses.replace(problem.trainer, num_minibatches=steps, callback_fn=self.stamp)
        self.run()

    def stamp(self, step, network, data):
        if step == 0:
            self.begin = time.monotonic()

    def run(self):
        """(seconds, losses)"""
        import jax

        result = self.trainer(self.problem.network, self.problem.key, record_loss_every=self.record_every, spawn_tqdm=False)
        losses = jax.block_until_ready(result)[1]
        return time.monotonic() - self.begin, losses if self.record_every == 1 else losses[:1]

    def sample(self, repetitions):
        runs = [self.run() for _ in range(repetitions)]
        return sum(seconds for seconds, _ in runs), runs[0][1]


class Jitted:
    """Takes `steps` steps at a time: advance(carry) gives the next parameters and optimizer state, and the losses."""

    def __init__(self, problem, steps, kind):
        import jax
        from trainax._mixer import PermutationMixer

        trainer, self.problem, self.steps = problem.trainer, problem, steps
        stacker = trainer.trajectory_sub_stacker
        data, mixer = stacker.data_sub_trajectories, PermutationMixer(stacker.num_total_samples, steps, trainer.batch_size, problem.key)
        if kind == "step":
            batches = [mixer(i) for i in range(steps)]
            step = jax.jit(lambda *arguments: problem.step(*arguments), donate_argnums=0)  # JAX knows equal functions again

            def advance(carry):
                losses = []
                for batch in batches:
                    carry, loss = step(carry, batch, data)
                    losses.append(loss)
                return carry, losses

            jax.block_until_ready(advance(self.fresh()))
        else:
            run = jax.jit(self.scan_of(mixer), donate_argnums=0).lower(self.fresh(), mixer.permutations, data).compile()

            def advance(carry):
                return run(carry, mixer.permutations, data)

        self.advance = advance

    def fresh(self):
        import jax

        return jax.tree.map(lambda x: x.copy(), self.problem.initial)

    def scan_of(self, mixer):
        import jax
        import jax.numpy as jnp

        size, rest = mixer.batch_size, mixer.num_total_samples % mixer.batch_size

        def run(carry, permutations, data):
            def step(carry, batch):
                return self.problem.step(carry, batch, data)

            def epoch(carry, permutation):
                carry, losses = jax.lax.scan(step, carry, permutation[:-rest].reshape(-1, size))
                carry, last = step(carry, permutation[-rest:])
                return carry, jnp.append(losses, last)

            if rest == 0:
                return jax.lax.scan(step, carry, permutations.reshape(-1, size))
            carry, losses = jax.lax.scan(epoch, carry, permutations)
            return carry, losses.reshape(-1)

        return run

    def sample(self, repetitions):
        import jax

        carry, losses = jax.block_until_ready(self.fresh()), []
        begin = time.monotonic()
        for _ in range(repetitions):
            carry, some = self.advance(carry)
            losses.append(some)
        jax.block_until_ready((carry, losses))
        return time.monotonic() - begin, losses[0]


class Problem:
    def __init__(self, path):
        sys.path.insert(0, str(ROOT / "scripts"))
        import generate_golden as golden
        import yaml

        case = yaml.load(path.read_text(), golden.Loader)
        golden.set_up_jax(case["precision"], case.get("random", {}).get("stream", "jax_partitionable"))
        import equinox

        data = golden.build("data", case["data"], path.parent)
        self.trainer = golden.build_trainer(case, data)
        self.network = golden.build_network(case["network"], data.shape[2:])
        self.key = golden.make_key(case["trainer"]["key"])
        parameters, self.static = equinox.partition(self.network, equinox.is_array)
        self.initial = parameters, self.trainer.optimizer.init(parameters)

    def step(self, carry, batch, data):
        import equinox
        import jax

        def loss_of(parameters):
            return self.trainer.loss_configuration(equinox.combine(parameters, self.static), data[batch],
                                                   ref_stepper=self.trainer.ref_stepper, residuum_fn=self.trainer.residuum_fn)

        parameters, state = carry
        loss, gradient = jax.value_and_grad(loss_of)(parameters)
        updates, state = self.trainer.optimizer.update(gradient, state, parameters)
        return (equinox.apply_updates(parameters, updates), state), loss

    def prepare(self, form, chunks):
        kind, option = FORMS[form]
        if kind == "shipped":
            return Shipped(self, chunks[kind], option)
        with windows_instead() if option else contextlib.nullcontext():
            return Jitted(self, chunks[kind], kind)


def serve(path, chunks, seconds):
    problem, forms, repetitions = Problem(Path(path)), {}, {}
    for form in map(str.strip, sys.stdin):
        if form not in forms:
            forms[form] = problem.prepare(form, chunks)
        count = repetitions.get(form, 1)
        taken, losses = forms[form].sample(count)
        repetitions[form] = max(1, math.ceil(seconds * count / taken))
        print(json.dumps({"step": taken / (count * forms[form].steps),
                          "losses": [float(loss) for loss in losses[:CHECKED_LOSSES]]}), flush=True)


class Theirs:
    def __init__(self, python, case, path, seconds):
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self.process = subprocess.Popen([python, __file__, "--serve", str(path), json.dumps(case.chunks), str(seconds)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=on_one_core,
                                        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"})

    def sample(self, form):
        print(form, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"compare_trainax: failed: Trainax, {form}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# -- ours ---------------------------------------------------------------------------------------------------------------


class Ours:
    def __init__(self, program, path, seconds):
        self.program, self.path, self.output = program, path, path.parent / "run"
        self.steps, taken = 2, 0
        while taken < 0.7 * seconds:
            self.steps = math.ceil(self.steps * min(50, max(2, seconds / max(taken, 1e-3)))) if taken else self.steps
            taken = max(self.run(1 + self.steps) - self.run(1), 1e-6)

    def run(self, steps):
        command = [self.program, "train", str(self.path), "--set", f"trainer.num_training_steps={steps}", "--set",
                   "parallel.threads=1", "--output", str(self.output), "--overwrite", "--quiet"]
        begin = time.monotonic()
        if subprocess.run(command, preexec_fn=on_one_core, stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"compare_trainax: failed: {' '.join(command)}")
        return time.monotonic() - begin

    def sample(self):
        start = self.run(1)
        step = (self.run(1 + self.steps) - start) / self.steps
        with open(self.output / "history.csv") as file:
            return {"step": step, "losses": [float(row["loss"]) for row, _ in zip(csv.DictReader(file), range(CHECKED_LOSSES))]}


# -- the comparison -----------------------------------------------------------------------------------------------------


def on_one_core():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the first one serves interrupts


def is_shipped(form):
    return FORMS[form][0] == "shipped"


def spread(samples):
    low, _, high = statistics.quantiles(samples, n=4)
    return (high - low) / statistics.median(samples)


def is_calm(samples):
    return len(samples) >= ROUNDS and spread(samples) < WANTED_SPREAD


def measure(python, arguments, case, path):
    """({form: {"trial": seconds a step in a first sample, "samples": [seconds a step], "losses": […]}}, the best form)"""
    ours, theirs = Ours(arguments.program, path, arguments.seconds), Theirs(python, case, path, arguments.seconds)
    takers = {form: lambda form=form: theirs.sample(form) for form in case.forms} | {OURS: ours.sample}
    rows = {}
    for form, take in takers.items():
        first = take()
        rows[form] = {"trial": first["step"], "samples": [], "losses": first["losses"]}
    jitted = [form for form in case.forms if not is_shipped(form)]
    near = 1.5 * min(rows[form]["trial"] for form in jitted)
    begin = time.monotonic()
    for count in range(1, MOST_ROUNDS + 1):
        for form, take in takers.items():
            if form not in jitted or rows[form]["trial"] <= near:
                rows[form]["samples"].append(take()["step"])
        best = min((form for form in jitted if rows[form]["samples"]), key=lambda form: statistics.median(rows[form]["samples"]))
        calm = is_calm(rows[OURS]["samples"]) and is_calm(rows[best]["samples"])
        if calm or (count > 1 and time.monotonic() - begin > arguments.limit):
            break
    theirs.close()
    return rows, best


def timing(row):
    if not row["samples"]:
        return f"{1e6 * row['trial']:12.2f} us in a single sample"
    return (f"{1e6 * min(row['samples']):12.2f} us at least, median {1e6 * statistics.median(row['samples']):12.2f} us, spread "
            f"{100 * spread(row['samples']):4.1f} % of {len(row['samples'])}")


def report(rows):
    """A line a form; do the losses agree?"""
    agree = True
    for form, row in rows.items():
        apart = [abs(a / b - 1) for a, b in zip(row["losses"], rows[OURS]["losses"])]
        right = apart[0] <= FIRST_TOLERANCE and max(apart) <= TOLERANCE  # false for NaN
        print(f"    {form:34} {timing(row)}; first loss {row['losses'][0]:.7g} ({apart[0]:.1e} apart), "
              f"{len(apart)} losses {max(apart):.1e} apart{'' if right else ' WRONG'}", flush=True)
        agree = agree and right
    return agree


def table_row(case, rows, best):
    ours = rows[OURS]["samples"]

    def ratio(form):
        theirs = rows[form]["samples"]
        return f"{min(theirs) / min(ours):.3g} ({statistics.median(theirs) / statistics.median(ours):.3g})"

    shipped = " / ".join(ratio(form) for form in case.forms if is_shipped(form))
    spreads = f"{100 * spread(ours):.0f} %, {100 * spread(rows[best]['samples']):.0f} %"
    return f"| {case.title} | {ratio(best)} | {best} | {shipped} | {spreads} |"


def make_venv(folder):
    python = Path(folder) / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    probe = [str(python), "-c", "import trainax, apebench, h5py, yaml"]
    if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode:
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return str(python)


def write_noise(python, folder):
    for dimensions, points in POINTS.items():
        shape = (20, 2, 1, *[points] * dimensions)
        write = (f"import h5py, numpy; h5py.File({str(folder / f'noise_{dimensions}.h5')!r}, 'w')['trajectories'] = "
                 f"numpy.random.default_rng(0).uniform(-1, 1, {shape}).astype('f')")
        subprocess.run([python, "-c", write], check=True)


def processor():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")


def compare(arguments, cases, folder):
    python, lines, results, agree = make_venv(arguments.venv), [], [], True
    write_noise(python, folder)
    for case in cases:
        begin = time.monotonic()
        path = folder / "case.yaml"
        path.write_text(case.text)
        print(case.name, flush=True)
        rows, best = measure(python, arguments, case, path)
        agree = report(rows) and agree
        lines.append(table_row(case, rows, best))
        results.append({"case": case.name, "best": best, "forms": rows})
        print(f"    {time.monotonic() - begin:.0f} s", flush=True)
    print(f"\nOne core of {processor()}, float32; fastest samples (medians):\n")
    print("| case | faster than the best form | which is | faster than Trainax as shipped | spread: ours, the best |")
    print("|---|---|---|---|---|")
    print("\n".join(lines))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"processor": processor(), "packages": PACKAGES, "cases": results}, indent=1))
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=["*"], metavar="PATTERN", help="by name: quickstart/1, '2d/*'")
    parser.add_argument("--list", action="store_true", help="the cases' names")
    parser.add_argument("--seconds", type=float, default=1, help="length of a sample")
    parser.add_argument("--limit", type=float, default=45, help="seconds of samples in a case, whatever their spread")
    parser.add_argument("--json", metavar="FILE", help="all samples")
    parser.add_argument("--program", default=str(ROOT / "build" / "trainax"))
    parser.add_argument("--venv", default=str(Path.home() / ".cache" / "trainax-compare"))
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve(arguments.serve[0], json.loads(arguments.serve[1]), float(arguments.serve[2]))
    cases = [case for case in all_cases() if any(fnmatch.fnmatch(case.name, pattern) for pattern in arguments.cases)]
    if not cases:
        sys.exit(f"compare_trainax: no case {' '.join(arguments.cases)}: they are {' '.join(case.name for case in all_cases())}")
    if arguments.list:
        return print("\n".join(case.name for case in cases))
    if not os.access(arguments.program, os.X_OK):
        sys.exit(f"compare_trainax: no program {arguments.program}: build it, or give --program")
    with tempfile.TemporaryDirectory() as folder:
        if not compare(arguments, cases, Path(folder)):
            sys.exit("compare_trainax: losses differ")


if __name__ == "__main__":
    main()
