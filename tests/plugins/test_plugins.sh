#!/usr/bin/env bash
# Shared objects of users, built from the installed headers alone: what they compute against what is built in, their adjoints
# against finite differences, on several ranks and threads, and everything that can be wrong with one.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

[ -z "${TRAINAX_SANITIZE:-}" ] || sanitizer="-fsanitize=$TRAINAX_SANITIZE"
cmake --install "$build" --prefix "$work/prefix" >/dev/null || fail "cmake --install"
export PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name trainax-plugin.pc)")
flags=$(pkg-config --cflags --libs trainax-plugin)
warnings="-Wall -Wextra -pedantic -Werror"
sources=$tests/plugins
# library NAME COMMAND...: lib<NAME>.so
library() {
    succeeds "${@:2}" $warnings -O1 -fPIC -shared $flags ${sanitizer:-} -o "lib$1.so"
}
succeeds "$trainax" train "$quickstart" --quiet --output isa --set trainer.num_training_steps=0
grep -q 'instruction set: portable' isa/run.log && [ "$(uname -m)" = x86_64 ] && unfused=-DUNFUSED
library fou ${CC:-cc} -std=c11 "$sources/fou.c" ${unfused:-} -ffp-contract=off -lm
library kinds ${CC:-cc} -std=c11 "$sources/kinds.c"
library burgers ${CC:-cc} -std=c11 "$sources/burgers.c" "$sources/burgers_plugin.c"
library implicit ${CC:-cc} -std=c11 "$sources/implicit.c" -llapack
library logistic ${CXX:-c++} -std=c++11 "$sources/logistic.cpp"

cat >chain.yaml <<'YAML'
data: {type: advection_1d_periodic, num_points: 40, num_samples: 7, cfl: -0.75, highest_init_mode: 5, temporal_horizon: 12, key: 0}
network: {type: conv, kernel_size: 3, padding: same, padding_mode: circular, num_spatial_dims: 1, in_channels: 1, out_channels: 1, key: 73}
trainer: {num_rollout_steps: 4, optimizer: {type: adam, learning_rate: 1.0e-2}, num_training_steps: 40, batch_size: 16, key: 42}
parallel: {block: 3}
YAML
sets() { # the words of "KEY=VALUE KEY=VALUE" as flags
    local word
    for word in $1; do echo --set "$word"; done
}
# train NAME 'KEY=VALUE...' [LAUNCHER...]: a run of chain.yaml
train() {
    succeeds "${@:3}" "$trainax" train chain.yaml --quiet --output "$1" $(sets "$2")
}

# -- the same bits as the built-in stepper wherever a configuration takes one. (A network whose convolution pads its states just as
# the stepper's does shares that with it, and with it the order of sums at the edge: kernel_size 3 does not. Under the sanitizers
# the compiler contracts other sums of the two.) --
same_as_built_in() {
    [ -n "${sanitizer:-}" ] || same_run built_in plugin
}
for precision in float32 float64; do
    for cfl in -0.75 0.6; do
        for configuration in diverted_chain_branch_one "diverted_chain trainer.num_branch_steps=2" \
            "mix_chain_post_physics trainer.num_post_physics_steps=2"; do
            common="precision=$precision trainer.type=$configuration trainer.ref_stepper.cfl=$cfl"
            train built_in "trainer.ref_stepper.type=fou_advection_1d $common"
            train plugin "trainer.ref_stepper.type=plugin trainer.ref_stepper.library=libfou.so $common"
            same_as_built_in
            rm -r plugin
            [ $cfl = 0.6 ] && [ $precision = float32 ] && for ranks in 2 3; do
                train plugin "trainer.ref_stepper.type=plugin trainer.ref_stepper.library=libfou.so $common" mpirun -n $ranks
                same_as_built_in
                rm -r plugin
            done
            rm -r built_in
        done
    done
done

# -- on any ranks and threads, and where memory is short, its run is the same; run.log says which build it was --
burgers="trainer.type=diverted_chain trainer.num_branch_steps=3 trainer.ref_stepper.type=plugin trainer.ref_stepper.library=libburgers.so trainer.ref_stepper.viscosity=0.02 trainer.ref_stepper.dt=0.002"
train alone "$burgers"
for ranks in 2 3; do
    train ranks$ranks "$burgers" mpirun -n $ranks
    same_run alone ranks$ranks
