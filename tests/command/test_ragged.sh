# Trajectories of unequal length, strides in time, units: losses and rows of evaluate against numpy, the same bits on any ranks.
. "$(dirname "$0")/common.sh"

python=$(with_h5py) || fail "no python3 with h5py here: scripts/install_dependencies.sh --tests"
"$python" "$tests/command/ragged.py" "$trainax" || fail "ragged.py"

finish
