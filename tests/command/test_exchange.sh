#!/usr/bin/env bash
# scripts/trainax_exchange.py: networks that Python has left are taken wherever a network is, trajectories pass both ways; with jax
# and PDEquinox here, too, every type of network there and back.
. "$(dirname "$0")/common.sh" "$1" "$2"

python=$(with_h5py) || fail "no python3 with h5py here: scripts/install_dependencies.sh --tests"
export PYTHONPATH=$tests/../scripts PYTHONDONTWRITEBYTECODE=1
kept=$tests/command/exchange

# -- networks that scripts/generate_exchange.py has left there, and what JAX makes of two states --
for name in conv_net u_net fno mlp; do
    succeeds "$trainax" rollout "$kept/$name.h5" --initial "$kept/${name}_states.h5" --steps 1 --output $name.rolled.h5
    succeeds "$trainax" inspect "$kept/$name.h5"
    succeeds "$trainax" export "$kept/$name.h5" --c --output $name.c
    cat >$name.yaml <<YAML
precision: $(h5dump -a precision "$kept/$name.h5" | grep -o 'float[0-9]*')
data: {type: file, path: $kept/${name}_states.h5}
network: {$(h5dump -a network "$kept/$name.h5" | sed -n 's/^ *(0): "{\(.*\)}"$/\1/p' | tr -d '\\'), "parameters": "$kept/$name.h5"}
trainer: {optimizer: {type: adam, learning_rate: 1.0e-3}, num_training_steps: 0, batch_size: 2, key: 0}
YAML
    succeeds "$trainax" train $name.yaml --quiet --output $name
    succeeds "$trainax" evaluate $name.yaml --network "$kept/$name.h5" --output $name.csv
done
"$python" - "$kept" <<'P' || fail "networks from Python"
import sys
import h5py
import numpy as np
for name in "conv_net", "u_net", "fno", "mlp":
    with h5py.File(f"{sys.argv[1]}/{name}_states.h5") as made, h5py.File(f"{name}.rolled.h5") as rolled:
        expected, found = (file["trajectories"][:, 1] for file in (made, rolled))
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert found.dtype == expected.dtype and error <= (1e-6 if found.dtype == np.float32 else 1e-13), (name, error)
    with h5py.File(f"{sys.argv[1]}/{name}.h5") as made, h5py.File(f"{name}/network.h5") as begun:
        assert all(made["parameters"][leaf][...].tobytes() == x[...].tobytes() for leaf, x in begun["parameters"].items()), name
P

# -- trajectories --
cat >trajectories.yaml <<YAML
precision: float64
data: {type: file, path: mine.h5}
YAML
"$python" - <<'P' || fail "save_trajectories"
import os
import numpy as np
from trainax_exchange import Trajectories, load_trajectories, save_trajectories

states = np.random.default_rng(0).normal(size=(3, 4, 2, 5))
others = dict(dt=0.25, domain_extent=2.0, channel_names=["u", "v"],
              parameters=np.arange(6.0).reshape(3, 2), parameter_names=["nu", "c"],
              constant_fields=np.ones((1, 1, 5)), constant_field_names=["m"], lengths=[4, 2, 3])
save_trajectories("mine.h5", states, **others)
save_trajectories("mine.npy", states.astype("f4"))
assert np.array_equal(load_trajectories("mine.npy").states, states.astype("f4"))

def refused(pattern, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except ValueError as error:
        assert pattern in str(error), error
    else:
        raise AssertionError(f"not refused: {pattern}")

refused("is there already", save_trajectories, "mine.h5", states)
refused("2 rows of parameters for 3 trajectories", save_trajectories, "new.h5", states, parameters=np.zeros((2, 1)))
refused("holds states alone, not dt", save_trajectories, "new.npy", states, dt=1.0)
refused("2 rows of constant_fields for 3", save_trajectories, "new.h5", states, constant_fields=np.zeros((2, 1, 5)))
refused("of the shape (3, 4)", save_trajectories, "new.h5", states[:, :, 0, 0])
refused("int64", save_trajectories, "new.h5", np.zeros((1, 1, 1), int))
np.save("flat.npy", np.zeros(3))
refused("of the shape (3,)", load_trajectories, "flat.npy")
assert sorted(os.listdir()) == sorted(set(os.listdir()) - {"new.h5", "new.npy"}), "something is left of what was refused"
P
succeeds "$trainax" generate trajectories.yaml --output ours.h5
"$python" - <<'P' || fail "load_trajectories"
import numpy as np
from trainax_exchange import load_trajectories
mine, ours = load_trajectories("mine.h5"), load_trajectories("ours.h5")
for k, length in enumerate([4, 2, 3]):
    assert ours.states[k, :length].tobytes() == mine.states[k, :length].tobytes(), k
assert ours.lengths.tolist() == mine.lengths.tolist() == [4, 2, 3] and ours.constant_fields.tolist() == [[[1] * 5]], ours
assert np.array_equal(ours.parameters, [[0, 1], [2, 3], [4, 5]]) and ours.dt == 0.25 and ours.domain_extent == 2, ours
for name, words in {"channel_names": ["u", "v"], "parameter_names": ["nu", "c"], "constant_field_names": ["m"]}.items():
    assert getattr(ours, name) == getattr(mine, name) == words, (name, ours)
P

# -- there and back --
if jax=$(with_modules "jax, equinox, pdequinox, h5py, yaml"); then
    "$jax" "$tests/command/exchange.py" "$trainax" "$tests/network/initial.yaml" || fail "exchange.py"
else
    echo "without jax: networks only as Python has left them"
fi
finish