done
train threads "$burgers parallel.threads=3"
same_run alone threads
# predicted NAME: KiB that run.log says
predicted() { sed -n 's/.*memory per rank: \([0-9]*\) KiB.*/\1/p' "$1/run.log"; }
train long "$burgers trainer.num_rollout_steps=10"
train least "$burgers trainer.num_rollout_steps=10 parallel.memory=$(($(predicted long) * 9 / 10))KiB"
same_run long least
[ "$(predicted least)" -lt "$(predicted long)" ] || fail "nothing was computed again: $(predicted least) KiB"
grep -q "plugin: $work/libburgers.so, SHA-256 $(sha256sum libburgers.so | cut -c1-16)$" alone/run.log || fail "run.log says nothing of the library"
if "$trainax" list devices >/dev/null 2>&1; then
    train device "$burgers trainer.num_training_steps=2 parallel.backend=opencl" env POCL_MAX_PTHREAD_COUNT=1
    grep -Eq "plugins run on the host: for [0-9]+ calls of their functions a step waits for the device and moves [0-9.]+ [KM]iB " \
        device/run.log || fail "run.log says nothing of what a plugin costs on a device: $(cat device/run.log)"
fi
grep -q "library: $work/libburgers.so$" alone/config.yaml || fail "config.yaml names the library by another path"

# -- stopped and resumed, with the library elsewhere, another build of it; another option is another run --
mkdir moved
cp libburgers.so moved
half() { train "$1" "$burgers trainer.num_training_steps=20 trainer.ref_stepper.library=$2"; }
# go_on NAME LIBRARY: says what it warns of
go_on() {
    "$trainax" train chain.yaml --quiet --output "$1" --resume $(sets "$burgers trainer.ref_stepper.library=$2") 2>warnings.txt || fail "$1 does not go on: $(cat warnings.txt)"
    same_run alone "$1"
}
half half moved/libburgers.so
mv moved/libburgers.so elsewhere.so
go_on half elsewhere.so
[ ! -s warnings.txt ] || fail "a library that has moved: $(cat warnings.txt)"
library rebuilt ${CC:-cc} -std=c11 "$sources/burgers.c" "$sources/burgers_plugin.c" -Wl,--build-id=0x123456789abcdef0
half again libburgers.so
go_on again librebuilt.so
for file in libburgers.so librebuilt.so; do sha256sum $file | cut -c1-12; done >sums.txt
[ "$(wc -l <warnings.txt)" = 1 ] &&
    grep -q "trainer.ref_stepper: $work/librebuilt.so is not what $work/again/checkpoint.h5 was computed with: its SHA-256 was $(sed -n 1p sums.txt)…, now it is $(sed -n 2p sums.txt)…" warnings.txt ||
    fail "another build: $(cat warnings.txt)"
expect 2 "trainer.ref_stepper.type is plugin but the run was started with plugin" \
    "$trainax" train chain.yaml --quiet --output half --resume $(sets "trainer.type=diverted_chain trainer.num_branch_steps=3") --set 'trainer.ref_stepper={type: plugin, library: libfou.so, cfl: 0.5}'
expect 2 'trainer.ref_stepper.dt is 0.003 but the run was started with 0.002' \
    "$trainax" train chain.yaml --quiet --output half --resume $(sets "$burgers trainer.ref_stepper.dt=0.003")

# -- the gradient through a stepper that is not built in, against the real Trainax with that stepper in JAX --
cp "$sources/implicit.yaml" .
succeeds "$trainax" train implicit.yaml --quiet --output implicit
paste <(awk '/^loss/ { print $5 }' "$sources/implicit.txt") <(tail -n +2 implicit/history.csv | cut -d, -f4) |
    awk '{ d = $1 - $2; if (d > 1e-12 * $1 || d < -1e-12 * $1) bad++ } END { exit bad > 0 || NR != 12 }' ||
    fail "other losses than Trainax's: $(cat implicit/history.csv)"

