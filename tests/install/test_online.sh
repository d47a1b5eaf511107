#!/usr/bin/env bash
# A Fortran program, built from the installed tree, that trains a network as it runs, alone and on two ranks.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

command -v gfortran >/dev/null && [ -z "${TRAINAX_SANITIZE:-}" ] || exit 77
cmake --install "$build" --prefix "$work/before" >/dev/null || fail "cmake --install"
mv before prefix
export PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name trainax.pc)")
cat >online.yaml <<'YAML'
network: {type: conv, kernel_size: 3, padding: same, padding_mode: circular, num_spatial_dims: 1, in_channels: 1, out_channels: 1, key: 0}
trainer: {num_rollout_steps: 2, optimizer: {type: adam, learning_rate: 1.0e-2}}
YAML
cat >solid.yaml <<'YAML'
network: {type: conv_net, hidden_channels: 3, depth: 1, key: 0}
trainer: {num_rollout_steps: 2, optimizer: {type: adam, learning_rate: 1.0e-2}}
YAML
include=$(pkg-config --variable=includedir trainax)/trainax
succeeds gfortran -std=f2018 -Wall -Wextra -Werror -g -fcheck=all "$include/inference.f90" "$include/simulation.f90" \
    "$tests/install/consumer/online.f90" $(pkg-config --libs trainax) -o online
for launch in "" "mpirun -n 2"; do
    rm -f saved.h5
    succeeds $launch ./online
    grep -q 'all good' out.txt || fail "$launch: $(cat out.txt err.txt)"
    succeeds "$trainax" inspect saved.h5
    grep -q 'weight (1, 1, 3)' out.txt || fail "what was saved: $(cat out.txt)"
done
finish
