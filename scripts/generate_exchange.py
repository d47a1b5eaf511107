#!/usr/bin/env python3
"""Networks as Python leaves them for trainax, for tests/command/exchange: NAME.h5, written by trainax_exchange.save_network, and
NAME_states.h5, by save_trajectories: two states and what the module makes of them.

    V/bin/python scripts/generate_exchange.py           # V as in scripts/generate_golden.py
"""

from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)

import numpy as np
import trainax_exchange as exchange

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "command" / "exchange"
NETWORKS = {
    "conv_net": ("Conv;4;2;gelu", (1, 12), "float32"),
    "u_net": ("UNet;2;1;tanh", (1, 4, 6), "float64"),
    "fno": ({"type": "classic_fno", "hidden_channels": 2, "num_modes": 3, "num_blocks": 1}, (2, 10), "float32"),
    "mlp": ({"type": "mlp", "in_size": 3, "out_size": 3, "width_size": 4, "depth": 1}, (3,), "float64"),
}

for name, (section, state, precision) in NETWORKS.items():
    network = exchange.build_network(section, state, jax.random.PRNGKey(3))
    network = exchange.with_leaves(network, [x.astype(precision) for _, x in exchange.leaves_of(network)])
    states = np.random.default_rng(0).normal(size=(2, *state)).astype(precision)
    states = np.stack([states, jax.vmap(network)(states)], axis=1)
    exchange.save_network(FOLDER / f"{name}.h5", network, section=section, state=state, overwrite=True)
    exchange.save_trajectories(FOLDER / f"{name}_states.h5", states, overwrite=True)
