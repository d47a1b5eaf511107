#!/usr/bin/env bash
# Searches for inputs that break what reads them, with clang's libFuzzer under the sanitizers (build-fuzz/).
# usage: scripts/fuzz.sh [TARGET] [SECONDS]     one of tests/fuzz/fuzz_TARGET.c, or `all`; 30 seconds each
# It begins with tests/fuzz/corpus/TARGET and what earlier searches found (build-fuzz/found/TARGET). What breaks the target is left as
# build-fuzz/TARGET-crash-…: mend the program and put that file, with a name that says what it is, into the corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
esac
seconds=${2:-30}
targets=()
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    [ "${1:-all}" = all ] || [ "$1" = "${name#fuzz_}" ] && targets+=("${name#fuzz_}")
done
[ ${#targets[@]} -gt 0 ] || { echo "fuzz.sh: no target '$1' in tests/fuzz" >&2; exit 2; }

scripts/install_dependencies.sh --tests
build=build-fuzz
suppressions=$PWD/tests/sanitizers
mkdir -p $build
clang-14 -c -O1 "$suppressions/keep_plugins.c" -o $build/keep_plugins.o
cmake -S . -B $build -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14 -DBUILD_TESTING=ON -DTRAINAX_FUZZ=ON -DTRAINAX_PORTABLE=ON \
    -DTRAINAX_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS_DEBUG=-O1 -g" \
    "-DCMAKE_EXE_LINKER_FLAGS=$PWD/$build/keep_plugins.o" >$build/cmake.log || { cat $build/cmake.log; exit 1; }
cmake --build $build -j2 --target "${targets[@]/#/fuzz_}"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
export LSAN_OPTIONS=suppressions=$suppressions/leak.supp:print_suppressions=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
for target in "${targets[@]}"; do
    echo "==== $target"
    mkdir -p $build/found/"$target"
    options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0)
    [ ! -f "tests/fuzz/$target.dict" ] || options+=(-dict="tests/fuzz/$target.dict")
    $build/tests/fuzz_"$target" "${options[@]}" -artifact_prefix="$build/$target-" $build/found/"$target" "tests/fuzz/corpus/$target"
done
