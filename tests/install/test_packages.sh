#!/usr/bin/env bash
# scripts/packages, as far as it can be seen without Spack and Apptainer: the recipe is Python and of this version, and what it
# passes CMake knows; the image's steps are shell, its files are here, and it has every library that the program is linked with.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

top=$tests/..
packages=$top/scripts/packages
recipe=$packages/spack/packages/trainax/package.py
image=$packages/trainax.def

python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$recipe" || fail "the recipe is not Python"
version=$(sed -n 's/^project(trainax VERSION \([0-9.]*\).*/\1/p' "$top/CMakeLists.txt")
grep -qF "version(\"$version\")" "$recipe" || fail "the recipe is not of version $version"
for line in "$recipe:dev-build trainax@$version" "$top/README.md:dev-build trainax@$version"; do
    tr '\n' ' ' <"${line%%:*}" | grep -qF "${line#*:}" || fail "${line%%:*} does not say ${line#*:}"
done
for option in $(grep -o 'TRAINAX_[A-Z]*' "$recipe"); do
    grep -Eq "^(option|set)\($option " "$top/CMakeLists.txt" || fail "the recipe passes $option, which there is not"
done

# section NAME: the lines of all its sections
section() { awk -v name="%$1" '/^%|^Bootstrap:/ { on = $1 == name && $2 != "from"; next } on' "$image"; }
for name in post test runscript environment; do
    [ -n "$(section $name)" ] && bash -n <(section $name) || fail "the image's %$name"
done
section files | while read -r here _; do
    [ -z "$here" ] || [ -e "$top/$here" ] || echo "$here"
done >absent.txt
[ ! -s absent.txt ] || fail "the image wants files that are not here: $(cat absent.txt)"
if command -v dpkg-query >/dev/null && grep -qs '^12' /etc/debian_version && [ -z "${TRAINAX_SANITIZE:-}" ]; then
    for library in $(readelf -d "$trainax" | sed -n 's/.*NEEDED.*\[\(lib.*\)\]/\1/p' | grep -vE '^lib(c|m|trainax)\.so'); do
        dpkg-query -S "*/$library" | sed 's/:.*//' | grep -qxFf <(section post | tr -s ' ' '\n') || fail "the image lacks $library"
    done
fi
finish
