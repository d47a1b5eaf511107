#!/usr/bin/env bash
# Initial conditions in commands: the same bytes on any ranks and threads, in files of HDF5 and of numpy; states from files; held-out
# data; other grids; what is wrong is told in one line.
. "$(dirname "$0")/common.sh" "$1" "$2"

cat >blobs.yaml <<'END'
data:
  type: rollout
  stepper: {type: gray_scott, domain_extent: 1.0, dt: 1.0}
  initial_condition:
    type: random_multi_channel_ic_generator
    ic_generators: [{type: random_gaussian_blobs, one_complement: true}, random_gaussian_blobs]
  num_points: 12
  num_spatial_dims: 2
  num_samples: 7
  num_warmup_steps: 2
  temporal_horizon: 4
  key: 0
evaluation:
  data: {type: map_between_resolutions, new_num_points: 9, source: {type: rollout, key: 1, num_points: 12, num_spatial_dims: 1,
    stepper: {type: diffusion, domain_extent: 1.0, dt: 0.1}, initial_condition: "fourier;3;true;true", num_samples: 5, temporal_horizon: 3}}
END
generate() { # generate FILE RANKS ARGUMENTS...
    local file=$1 ranks=$2
    shift 2
    succeeds mpirun -n "$ranks" "$trainax" generate blobs.yaml --output "$file" "$@"
}
several='data.initial_condition=diffused;0.01;true;false'
for kind in h5 npy; do
    generate "one.$kind" 1
    generate "three.$kind" 3
    generate "threads.$kind" 2 --set parallel.threads=2
    generate "many.$kind" 3 --set data.num_samples=2 --set data.temporal_horizon=5 --set "$several"
    generate "few.$kind" 1 --set data.num_samples=2 --set data.temporal_horizon=5 --set "$several"
    generate "grid.$kind" 1 --evaluation
    generate "grids.$kind" 3 --evaluation
    cmp "one.$kind" "three.$kind" && cmp "one.$kind" "threads.$kind" && cmp "many.$kind" "few.$kind" && cmp "grid.$kind" "grids.$kind" ||
        fail "data in .$kind depend on ranks or threads"
done

# -- states from files: the first level of each trajectory; no key --
stored="data.initial_condition={type: file, path: $PWD/one.h5}"
generate again.h5 2 --set "$stored" --set data.num_samples=null --set data.num_warmup_steps=0 --set data.key=null
cmp one.h5 again.h5 || fail "trajectories go on from a file otherwise"
python=$(with_h5py) || fail "no python3 with h5py"
generate half.h5 2 --set "data.initial_condition={type: scaled_ic_generator, scale: 0.5, ic_gen: {type: file, path: $PWD/one.h5}}" \
    --set data.num_samples=6 --set data.num_warmup_steps=0
"$python" - <<'END' || fail "other files than expected"
import h5py
import numpy as np

read = lambda name: h5py.File(name + ".h5")["trajectories"][:]
for name, shape in (("one", (7, 4, 2, 12, 12)), ("many", (2, 5, 2, 12, 12)), ("grid", (5, 3, 1, 9))):
    array = np.load(name + ".npy")
    assert array.shape == shape and array.dtype == np.float32 and array.flags.c_contiguous, name
    assert np.array_equal(array, read(name)), name
assert np.array_equal(read("half")[:, 0], read("one")[:6, 0] / 2)
assert h5py.File("grid.h5").attrs["dt"] == 0.1
END

# -- errors --
refused() { # refused STATUS MESSAGE ARGUMENTS...
    local status=$1 message=$2
    shift 2
    expect "$status" "$message" "$trainax" generate blobs.yaml --output refused.npy "$@"
    [ ! -e refused.npy ] || fail "something is written: $message"
}
refused 2 'blobs.yaml:[0-9]*:[0-9]*: data.initial_condition.ic_generators: 2 generators, but the states have 3 channels' \
    --set 'data.stepper={type: belousov_zhabotinsky, domain_extent: 1, dt: 1}'
refused 2 "data.initial_condition: 'TRU' is neither true nor false \\(fourier;CUTOFF;ZERO_MEAN;MAX_ONE\\)" \
    --set 'data.initial_condition="fourier;5;TRU;true"'
refused 2 'data.initial_condition.max_one: a state cannot have both std_one and max_one' \
    --set 'data.initial_condition={type: gaussian_random_field, std_one: true, max_one: true}'
refused 2 'data.initial_condition.blob_list.0.position: 3 numbers, but the states have 2 spatial axes' \
    --set 'data.initial_condition={type: gaussian_blobs, blob_list: [{position: [0.1, 0.2, 0.3], covariance: 0.1}]}'
refused 2 'data.num_samples: there are 7 initial states in the file' --set "$stored" --set data.num_samples=8
refused 2 'data.initial_condition.path: its levels have another shape than the states' --set "$stored" --set data.num_points=16
refused 2 'data.key: is required: initial states are drawn from it' --set data.key=null
refused 2 'evaluation.data: is required' --evaluation --set evaluation.data=null
refused 2 'blobs.yaml has no scenario, whose coarse stepper is asked for' --coarse
refused 3 'cannot open .*none.h5' --set "data.initial_condition={type: file, path: $PWD/none.h5}"
refused 3 'the data of rollout: trajectory 0, level 1 of the stepper gray_scott \(counted from 0\): a number is missing, or not finite' \
    --set data.num_warmup_steps=0 --set data.stepper.dt=1.0e+30
finish
