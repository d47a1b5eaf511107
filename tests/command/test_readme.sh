# The README is true: its configuration is the one in scripts/, and its commands on a run work as they stand there.
# usage: test_readme.sh BUILD TESTS
set -euo pipefail
build=$1 top=$2/..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Between ```LANGUAGE and ``` of the README.
blocks() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$top/README.md" | grep -v '^```'; }

diff <(blocks yaml) "$top/scripts/experiments/quickstart.yaml" || { echo "FAILED: the README's configuration is not that of scripts/experiments/quickstart.yaml"; exit 1; }

mkdir "$work/build"
ln -s "$build/trainax" "$work/build/trainax"
cp -r "$top/scripts" "$work/scripts"
cd "$work"
echo "localhost slots=2" >hosts
commands=$(blocks bash | grep -E '^(build/trainax|mpirun|cmp|scripts/(scaling_study|plot\.py|report\.py)) ')
python3 -c 'import h5py, matplotlib, yaml' 2>/dev/null || PATH=/usr/bin:$PATH # where install_dependencies.sh puts them
python3 -c 'import h5py, matplotlib, yaml' 2>/dev/null || commands=$(grep -vE '^scripts/(plot|report)' <<<"$commands")
"$build/trainax" --version | grep -q '^BLAS: none' && commands=$(grep -vE ' baseline |/baselines| --spectrum | spectrum ' <<<"$commands") # needs ScaLAPACK
[ "$(wc -l <<<"$commands")" -ge 3 ] || { echo "FAILED: the README shows fewer commands than expected"; exit 1; }
while IFS= read -r line; do
    echo "+ $line"
    bash -c "$line" >>log 2>&1 </dev/null || { cat log; echo "FAILED: $line"; exit 1; }
done <<<"$commands"

# Python's part goes on with what these have left.
for python in ${PYTHON:+"$PYTHON"} python3; do
    if "$python" -c 'import h5py, jax, optax, pdequinox, trainax, yaml' 2>/dev/null; then
        blocks python >continue.py
        PYTHONPATH=scripts "$python" continue.py >>log 2>&1 || { cat log; echo "FAILED: the README's Python"; exit 1; }
        build/trainax train scripts/experiments/quickstart.yaml --quiet --set network.parameters=runs/continued.h5 \
            --set trainer.num_training_steps=0 --output runs/back
        cmp <(h5dump -d /parameters/weight runs/back/network.h5 | tail -n +2) <(h5dump -d /parameters/weight runs/continued.h5 | tail -n +2)
        break
    fi
done

# What the README says a run leaves, and the messages that it shows.
for file in config.yaml run.log history.csv network.h5 checkpoint.h5; do
    [ -s "runs/first/$file" ] || { echo "FAILED: no $file in the run directory"; exit 1; }
done
for command in "list" "help conv" "inspect runs/first/network.h5" "inspect scripts/experiments/quickstart.yaml" "--help" "--version"; do
    build/trainax $command >/dev/null || { echo "FAILED: trainax $command"; exit 1; }
done
# The comparison needs packages that are not here; its options are.
options=$(python3 "$top/scripts/compare_trainax.py" --help)
grep -o '^scripts/compare_trainax.py.*' "$top/README.md" | grep -oE -- '--[a-z-]+' | sort -u | while read -r option; do
    grep -q -- "$option" <<<"$options" || { echo "FAILED: compare_trainax.py has no $option"; exit 1; }
done
sed 's/learning_rate/learnig_rate/' scripts/experiments/quickstart.yaml >advection.yaml
message=$(build/trainax train advection.yaml 2>&1) && { echo "FAILED: an unknown key was accepted"; exit 1; }
shown=$(grep -A1 '^```$' "$top/README.md" | grep '^trainax: error:')
[ "$message" = "$shown" ] || { printf 'FAILED: the README shows\n%s\nbut it is\n%s\n' "$shown" "$message"; exit 1; }
echo "the README is true"
