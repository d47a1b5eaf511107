#!/usr/bin/env bash
# An installed tree, moved after the installation: the program runs in an empty environment from another folder; C and C++
# programs are built against it by pkg-config and by CMake and run as bare; what lies in share/ is whole.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

bare="env -i"
sanitizer=
if [ -n "${TRAINAX_SANITIZE:-}" ]; then # a sanitized library wants programs that bring the sanitizer, and its suppressions
    bare="env -u LD_LIBRARY_PATH"
    sanitizer="-fsanitize=$TRAINAX_SANITIZE $build/keep_plugins.o"
fi
cmake --install "$build" --prefix "$work/before" >/dev/null || fail "cmake --install"
mv before prefix
mkdir elsewhere
cd elsewhere || exit 1

# What others see of the library is what its headers declare, and of the program the same, for plugins.
inside='tx_(graph_append|planner_|memory_live|claim_)'
for file in "$(find ../prefix -name 'libtrainax.so')" ../prefix/bin/trainax; do
    nm -D --defined-only "$file" | grep -qw tx_registry_add_for || fail "$file: its public functions are not to be seen"
    # Sanitizers want the program's own names to be seen.
    [ -n "${TRAINAX_SANITIZE:-}" ] || ! nm -D --defined-only "$file" | grep -qE "$inside" || fail "$file shows what lies inside"
done

# -- the program and the experiments --
succeeds $bare ../prefix/bin/trainax --version
steps="--quiet --set trainer.num_training_steps=20"
succeeds $bare ../prefix/bin/trainax train ../prefix/share/trainax/experiments/quickstart.yaml $steps --output installed
succeeds $bare PATH="$PATH" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
    "$(command -v mpirun)" -n 2 ../prefix/bin/trainax train ../prefix/share/trainax/experiments/quickstart.yaml $steps --output two_ranks
succeeds "$trainax" train "$tests/../scripts/experiments/quickstart.yaml" $steps --output built
same_run installed built
same_run two_ranks built
succeeds $bare ../prefix/bin/trainax train ../prefix/share/trainax/experiments/fou_notebook.yaml $steps --output notebook
for path in scripts/experiments scripts/plugin-template scripts/plot.py scripts/pictures.py scripts/report.py \
    scripts/trainax_exchange.py slurm LICENSE; do
    diff -r "$tests/../$path" "../prefix/share/trainax/${path##*/}" || fail "share/trainax differs from $path"
done

# -- its environment module, by what Environment Modules and Lmod offer: every folder that it names is there --
cat >module.tcl <<'TCL'
set ModulesCurrentModulefile [lindex $argv 0]
proc module-whatis text { puts "whatis $text" }
proc conflict name {}
proc prepend-path {name folder} {
    if {![file isdirectory $folder]} { error "$name: no folder $folder" }
    puts "$name $folder"
}
source $ModulesCurrentModulefile
TCL
succeeds tclsh module.tcl "$(echo "$work"/prefix/share/modulefiles/trainax/*)"
grep -qx "PATH $work/prefix/bin" out.txt && grep -q "^PKG_CONFIG_PATH $work/prefix/lib" out.txt && grep -q "^MANPATH " out.txt ||
    fail "the module: $(cat out.txt)"
version=$(../prefix/bin/trainax --version | sed -n '1s/trainax \([0-9.]*\).*/\1/p')
grep -q "^whatis trainax $version: " out.txt || fail "the module is of another version: $(cat out.txt)"

# -- programs of a user: jax.random.split(PRNGKey(0)) as JAX prints it, a component's name, and two of its own --
printf '%s\n' '4146024105 967050713' '2718843009 1272950319' adam 'type: times' 'factor: 2.5' 4 >expected.txt
says_so() {
    succeeds $bare "$1"
    cmp out.txt expected.txt || fail "$1 says otherwise: $(cat out.txt)"
}
export PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name trainax.pc)")
consumer=$tests/install/consumer
warnings="-Wall -Wextra -pedantic -Werror"
succeeds ${CC:-cc} -std=c11 $warnings "$consumer/program.c" $(pkg-config --cflags --libs trainax) $sanitizer -o by_pkg_config
succeeds ${CXX:-c++} -std=c++11 $warnings "$consumer/program.cpp" $(pkg-config --cflags --libs trainax) $sanitizer -o by_pkg_config_cpp
says_so ./by_pkg_config
says_so ./by_pkg_config_cpp
for language in C CXX; do
    succeeds cmake -S "$consumer" -B "by_cmake_$language" -DLANGUAGE=$language -DCMAKE_PREFIX_PATH="$work/prefix" \
        "-DCMAKE_EXE_LINKER_FLAGS=$sanitizer"
    succeeds cmake --build "by_cmake_$language"
    says_so "by_cmake_$language/program"
done
sed 's/trainax 0.1 REQUIRED/trainax 9 REQUIRED/' "$consumer/CMakeLists.txt" >CMakeLists.txt
cmake -S . -B later -DLANGUAGE=C -DCMAKE_PREFIX_PATH="$work/prefix" >all.txt 2>&1 && fail "find_package takes a version that is not here"
grep -q 'version: 0.1' all.txt || fail "find_package does not say the version: $(cat all.txt)"

# -- a package of a distribution --
DESTDIR=$work/stage cmake --install "$build" --prefix /opt/trainax >/dev/null || fail "DESTDIR"
succeeds $bare ../stage/opt/trainax/bin/trainax --version
finish
