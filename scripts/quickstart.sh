#!/usr/bin/env bash
# From a fresh clone to the numbers of Trainax's README: installs what is missing, builds, trains a stencil with 1, 5 and 20
# rollout steps on two ranks and prints how far each lies from the first-order upwind stencil, and the hash of its bits.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh
cmake -S . -B build -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build -j2 --target trainax_command

# Containers run as root and offer fewer cores than ranks: mpirun wants to be told that this is meant.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

for rollout in 1 5 20; do
    run=runs/quickstart_$rollout
    mpirun -n 2 build/trainax train scripts/experiments/quickstart.yaml --set trainer.num_rollout_steps=$rollout \
        --output "$run" --overwrite --quiet
    # The upwind stencil at this CFL number is (0.25, 0.75).
    build/trainax inspect "$run/checkpoint.h5" | awk -v rollout=$rollout '
        $1 == "isa:" { isa = $2 }
        $1 == "result:" { print "  " $0 " (" isa ")" }
        $1 == "weight" { gsub(/[^-+.0-9e ]/, " ", $0); n = split($0, v, " ")
                         printf "rollout %2d: |w - FOU| = %.4f\n", rollout, sqrt((v[n-1] - .25)^2 + (v[n] - .75)^2) }'
done
