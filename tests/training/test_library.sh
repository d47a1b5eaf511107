#!/usr/bin/env bash
# A program of one page, built against the installed library through pkg-config alone, gets the same numbers as the command.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

cmake --install "$build" --prefix "$work/prefix" >/dev/null || fail "installation"
export PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name trainax.pc)")
[ "$(wc -l <"$tests/training/quickstart_library.c")" -le 60 ] || fail "the program is longer than a page"
# A sanitized library wants a program that brings the sanitizer, with Open MPI's plugins kept as in the other programs.
sanitizer=
if [ -n "${TRAINAX_SANITIZE:-}" ]; then
    sanitizer="-fsanitize=$TRAINAX_SANITIZE $build/keep_plugins.o"
fi
${CC:-cc} -std=c17 -Wall -Wextra -Werror "$tests/training/quickstart_library.c" $(pkg-config --cflags --libs trainax) $sanitizer -o program ||
    fail "the program does not build"

succeeds "$trainax" train "$quickstart" --output run --quiet
{
    tail -1 run/history.csv | cut -d, -f4
    "$trainax" inspect run/network.h5 | sed -n 's/^ *weight .*: //p' | tr ' ' '\n'
} >expected.txt
for launch in "" "mpirun -n 3"; do
    succeeds $launch ./program "$quickstart"
    cmp out.txt expected.txt || fail "the library and the command differ ($launch)"
done
finish
