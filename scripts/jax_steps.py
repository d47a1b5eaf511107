#!/usr/bin/env python3
"""What a training step takes in jitted JAX on this machine's accelerator: the benchmark's networks, sizes and minibatches.

    scripts/jax_steps.py [--seconds 1] [CASE]...      a JSON line a case: its name, seconds a step, the device

One step: the mean square error of a network after one application, its gradient, Adam; a jitted function whose parameters and
state are donated, in single precision, matrix products at their highest. Called in a loop that waits at its end alone. Needs jax,
equinox, pdequinox and optax; scripts/device_check.sh takes the last three along where it finds them.
"""

import argparse
import fnmatch
import json
import math
import time

import equinox
import jax
import jax.numpy as jnp
import optax
import pdequinox

NETWORKS = {
    "conv_34_10": (pdequinox.arch.ConvNet, {"hidden_channels": 34, "depth": 10, "activation": jax.nn.relu}),
    "unet_12_2": (pdequinox.arch.ClassicUNet, {"hidden_channels": 12, "num_levels": 2, "activation": jax.nn.relu}),
    "res_26_8": (pdequinox.arch.ClassicResNet, {"hidden_channels": 26, "num_blocks": 8, "activation": jax.nn.relu}),
    "fno_12_18_4": (pdequinox.arch.ClassicFNO,
                    {"num_modes": 12, "hidden_channels": 18, "num_blocks": 4, "activation": jax.nn.gelu}),
    "dil_2_32_2": (pdequinox.arch.DilatedResNet,
                   {"hidden_channels": 32, "num_blocks": 2, "dilation_rates": [1, 2, 4, 2, 1], "activation": jax.nn.relu}),
}
SIZES = {1: (20, (160,)), 2: (20, (64, 64)), 3: (4, (32, 32, 32))}  # samples of a minibatch, points


def build(axes, name):
    kind, options = NETWORKS[name]
    if name != "fno_12_18_4":
        options = {**options, "boundary_mode": "periodic"}
    return kind(axes, 1, 1, key=jax.random.PRNGKey(0), **options)


def make_step(network):
    """(step, carry): carry, loss = step(carry, inputs, targets)"""
    parameters, static = equinox.partition(network, equinox.is_array)
    optimizer = optax.adam(1e-3)

    def loss_of(parameters, inputs, targets):
        return jnp.mean((jax.vmap(equinox.combine(parameters, static))(inputs) - targets) ** 2)

    def step(carry, inputs, targets):
        parameters, state = carry
        loss, gradient = jax.value_and_grad(loss_of)(parameters, inputs, targets)
        updates, state = optimizer.update(gradient, state, parameters)
        return (optax.apply_updates(parameters, updates), state), loss

    return jax.jit(step, donate_argnums=0), (parameters, optimizer.init(parameters))


def measure(axes, name, seconds):
    batch, points = SIZES[axes]
    inputs, targets = jax.random.normal(jax.random.PRNGKey(1), (2, batch, 1, *points))
    step, carry = make_step(build(axes, name))
    carry, loss = step(carry, inputs, targets)
    jax.block_until_ready(loss)
    count, taken = 1, 0.0
    while taken < seconds / 2:
        count = math.ceil(count * min(10, max(2, seconds / max(taken, 1e-4)))) if taken else 2
        begin = time.monotonic()
        for _ in range(count):
            carry, loss = step(carry, inputs, targets)
        jax.block_until_ready((carry, loss))
        taken = time.monotonic() - begin
    return taken / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["*"], metavar="CASE", help="as in `trainax bench --list`: 2d/conv_34_10")
    parser.add_argument("--seconds", type=float, default=1, help="of a measurement")
    arguments = parser.parse_args()
    jax.config.update("jax_default_matmul_precision", "highest")
    for axes in SIZES:
        for name in NETWORKS:
            case = f"{axes}d/{name}"
            if any(fnmatch.fnmatch(case, pattern) for pattern in arguments.cases):
                print(json.dumps({"case": case, "seconds": measure(axes, name, arguments.seconds),
                                  "device": jax.devices()[0].device_kind}), flush=True)


if __name__ == "__main__":
    main()
