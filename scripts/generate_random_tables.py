#!/usr/bin/env python3
"""Writes tests/random/jax.txt: known answers of JAX's random streams, in both layouts and both precisions.

Needs:  pip install "jax==0.10.2"
Usage:  scripts/generate_random_tables.py > tests/random/jax.txt
"""
import numpy as np
import jax

assert jax.__version__ == "0.10.2", jax.__version__

SEEDS = [0, 1, 73, -1, -5, 2**31, 2**32 - 1, 2**40 + 7, -(2**33) - 5, 2**63 - 1, -(2**63)]
COUNTS = [1, 2, 5, 16, 33]
INTERVALS = [(0.0, 1.0), (-1.0, 1.0), (-0.408248, 0.408248), (2.0, 6.283), (-1 / 3, 0.1)]
LONG = 5000


def digest(values):
    """64-bit FNV-1a over the little-endian bytes."""
    h = 0xCBF29CE484222325
    for byte in values.tobytes():
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"#{h:016x}"


def show(values):
    values = np.asarray(values).reshape(-1)
    values = values.view(f"uint{8 * values.itemsize}")
    if len(values) > 64:
        return digest(values)
    return " ".join(f"{v:0{2 * values.itemsize}x}" for v in values)


def table(stream, precision):
    def line(operation, seed, n, values, *arguments):
        arguments = "".join(float(a).hex() + " " for a in arguments)
        print(f"{stream} {precision} {operation} {seed} {n} {arguments}= {show(values)}")

    for seed in SEEDS:
        line("key", seed, 1, jax.random.PRNGKey(seed))
    for n in COUNTS + [LONG]:
        key = jax.random.PRNGKey(n)
        line("split", n, n, jax.random.split(key, n))
        line("bits32", n, n, jax.random.bits(key, (n,), np.uint32))
        if precision == "float64":
            line("bits64", n, n, jax.random.bits(key, (n,), np.uint64))
        line("normal", n, n, jax.random.normal(key, (n,)))
    for n in (0, 1, 103, 2**20 + 5):
        line("fold_in", 73, n, jax.random.fold_in(jax.random.PRNGKey(73), n))
    for n in (3, LONG):
        for low, high in INTERVALS:
            line("uniform", n, n, jax.random.uniform(jax.random.PRNGKey(n), (n,), minval=low, maxval=high), low, high)
    for n in (1, 2, 10, 1625, 1626, 1980, 8193, 30000):
        line("permutation", n, n, np.asarray(jax.random.permutation(jax.random.PRNGKey(n), n)).astype(np.uint32))


def main():
    print("# Made by scripts/generate_random_tables.py with jax 0.10.2.")
    print("# stream precision operation seed n [min max] = words in hexadecimal, or # and the 64-bit FNV-1a digest of their bytes")
    for precision in ("float32", "float64"):
        jax.config.update("jax_enable_x64", precision == "float64")
        for stream in ("partitionable", "legacy"):
            jax.config.update("jax_threefry_partitionable", stream == "partitionable")
            table(stream, precision)


main()
