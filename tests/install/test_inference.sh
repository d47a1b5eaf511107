#!/usr/bin/env bash
# A network that was exported as C, in a program that is built from the installed tree with libtrainax-inference.a alone: no other
# library beside libc and libm, the bits of `rollout`. And what export refuses.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

sanitizer=${TRAINAX_SANITIZE:+-fsanitize=$TRAINAX_SANITIZE}
cmake --install "$build" --prefix "$work/before" >/dev/null || fail "cmake --install"
mv before prefix
export PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name trainax-inference.pc)")
consumer=$tests/install/consumer

# train NAME NETWORK [PRECISION [POINTS]]: no step, only its initial parameters
train() {
    cat >"$1.yaml" <<YAML
precision: ${3:-float32}
data: {type: advection_1d_periodic, num_points: ${4:-160}, num_samples: 7, cfl: -0.75, highest_init_mode: 5, temporal_horizon: 2, key: 0}
network: $2
trainer: {optimizer: {type: adam, learning_rate: 1.0e-3}, num_training_steps: 0, batch_size: 7, key: 0}
YAML
    succeeds "$trainax" train "$1.yaml" --quiet --output "$1"
    succeeds "$trainax" generate "$1.yaml" --output "$1.h5" --overwrite
}
# program NAME WHAT...: the exported network in the user's program
program() {
    mkdir -p "$1.source"
    succeeds "$trainax" export "$1/network.h5" --c --output "$1.source/emulator.c" --overwrite
    succeeds ${CC:-cc} -std=c11 -Wall -Wextra -pedantic -Werror "$consumer/simulation.c" "$1.source/emulator.c" \
        $(pkg-config --cflags --libs trainax-inference) "${@:2}" $sanitizer -o "$1.program"
}
points=160
# level FILE FIRST COUNT TRAJECTORIES: raw numbers of levels, each of all trajectories
level() {
    for ((k = $2; k < $2 + $3; k++)); do
        h5dump -d /trajectories -s "0,$k,0,0" -c "$4,1,1,$points" -b NATIVE -o level.bin "$1" >/dev/null || fail "h5dump of $1"
        cat level.bin
    done
}

cat >plane.yaml <<'YAML'
data: {type: npy, path: plane.npy}
network: {type: conv_net, hidden_channels: 5, depth: 2, key: 0}
trainer: {optimizer: {type: adam, learning_rate: 1.0e-3}, num_training_steps: 0, batch_size: 3, key: 0}
YAML
cat >point.yaml <<'YAML'
precision: float64
data: {type: lorenz_rk4, num_samples: 2, temporal_horizon: 2, key: 0}
network: {type: mlp, num_spatial_dims: 0, width_size: 60, depth: 6, activation: tanh, key: 0}
trainer: {optimizer: {type: adam, learning_rate: 1.0e-3}, num_training_steps: 0, batch_size: 3, key: 0}
YAML

# -- convolutions, a network with norms in double, one that transforms: one state, seven --
train conv '{type: conv_net, hidden_channels: 34, depth: 10, key: 0}'
train norm '{type: modern_u_net, hidden_channels: 5, num_levels: 2, key: 1}' float64
train fno '{type: classic_fno, hidden_channels: 4, num_modes: 12, num_blocks: 2, key: 2}'
for name in conv norm fno; do
    program $name
    for states in 1 7; do
        sed -i "s/num_samples: [0-9]*/num_samples: $states/" $name.yaml
        succeeds "$trainax" generate $name.yaml --output $name.h5 --overwrite
        succeeds "$trainax" rollout $name/network.h5 --initial $name.h5 --steps 3 --output rolled.h5 --overwrite
        level $name.h5 0 1 $states >initial.bin
        level rolled.h5 1 3 $states >expected.bin
        env -i ./$name.program $states 3 <initial.bin >stepped.bin || fail "$name.program $states"
        cmp stepped.bin expected.bin || fail "$name: $states states are not what rollout computes"
    done
done
if [ -z "$sanitizer" ]; then
    ldd conv.program | grep -vqE 'linux-vdso|lib[cm]\.so|ld-linux' && fail "more libraries than libc and libm: $(ldd conv.program)"