# -- a residuum, a network and a loss against the built-in ones, whose sums have another order: to rounding, in double --
# near A B: all numbers of two histories to 1e-12
near() {
    paste -d, "$1/history.csv" "$2/history.csv" | awk -F, 'NR > 1 { d = $4 - $8; if (d > 1e-12 * $4 || d < -1e-12 * $4) bad++ } END { exit bad > 0 || NR < 20 }' ||
        fail "$1 and $2 differ: $(tail -n 2 "$1/history.csv" "$2/history.csv")"
}
for cuts in "" "trainer.cut_prev=false" "trainer.cut_next=true"; do
    rm -rf built_in plugin
    common="precision=float64 trainer.type=residuum trainer.residuum_fn.cfl=0.6 $cuts"
    train built_in "trainer.residuum_fn.type=fou_advection_1d $common"
    train plugin "trainer.residuum_fn.type=plugin trainer.residuum_fn.library=libfou.so $common"
    near built_in plugin
done
train mse "precision=float64"
train square "precision=float64 trainer.time_level_loss.type=plugin trainer.time_level_loss.library=libkinds.so"
near mse square
point="precision=float64 data.type=lorenz_rk4 data.num_points=null data.cfl=null data.highest_init_mode=null"
cat >point.yaml <<'YAML'
precision: float64
data: {type: lorenz_rk4, num_samples: 2, temporal_horizon: 40, key: 0}
network: {type: linear, in_features: 3, out_features: 3, key: 5}
trainer: {num_rollout_steps: 2, optimizer: {type: adam, learning_rate: 1.0e-2}, num_training_steps: 40, batch_size: 16, key: 42}
YAML
sed 's/type: linear, in_features: 3, out_features: 3/type: plugin, library: libkinds.so/' point.yaml >affine.yaml
succeeds "$trainax" train point.yaml --quiet --output linear
succeeds "$trainax" train affine.yaml --quiet --output affine
near linear affine
succeeds "$trainax" generate point.yaml --output point.h5
succeeds "$trainax" rollout affine/network.h5 --initial point.h5 --steps 3 --output rolled.h5
succeeds "$trainax" rollout linear/network.h5 --initial point.h5 --steps 3 --output rolled_linear.h5
succeeds h5diff -p 1e-9 rolled.h5 rolled_linear.h5 /trajectories
expect 2 'cannot be written as C|is not|no' "$trainax" export affine/network.h5 --c --output affine.c

# -- data --
cat >ramp.yaml <<'YAML'
precision: float64
data: {type: plugin, library: libkinds.so, levels: "2:4", count: 3}
YAML
succeeds mpirun -n 2 "$trainax" generate ramp.yaml --output ramp.h5
h5dump -d /trajectories -s 2,1,0,7 -c 1,1,1,1 -m %.2f -y ramp.h5 | grep -q '2\.37' || fail "data of a plugin: $(h5dump ramp.h5)"
expect 3 "data: trajectory 1 \(counted from 0\): failed with code 5: this one is bad" "$trainax" generate ramp.yaml --output bad.h5 --set data.bad=1
expect 3 "trajectory 1, level 2" mpirun -n 3 "$trainax" generate ramp.yaml --output bad.h5 --set data.bad=-3
expect 3 "impossible shape" "$trainax" generate ramp.yaml --output bad.h5 --set data.count=0
[ ! -e bad.h5 ] || fail "a refused source has left a file"

# A command needs nothing of a section that it does not need, however incomplete that is.
succeeds "$trainax" generate ramp.yaml --output ramp.h5 --overwrite $(sets "trainer.ref_stepper.type=plugin trainer.ref_stepper.library=libfou.so trainer.ref_stepper.cfl=1")

