#!/usr/bin/env python3
"""Writes tests/physics/exponax.txt: steps of Exponax's steppers, and their gradients.

Needs:  pip install "jax==0.10.2" "exponax==0.1.0"
Usage:  scripts/generate_stepper_tables.py > tests/physics/exponax.txt
"""
import contextlib
import re
import sys
from importlib.metadata import version

import jax
import numpy as np

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

import exponax
import jax.numpy as jnp
from exponax._poisson import Poisson
from exponax.stepper import generic, reaction
from exponax.stepper.reaction._belousov_zhabotinsky import BelousovZhabotinsky

assert jax.__version__ == "0.10.2" and version("exponax") == "0.1.0"

# 0.1.0 asks for an attribute that it does not have; as 0.2.0.
exponax.stepper.KortewegDeVries.advect_over_diffuse_dispersivity = property(
    lambda self: self.dispersivity * jnp.ones(self.num_spatial_dims)
)
APART = {  # not by its name in its place
    "fisher_kpp": reaction.FisherKPP,
    "difficulty_linear_stepper_simple": generic.DiffultyLinearStepperSimple,
    "belousov_zhabotinsky": BelousovZhabotinsky,
    "poisson": Poisson,
}
MOST = 24  # numbers of a state that the table has


def words(values):
    """As in YAML."""
    if isinstance(values, bool):
        return str(values).lower()
    if isinstance(values, (list, tuple)):
        return "[" + ", ".join(words(v) for v in values) + "]"
    return values if isinstance(values, str) else np.format_float_positional(values) if isinstance(values, float) else str(values)


def original(name, axes, points, options):
    title = re.sub(r"(?:^|_)([a-z])", lambda match: match[1].upper(), name)
    named = [getattr(room, title) for room in (exponax.stepper, generic, reaction) if hasattr(room, title)]
    arrays = ("velocity", "dispersivity", "diffusivity")
    given = {k: jnp.array(v) if k in arrays and isinstance(v, list) else v for k, v in options.items()}
    with contextlib.redirect_stdout(sys.stderr):  # it warns of conservative forms there
        return (APART.get(name) or named[0])(num_spatial_dims=axes, num_points=points, **given)


def noise(count, shift):
    """What the test has, too: the same numbers in any language."""
    return ((np.arange(count) * 7919 + shift * 271) % 1009) / 1009 - 0.25


