"""Writes tests/optimizer/optax.txt: paths of parameters under the real Optax.

    python3 -m venv V && V/bin/pip install "jax==0.10.2" "optax==0.2.8" && V/bin/python scripts/generate_optimizer_tables.py

Three parameters chase a target that never rests (at rest Adam would divide rounding errors by each other): the gradient of
step t = 0, 1, ... is curvature * (p - (t mod 7 - 3)), curvature = (1, 10, 0.01), from p = (3, -2, 0.5).
"""

import sys
from pathlib import Path

import jax
import optax

CASES = [
    ("{type: sgd, learning_rate: 0.05}", lambda: optax.sgd(0.05)),
    ("{type: sgd, learning_rate: 0.01, momentum: 0.9}", lambda: optax.sgd(0.01, momentum=0.9)),
    ("{type: sgd, learning_rate: 0.01, momentum: 0.0}", lambda: optax.sgd(0.01, momentum=0.0)),
    ("{type: sgd, learning_rate: 0.01, momentum: 0.8, nesterov: true}", lambda: optax.sgd(0.01, momentum=0.8, nesterov=True)),
    ("{type: sgd, learning_rate: 0.01, nesterov: true}", lambda: optax.sgd(0.01, nesterov=True)),
    ("{type: adam, learning_rate: 0.01}", lambda: optax.adam(0.01)),
    ("{type: adam, learning_rate: {type: constant, value: 0.01}}", lambda: optax.adam(optax.constant_schedule(0.01))),
    ("{type: adam, learning_rate: 0.02, b1: 0.5, b2: 0.9, eps: 1.0e-3}", lambda: optax.adam(0.02, b1=0.5, b2=0.9, eps=1e-3)),
    ("{type: adam, learning_rate: 0.01, eps_root: 1.0e-4}", lambda: optax.adam(0.01, eps_root=1e-4)),
    ("{type: adam, learning_rate: 0.01, nesterov: true}", lambda: optax.adam(0.01, nesterov=True)),
    ("{type: adam, learning_rate: 0.01, b1: 0.0}", lambda: optax.adam(0.01, b1=0.0)),
]
STEPS = [1, 2, 3, 10, 100, 3000]


def path(make, dtype, steps):
    p = jax.numpy.array([3.0, -2.0, 0.5], dtype)
    curvature = jax.numpy.array([1.0, 10.0, 0.01], dtype)
    optimizer = make()
    state = optimizer.init(p)

    @jax.jit
    def update(p, state, target):
        updates, state = optimizer.update(curvature * (p - target), state, p)
        return optax.apply_updates(p, updates), state

    for step in range(1, steps[-1] + 1):
        p, state = update(p, state, jax.numpy.array((step - 1) % 7 - 3, dtype))
        if step in steps:
            yield step, p


def main():
    out = Path(__file__).parent.parent / "tests" / "optimizer" / "optax.txt"
    with out.open("w") as f:
        print(f"# jax {jax.__version__}, optax {optax.__version__}; made by scripts/generate_optimizer_tables.py", file=f)
        for x64 in (True, False):
            jax.config.update("jax_enable_x64", x64)
            name, dtype = ("float64", jax.numpy.float64) if x64 else ("float32", jax.numpy.float32)
            for text, make in CASES:
                print(f"{name} {text}", file=f)
                for step, p in path(make, dtype, STEPS):
                    print(step, *(repr(float(v)) for v in p), file=f)


if __name__ == "__main__":
    sys.exit(main())
