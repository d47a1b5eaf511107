"""Writes tests/optimizer/optax.txt, chains.txt, matrices.txt, muon.txt and schedules.txt: paths of parameters and learning rates
under the real Optax; and soap.txt, under a SOAP in NumPy, since Optax has none.

    python3 -m venv V && V/bin/pip install "jax==0.10.2" "optax==0.2.8" && V/bin/python scripts/generate_optimizer_tables.py

Six parameters in three leaves chase a target that never rests (at rest Adam would divide rounding errors by each other): the
gradient of step t = 0, 1, ... is curvature * (p - (t mod 7 - 3)). Start and curvature are such that no gradient comes near 0,
where its sign would be a matter of rounding.

Chains (chains.txt) are tried on leaves of every number of axes that Optax tells apart: SHAPES; what keeps something of rows and
columns (matrices.txt) on leaves with two long axes in all orders: MATRICES; Muon and SOAP (muon.txt, soap.txt), for which axes of length 1
do not count, on TENSORS.

Optax evaluates schedules on an int32 count, for which JAX falls to float32 even in double, and the decay of adafactor likewise. Here
they are given a count in float64, so that the same functions of Optax compute in double. adafactor's momentum is kept in the
parameters' type.
"""

import functools
import math
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

LEAVES = [2, 1, 3]
START = [3.1234567, -2.0345678, 0.5123456, 1.3456789, -0.7654321, 0.0567891]
CURVATURE = [1.0, 10.0, 0.01, 2.0, 0.5, 5.0]
SHAPES = [[2], [1, 2, 1], [2, 2], [2, 1, 2], [2, 1, 1, 2], [1, 2, 1, 1, 2]]
NUMBERS = range(104)  # as many as the shapes have
START_OF_SHAPES = [(37 * i % 61 - 30) * 0.1 + 0.0123456 for i in NUMBERS]
CURVATURE_OF_SHAPES = [CURVATURE[i % 6] for i in NUMBERS]
STEPS_OF_SHAPES = [1, 3, 100]
MATRICES = [[3, 4], [4, 3], [4, 2, 3], [2, 3, 4, 2], [4], [2, 2]]
TENSORS = [[3, 4], [4, 1, 3], [4, 2, 3], [2, 3, 4, 2], [1, 4], [2, 2]]
STEPS = [1, 2, 3, 10, 100, 400]
COUNTS = [0, 1, 2, 3, 4, 5, 9, 10, 11, 19, 20, 21, 29, 30, 31, 49, 50, 51, 84, 85, 86, 99, 100, 101, 150, 199, 200, 201, 1000, 100000]


def decay_of_float(count, exponent):
    return 1.0 - jnp.asarray(count + 1, jnp.result_type(float)) ** -exponent


optax.scale_by_factored_rms = optax._src.factorized.scale_by_factored_rms = functools.partial(
    optax.scale_by_factored_rms, decay_rate_fn=decay_of_float)


