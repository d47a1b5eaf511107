#!/usr/bin/env python3
"""Writes tests/metric/exponax.txt: APEBench's metrics of small states, and what the edges of a precision make of them.

Needs:  pip install "jax==0.10.2" "exponax==0.1.0" "apebench==0.1.1"
Usage:  scripts/generate_metric_tables.py > tests/metric/exponax.txt
"""
import functools
from importlib.metadata import version

import jax
import numpy as np

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

from apebench.components import metric_dict

assert jax.__version__ == "0.10.2" and version("exponax") == "0.1.0" and version("apebench") == "0.1.1"

PLAIN = [name for name in metric_dict if "fourier" not in name]
FOURIER = [name for name in metric_dict if "fourier" in name]
BANDS = ["0;100;0", "0;0;0.0", "1;3;1", "2;2;0.5", "0;4;2", "3;9;1.5", "1;3;-1", "20;30;0"]
SHAPES = [(1, 12), (3, 9), (2, 1), (1, 2), (1, 7, 7), (2, 8, 8), (2, 5, 5, 5), (1, 6, 6, 6)]
SAMPLES = 3
# Scales of the prediction: squares or more leave the precision's range. Between those where all have overflowed and those
# where nothing has, the original differs by term; here is only what a diverging or vanishing rollout passes through.
EDGES = {
    "float32": [("1e15", 1e15, 1), ("1e20", 1e20, 1), ("1e30", 1e30, 1), ("1e-15", 1e-15, 1e-15), ("1e-25", 1e-25, 1e-25)],
    "float64": [("1e150", 1e150, 1), ("1e160", 1e160, 1), ("1e250", 1e250, 1), ("1e-170", 1e-170, 1e-170)],
}


def state(generator, shape):
    """Exact in float32, so that both precisions measure the same states."""
    return np.round(generator.standard_normal((SAMPLES, *shape)) * 256) / 256


def numbers(values):
    return " ".join(float(v).hex() if np.isfinite(v) else str(float(v)) for v in np.asarray(values).reshape(-1))


def shape_text(shape):
    return "x".join(str(n) for n in shape)


@functools.cache
def compiled(name):
    function = metric_dict[name.split(";")[0]](name)
    one = lambda prediction, reference: function(prediction[None], reference[None])
    return jax.jit(lambda prediction, reference: (function(prediction, reference), jax.vmap(one)(prediction, reference)))


def answers(names, prediction, reference):
    for name in names:
        value, samples = compiled(name)(prediction, reference)
        print(f"value|{name}|{numbers([value])}|{numbers(samples)}")


def quantiles(name, prediction, reference):
    samples = np.asarray(compiled(name)(prediction, reference)[1])
    for level in (10, 50, 90):
        print(f"value|{name.replace('mean', f'q{level}')}|{numbers([np.quantile(samples, level / 100)])}|{numbers(samples)}")


def vrmse(prediction, reference):
    axes = tuple(range(2, prediction.ndim))
    mse = ((prediction - reference) ** 2).mean(axis=axes)
    with np.errstate(all="ignore"):
        variance = reference.var(axis=axes, ddof=1)
    samples = np.sqrt(mse / (variance + 1e-7)).mean(axis=1)
    print(f"value|vrmse|{numbers([samples.mean()])}|{numbers(samples)}")


def table(shape, seed):
    generator = np.random.default_rng(seed)
    prediction, reference = state(generator, shape), state(generator, shape)
    print(f"states|float64|{shape_text(shape)}|{numbers(prediction)}|{numbers(reference)}")
    answers(PLAIN + [f"{name};{band}" for name in FOURIER for band in BANDS], prediction, reference)
    quantiles("mean_nRMSE", prediction, reference)
    quantiles("mean_correlation", prediction, reference)
    if np.prod(shape[1:]) > 1:
        vrmse(prediction, reference)


def edge(precision, label, prediction, reference):
    print(f"states|{precision}|{shape_text(prediction.shape[1:])}|{numbers(prediction)}|{numbers(reference)}")
    answers(PLAIN + [f"{name};0;100;0" for name in FOURIER] + [f"{name};1;2;1" for name in FOURIER], prediction, reference)


def edges(precision):
    jax.config.update("jax_enable_x64", precision == "float64")
    shape, dtype = (1, 8), np.dtype(precision)
    generator = np.random.default_rng(7)
    prediction, reference = (state(generator, shape).astype(dtype) for _ in range(2))
    for label, scale, reference_scale in EDGES[precision]:
        edge(precision, label, prediction * dtype.type(scale), reference * dtype.type(reference_scale))
    edge(precision, "zero reference", prediction, 0 * reference)
    edge(precision, "both zero", 0 * prediction, 0 * reference)
    edge(precision, "equal", reference, reference)
    for value in (np.inf, -np.inf, np.nan):
        spoilt = prediction.copy()
        spoilt[1, 0, 3] = value
        edge(precision, str(value), spoilt, reference)
        edge(precision, f"all {value}", np.full_like(prediction, value), reference)


def main():
    print("# Made by scripts/generate_metric_tables.py with jax 0.10.2, exponax 0.1.0 and apebench 0.1.1.")
    print("# states|precision|channels x points|predictions of 3 samples|references; then value|name|over all samples|sample by sample")
    for seed, shape in enumerate(SHAPES):
        table(shape, seed)
    for precision in ("float32", "float64"):
        edges(precision)


main()
