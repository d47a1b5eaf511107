#!/usr/bin/env bash
# What finds faults without running anything. usage: scripts/check.sh [style | clang | tidy | cppcheck]...     none named: all
#   style      clang-format as in .clang-format (tables that it would tear apart stand between `clang-format off` and `on`)
#   clang      everything compiles with clang without a warning (build-clang/; scripts/test.sh does so with gcc)
#   tidy       clang-tidy with .clang-tidy, in which each check left out has its reason
#   cppcheck   with the suppressions of .cppcheck
# Versions are those of Debian 12. Says all that it finds; fails if there is anything.
set -uo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
esac
scripts/install_dependencies.sh --tests || exit 1
jobs=$(nproc)
build=build-clang

sources() { git ls-files --cached --others --exclude-standard "$@"; }
configure() {
    mkdir -p $build && cmake -S . -B $build -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14 -DBUILD_TESTING=ON \
        -DTRAINAX_WERROR=ON -DCMAKE_BUILD_TYPE=Release >$build/cmake.log || { cat $build/cmake.log; return 1; }
}

style() { sources '*.c' '*.h' | xargs clang-format-14 --dry-run --Werror; }
clang() { configure && cmake --build $build -j"$jobs" -- -k; }
# Of the kernels, compiled once an instruction set and precision, only one variant, and only how many parameters functions have.
tidy_kernels() {
    sources 'src/kernel/vector/*.c' | xargs -P "$jobs" -I{} clang-tidy-14 --quiet --checks='-*,readability-function-size' {} -- \
        -std=gnu17 -Isrc -Iinclude -march=x86-64-v3 -DTX_VARIANT=v3_f32 -DTX_ISA='""' -DTX_VECTOR_BYTES=32 -DTX_REAL_BITS=32 2>/dev/null
}
tidy() {
    configure || return 1
    sources 'src/*.c' | grep -v '^src/kernel/vector/' | xargs -P "$jobs" -n 4 clang-tidy-14 -p $build --quiet 2>/dev/null
    local status=$?
    tidy_kernels && return $status
}
cppcheck_() {
    cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr --suppressions-list=.cppcheck --quiet -j "$jobs" \
        --error-exitcode=1 -D_GNU_SOURCE -Iinclude -Isrc --template='{file}:{line}: [{id}] {message}' src
}

failed=()
for check in "${@:-style clang tidy cppcheck}"; do
    for name in $check; do
        case $name in
            style | clang | tidy) $name ;;
            cppcheck) cppcheck_ ;;
            *) echo "check.sh: unknown check '$name' (known: style, clang, tidy, cppcheck)" >&2; exit 2 ;;
        esac || failed+=("$name")
    done
done
[ ${#failed[@]} = 0 ] || { echo "check.sh: found something: ${failed[*]}"; exit 1; }
echo "check.sh: nothing found"