# -- adjoints against central differences, which are good to 1e-9 there --
if [ -z "${sanitizer:-}" ]; then
    succeeds ${CC:-cc} -std=c11 "$sources/gradient.c" $(pkg-config --cflags --libs trainax) -lm -o gradient
    # adjoint NAME KIND OPTIONS CHANNELS POINTS
    adjoint() {
        succeeds ./gradient "$work/lib$1.so" "${@:2}"
        awk '{ exit !($1 < 1e-8) }' out.txt || fail "the adjoint of $* is off by $(cat out.txt)"
    }
    for kind in stepper residuum; do
        adjoint fou $kind ', cfl: -0.3' 3 8
        adjoint fou $kind ', cfl: 0.4' 1 9
        adjoint implicit $kind '' 2 12
    done
    adjoint implicit stepper ', numbers: [1, 2]' 1 7
    adjoint logistic stepper '' 2 12
    adjoint burgers stepper ', num_substeps: 3, viscosity: 0.01' 1 24
fi
if command -v gfortran >/dev/null && [ -z "${sanitizer:-}" ]; then
    template=$tests/../scripts/plugin-template
    library fortran gfortran -std=f2018 "$work/prefix/include/trainax/plugin.f90" "$template/mine.f90"
    library c ${CC:-cc} -std=c11 "$template/mine.c"
    for language in fortran c; do
        succeeds "$trainax" help ./lib$language.so
        mv out.txt $language.txt
        adjoint $language stepper '' 2 12
        train mine_$language "precision=float64 trainer.type=diverted_chain trainer.num_branch_steps=2 trainer.ref_stepper.type=plugin trainer.ref_stepper.library=lib$language.so"
    done
    cmp c.txt fortran.txt || fail "the two tables: $(cat c.txt fortran.txt)"
    near mine_c mine_fortran
    succeeds "$trainax" check ./libfortran.so
    expect 2 "number must be between 0 and 0.5" "$trainax" check ./libfortran.so --set number=0.7
fi

# -- what can be wrong with the file; on one rank and three --
as_stepper() { # as_stepper LIBRARY [KEY=VALUE...]: flags
    sets "trainer.type=diverted_chain_branch_one trainer.ref_stepper.type=plugin trainer.ref_stepper.library=$1 ${*:2}"
}
echo text >text.so
printf 'int x;\n' >empty.c
library empty ${CC:-cc} empty.c
for abi in 6 99; do
    printf 'static const struct { int abi; } plugin = {%d};\nconst void *trainax_plugin(void);\nconst void *trainax_plugin(void) { return &plugin; }\n' $abi >abi.c
    library abi$abi ${CC:-cc} abi.c
done
printf 'void nowhere(void);\nvoid somewhere(void);\nvoid somewhere(void) { nowhere(); }\n' >undefined.c
library undefined ${CC:-cc} undefined.c
cat >lacking.c <<'C'
#include <trainax/plugin.h>
static const tx_plugin_map map = {{0}, NULL, NULL, NULL, NULL};
static const tx_component first = {.kind = TX_KIND_STEPPER, .name = "first", .implementation = &map};
static const tx_component second = {.kind = TX_KIND_STEPPER, .name = "second"};
static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    return (void)section, (void)shape, (void)error, (void)function, (tx_status)(states + 41);
}
static const tx_plugin_map silent = {.create = create};
static tx_status complain(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    (void)section, (void)shape, (void)states, (void)function;
    return tx_error_set(error, TX_INVALID, "so few points");
}
static const tx_plugin_map placeless = {.create = complain};
static const tx_component fourth = {.kind = TX_KIND_STEPPER, .name = "placeless", .implementation = &placeless};
static const tx_component third = {.kind = TX_KIND_STEPPER, .name = "silent", .implementation = &silent};
static const tx_component heavy = {.kind = TX_KIND_LOSS, .name = "heavy", .implementation = &placeless};
TX_PLUGIN(&first, &second, &third, &fourth, &heavy)
C
library lacking ${CC:-cc} -std=c11 -Wno-missing-field-initializers lacking.c
# wrong CODE PATTERN LIBRARY [KEY=VALUE...]
wrong() {
    rm -rf refused
    expect $1 "$2" "$trainax" train chain.yaml --quiet --output refused $(as_stepper "${@:3}")
    rm -rf refused
    expect $1 "$2" mpirun -n 3 "$trainax" train chain.yaml --quiet --output refused $(as_stepper "${@:3}")
    [ ! -e refused/network.h5 ] || fail "a network of a run that was refused"
}
place='--set trainer.ref_stepper.library: '
wrong 3 "$place'.*/none.so' cannot be read: No such file" none.so
wrong 3 "$place'.*/text.so' cannot be loaded: .*(too short|ELF)" text.so
wrong 3 "$place'.*/libempty.so' is no plugin: it has no function trainax_plugin" libempty.so
wrong 3 "built for ABI 6 of trainax's headers, this is ABI [0-9]*: build it again" libabi6.so
wrong 3 'built for ABI 99' libabi99.so
wrong 3 'cannot be loaded: .*undefined symbol: nowhere' libundefined.so
wrong 2 'must be one of the steppers of .*: first, second, silent, placeless' liblacking.so
wrong 2 'must be one of the steppers of .*: first, second, silent, placeless' liblacking.so trainer.ref_stepper.component=third
wrong 1 "trainer.ref_stepper: create of 'silent' failed with code 42" liblacking.so trainer.ref_stepper.component=silent
wrong 2 "trainer.ref_stepper: so few points" liblacking.so trainer.ref_stepper.component=placeless
expect 2 'error: --set trainer.time_level_loss(\.[a-z]*)?: (trainer.time_level_loss: )?so few points' "$trainax" train chain.yaml --quiet --output refused \
    $(sets "trainer.time_level_loss.type=plugin trainer.time_level_loss.library=liblacking.so")