fi

# -- data that were normalized: the network's own units, and those before, rounded once after each operation --
sed 's/key: 0}$/&/; s/temporal_horizon: 2,/& normalize: {mean: [0.5], std: [2]},/' conv.yaml >units.yaml
succeeds "$trainax" train units.yaml --quiet --output units
succeeds "$trainax" generate units.yaml --output units.h5 --overwrite
succeeds "$trainax" generate units.yaml --set data.normalize=none --output raw.h5 --overwrite
succeeds "$trainax" inspect units/network.h5
grep -A 2 -xF 'normalization: (x - mean)/std' out.txt | grep -qxF '  std (1,): 2' || fail "inspect of a network says no units: $(cat out.txt)"
succeeds "$trainax" inspect units.h5
grep -qxF '  mean (1,): 0.5' out.txt || fail "inspect of data says no units"
program units
level units.h5 0 1 7 >initial.bin
level raw.h5 0 1 7 >raw.bin
./units.program 7 1 <initial.bin >stepped.bin
./units.program 7 1 physical <raw.bin >physical.bin
python3 - <<'PYTHON' || fail "physical states"
from array import array
def numbers(path):
    return array("f", open(path, "rb").read())
def back(x):
    return array("f", [v + 0.5 for v in array("f", [2 * v for v in x])])
assert numbers("initial.bin") == array("f", [(v - 0.5) / 2 for v in array("f", numbers("raw.bin"))]), "data"
assert numbers("physical.bin") == back(numbers("stepped.bin")), "steps"
PYTHON
./conv.program 7 1 physical <raw.bin 2>err.txt >/dev/null && fail "physical states of a network without units"
grep -q 'had no `normalize`' err.txt || fail "no units: $(cat err.txt)"

# -- many modes of 2 * 7 * 23 points: by FFTW, which the program then brings along --
train many '{type: classic_fno, hidden_channels: 2, num_modes: 120, num_blocks: 1, key: 2}' float32 322
program many
points=322
level many.h5 0 1 7 >initial.bin
./many.program 7 1 <initial.bin 2>err.txt >/dev/null && fail "a transform without FFTW"
grep -q 'the network transforms by FFTW: link the program with' err.txt || fail "what is lacking: $(cat err.txt)"
program many -Wl,--no-as-needed -lfftw3f -lfftw3
succeeds "$trainax" rollout many/network.h5 --initial many.h5 --steps 1 --output rolled.h5 --overwrite
level rolled.h5 1 1 7 >expected.bin
./many.program 7 1 <initial.bin >stepped.bin
cmp stepped.bin expected.bin || fail "many modes"

# -- the same by CMake; another grid; an exported source is plain C++, too --
cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.21)
project(simulation C)
find_package(trainax 0.1 REQUIRED)
add_executable(simulation ${SOURCES})
target_link_libraries(simulation PRIVATE trainax::inference)
CMAKE
succeeds "$trainax" export conv/network.h5 --c --shape 1,40 --output emulator.c
succeeds cmake -S . -B by_cmake "-DSOURCES=$consumer/simulation.c;emulator.c" -DCMAKE_PREFIX_PATH="$work/prefix" \
    "-DCMAKE_EXE_LINKER_FLAGS=$sanitizer"
succeeds cmake --build by_cmake
head -c 160 initial.bin | by_cmake/simulation 1 2 >stepped.bin
[ "$(stat -c %s stepped.bin)" = 320 ] || fail "40 points"
succeeds ${CXX:-c++} -std=c++11 -Wall -Wextra -pedantic -Werror -c "$consumer/simulation.c" -x c++ $(pkg-config --cflags trainax-inference)

# -- Fortran: the same bits from arrays of every rank and kind, sections of them, and expressions --
if [ -z "$sanitizer" ] && command -v gfortran >/dev/null; then
    python3 - <<'PYTHON'
