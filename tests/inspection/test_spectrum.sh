# inspect --spectrum: eigenvalues of runs with more residuals than parameters and with fewer, on one rank and on three; wrong input.
. "$(dirname "$0")/../command/common.sh"

if "$trainax" --version | grep -q '^BLAS: none'; then
    succeeds "$trainax" train "$quickstart" --quiet --set trainer.num_training_steps=1 --output run
    expect 1 'this build has no ScaLAPACK' "$trainax" inspect --spectrum run
    finish
fi
python=$(with_h5py) || fail "no python3 with h5py here: scripts/install_dependencies.sh --tests"

cat >conv.yaml <<'EOF'
precision: float64
data: {type: advection_1d_periodic, num_points: 12, num_samples: 5, cfl: -0.75, highest_init_mode: 3, temporal_horizon: 9, key: 0}
network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2, padding: same, padding_mode: circular, use_bias: false, key: 3}
trainer: {num_rollout_steps: 3, num_training_steps: 4, batch_size: 7, key: 0, optimizer: {type: adam, learning_rate: 1e-2}}
callbacks: [{type: weight_norm}]
EOF
cat >mlp.yaml <<'EOF'
precision: float64
data: {type: lorenz_rk4, num_samples: 1, temporal_horizon: 6, init_std: 0.1, num_warmup_steps: 0, key: 0}
network: {type: mlp, in_size: 3, out_size: 3, width_size: 4, depth: 1, activation: tanh, key: 3}
trainer: {num_training_steps: 4, batch_size: 2, key: 0, optimizer: {type: adam, learning_rate: 1e-2}}
EOF

# compare CONFIG STEPS LOSS
compare() {
    succeeds "$trainax" generate $1.yaml --output data.h5 --overwrite
    succeeds "$trainax" train $1.yaml --quiet --overwrite --output run --set trainer.time_level_loss=$3
    for ranks in 1 3; do
        succeeds mpirun -n $ranks "$trainax" inspect --spectrum run --overwrite
        "$python" "$tests/inspection/spectrum.py" run data.h5 $1 $2 $3 out.txt || fail "the spectrum of $1, $3, on $ranks ranks"
    done
}
compare conv 3 mse
compare conv 3 normalized_mse
compare mlp 1 mse

# It is the run's: a file that its parameters began with may be gone, and the table stays unless asked otherwise.
expect 2 "run/spectrum.csv. exists: give --overwrite" "$trainax" inspect --spectrum run
expect 2 'exclude each other' "$trainax" inspect --spectrum run --graph a.svg
expect 2 'of a run as it was' "$trainax" inspect --spectrum run --set trainer.key=1
cp run/network.h5 first.h5
succeeds "$trainax" train mlp.yaml --quiet --output begun --set network.parameters=first.h5
rm first.h5
succeeds "$trainax" inspect --spectrum begun

succeeds "$trainax" train conv.yaml --quiet --output mae --set trainer.time_level_loss=mae
expect 2 'mae/config.yaml:[0-9]+:[0-9]+: .*needs a sum of squares; mae is none' mpirun -n 2 "$trainax" inspect --spectrum mae
expect 3 'nothing/config.yaml' "$trainax" inspect --spectrum nothing
mkdir empty
cp run/config.yaml empty
expect 3 'empty/network.h5' mpirun -n 2 "$trainax" inspect --spectrum empty
cp mae/network.h5 empty
expect 3 'empty/network.h5: the stored network has no parameter' "$trainax" inspect --spectrum empty
[ ! -e empty/spectrum.csv ] || fail "a table in spite of an error"

finish