wrong 3 "'first' of '.*/liblacking.so': it has no forward" liblacking.so trainer.ref_stepper.component=first
wrong 3 "'second' of '.*/liblacking.so': it has no implementation" liblacking.so trainer.ref_stepper.component=second
wrong 2 "'.*/libkinds.so' has no stepper" libkinds.so
wrong 2 "trainer.ref_stepper.cfl is required" libfou.so
wrong 2 "unknown key 'clf' in trainer.ref_stepper \(known: type, library, component, ranks, cfl" libfou.so trainer.ref_stepper.clf=1
wrong 2 'trainer.ref_stepper.num_substeps must be' libburgers.so trainer.ref_stepper.num_substeps=0

# -- tables: every fault is told by any command that loads it, none is believed --
# table NAME PATTERN 'OPTIONS' 'COMPONENTS': a source of data with these options; what else TX_PLUGIN lists
table() {
    cat >table.c <<C
#include <trainax/plugin.h>
static tx_status create(const tx_section *section, tx_error *error, tx_plugin_trajectories *out)
{
    return (void)section, (void)error, out->num_trajectories = 2, out->num_levels = 5, out->state = (tx_shape){1, 1, {4}}, TX_OK;
}
static int fill(void *user, int64_t trajectory, int64_t first, int64_t count, double *out, tx_error *error)
{
    (void)user, (void)trajectory, (void)error;
    for (int64_t k = 0; k < 4 * count; k++) {
        out[k] = (double)(first + k);
    }
    return 0;
}
static const tx_plugin_source source = {create, NULL, fill, false};
static const tx_option options[] = {$3{.name = NULL}};
static const tx_component own = {.kind = TX_KIND_DATA, .name = "own", .options = options, .implementation = &source};
$4
C
    library "$1" ${CC:-cc} -std=c11 -Wno-missing-field-initializers table.c
    printf 'data: {type: plugin, library: lib%s.so, component: own}\n' "$1" >table.yaml
    if [ -z "$2" ]; then
        succeeds "$trainax" generate table.yaml --output table.h5
        return
    fi
    expect 3 "$2" "$trainax" generate table.yaml --output refused.h5
    case $2 in *'every plugin'*) return ;; esac
    expect 3 "$2" "$trainax" help "lib$1.so"
    expect 3 "$2" "$trainax" check "lib$1.so"
}
table good "" '{.name = "count", .initial = "1"}, {.name = "key", .type = TX_TYPE_KEY, .initial = "0"},' 'TX_PLUGIN(&own)'
for name in library type levels samples points dt dt_stride normalize Levels; do
    table every_$name "data.library: 'own' of '.*': it has an option '$name', as every plugin of its kind has" \
        "{.name = \"$name\", .initial = \"1\"}," 'TX_PLUGIN(&own)'