def sample(values):
    flat = np.asarray(values).reshape(-1)
    stride = max(1, len(flat) // MOST) | 1
    return " ".join(float(v).hex() for v in flat[::stride][:MOST])


def line(name, axes, points, channels, options, steps=2, sub_steps=0):
    stepper = original(name, axes, points, options)
    text = f"{{type: {name}" + "".join(f", {k}: {words(v)}" for k, v in options.items()) + "}"
    if sub_steps:
        stepper = exponax.RepeatedStepper(stepper, sub_steps)
        text = f"{{type: repeated_stepper, num_sub_steps: {sub_steps}, stepper: {text}}}"
    shape = (channels,) + (points,) * axes
    u, weight = noise(np.prod(shape), 1).reshape(shape), noise(np.prod(shape), 2).reshape(shape)
    step = exponax.repeat(stepper, steps)
    next_, pull = jax.vjp(step, jnp.array(u))
    (gradient,) = pull(jnp.array(weight))
    assert np.isfinite(next_).all() and np.isfinite(gradient).all() and np.abs(next_).max() < 1e3, text
    print(f"{text}|{'x'.join(map(str, shape))}|{steps}|{sample(next_)}|{sample(gradient)}")
    jax.clear_caches()  # or some gigabytes in the end


SPACE = {1: (16, 15), 2: (8, 9), 3: (8, 7)}  # even and odd


def everywhere(name, options, channels=1, axes=(1, 2, 3), **more):
    for d in axes:
        for points in SPACE[d]:
            line(name, d, points, channels or d, options, **more)


def main():
    print("# Made by scripts/generate_stepper_tables.py with jax 0.10.2 and exponax 0.1.0: stepper|states|steps|next state|gradient")
    domain = {"domain_extent": 3.0, "dt": 0.1}
    short = {"domain_extent": 3.0, "dt": 0.01}
    wide = {"domain_extent": 20.0, "dt": 0.1}
    everywhere("advection", domain)
    line("advection", 2, 8, 1, {**domain, "velocity": [0.4, -1.3]})
    line("advection", 3, 7, 1, {**domain, "velocity": [0.4, -1.3, 0.2]})
    everywhere("diffusion", {**domain, "diffusivity": 0.1})
    line("diffusion", 2, 8, 1, {**domain, "diffusivity": [0.2, 0.1]})
    line("diffusion", 2, 9, 1, {**domain, "diffusivity": [[0.2, 0.05], [0.02, 0.1]]})
    line("diffusion", 3, 8, 1, {**domain, "diffusivity": [[0.2, 0.05, 0.01], [0.02, 0.1, 0.0], [0.0, 0.03, 0.1]]})
    everywhere("advection_diffusion", {**domain, "velocity": -0.7})
    line("advection_diffusion", 2, 8, 1, {**domain, "velocity": [0.4, -1.3], "diffusivity": [[0.2, 0.05], [0.02, 0.1]]})
    everywhere("dispersion", {**short, "dispersivity": 0.3}, axes=(1, 2))
    line("dispersion", 2, 8, 1, {**short, "advect_on_diffusion": True, "dispersivity": [0.2, 0.3]})
    line("dispersion", 3, 7, 1, {**short, "advect_on_diffusion": True})
    everywhere("hyper_diffusion", {**short, "hyper_diffusivity": 0.001}, axes=(1, 3))
    line("hyper_diffusion", 2, 8, 1, {**short, "diffuse_on_diffuse": True})
    everywhere("burgers", {**domain, "diffusivity": 0.05}, channels=0)
    for single in (False, True):
        for conservative in (False, True):
            for d in (1, 2, 3):
                flags = {"single_channel": single, "conservative": conservative}
                line("burgers", d, SPACE[d][d % 2], 1 if single else d, {**domain, "convection_scale": 0.8, **flags})
    for order in range(5):
        line("burgers", 1, 16, 1, {**domain, "order": order})
        line("kuramoto_sivashinsky", 2, 8, 1, {**wide, "order": order})
        line("korteweg_de_vries", 1, 15, 1, {**short, "order": order, "convection_scale": -1.0})
        line("gray_scott", 1, 16, 2, {"domain_extent": 1.0, "dt": 1.0, "order": order})
    line("burgers", 1, 16, 1, {**domain, "dealiasing_fraction": 1.0, "num_circle_points": 5, "circle_radius": 0.5})
    line("burgers", 1, 16, 1, {**domain, "convection_scale": 0.0})
    line("korteweg_de_vries", 2, 8, 2, {**short, "advect_over_diffuse": True, "diffuse_over_diffuse": True, "diffusivity": 0.1})
    line("korteweg_de_vries", 2, 9, 1, {**short, "single_channel": True, "conservative": True})
    line("korteweg_de_vries", 3, 7, 3, short)
    everywhere("kuramoto_sivashinsky", wide)
    line("kuramoto_sivashinsky", 1, 16, 1, {**wide, "gradient_norm_scale": 0.7, "second_order_scale": 0.9, "fourth_order_scale": 1.2})
    line("kuramoto_sivashinsky_conservative", 1, 16, 1, wide)
    line("kuramoto_sivashinsky_conservative", 1, 15, 1, {**wide, "conservative": False})
    line("kuramoto_sivashinsky_conservative", 2, 8, 2, wide)
    line("kuramoto_sivashinsky_conservative", 2, 9, 1, {**wide, "single_channel": True})
    everywhere("navier_stokes_vorticity", {**domain, "drag": -0.1}, axes=(2,))
    everywhere("kolmogorov_flow_vorticity", {**domain, "injection_mode": 2}, axes=(2,))
    line("kolmogorov_flow_vorticity", 2, 8, 1, domain)
    line("kolmogorov_flow_vorticity", 2, 9, 1, {**domain, "injection_mode": 5, "convection_scale": 0.5})
    line("kolmogorov_flow_vorticity", 2, 8, 1, {**domain, "injection_mode": 3, "convection_scale": 0.0})
    everywhere("fisher_kpp", domain)
    everywhere("allen_cahn", domain)
    everywhere("cahn_hilliard", domain)
    everywhere("swift_hohenberg", wide)
    line("swift_hohenberg", 2, 8, 1, {**wide, "polynomial_coefficients": [0.1, 0.2, 0.0, -1.0, 0.3], "critical_number": 0.8})
    everywhere("gray_scott", {"domain_extent": 1.0, "dt": 1.0}, channels=2)
    everywhere("belousov_zhabotinsky", {"domain_extent": 1.0, "dt": 0.1}, channels=3)
    everywhere("general_linear_stepper", domain, axes=(1, 2))
    line("general_linear_stepper", 2, 8, 1, {**short, "linear_coefficients": [0.3, -0.1, 0.01, 0.02, -0.003]})
    line("general_convection_stepper", 1, 15, 1, domain)
    line("general_convection_stepper", 3, 7, 3, domain)
    line("general_convection_stepper", 2, 8, 1, {**domain, "single_channel": True, "conservative": True})
    line("general_gradient_norm_stepper", 2, 9, 1, wide)
    line("general_polynomial_stepper", 2, 9, 1, {"domain_extent": 10.0, "dt": 0.01})
    line("general_polynomial_stepper", 1, 16, 1, {**short, "polynomial_coefficients": [0.5, 0.0, 0.0]})
    line("general_polynomial_stepper", 1, 16, 1, {**short, "polynomial_coefficients": [0.0, 0.0]})
    line("general_nonlinear_stepper", 3, 8, 1, domain)
    line("general_nonlinear_stepper", 1, 15, 1, {**domain, "nonlinear_coefficients": [0.2, -0.8, 0.3]})
    line("general_nonlinear_stepper", 2, 8, 1, {**domain, "nonlinear_coefficients": [0.2, -0.8, 0.3]})
    line("general_nonlinear_stepper", 2, 9, 1, {**domain, "nonlinear_coefficients": [0.0, 0.0, -0.5]})
    everywhere("general_vorticity_convection_stepper", domain, axes=(2,))
    line("general_vorticity_convection_stepper", 2, 8, 1, {**domain, "injection_mode": 2, "injection_scale": 0.3})
    for kind in ("linear", "convection", "gradient_norm", "polynomial", "nonlinear"):
        for name in (f"normalized_{kind}_stepper", f"difficulty_{kind}_stepper"):
            line(name, 1, 16, 1, {})
            line(name, 2, 9, 2 if kind == "convection" else 1, {})
    line("difficulty_linear_stepper", 3, 8, 1, {"linear_difficulties": [0.1, -1.0, 0.5, 0.2, -0.3]})
    line("difficulty_convection_stepper", 1, 16, 1, {"convection_difficulty": 2.0, "maximum_absolute": 2.0})
    line("difficulty_gradient_norm_stepper", 2, 8, 1, {"gradient_norm_difficulty": 3.0, "maximum_absolute": 0.5})
    line("difficulty_nonlinear_stepper", 2, 8, 1, {"nonlinear_difficulties": [0.1, -1.0, 0.7], "maximum_absolute": 2.0})
    line("difficulty_linear_stepper_simple", 3, 7, 1, {"difficulty": -1.5})
    line("difficulty_linear_stepper_simple", 1, 16, 1, {"difficulty": 4.0, "order": 2})
    everywhere("poisson", {"domain_extent": 3.0})
    line("poisson", 2, 8, 3, {"domain_extent": 3.0, "order": 4}, steps=1)
    line("advection", 1, 16, 1, domain, sub_steps=5)
    line("burgers", 1, 16, 1, domain, sub_steps=3)
    line("kolmogorov_flow_vorticity", 2, 8, 1, {**domain, "injection_mode": 1}, sub_steps=3)
    line("gray_scott", 2, 9, 2, {"domain_extent": 1.0, "dt": 1.0}, sub_steps=2)


if __name__ == "__main__":
    main()
