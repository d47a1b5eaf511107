#!/usr/bin/env bash
# `trainax check` of configurations and plugins: what it prints, its exit codes, alone and on several ranks.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

[ -z "${TRAINAX_SANITIZE:-}" ] || sanitizer="-fsanitize=$TRAINAX_SANITIZE"
succeeds ${CC:-cc} -std=c11 -Wall -Wextra -Werror -fPIC -shared -I"$tests/../include" ${sanitizer:-} "$tests/checking/wrong.c" -o libwrong.so
sed 's/type: supervised/type: residuum/' "$quickstart" >run.yaml
cat >>run.yaml <<'YAML'
  residuum_fn: {type: btcs_upwind_advection_1d, cfl: -0.75}
YAML

# -- configurations: a table for each component --
succeeds "$trainax" check run.yaml
for line in 'network: conv' '  of its parameters' 'trainer.residuum_fn: btcs_upwind_advection_1d' 'trainer.time_level_loss: mse' \
    '    gradient    good   against differences: cosine 1.00000000, relative error .*'; do
    grep -qx "$line" out.txt || fail "check has no line '$line'"
done
[ "$(grep -c . err.txt)" = 0 ] || fail "check says on stderr: $(cat err.txt)"
succeeds "$trainax" check - --component residuum_fn --set precision=float64 <run.yaml
[ "$(grep -c '^[a-z]' out.txt)" = 1 ] || fail "one component was wanted: $(cat out.txt)"
succeeds mpirun -n 3 "$trainax" check run.yaml --component network
[ "$(grep -c '^network: conv$' out.txt)" = 1 ] || fail "one rank has to speak: $(cat out.txt)"
expect 2 "nothing to check is called stepper: there is network, trainer.time_level_loss, trainer.residuum_fn" \
    "$trainax" check run.yaml --component stepper
succeeds "$trainax" check run.yaml --component network --set trainer.optimizer=null
grep -q '^not all is checked: .*optimizer' err.txt || fail "an incomplete trainer is not mentioned: $(cat err.txt)"
expect 2 '--set network.kernel_size: ' "$trainax" check run.yaml --set network.kernel_size=0
expect 2 'there is no section `data`' "$trainax" check run.yaml --set data=null
expect 2 'shape is for FILE.so' "$trainax" check run.yaml --shape 1,2
expect 3 'nowhere.npy' "$trainax" check run.yaml --set 'data={type: npy, path: nowhere.npy}'

# -- steppers of data --
cat >rolled.yaml <<'YAML'
data: {type: rollout, stepper: {type: plugin, library: libwrong.so, mistake: adjoint}, num_points: 8, num_samples: 4,
       initial_condition: {type: random_truncated_fourier_series, cutoff: 3}, num_spatial_dims: 2, temporal_horizon: 4, key: 0}
YAML
expect 2 'rolled.yaml:1:23: data.stepper: its function wrong: adjoint: ' "$trainax" check rolled.yaml --component data.stepper
expect 2 'rolled.yaml:1:[0-9]*: data: reading its first states: crashes: Aborted' "$trainax" check rolled.yaml --set data.stepper.mistake=crash
succeeds "$trainax" check rolled.yaml --set 'data.stepper={type: repeated_stepper, stepper: {type: plugin, library: libwrong.so}, num_sub_steps: 2}'
grep -qx 'data.stepper.stepper: plugin' out.txt || fail "the stepper within another one of data: $(cat out.txt)"

# -- plugins --
succeeds "$trainax" check libwrong.so
grep -qx '  shape       good   (1,16,16) to (1,16,16), 0 parameters' out.txt || fail "a plugin is checked on states that it takes: $(cat out.txt)"
grep -qx '    jvp         note   wrong has no jvp' out.txt || fail "what a plugin lacks is said: $(cat out.txt)"
wrong() { # wrong 'MISTAKE' 'PATTERN'
    expect 2 "libwrong.so:1:1: stepper: its function wrong: $2" "$trainax" check libwrong.so --set "mistake=$1"
    grep -q ' WRONG ' out.txt || fail "the table of $1"
}
wrong adjoint 'adjoint: <Jv, w> by differences and <v, J.w>: relative error [1-9]'
wrong behind 'arrays: forward: touches memory right behind the end of y'
wrong crash 'arrays: forward: crashes: Aborted'
[ "$(grep -c 'crashes: Aborted' out.txt)" = 1 ] || fail "one crash is told more than once: $(cat out.txt)"
wrong fail "arrays: forward: 'wrong' failed with code 1"
succeeds "$trainax" check libwrong.so --set 'mistake=no vjp' # a diverted chain may train with it all the same
grep -q '^    adjoint     note   wrong has no vjp, so there is no gradient through it' out.txt || fail "no note of a missing vjp: $(cat out.txt)"
expect 2 'wrong: adjoint: ' mpirun -n 2 "$trainax" check libwrong.so --set mistake=adjoint
expect 2 'it is for two axes, not for 1' "$trainax" check libwrong.so --shape 1,64
expect 2 '--shape 1,x: ' "$trainax" check libwrong.so --shape 1,x
expect 2 "unknown key 'mistakes'" "$trainax" check libwrong.so --set mistakes=none
expect 2 "has no network, stepper, residuum, loss or data source that is called right" "$trainax" check libwrong.so --component right
succeeds "$trainax" check libwrong.so --component stepper/wrong
expect 2 "that is called network/wrong" "$trainax" check libwrong.so --component network/wrong

# -- lines come as they are ready --
TRAINAX_WAITS=$PWD/go timeout 120 "$trainax" check libwrong.so --set mistake=waits >early.txt &
for ((k = 0; k < 600; k++)); do
    ! grep -q '^  shape  ' early.txt 2>/dev/null || break
    sleep 0.1
done
grep -q '^  shape  ' early.txt || fail "no line while a solver runs"
! grep -q '^    arrays ' early.txt || fail "a line of what is not done"
touch go
wait $! || fail "a check of a solver that waits: $(cat early.txt)"
expect 3 'none.so' "$trainax" check none.so
cat >>run.yaml <<'YAML'
  ref_stepper: {type: plugin, library: libwrong.so}
YAML
expect 2 'run.yaml:[0-9]*:[0-9]*: trainer.ref_stepper: it is for two axes, not for 1' "$trainax" check run.yaml --component ref_stepper
finish
