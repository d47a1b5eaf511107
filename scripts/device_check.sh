#!/usr/bin/env bash
# What the OpenCL backend does on another machine's device, where nothing is installed but its driver: makes a folder that holds
# the program, tests, golden cases and all libraries (under 64 MiB), to be copied there; its run.sh does all of this in one go:
# lists devices, holds every operation to its contract in both precisions, trains the golden cases, times the networks of APEBench, and
# the same steps in jitted JAX where python3 has jax with that device.
# usage: scripts/device_check.sh FOLDER [VENV]   makes it; VENV: a virtual environment with equinox, pdequinox, optax to take along
#        FOLDER/run.sh RESULTS [DEVICE]          there: RESULTS gets a line a step in summary.json, and what each has printed
# DEVICE: as parallel.device. A driver is looked for in /etc/OpenCL/vendors, NVIDIA's in /usr/local/nvidia too. Eight minutes at most;
# PATIENCE=10 in the environment: ten times as long, as PoCL takes to compile on a processor.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
    '' | -*) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit $([ "${1:-}" = --help ] && echo 0 || echo 2) ;;
esac
[ ! -e "$1" ] || { echo "device_check.sh: $1 is there already" >&2; exit 2; }
folder=$(realpath -m "$1")
build=build-device

cmake -S . -B $build -DTRAINAX_OPENCL=ON -DTRAINAX_SCALAPACK=OFF -DBUILD_TESTING=ON >/dev/null
cmake --build $build -j2 --target trainax_command test_contract_operations test_golden_training_on_device >/dev/null

mkdir -p "$folder"/{bin,lib,golden,vendors}
cp $build/trainax $build/tests/test_contract_operations $build/tests/test_golden_training_on_device "$folder/bin/"
cp tests/golden/*.{yaml,txt,h5} "$folder/golden/"
loader=$(ldconfig -p | sed -n 's/.*libOpenCL\.so\.1 .*=> //p' | head -1)
{ ldd "$folder"/bin/* "$loader" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /ld-linux/ { print $1 }'; echo "$loader"; } |
    sort -u | xargs -I{} cp -L {} "$folder/lib/"
cp -r "$(ompi_info --path pkglibdir --parsable | sed 's/.*://')" "$folder/lib/openmpi3"
strip --strip-unneeded "$folder"/bin/* "$folder"/lib/*.so* 2>/dev/null || true
echo libnvidia-opencl.so.1 >"$folder/vendors/nvidia.icd"
# Packages of Python alone; compiled ones, jax among them, are that machine's.
if [ -n "${2:-}" ]; then
    mkdir "$folder/python"
    cp scripts/jax_steps.py "$folder/python/"
    packages=$("$2/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    for package in equinox pdequinox optax jaxtyping wadler_lindig absl typing_extensions.py; do
        cp -r "$packages/$package" "$folder/python/"
    done
    find "$folder/python" -name __pycache__ -prune -exec rm -r {} +
fi

cat >"$folder/run.sh" <<'RUN'
#!/usr/bin/env bash
# usage: [PATIENCE=N] run.sh RESULTS [DEVICE]
set -u
patience=${PATIENCE:-1}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && results=$(cd "$1" && pwd) || exit 2
device=${2:-auto}
cp /etc/OpenCL/vendors/*.icd "$here/vendors/" 2>/dev/null
export OCL_ICD_VENDORS=$here/vendors XDG_CACHE_HOME=$results/cache OMPI_MCA_mca_base_component_path=$here/lib/openmpi3
export OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self OMPI_ALLOW_RUN_AS_ROOT=1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 HWLOC_HIDE_ERRORS=2
libraries=$here/lib:/usr/local/nvidia/lib64:/usr/local/nvidia/lib:/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
started=$SECONDS
failures=0

# timed NAME SECONDS COMMAND...: at most so long, and no longer than eight minutes are left
timed() {
    local name=$1 begin=$SECONDS left=$((470 * patience + started - SECONDS)) seconds status
    seconds=$(($2 * patience))
    shift 2
    [ "$left" -gt 5 ] || left=5
    timeout $((seconds < left ? seconds : left)) "$@" >"$results/$name.txt" 2>&1
    status=$?
    [ $status = 0 ] || failures=$((failures + 1))
    printf '{"step": "%s", "exit": %d, "seconds": %d}\n' "$name" $status $((SECONDS - begin)) | tee -a "$results/summary.json"
}
# step NAME SECONDS PROGRAM ARGUMENT...: a program of the folder
step() {
    timed "$1" "$2" "$here/lib/ld-linux-x86-64.so.2" --library-path "$libraries" "$here/bin/$3" "${@:4}"
}

: >"$results/summary.json"
step devices 30 trainax list devices
cat "$results/devices.txt"
step contract 200 test_contract_operations
for case in "$here"/golden/*.yaml; do
    GOLDEN=${case%.yaml} step "golden_$(basename "$case" .yaml)" 60 test_golden_training_on_device
done
for axes in 1d 2d 3d; do
    for network in conv_34_10 unet_12_2 res_26_8 fno_12_18_4 dil_2_32_2; do
        step "bench_${axes}_$network" 40 trainax bench "$axes/$network/rollout_1" --split --json \
            --set parallel.backend=opencl --set "parallel.device=$device"
    done
done
if [ -d "$here/python" ] && python3 -c 'import jax; exit(jax.default_backend() == "cpu")' 2>/dev/null; then
    PYTHONPATH=$here/python timed jax 120 python3 "$here/python/jax_steps.py" --seconds 0.5
    cat "$results/jax.txt"
else
    echo "no JAX with a device here: its steps are not timed" | tee "$results/jax.txt"
fi
rm -rf "$results/cache"
echo "$failures steps failed; $((SECONDS - started)) s"
exit $((failures > 0))
RUN
chmod +x "$folder/run.sh"
size=$(du -sm "$folder" | cut -f1)
echo "$folder: $size MiB"
[ "$size" -lt 64 ] || { echo "device_check.sh: more than 64 MiB" >&2; exit 1; }
