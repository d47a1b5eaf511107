#!/usr/bin/env bash
# What a step's sum takes on networks that are not at hand: SimGrid runs the sources of trainax's sum (src/parallel/allreduce.c,
# exchange.c), a rank on a machine of its own, without sharing of switches. All of it is labelled simulated. How fast a core adds is
# measured here; a step's work is time that passes. Beside it MPI_Allreduce of the same words, by Open MPI's algorithms.
# usage: scripts/simulate_sum.sh [RANKS ELEMENTS WORK_MS GBITS LATENCY_US]
#        scripts/simulate_sum.sh --validate     as root: 2 to 4 real ranks of this machine whose loopback is held to 200 Mb/s, so
#                                               that it, not this machine's cores, is what counts; beside it that, simulated
# Without arguments: 1,024 ranks, 100 Gb/s, 2 us; 32,000 parameters and 1 ms of work a step; 1,000,000 and 10 ms. Minutes.
# Needs SimGrid; installs it with apt-get if it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

scripts/install_dependencies.sh
if ! command -v smpicc >/dev/null; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get -q install -y --no-install-recommends simgrid libsimgrid-dev >/dev/null
fi
build() { # build COMPILER OPTION... -o PROGRAM
    "$1" -O2 -fopenmp-simd -std=gnu17 -D_GNU_SOURCE -Isrc -Iinclude "${@:2}" scripts/simulate_sum.c src/parallel/allreduce.c \
        src/parallel/exchange.c
}
build mpicc -o "$work/real"
build smpicc -DSMPI -o "$work/simulated"

real() { # real RANKS WAY ELEMENTS STEPS WORK RATE
    mpirun -n "$1" --bind-to none --mca btl tcp,self --mca btl_tcp_if_include lo "$work/real" "${@:2}"
}

simulated() { # simulated NETWORK RANKS WAY ELEMENTS STEPS WORK RATE
    cat >"$work/platform.xml" <<END
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="simulated" prefix="n" radical="0-$(($2 - 1))" suffix="" speed="1Gf" $1/>
</platform>
END
    seq -f n%.0f 0 $(($2 - 1)) >"$work/hosts"
    smpirun -no-privatize -np "$2" -platform "$work/platform.xml" -hostfile "$work/hosts" --cfg=smpi/host-speed:1Gf \
        --cfg=smpi/simulate-computation:no --cfg=network/model:CM02 --cfg=smpi/coll-selector:ompi --log=root.thresh:error \
        "$work/simulated" "${@:3}"
}

# How many bytes a core adds a second, of vectors of so many elements.
rate_of() { real 1 add $((2 * $1)) 20 0 1; }

predict() { # predict RANKS ELEMENTS WORK_MS GBITS LATENCY_US
    local network seconds rate ours others
    network="bw='$4Gbps' lat='$(python3 -c "print($5 / 2)")us' sharing_policy='SPLITDUPLEX'" # to the switch, and from it
    seconds=$(python3 -c "print($3 * 1e-3)")
    rate=$(rate_of "$2")
    ours=$(simulated "$network" "$1" trainax "$2" 1 "$seconds" "$rate")
    others=$(simulated "$network" "$1" mpi "$2" 1 "$seconds" "$rate")
    python3 - "$@" "$rate" "$ours" "$others" <<'END'
import sys

ranks, elements, work, gbits, latency, rate, ours, others = map(float, sys.argv[1:])
print(f"simulated: {ranks:.0f} ranks, {gbits:g} Gb/s, {latency:g} us, {elements:.0f} parameters, {work:g} ms of work, "
      f"{rate / 1e9:.1f} GB/s added: step {1e3 * ours:.3f} ms, efficiency {work / ours / 1e3:.3f}; "
      f"by MPI_Allreduce {1e3 * others:.3f} ms, {work / others / 1e3:.3f}")
END
}

in_ms() { python3 -c "print(1e3 * $1)"; }

compare() { # in a network of its own
    ip link set lo up
    tc qdisc add dev lo root tbf rate 200mbit burst 128kb latency 200ms
    local network
    network="bw='1000Gbps' lat='0us' bb_bw='200Mbps' bb_lat='$(real 2 trip 1 3000 0 1)s'" # all ranks share it
    for ranks in 2 3 4; do
        for elements in 1000 32000 300000; do
            printf '%d ranks, %6d parameters: real %7.3f ms, simulated %7.3f ms\n' $ranks $elements \
                "$(in_ms "$(real $ranks trainax $elements 10 0 1)")" \
                "$(in_ms "$(simulated "$network" $ranks trainax $elements 1 0 "$(rate_of $elements)")")"
        done
    done
}

if [ "${1:-}" = --validate ]; then
    unshare -n "$0" --compare
elif [ "${1:-}" = --compare ]; then
    compare
elif [ $# = 5 ]; then
    predict "$@"
elif [ $# = 0 ]; then
    predict 1024 32000 1 100 2
    predict 1024 1000000 10 100 2
else
    sed -n '2,/^set/{/^# usage/,/^#  /s/^# //p}' "$0" >&2
    exit 2
fi
