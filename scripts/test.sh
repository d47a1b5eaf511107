#!/usr/bin/env bash
# Builds trainax and runs every test.
# usage: scripts/test.sh [--portable | --sanitize=address,undefined | --sanitize=thread] [OPTION OF ctest]...
#        scripts/test.sh --all
#   (nothing)      Release, in build/
#   --portable     for any machine (no choice of instruction sets, no ScaLAPACK, no OpenCL), in build-portable/
#   --sanitize=…   Debug, under the sanitizers of the compiler, in build-<their names>/
#   --all          all of these, one after the other, then scripts/check.sh and scripts/fuzz.sh: an hour or two
# Options of ctest narrow it down: scripts/test.sh -R '^file/'
set -euo pipefail
cd "$(dirname "$0")/.."

# all: goes on after a failure, and says at the end what has failed.
all() {
    local failed=() command
    scripts/install_dependencies.sh --all
    for command in scripts/test.sh "scripts/test.sh --sanitize=address,undefined" "scripts/test.sh --sanitize=thread" \
        "scripts/test.sh --portable" scripts/check.sh scripts/fuzz.sh; do
        echo "==== $command"
        $command || failed+=("$command")
    done
    [ ${#failed[@]} = 0 ] || { printf 'FAILED: %s\n' "${failed[@]}"; return 1; }
    echo "==== all good"
}

build=build
options=(-DBUILD_TESTING=ON -DTRAINAX_WERROR=ON -DCMAKE_BUILD_TYPE=Release)
case "${1:-}" in
    --all)
        all
        exit
        ;;
    --portable)
        build=build-portable
        options+=(-DTRAINAX_PORTABLE=ON -DTRAINAX_SCALAPACK=OFF -DTRAINAX_OPENCL=OFF)
        shift
        ;;
    --sanitize=*)
        sanitize=${1#*=}
        build=build-${sanitize//,/-}
        # -O1: fast enough to test, close enough to the source to read.
        # gcc's warnings about formats are wrong in instrumented code: the plain build is the one that must be free of them.
        options+=(-DTRAINAX_WERROR=OFF -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O1 "-DTRAINAX_SANITIZE=$sanitize")
        shift
        ;;
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
esac
scripts/install_dependencies.sh --tests

suppressions=$PWD/tests/sanitizers
mkdir -p "$build"
if [ -n "${sanitize:-}" ]; then
    cc -c -O1 "$suppressions/keep_plugins.c" -o "$build/keep_plugins.o"
    options+=("-DCMAKE_EXE_LINKER_FLAGS=$PWD/$build/keep_plugins.o")
fi
if [ "${sanitize:-}" = thread ]; then
    # Only clang's OpenMP tells the sanitizer (through archer) what its barriers order.
    options+=(-DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14)
    export OMP_TOOL_LIBRARIES=${TRAINAX_ARCHER:-/usr/lib/llvm-14/lib/libarcher.so}
fi
# Not detect_stack_use_after_return: gcc's copies of stack frames are not aligned for 64-byte vectors.
export ASAN_OPTIONS=fast_unwind_on_malloc=0:malloc_context_size=10:allocator_may_return_null=1
export LSAN_OPTIONS=suppressions=$suppressions/leak.supp:print_suppressions=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=$suppressions/thread.supp

cmake -S . -B "$build" "${options[@]}" >"$build/cmake.log" || { cat "$build/cmake.log"; exit 1; }
cmake --build "$build" -j2
# Two a core: for half of its time a test waits for launchers and clocks. One on several ranks counts as two.
ctest --test-dir "$build" -j4 --output-on-failure "$@"
