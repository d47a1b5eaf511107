# Data of the world: files written by h5py and numpy, through `generate` on one rank and on several, against what these read; wrong
# ones of every sort; what `inspect` says of them.
. "$(dirname "$0")/common.sh"

python=$(with_h5py) || fail "no python3 with h5py here: scripts/install_dependencies.sh --tests"
"$python" "$tests/command/formats.py" "$trainax" || fail "formats.py"

finish
