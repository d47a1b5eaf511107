#!/usr/bin/env bash
# The README's walk through share/trainax/plugin-template, in the home of a user who has installed trainax there: it learns the
# weights of the stencil in mine.c.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

[ -z "${TRAINAX_SANITIZE:-}" ] || exit 77 # a program that lets nothing be unloaded is needed for what is loaded
export HOME=$work/home
mkdir "$HOME"
cmake --install "$build" --prefix "$HOME/.local" >/dev/null || fail "cmake --install"
export PATH=$HOME/.local/bin:$PATH
commands=$(sed -n '/^## Your own simulator/,/^## /p' "$tests/../README.md" | sed -n '/^```sh$/,/^```$/p' | grep -v '^```')
[ "$(wc -l <<<"$commands")" -ge 6 ] || fail "the README's commands: $commands"
cd "$HOME" || exit 1
timeout 300 bash -euc "$commands" >log.txt 2>&1 || fail "the README's commands: $(cat log.txt)"
grep -q 'diffusivity \* time step' log.txt || fail "help of a plugin: $(cat log.txt)"
learned() {
    local weights
    weights=$(h5dump -d /parameters/weight -m %.3f -y mine/mine/network.h5 | tr -d " \n")
    grep -Eq '0\.200,0\.600,0\.200' <<<"$weights" || fail "it has learned $weights instead of 0.2, 0.6, 0.2"
}
learned
if command -v gfortran >/dev/null; then
    rm -r mine
    timeout 300 bash -euc "${commands/cmake -B build/cmake -B build -DFORTRAN=ON}" >log.txt 2>&1 || fail "the README's commands, in Fortran: $(cat log.txt)"
    nm -D mine/build/libmine.so | grep -q gfortran || fail "the library is not in Fortran"
    learned
fi
finish
