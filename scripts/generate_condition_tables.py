#!/usr/bin/env python3
"""Writes tests/data/exponax.txt: known answers of Exponax's initial conditions (by APEBench's texts, too) and interpolation.

Needs:  pip install "jax==0.10.2" "exponax==0.1.0" "apebench==0.1.1"
Usage:  scripts/generate_condition_tables.py > tests/data/exponax.txt
"""
from importlib.metadata import version

import apebench
import exponax as ex
import jax
import jax.numpy as jnp
import numpy as np
from exponax.ic._discontinuities import Discontinuity
from exponax.ic._gaussian_blob import GaussianBlob

assert jax.__version__ == "0.10.2" and version("exponax") == "0.1.0" and version("apebench") == "0.1.1"

SEED = 3

# name in YAML, axes, points, options: generators of one channel; the last one is around another
BLOBS_2D = [dict(position=(0.3, 0.7), covariance=((0.02, 0.005), (0.005, 0.03)), one_complement=False),
            dict(position=(0.6, 0.1), covariance=((0.01, 0.0), (0.0, 0.02)), one_complement=True)]
BOXES_2D = [dict(lower_limits=(0.1, 0.25), upper_limits=(0.6, 0.75), value=2.0),
            dict(lower_limits=(0.5, 0.0), upper_limits=(0.9, 0.5), value=-1.0)]
WAVES = dict(domain_extent=3.0, amplitudes=(1.0, -0.5), wavenumbers=(1, 3), phases=(0.3, 1.0))
CONDITIONS = [
    ("gaussian_random_field", 1, 30, {}),
    ("gaussian_random_field", 2, 9, dict(domain_extent=3.0, powerlaw_exponent=2.5, zero_mean=False, max_one=True)),
    ("gaussian_random_field", 3, 8, dict(std_one=True)),
    ("diffused_noise", 1, 31, {}),
    ("diffused_noise", 2, 10, dict(domain_extent=2.0, intensity=0.01, std_one=True)),
    ("diffused_noise", 3, 7, dict(zero_mean=False, max_one=True)),
    ("random_discontinuities", 1, 50, {}),
    ("random_discontinuities", 2, 12, dict(domain_extent=3.0, num_discontinuities=4, value_range=(0.5, 2.0), zero_mean=True, std_one=True)),
    ("random_discontinuities", 3, 7, dict(num_discontinuities=6, max_one=True)),
    ("random_gaussian_blobs", 1, 30, {}),
    ("random_gaussian_blobs", 2, 13, dict(domain_extent=2.5, num_blobs=3, position_range=(0.2, 0.8), variance_range=(0.01, 0.03))),
    ("random_gaussian_blobs", 3, 8, dict(one_complement=True)),
    ("random_sine_waves_1d", 1, 40, {}),
    ("random_sine_waves_1d", 1, 33, dict(domain_extent=2.0, cutoff=7, amplitude_range=(0.5, 2.0), phase_range=(-1.0, 1.0),
                                         offset_range=(1.0, 2.0), max_one=True)),
    ("sine_waves_1d", 1, 30, dict(WAVES, offset=0.5, max_one=True)),
    ("sine_waves_1d", 1, 31, dict(WAVES, std_one=True)),
    ("gaussian_blobs", 2, 16, dict(blob_list=BLOBS_2D)),
    ("discontinuities", 2, 20, dict(discontinuity_list=BOXES_2D)),
    ("discontinuities", 2, 20, dict(discontinuity_list=BOXES_2D, zero_mean=False, max_one=True)),
    ("scaled_ic_generator", 1, 30, dict(scale=2.5)),
    ("clamping_ic_generator", 2, 12, dict(limits=(-1.0, 3.0))),
]
MODULES = {"gaussian_random_field": ex.ic.GaussianRandomField, "diffused_noise": ex.ic.DiffusedNoise,
           "random_discontinuities": ex.ic.RandomDiscontinuities, "random_gaussian_blobs": ex.ic.RandomGaussianBlobs,
           "random_sine_waves_1d": ex.ic.RandomSineWaves1d, "sine_waves_1d": ex.ic.SineWaves1d,
           "gaussian_blobs": ex.ic.GaussianBlobs, "discontinuities": ex.ic.Discontinuities,
           "scaled_ic_generator": ex.ic.ScaledICGenerator, "clamping_ic_generator": ex.ic.ClampingICGenerator}
# APEBench's texts, with axes, points, channels
TEXTS = [("fourier;5;true;true", 1, 32, 1), ("fourier;3;false;False", 2, 11, 2), ("Diffused;0.002;true;TRUE", 2, 12, 1),
         ("grf;2.3;false;true", 1, 21, 2), ("grf;3.0;true;false", 3, 6, 1), ("clamp;0.0;1.0;fourier;5;false;false", 1, 32, 2),
         ("Clamp;-2;0.5;GRF;2;True;false", 2, 9, 1)]
# axes, points, new points, further options
RESOLUTIONS = [(1, 30, 40, {}), (1, 30, 40, dict(oddball_zero=False)), (1, 31, 40, {}), (1, 40, 30, {}), (1, 40, 30, dict(oddball_zero=False)),
               (1, 31, 21, {}), (1, 12, 12, {}), (2, 10, 13, {}), (2, 9, 12, {}), (2, 12, 8, {}), (2, 12, 8, dict(oddball_zero=False)),
               (2, 8, 12, dict(oddball_zero=False)), (2, 13, 9, {}), (3, 6, 8, {}), (3, 8, 5, {}), (3, 8, 6, {})]