done
table nameless "libnameless.so': component 2 of its TX_PLUGIN has no name" "" \
    'static const tx_component other = {.kind = TX_KIND_DATA}; TX_PLUGIN(&own, &other)'
table kindless "libkindless.so': component 2 of its TX_PLUGIN has no kind that there is" "" \
    'static const tx_component other = {.kind = (tx_kind)77, .name = "other"}; TX_PLUGIN(&own, &other)'
table twins "libtwins.so' has two data sources 'Own'" "" \
    'static const tx_component other = {.kind = TX_KIND_DATA, .name = "Own"}; TX_PLUGIN(&own, &other)'
table typeless "libtypeless.so': option 'count' of 'own' is of no type that there is" '{.name = "count", .type = (tx_type)77},' 'TX_PLUGIN(&own)'
table double "libdouble.so': 'own' has two options 'count'" '{.name = "count"}, {.name = "count"},' 'TX_PLUGIN(&own)'
expect 2 'trainer.ref_stepper.library is required' "$trainax" train chain.yaml --quiet --output refused $(sets "trainer.ref_stepper.type=plugin")
expect 3 "cannot be read" "$trainax" help ./none.so
succeeds "$trainax" check libkinds.so --component square
succeeds "$trainax" check libkinds.so --component ramp --set count=3
grep -q '3 trajectories of' out.txt && grep -Eq 'ranges +good' out.txt || fail "check of data: $(cat out.txt)"
expect 2 'data/ramp.*|trajectory 0 failed with code 5: this one is bad' "$trainax" check libkinds.so --component ramp --set bad=0
sed 's/type: plugin, library: libkinds.so, levels: "2:4", count: 3/type: plugin, library: libkinds.so, count: 3/' ramp.yaml >whole.yaml
succeeds "$trainax" check whole.yaml --component data
cat >unsteady.c <<'C'
#include <trainax/plugin.h>
static tx_status create(const tx_section *section, tx_error *error, tx_plugin_trajectories *out)
{
    return (void)section, (void)error, out->num_trajectories = 2, out->num_levels = 3, out->state = (tx_shape){1, 1, {4}}, TX_OK;
}
static int by_range(void *user, int64_t trajectory, int64_t first, int64_t count, double *out, tx_error *error)
{
    (void)user, (void)trajectory, (void)error, (void)first;
    for (int64_t k = 0; k < 4 * count; k++) {
        out[k] = (double)k;
    }
    return 0;
}
static int beyond(void *user, int64_t trajectory, int64_t first, int64_t count, double *out, tx_error *error)
{
    return by_range(user, trajectory, first, count + 1, out, error);
}
static const tx_plugin_source sources[] = {{create, NULL, by_range, false}, {create, NULL, beyond, false}};
static const tx_component first = {.kind = TX_KIND_DATA, .name = "by_range", .implementation = &sources[0]};
static const tx_component second = {.kind = TX_KIND_DATA, .name = "beyond", .implementation = &sources[1]};
TX_PLUGIN(&first, &second)
C
library unsteady ${CC:-cc} -std=c11 -Wno-missing-field-initializers unsteady.c
expect 2 'ranges: numbers differ when levels are read one by one' "$trainax" check libunsteady.so --component by_range
[ -n "${sanitizer:-}" ] || expect 2 'touches memory right behind the end of its result' "$trainax" check libunsteady.so --component beyond
succeeds "$trainax" help ./libkinds.so
grep -q 'affine (network)' out.txt && grep -q 'square (loss)' out.txt && grep -q 'ramp (data source)' out.txt || fail "help: $(cat out.txt)"

# -- what fails while it runs --
wrong 4 "training diverged at step 0 .*: the function 'logistic' failed with code 1: number [0-9]* is .*, more than it bears .*trajectory [0-9]*, level [0-9]*" \
    liblogistic.so trainer.ref_stepper.bound=0.1
