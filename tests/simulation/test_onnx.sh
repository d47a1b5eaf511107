#!/usr/bin/env bash
# What `export --onnx` writes: valid models that compute what `rollout` does, for every network; and what it refuses.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

python=$(with_modules "onnx, h5py, yaml") || { echo "SKIPPED: no python3 with onnx, h5py and yaml"; exit 77; }

# -- refused --
succeeds "$trainax" train "$quickstart" --quiet --set trainer.num_training_steps=0 --output run
network=run/network.h5
expect 2 'export needs one of --c and --onnx' "$trainax" export $network --c --onnx --output model.onnx
expect 2 'did you mean --onnx' "$trainax" export $network --onx --output model.onnx
expect 2 '--onnx takes no value' "$trainax" export $network --onnx=model.onnx
expect 3 'run/history.csv' "$trainax" export run/history.csv --onnx --output model.onnx
expect 2 '--shape 1,x: channels and' "$trainax" export $network --onnx --output model.onnx --shape 1,x
expect 2 'the network takes 1 channel, but the states of the data have 2' "$trainax" export $network --onnx --output model.onnx --shape 2,30
expect 2 "'run/network.h5'.*" "$trainax" export $network --onnx --output $network --overwrite
expect 3 'nowhere/model.onnx' "$trainax" export $network --onnx --output nowhere/model.onnx
"$python" - <<'P'
import h5py
import shutil
shutil.copy("run/network.h5", "old.h5")
with h5py.File("old.h5", "a") as file:
    del file.attrs["state"]
P
expect 2 'does not say which states its network is for: give their shape' "$trainax" export old.h5 --onnx --output model.onnx
[ ! -e model.onnx ] || fail "a model is left of what was refused"

# -- the same bytes on two ranks, and of a file that has to be told the shape; nothing is replaced unasked --
succeeds "$trainax" export $network --onnx --output model.onnx
succeeds "$trainax" export old.h5 --onnx --output told.onnx --shape 1,30
succeeds mpirun -n 2 "$trainax" export $network --onnx --output two.onnx
cmp model.onnx told.onnx && cmp model.onnx two.onnx || fail "different bytes of the same model"
expect 2 "model.onnx.*exists" "$trainax" export $network --onnx --output model.onnx

"$python" "$tests/simulation/onnx_models.py" "$trainax" "$tests/network/initial.yaml" || fail "onnx_models.py"
finish