def text(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(text(v) for v in value) + "]"
    if isinstance(value, Schedule):
        return text({"type": value.name} | value.options)
    return {True: "true", False: "false", None: "null"}[value] if isinstance(value, bool | None) else str(value)


class Schedule:
    def __init__(self, name, **options):
        self.name, self.options = name, options

    def make(self):
        options = {k: [s.make() for s in v] if k == "schedules" else v for k, v in self.options.items()}
        of_float = getattr(optax.schedules, self.name + "_schedule", None) or getattr(optax.schedules, self.name)
        schedule = of_float(**options)
        return lambda count: schedule(jnp.asarray(count, jnp.result_type(float)))


def made(options):
    return {k: v.make() if isinstance(v, Schedule) else v for k, v in options.items()}


class Optimizer:
    """`before` holds the shared options of trainax: the head of the chain."""

    def __init__(self, name, before=None, **options):
        self.name, self.before, self.options = name, before or {}, options

    def text(self):
        return text({"type": self.name} | self.options | self.before)

    def make(self):
        options = made(self.options) | (dict(dtype_momentum=jnp.result_type(float)) if self.name == "adafactor" else {})
        before = {k: v.make() if isinstance(v, Schedule) else v for k, v in self.before.items()}
        order = ["clip", "clip_by_global_norm", "add_decayed_weights"]
        head = [getattr(optax, k)(before[k]) for k in order if k in before]
        return optax.chain(*head, getattr(optax, self.name)(**options))


class Muon(Optimizer):
    """Matrices are the leaves whose first axis and whose other axes together are longer than 1."""

    def make(self):
        def dimensions(x):
            is_matrix = x.ndim > 1 and x.shape[0] > 1 and x.size > x.shape[0]
            return optax.contrib.MuonDimensionNumbers(tuple(range(1, x.ndim)), 0) if is_matrix else None

        options = {k: tuple(tuple(x) if isinstance(x, list) else x for x in v) if isinstance(v, list) else v
                   for k, v in made(self.options).items()}
        muon = optax.contrib.muon(**options, muon_weight_dimension_numbers=lambda p: jax.tree.map(dimensions, p))
        return optax.chain(*(getattr(optax, k)(v) for k, v in self.before.items()), muon)


class Soap:
    """As the paper's authors have it (arXiv:2409.11321, github.com/nikhilvyas/SOAP), with LAPACK's eigenvectors and QR, in Optax's form."""

    def __init__(self, learning_rate, clip=None, b1=0.95, b2=0.95, eps=1e-8, weight_decay=0.0, precondition_frequency=10):
        self.options = {k: v for k, v in locals().items() if k != "self"}

    def text(self):
        return text({"type": "soap"} | {k: v for k, v in self.options.items() if k != "clip" or v})

    def make(self):
        o = made(self.options)
        rate = o["learning_rate"] if callable(o["learning_rate"]) else lambda count: o["learning_rate"]

        def unfold(x, k):
            return np.moveaxis(x, k, 0).reshape(x.shape[k], -1)

        def turn(x, matrices):
            for k, q in enumerate(matrices):
                x = np.moveaxis(np.tensordot(x, q, (k, 0)), -1, k)
            return x

        def first(g):
            factors = [(1 - o["b2"]) * unfold(g, k) @ unfold(g, k).T for k in range(g.ndim)] if g.ndim > 1 else []
            bases = [np.linalg.eigh(f)[1][:, ::-1] for f in factors]
            return dict(m=np.zeros_like(g), v=np.zeros_like(g), factors=factors, bases=bases)

        def renewed(s):
            m, v, bases = turn(s["m"], [q.T for q in s["bases"]]), s["v"], []
            for k, (f, q) in enumerate(zip(s["factors"], s["bases"])):
                order = np.argsort(-np.diag(q.T @ f @ q), kind="stable")
                v = np.take(v, order, k)
                bases.append(np.linalg.qr(f @ q[:, order])[0])
            return s | dict(m=turn(m, bases), v=v, bases=bases)

        def later(g, s, t):
            turned = turn(g, s["bases"])
            m = o["b1"] * s["m"] + (1 - o["b1"]) * turned
            v = o["b2"] * s["v"] + (1 - o["b2"]) * turned**2
            direction = turn(m / (np.sqrt(v) + o["eps"]), [q.T for q in s["bases"]])
            factors = [o["b2"] * f + (1 - o["b2"]) * unfold(g, k) @ unfold(g, k).T for k, f in enumerate(s["factors"])]
            s = dict(m=m, v=v, factors=factors, bases=s["bases"])
            scale = np.sqrt(1 - o["b2"]**t) / (1 - o["b1"]**t)
            return scale * direction, renewed(s) if t % o["precondition_frequency"] == 0 else s

        def update(gradients, state, p):
            t, leaves = state
            shapes = [x.shape for x in p]
            gradients = [np.squeeze(g if o["clip"] is None else np.clip(g, -o["clip"], o["clip"])) for g in gradients]
            if t == 0:
                return [np.zeros_like(x) for x in p], (1, [first(g) for g in gradients])
            directions, leaves = zip(*(later(g, s, t) for g, s in zip(gradients, leaves)))
            updates = [-rate(t) * (d.reshape(x.shape) + o["weight_decay"] * x) for d, x in zip(directions, p)]
            return updates, (t + 1, leaves)

        return optax.GradientTransformation(lambda p: (0, None), update)


class Transform:
    def __init__(self, name, **options):
        self.name, self.options = name, options

    def text(self):
        return text({"type": self.name} | self.options)

    def make(self):
        options = {k: tuple(v) if isinstance(v, list) else v for k, v in made(self.options).items()}
        return getattr(optax, self.name)(**options)


class Chain:
    def __init__(self, *transforms):
        self.transforms = transforms

    def text(self):
        return "{type: chain, transforms: [" + ", ".join(t.text() for t in self.transforms) + "]}"

    def make(self):
        return optax.chain(*(t.make() for t in self.transforms))


S, O, T, C = Schedule, Optimizer, Transform, Chain
SCHEDULES = [
    S("constant", value=0.125),
    S("linear", init_value=1.0, end_value=0.1, transition_steps=50),
    S("linear", init_value=0.1, end_value=1.0, transition_steps=30, transition_begin=20),
    S("linear", init_value=0.1, end_value=1.0, transition_steps=30, transition_begin=-20),
    S("linear", init_value=0.1, end_value=1.0, transition_steps=0),
    S("polynomial", init_value=1.0, end_value=0.1, power=2, transition_steps=100),
    S("polynomial", init_value=0.3, end_value=0.1, power=0.5, transition_steps=80, transition_begin=10),
    S("exponential_decay", init_value=0.5, transition_steps=30, decay_rate=0.7),
    S("exponential_decay", init_value=0.5, transition_steps=30, decay_rate=0.7, staircase=True),
    S("exponential_decay", init_value=0.5, transition_steps=10, decay_rate=0.7, transition_begin=20, staircase=True, end_value=0.1),
    S("exponential_decay", init_value=0.5, transition_steps=10, decay_rate=1.3, end_value=5.0),
    S("exponential_decay", init_value=0.5, transition_steps=10, decay_rate=0.5, transition_begin=-5, end_value=0.01),
    S("exponential_decay", init_value=0.5, transition_steps=0, decay_rate=0.5),
    S("exponential_decay", init_value=0.5, transition_steps=10, decay_rate=0.0, end_value=0.6),
    S("cosine_decay", init_value=0.2, decay_steps=100),
    S("cosine_decay", init_value=0.2, decay_steps=100, alpha=0.1, exponent=1.7),
    S("warmup_constant", init_value=0.0, peak_value=0.3, warmup_steps=50),
    S("warmup_constant", init_value=0.1, peak_value=0.3, warmup_steps=0),
    S("warmup_cosine_decay", init_value=0.0, peak_value=0.3, warmup_steps=20, decay_steps=100),
    S("warmup_cosine_decay", init_value=0.1, peak_value=0.3, warmup_steps=20, decay_steps=100, end_value=0.01, exponent=2.0),
    S("warmup_cosine_decay", init_value=0.1, peak_value=0.0, warmup_steps=20, decay_steps=100, end_value=0.01),
    S("warmup_cosine_decay", init_value=0.1, peak_value=0.3, warmup_steps=0, decay_steps=100),
    S("warmup_exponential_decay", init_value=0.0, peak_value=0.3, warmup_steps=20, transition_steps=30, decay_rate=0.6),
    S("warmup_exponential_decay", init_value=0.0, peak_value=0.3, warmup_steps=20, transition_steps=10, decay_rate=0.6,
      transition_begin=9, staircase=True, end_value=0.02),
    S("piecewise_constant", init_value=0.3),
    S("piecewise_constant", init_value=0.3, boundaries_and_scales={100: 0.1, 20: 0.5, 50: 2.0}),
    S("piecewise_interpolate", interpolate_type="linear", init_value=0.3, boundaries_and_scales={100: 0.1, 20: 0.5, 50: 2.0}),
    S("piecewise_interpolate", interpolate_type="cosine", init_value=0.3, boundaries_and_scales={100: 0.1, 20: 0.5, 50: 2.0}),
    S("piecewise_interpolate", interpolate_type="cosine", init_value=0.3, boundaries_and_scales={0: 0.5, 50: 2.0}),
    S("linear_onecycle", transition_steps=100, peak_value=0.4),
    S("linear_onecycle", transition_steps=200, peak_value=0.4, pct_start=0.1, pct_final=1.0, div_factor=10.0, final_div_factor=100.0),
    S("cosine_onecycle", transition_steps=100, peak_value=0.4),
    S("cosine_onecycle", transition_steps=200, peak_value=0.4, pct_start=0.15, div_factor=10.0, final_div_factor=100.0),
    S("sgdr", cosine_kwargs=[
        dict(init_value=0.0, peak_value=0.3, warmup_steps=10, decay_steps=50),
        dict(init_value=0.1, peak_value=0.2, warmup_steps=0, decay_steps=35, end_value=0.01, exponent=2.0),
        dict(init_value=0.05, peak_value=0.1, warmup_steps=5, decay_steps=115)]),
    S("join_schedules", schedules=[S("constant", value=0.1), S("linear", init_value=0.1, end_value=0.5, transition_steps=30),
                                   S("exponential_decay", init_value=0.5, transition_steps=10, decay_rate=0.9)], boundaries=[20, 50]),
]

RATE = S("warmup_cosine_decay", init_value=0.001, peak_value=0.02, warmup_steps=5, decay_steps=150, end_value=0.002)
DECAY = S("linear", init_value=0.0, end_value=0.05, transition_steps=50)
OPTIMIZERS = [
    O("sgd", learning_rate=0.05),
    O("sgd", learning_rate=0.01, momentum=0.9),
    O("sgd", learning_rate=0.01, momentum=0.0),
    O("sgd", learning_rate=0.01, momentum=0.8, nesterov=True),
    O("sgd", learning_rate=0.01, nesterov=True),
    O("sgd", learning_rate=RATE, momentum=0.9),
    O("sgd", learning_rate=0.05, before=dict(clip=1.5)),
    O("sgd", learning_rate=0.05, before=dict(clip_by_global_norm=8.0)),
    O("sgd", learning_rate=0.05, before=dict(add_decayed_weights=0.03)),
    O("sgd", learning_rate=0.05, momentum=0.9, before=dict(clip_by_global_norm=8.0, add_decayed_weights=DECAY)),
    O("adam", learning_rate=0.01),
    O("adam", learning_rate=S("constant", value=0.01)),
    O("adam", learning_rate=0.02, b1=0.5, b2=0.9, eps=1.0e-3),
    O("adam", learning_rate=0.01, eps_root=1.0e-4),
    O("adam", learning_rate=0.01, nesterov=True),
    O("adam", learning_rate=0.01, b1=0.0),
    O("adam", learning_rate=RATE, before=dict(clip=2.0, add_decayed_weights=0.01)),
    O("nadam", learning_rate=0.01),
    O("nadam", learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5),
    O("nadam", learning_rate=0.01, nesterov=False),
    O("adamw", learning_rate=0.01),
    O("adamw", learning_rate=RATE, weight_decay=0.1, nesterov=True),
    O("adamw", learning_rate=0.02, weight_decay=DECAY, b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5),
    O("nadamw", learning_rate=0.01),
    O("nadamw", learning_rate=0.01, weight_decay=0.1, b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, before=dict(clip_by_global_norm=5.0)),
    O("radam", learning_rate=0.01),
    O("radam", learning_rate=0.02, b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, threshold=6.0, nesterov=True),
    O("lamb", learning_rate=0.01),
    O("lamb", learning_rate=RATE, b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, weight_decay=0.1),
    O("adabelief", learning_rate=0.01),
    O("adabelief", learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, nesterov=True),
    O("amsgrad", learning_rate=0.01),
    O("amsgrad", learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, bias_correction_mu=False, bias_correction_nu=False),
    O("yogi", learning_rate=0.01),
    O("yogi", learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-4),
    O("adamax", learning_rate=0.01),
    O("adamax", learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-4),
    O("adamaxw", learning_rate=0.01),
    O("adamaxw", learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-4, weight_decay=0.1),
    O("adan", learning_rate=0.01),
    O("adan", learning_rate=0.01, b1=0.9, b2=0.8, b3=0.95, eps=1e-4, eps_root=1e-5, weight_decay=0.1),
    O("rmsprop", learning_rate=0.01),
    O("rmsprop", learning_rate=0.01, decay=0.8, eps=1e-3, initial_scale=1.0),
    O("rmsprop", learning_rate=0.01, eps=1e-3, eps_in_sqrt=False),
    O("rmsprop", learning_rate=0.01, eps=1e-3, centered=True),
    O("rmsprop", learning_rate=0.01, eps=1e-3, eps_in_sqrt=False, centered=True, initial_scale=1.0, bias_correction=True),
    O("rmsprop", learning_rate=RATE, momentum=0.9),
    O("rmsprop", learning_rate=RATE, momentum=0.9, nesterov=True, bias_correction=True),
    O("adagrad", learning_rate=0.1),
    O("adagrad", learning_rate=0.1, initial_accumulator_value=0.0, eps=1e-3),
    O("adadelta", learning_rate=0.5),
    O("adadelta", learning_rate=1.0, rho=0.8, eps=1e-3, weight_decay=0.1),
    O("lion", learning_rate=0.01),
    O("lion", learning_rate=0.003, b1=0.8, b2=0.95, weight_decay=DECAY),
    O("sign_sgd", learning_rate=0.003),
    O("signum", learning_rate=0.003),
    O("signum", learning_rate=0.003, beta=0.5),
    O("rprop", learning_rate=0.01),
    O("rprop", learning_rate=0.01, eta_minus=0.7, eta_plus=1.1, min_step_size=0.005, max_step_size=0.05),
    O("lars", learning_rate=0.5),
    O("lars", learning_rate=0.5, weight_decay=0.1, trust_coefficient=0.01, eps=0.1, momentum=0.8, nesterov=True),
    O("adafactor", learning_rate=0.01),
    O("novograd", learning_rate=0.01),
    O("novograd", learning_rate=0.01, b1=0.8, b2=0.5, eps=1e-3, eps_root=1e-4, weight_decay=0.1),
]

DOWN = T("scale_by_learning_rate", learning_rate=0.01)
TRANSFORMS = [
    T("identity"),
    T("clip", max_delta=0.8),
    T("clip_by_global_norm", max_norm=3.0),
    T("adaptive_grad_clip", clipping=0.3),
    T("adaptive_grad_clip", clipping=0.2, eps=1.5),
    T("adaptive_grad_clip", clipping=0.3, axis=0),
    T("adaptive_grad_clip", clipping=0.3, axis=[-1]),
    T("add_decayed_weights", weight_decay=0.05),
    T("add_decayed_weights", weight_decay=DECAY),
    T("scale", step_size=0.7),
    T("scale_by_schedule", step_size_fn=S("exponential_decay", init_value=1.0, transition_steps=30, decay_rate=0.7)),
    T("trace", decay=0.8),
    T("trace", decay=0.8, nesterov=True),
    T("ema", decay=0.9),
    T("ema", decay=0.9, debias=False),
    T("scale_by_adam"),
    T("scale_by_adam", b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, nesterov=True),
    T("scale_by_amsgrad"),
    T("scale_by_amsgrad", b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, bias_correction_mu=False, bias_correction_nu=False),
    T("scale_by_adamax"),
    T("scale_by_adamax", b1=0.8, b2=0.99, eps=1e-4),
    T("scale_by_adan"),
    T("scale_by_adan", b1=0.9, b2=0.8, b3=0.95, eps=1e-4, eps_root=1e-5),
    T("scale_by_belief"),
    T("scale_by_belief", b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, nesterov=True),
    T("scale_by_yogi"),
    T("scale_by_yogi", b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, initial_accumulator_value=0.01),
    T("scale_by_radam"),
    T("scale_by_radam", b1=0.8, b2=0.99, eps=1e-4, eps_root=1e-5, threshold=6.0, nesterov=True),
    T("scale_by_rms"),
    T("scale_by_rms", decay=0.8, eps=1e-3, initial_scale=1.0, eps_in_sqrt=False, bias_correction=True),
    T("scale_by_stddev", eps=1e-3),
    T("scale_by_stddev", decay=0.8, eps=1e-3, initial_scale=100.0, eps_in_sqrt=False, bias_correction=True),
    T("scale_by_rss"),
    T("scale_by_rss", initial_accumulator_value=0.0, eps=1e-3),
    T("scale_by_adadelta"),
    T("scale_by_adadelta", rho=0.8, eps=1e-3),
    T("scale_by_sign"),
    T("scale_by_lion"),
    T("scale_by_lion", b1=0.8, b2=0.95, mode="smooth", smooth_beta=0.7),
    T("scale_by_lion", mode="refined"),
    T("scale_by_rprop", learning_rate=0.01),
    T("scale_by_rprop", learning_rate=0.01, eta_minus=0.7, eta_plus=1.1, min_step_size=0.005, max_step_size=0.05),
    T("scale_by_novograd"),
    T("scale_by_novograd", b1=0.8, b2=0.5, eps=1e-3, eps_root=1e-4, weight_decay=0.1),
    T("clip_by_block_rms", threshold=0.5),
    T("scale_by_param_block_rms"),
    T("scale_by_param_block_rms", min_scale=1.5),
    T("scale_by_factored_rms"),
    T("scale_by_trust_ratio"),
    T("scale_by_trust_ratio", min_norm=2.0, trust_coefficient=0.3, eps=0.1),
]
CHAINS = [C(transform, DOWN) for transform in TRANSFORMS] + [
    C(T("clip_by_global_norm", max_norm=3.0), T("add_decayed_weights", weight_decay=1e-4), T("scale_by_adam"), DOWN),
    C(T("scale_by_adam"), T("add_decayed_weights", weight_decay=DECAY), T("scale_by_learning_rate", learning_rate=RATE)),
    C(T("scale_by_learning_rate", learning_rate=RATE, flip_sign=False), T("scale", step_size=-1.0), T("trace", decay=0.7),
      T("clip", max_delta=0.02)),
    C(T("ema", decay=0.8), T("trace", decay=0.5), T("ema", decay=0.7), T("scale_by_trust_ratio"),
      T("add_decayed_weights", weight_decay=0.1), T("add_decayed_weights", weight_decay=0.2), T("scale", step_size=-0.1),
      T("scale_by_schedule", step_size_fn=RATE)),
    C(O("adam", learning_rate=0.01)),
    C(T("adaptive_grad_clip", clipping=0.5), O("rmsprop", learning_rate=RATE, momentum=0.9), T("clip", max_delta=0.05)),
    C(T("trace", decay=0.5), C(T("clip", max_delta=3.0), C(T("scale_by_adam"), T("scale_by_trust_ratio"))), DOWN),
    C(O("sgd", learning_rate=0.1, before=dict(clip=2.0)), T("scale", step_size=0.5), O("sgd", learning_rate=-1.0, momentum=0.3)),
]

OF_MATRICES = [
    O("adafactor", learning_rate=0.1, min_dim_size_to_factor=3),
    O("adafactor", min_dim_size_to_factor=2, decay_rate=0.5, decay_offset=-3, clipping_threshold=0.02, eps=0.1),
    O("adafactor", learning_rate=RATE, min_dim_size_to_factor=3, multiply_by_parameter_scale=False, clipping_threshold=None,
      momentum=0.9, weight_decay_rate=DECAY, before=dict(clip_by_global_norm=8.0)),
    O("adafactor", learning_rate=0.1, min_dim_size_to_factor=3, factored=False, momentum=0.5, weight_decay_rate=0.01),
    C(T("scale_by_factored_rms", min_dim_size_to_factor=3, decay_rate=0.9, step_offset=-1, epsilon=1e-3), DOWN),
    C(T("trace", decay=0.5), T("scale_by_factored_rms", min_dim_size_to_factor=4), T("clip_by_block_rms", threshold=0.7), DOWN),
]


OF_MUON = [
    Muon("muon", learning_rate=0.01),
    Muon("muon", learning_rate=RATE, beta=0.8, nesterov=False, weight_decay=0.1, adam_weight_decay=0.05, adam_b1=0.7, adam_b2=0.9,
         adam_eps_root=1e-5, eps=1e-3, before=dict(clip=2.0)),
    Muon("muon", learning_rate=0.02, ns_steps=3, adam_learning_rate=RATE, consistent_rms=0.2, preconditioning="frobenius"),
    Muon("muon", learning_rate=0.01, ns_coeffs="dion", ns_steps=7),
    Muon("muon", learning_rate=0.01, ns_coeffs=[[3.0, -3.2, 1.2], [1.875, -1.25, 0.375]]),
    Muon("muon", learning_rate=0.01, ns_coeffs=[1.875, -1.25, 0.375], ns_steps=8),
]
OF_SOAP = [
    Soap(learning_rate=0.01),
    Soap(learning_rate=0.01, precondition_frequency=1),
    Soap(learning_rate=RATE, b1=0.9, b2=0.8, eps=1e-3, weight_decay=0.1, precondition_frequency=7),
    Soap(learning_rate=0.02, clip=2.0, precondition_frequency=100),
]


def leaves(values, dtype):
    parts, begin = [], 0
    for size in LEAVES:
        parts.append(jnp.array(values[begin : begin + size], dtype))
        begin += size
    return parts


def shaped(shapes):
    def cut(values, dtype):
        parts, begin = [], 0
        for shape in shapes:
            size = math.prod(shape)
            parts.append(jnp.array(values[begin : begin + size], dtype).reshape(shape))
            begin += size
        return parts

    return cut


def path(optimizer, p, curvature, steps):
    of_numpy, optimizer, dtype = isinstance(optimizer, Soap), optimizer.make(), p[0].dtype
    p, curvature = ([np.array(x) for x in y] if of_numpy else y for y in (p, curvature))
    state = optimizer.init(p)

    def update(p, state, target):
        gradient = [c * (x - target) for c, x in zip(curvature, p)]
        updates, state = optimizer.update(gradient, state, p)
        return [x + u for x, u in zip(p, updates)] if of_numpy else optax.apply_updates(p, updates), state

    update = update if of_numpy else jax.jit(update)
    for step in range(1, steps[-1] + 1):
        p, state = update(p, state, jnp.array((step - 1) % 7 - 3, dtype))
        if step in steps:
            yield step, jnp.concatenate([x.ravel() for x in p])


def heading(f):
    print(f"# jax {jax.__version__}, optax {optax.__version__}; made by scripts/generate_optimizer_tables.py", file=f)


def write_paths(f, optimizers, cut, start, curvature, steps):
    heading(f)
    for x64 in (True, False):
        jax.config.update("jax_enable_x64", x64)
        name, dtype = ("float64", jnp.float64) if x64 else ("float32", jnp.float32)
        for optimizer in optimizers:
            print(f"{name} {optimizer.text()}", file=f)
            for step, p in path(optimizer, cut(start, dtype), cut(curvature, dtype), steps):
                print(step, *(str(v) for v in jax.device_get(p)), file=f)


def write_schedules(f):
    jax.config.update("jax_enable_x64", True)
    heading(f)
    for schedule in SCHEDULES:
        print(text(schedule), file=f)
        make = schedule.make()
        for count in COUNTS:
            print(count, repr(float(make(count))), file=f)


def main():
    folder = Path(__file__).parent.parent / "tests" / "optimizer"
    with (folder / "optax.txt").open("w") as f:
        write_paths(f, OPTIMIZERS, leaves, START, CURVATURE, STEPS)
    with (folder / "chains.txt").open("w") as f:
        write_paths(f, CHAINS, shaped(SHAPES), START_OF_SHAPES, CURVATURE_OF_SHAPES, STEPS_OF_SHAPES)
    with (folder / "matrices.txt").open("w") as f:
        write_paths(f, OF_MATRICES, shaped(MATRICES), START_OF_SHAPES, CURVATURE_OF_SHAPES, STEPS_OF_SHAPES)
    with (folder / "muon.txt").open("w") as f:
        write_paths(f, OF_MUON, shaped(TENSORS), START_OF_SHAPES, CURVATURE_OF_SHAPES, STEPS_OF_SHAPES)
    with (folder / "soap.txt").open("w") as f:
        write_paths(f, OF_SOAP, shaped(TENSORS), START_OF_SHAPES, CURVATURE_OF_SHAPES, STEPS_OF_SHAPES)
    with (folder / "schedules.txt").open("w") as f:
        write_schedules(f)


if __name__ == "__main__":
    sys.exit(main())