def numbers(flat):
    chosen = sorted({int(k * (flat.size - 1) / 11) for k in range(12)})
    return " ".join(f"{i} {float(flat[i]).hex()}" for i in chosen)


def text(value):
    if isinstance(value, dict):
        return "{" + yaml(value)[2:] + "}"
    return f"[{', '.join(map(text, value))}]" if isinstance(value, (tuple, list)) else str(value).lower()


def yaml(options):
    return "".join(f", {name}: {text(value)}" for name, value in options.items())


def line(kind, precision, stream, section, data):
    shape = "x".join(str(n) for n in data.shape)
    print(f"{kind}|{precision}|{stream}|{section}|{shape}|{np.abs(data).max()}|{numbers(data.reshape(-1))}")


def channels_of(generate, count):
    """As RandomMultiChannelICGenerator."""
    return lambda points, key: jnp.concatenate([generate(points, key=k) for k in jax.random.split(key, count)])


def states_of(generate, points):
    """As build_ic_set, step by step: not all generators can be traced."""
    key, states = jax.random.PRNGKey(SEED), []
    for _ in range(3):
        key, own = jax.random.split(key)
        states.append(generate(points, key=own))
    return jnp.stack(states)


def print_initial(precision, stream, section, generate, points):
    line("initial", precision, stream, section, np.asarray(states_of(generate, points)))


def given(condition, axes):
    """A condition without draws as a generator of one channel."""
    return lambda points, key: condition(ex.make_grid(axes, getattr(condition, "domain_extent", 1.0), points))


def make_condition(name, axes, options):
    inner = ex.ic.RandomTruncatedFourierSeries(axes, max_one=True)
    if name.endswith("_generator"):
        return MODULES[name](inner, **options), dict(ic_gen=dict(type="random_truncated_fourier_series", max_one=True), **options)
    if name == "gaussian_blobs":
        blobs = [GaussianBlob(jnp.array(b["position"]), jnp.array(b["covariance"]), one_complement=b["one_complement"])
                 for b in options["blob_list"]]
        return given(MODULES[name](blobs), axes), options
    if name == "discontinuities":
        boxes = [Discontinuity(**box) for box in options["discontinuity_list"]]
        return given(MODULES[name](boxes, **{k: v for k, v in options.items() if k != "discontinuity_list"}), axes), options
    if name == "sine_waves_1d":
        return given(MODULES[name](**options), axes), options
    generator = MODULES[name](axes, **options)
    if name == "random_discontinuities":  # the original repeats the one channel for each axis
        return lambda points, key: generator(points, key=key)[:1], options
    return generator, options


def condition_line(precision, stream, name, axes, points, options):
    generate, options = make_condition(name, axes, options)
    call = generate if isinstance(generate, type(lambda: 0)) else lambda points, key: generate(points, key=key)
    print_initial(precision, stream, f"{{type: {name}{yaml(options)}}}", channels_of(call, 2), points)


def several_line(precision, stream):
    generators = [ex.ic.GaussianRandomField(2), ex.ic.ClampingICGenerator(ex.ic.DiffusedNoise(2), limits=(1.0, 2.0))]
    section = ("{type: random_multi_channel_ic_generator, ic_generators: [gaussian_random_field, "
               "{type: clamping_ic_generator, ic_gen: diffused_noise, limits: [1.0, 2.0]}]}")
    print_initial(precision, stream, section, ex.ic.RandomMultiChannelICGenerator(generators), 10)


def text_line(precision, stream, config, axes, points, channels):
    scenario = apebench.scenarios.difficulty.Advection(num_spatial_dims=axes, num_points=points, num_channels=channels, ic_config=config)
    print_initial(precision, stream, f'"{config}"', scenario.get_ic_generator(), points)


def resolution_line(precision, stream, axes, points, new, options):
    generate = channels_of(lambda _, key: jax.random.normal(key, (1,) + (points,) * axes), 2)
    states = states_of(generate, points)
    data = np.asarray(jax.vmap(lambda u: ex.map_between_resolutions(u, new, **options))(states))[:, None]
    grid = f"num_points: {[points] * axes if axes > 1 else points}"
    section = (f"{{type: map_between_resolutions, new_num_points: {new}{yaml(options)}, source: {{type: rollout, stepper: {{type: poisson, "
               f"domain_extent: 1.0}}, initial_condition: normal, {grid}, num_channels: 2, num_samples: 3, temporal_horizon: 1, "
               f"key: {SEED}}}}}")
    line("source", precision, stream, section, data)


def main():
    print("# Made by scripts/generate_condition_tables.py with jax 0.10.2, exponax 0.1.0 and apebench 0.1.1.")
    print("# initial, source|precision|stream|options|shape|largest|index value …")
    for precision in ("float32", "float64"):
        jax.config.update("jax_enable_x64", precision == "float64")
        for stream in ("jax_partitionable", "jax_legacy"):
            jax.config.update("jax_threefry_partitionable", stream == "jax_partitionable")
            for case in CONDITIONS:
                condition_line(precision, stream, *case)
            several_line(precision, stream)
            for case in TEXTS:
                text_line(precision, stream, *case)
    jax.config.update("jax_threefry_partitionable", True)
    for case in RESOLUTIONS:
        resolution_line("float64", "jax_partitionable", *case)


main()