import math, struct
values = [math.sin(0.37 * k) for k in range(3 * 2 * 2 * 8 * 12)]
header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 2, 8, 12), }"
header += " " * (117 - len(header)) + "\n"
with open("plane.npy", "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<%df" % len(values), *values))
PYTHON
    # fortran NAME KIND: a Fortran program, and what the one in C makes of the same numbers
    fortran() {
        mkdir -p "$1.fortran"
        succeeds ${CC:-cc} -c "$1.source/emulator.c" $(pkg-config --cflags trainax-inference) -o "$1.fortran/emulator.o"
        succeeds gfortran -std=f2018 -cpp -D$1 -Wall -Wextra -Wno-compare-reals -Werror -g -fcheck=all -J "$1.fortran" \
            "$(pkg-config --variable=includedir trainax-inference)/trainax/inference.f90" "$consumer/simulation.f90" \
            "$1.fortran/emulator.o" $(pkg-config --libs trainax-inference) $sanitizer -o "$1.fortran/simulation"
        succeeds "$1.fortran/simulation"
        "./$1.program" 1 1 <initial.bin >expected.bin
        cmp next.bin expected.bin || fail "Fortran, $1"
    }
    succeeds "$trainax" train plane.yaml --quiet --output plane
    succeeds "$trainax" train point.yaml --quiet --output point
    for name in conv plane point; do
        program $name
        fortran $name
    done
fi

# -- the README's programs, on the quickstart's network --
readme() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$tests/../README.md" | grep -v '^```'; }
succeeds "$trainax" train "$tests/../scripts/experiments/quickstart.yaml" --quiet --set trainer.num_training_steps=20 --output quick
succeeds "$trainax" export quick/network.h5 --c --output emulator.c --overwrite
readme c >simulation.c
succeeds ${CC:-cc} -O2 -Wall -Wextra -Werror simulation.c emulator.c $(pkg-config --cflags --libs trainax-inference) $sanitizer -o simulation
succeeds ./simulation
grep -qE '^[-0-9.]+$' out.txt || fail "the README's program in C: $(cat out.txt)"
if [ -z "$sanitizer" ] && command -v gfortran >/dev/null; then
    mv out.txt in_c.txt
    readme fortran >simulation.f90
    succeeds ${CC:-cc} -c emulator.c $(pkg-config --cflags trainax-inference)
    succeeds gfortran "$(pkg-config --variable=includedir trainax-inference)/trainax/inference.f90" simulation.f90 emulator.o \
        $(pkg-config --libs trainax-inference) -o simulation
    succeeds ./simulation
    [ "$(sed 's/^0//' in_c.txt)" = "$(tr -d ' ' <out.txt)" ] || fail "the README's programs: $(cat in_c.txt out.txt)"
fi

# -- what is refused --
expect 2 'export needs one of --c and --onnx: which form' "$trainax" export conv/network.h5 --output other.c
expect 2 'export needs --output FILE$' "$trainax" export conv/network.h5 --c
expect 2 "'emulator.c' exists" "$trainax" export conv/network.h5 --c --output emulator.c
expect 2 'is an input' "$trainax" export conv/network.h5 --c --overwrite --output conv/network.h5
expect 2 'shape 1,x: channels and the points' "$trainax" export conv/network.h5 --c --output other.c --shape 1,x
expect 3 'is no network file' "$trainax" export conv.h5 --c --output other.c
expect 2 'another shape' mpirun -n 2 "$trainax" export conv/network.h5 --c --output other.c --shape 2,160
for name in int new main sin size_t linux tx_mine é - .hidden; do
    expect 2 'is no name for one, or taken: choose another' "$trainax" export conv/network.h5 --c --output "$name.c"
    [ ! -e "$name.c" ] || fail "$name.c was written"
done
expect 2 'is no name for one, or taken' "$trainax" export conv/network.h5 --c --output -
for name in nodes tx my-net 5net step; do # names that are fine, of C and C++
    succeeds "$trainax" export conv/network.h5 --c --output "$name.c"
    succeeds ${CC:-cc} -std=c11 -Wall -Wextra -Werror -c "$name.c" $(pkg-config --cflags trainax-inference)
    succeeds ${CXX:-c++} -std=c++11 -Wall -Wextra -Werror -c -x c++ "$name.c" $(pkg-config --cflags trainax-inference)
done
[ ! -e other.c ] || fail "a refused export has left a file"
finish
