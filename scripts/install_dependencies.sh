#!/usr/bin/env bash
# Installs the Debian (12) packages that the build and the quickstart use and that are missing; done at once when none is.
# What cannot be installed is only told: it may be there under another name, and CMake says so if it is not.
# usage: scripts/install_dependencies.sh [--tests | --all]     with --tests also what the tests, the sanitizer builds and the checks
# use, with --all also what brings up a cluster on this machine for some of them
set -euo pipefail

packages=(gcc libc6-dev make cmake pkg-config libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libfftw3-dev libfyaml-dev
          libssl-dev libdeflate-dev liblzf-dev libscalapack-openmpi-dev libopenblas-serial-dev)
for_tests=(ocl-icd-opencl-dev pocl-opencl-icd g++ gfortran libcunit1-dev git python3 python3-jsonschema python3-yaml python3-h5py python3-matplotlib python3-onnx hdf5-tools procps mandoc
           clang-14 libomp-14-dev libclang-rt-14-dev clang-format-14 clang-tidy-14 cppcheck tcl)
for_clusters=(slurm-wlm munge iproute2)

case "${1:-}" in
    '') ;;
    --tests) packages+=("${for_tests[@]}") ;;
    --all) packages+=("${for_tests[@]}" "${for_clusters[@]}") ;;
    -h | --help) sed -n '2,5s/^# //p' "$0"; exit 0 ;;
    *) echo "install_dependencies.sh: unknown option '$1' (known: --tests, --all)" >&2; exit 2 ;;
esac

# go_on WHY PACKAGE...
go_on() {
    echo "install_dependencies.sh: not installed, $1: ${*:2}. Going on with what is here; README.md, Installing, says how to do without root" >&2
    exit 0
}
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || go_on "no apt-get here" "${packages[@]}"

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
    grep -qx "installed $package" <<<"$installed" || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || go_on "neither root nor sudo" "${missing[@]}"
    as_root=(sudo)
fi

echo "Installing with apt-get: ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
"${apt[@]}" update >/dev/null ||
    echo "install_dependencies.sh: the lists of packages could not be updated; trying with those that are here" >&2
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null || go_on "apt-get failed" "${missing[@]}"