wrong 4 "the function 'burgers' failed with code 1: dt is too long for the fastest wave in substep 1" libburgers.so trainer.ref_stepper.dt=1
wrong 4 "training diverged at step 0 .*: .*not finite|training diverged at step 0" liblogistic.so trainer.ref_stepper.rate=1e300
# -- what crashes, or throws: one line, and the end that it would have had --
for how in 'raise(SIGSEGV):segmentation fault' 'abort():it has called abort, or thrown an exception' 'raise(SIGFPE):arithmetic exception'; do
    cat >crashing.c <<C
#include <signal.h>
#include <stdlib.h>
#include <trainax/plugin.h>
static int crash(const tx_function_call *call, const double *x, double *y)
{
    return (void)call, (void)x, (void)y, ${how%:*}, 0;
}
static const tx_plugin_map map = {.function = {.forward = crash}};
static const tx_component component = {.kind = TX_KIND_STEPPER, .name = "crashing", .implementation = &map};
TX_PLUGIN(&component)
C
    [ -z "${sanitizer:-}" ] || continue # which have words of their own
    library crashing ${CC:-cc} -std=gnu11 -Wno-missing-field-initializers crashing.c
    code=$(case $how in *SEGV*) echo 139 ;; *abort*) echo 134 ;; *) echo 136 ;; esac)
    wrong $code "'crashing' of '$work/libcrashing.so' has crashed in forward: ${how#*:}" libcrashing.so trainer.cut_div_chain=true
    rm libcrashing.so
done
# -- what calls exit, which would be the end without a word --
for verb in forward create; do
    cat >leaving.c <<C
#include <stdlib.h>
#include <trainax/plugin.h>
static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    (void)section, (void)shape, (void)states, (void)error, (void)function;
    return $([ $verb = create ] && echo 'exit(0),') TX_OK;
}
static int leave(const tx_function_call *call, const double *x, double *y)
{
    return (void)call, (void)x, (void)y, exit(0), 0;
}
static const tx_plugin_map map = {.function = {.forward = leave}, .create = create};
static const tx_component component = {.kind = TX_KIND_STEPPER, .name = "leaving", .implementation = &map};
TX_PLUGIN(&component)
C
    library leaving_$verb ${CC:-cc} -std=c11 -Wno-missing-field-initializers leaving.c
    wrong 1 "'leaving' has called exit: it must return a code instead" libleaving_$verb.so trainer.cut_div_chain=true
done
cat >rolled.yaml <<'YAML'
data:
  type: rollout
  stepper: {type: plugin, library: libburgers.so}
  initial_condition: {type: random_truncated_fourier_series, cutoff: 5}
  num_points: 40
  num_samples: 9
  temporal_horizon: 10
  key: 0
YAML
succeeds "$trainax" generate rolled.yaml --output rolled_1.h5
succeeds mpirun -n 3 "$trainax" generate rolled.yaml --output rolled_3.h5
cmp rolled_1.h5 rolled_3.h5 || fail "data of a plugin's rollout on three ranks"
for launcher in "" "mpirun -n 3"; do
    expect 3 "data.stepper: trajectory [0-9]*, the step to level [0-9]* \(counted from 0\): the function 'burgers' failed with code 1: dt is too long" \
        $launcher "$trainax" generate rolled.yaml --output bad.h5 --set data.stepper.dt=0.3
done
[ ! -e bad.h5 ] || fail "a rollout that failed has left a file"

expect 3 "trajectory 0, level 1 .*(missing|not finite)" "$trainax" generate rolled.yaml --output bad.h5 \
    --set 'data.stepper={type: plugin, library: liblogistic.so, rate: 1e300}' --set data.temporal_horizon=2
[ ! -e bad.h5 ] || fail "a rollout that is not finite has left a file"

# -- no vjp: an error only where a gradient goes through it --
sed '/\.vjp = step_vjp,/d; /\.vjp_single = step_vjp_single,/d' "$sources/implicit.c" >no_vjp.c
library no_vjp ${CC:-cc} -std=c11 -Wno-unused-function no_vjp.c -llapack
wrong 2 'implicit has no vjp, so there is no gradient through it: diverted chains need none with `cut_div_chain: true`' libno_vjp.so
train cut "trainer.type=diverted_chain_branch_one trainer.ref_stepper.type=plugin trainer.ref_stepper.library=libno_vjp.so trainer.cut_div_chain=true"
finish
