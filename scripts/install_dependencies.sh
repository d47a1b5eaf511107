#!/usr/bin/env bash
# Installs the Debian (12) packages that trainax needs and that are missing; done at once when none is.
# usage: scripts/install_dependencies.sh [--tests]     with --tests also what the sanitizer builds and some tests use
set -euo pipefail

packages=(build-essential cmake pkg-config libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libscalapack-openmpi-dev
          libopenblas-dev libfftw3-dev libfyaml-dev libssl-dev libcunit1-dev)
for_tests=(git hdf5-tools procps mandoc python3-jsonschema python3-yaml clang-14 libomp-14-dev libclang-rt-14-dev)

case "${1:-}" in
    '') ;;
    --tests) packages+=("${for_tests[@]}") ;;
    -h | --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
    *) echo "install_dependencies.sh: unknown option '$1' (known: --tests)" >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "install_dependencies.sh: no apt-get here: nothing installed. On Debian 12 the packages are: ${packages[*]}" >&2
    exit 0 # they may well be there under other names; CMake will tell
fi

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
    if ! command -v sudo >/dev/null; then
        echo "install_dependencies.sh: missing, and neither root nor sudo to install them: ${missing[*]}" >&2
        echo "(README.md says how to do without root)" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "Installing with apt-get: ${missing[*]}"
install=(apt-get install -y -q --no-install-recommends "${missing[@]}")
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null ||
    echo "install_dependencies.sh: the lists of packages could not be updated; trying with those that are here" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null || {
    echo "install_dependencies.sh: failed: ${install[*]}" >&2
    exit 1
}
