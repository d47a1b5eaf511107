#!/usr/bin/env bash
# evaluate: the numbers of a rollout, the same bytes on any number of ranks and threads, inf and nan, what is refused.
. "$(dirname "$0")/common.sh" "$1" "$2"

evaluate="$trainax evaluate $quickstart"
all='mean_nRMSE,mean_MAE,q10_nRMSE,q50_nRMSE,q90_nRMSE,vrmse,mean_H1_MSE,mean_fourier_nRMSE;0;5;1,mean_correlation'
succeeds "$trainax" train "$quickstart" --output run --quiet --set trainer.num_training_steps=300

# -- the table: header, a row a step, on any number of ranks --
succeeds $evaluate --network run/network.h5 --metrics "$all" --full-loss --output metrics.csv
cp out.txt screen.txt
[ "$(head -1 metrics.csv)" = "step,$all" ] || fail "header $(head -1 metrics.csv)"
[ "$(wc -l <metrics.csv)" -eq 100 ] || fail "not a row for each of 99 steps"
grep -Eqx 'gmean_mean_nRMSE: [0-9.]{7,}' screen.txt || fail "no geometric mean on the screen"
grep -Eqx 'full_loss: [0-9.e-]{7,}' screen.txt || fail "no full loss on the screen"
for ranks in 1 2 3; do
    succeeds mpirun -n $ranks $evaluate --network run/network.h5 --metrics "$all" --full-loss --output metrics_n.csv --overwrite \
        --set parallel.threads=$((1 + ranks % 2))
    cmp metrics.csv metrics_n.csv || fail "the table depends on ranks ($ranks)"
    cmp screen.txt out.txt || fail "the screen depends on ranks ($ranks)"
done
succeeds mpirun -n 3 $evaluate --network run/network.h5 --set data.num_samples=2 --output few.csv # a rank without samples
succeeds $evaluate --network run/network.h5 --set data.num_samples=2
cmp few.csv <(grep -v gmean out.txt) || fail "the table on the screen is another than in the file"
[ "$(head -1 few.csv)" = step,mean_nRMSE ] || fail "the default metric"
succeeds $evaluate --network run/checkpoint.h5 --metrics "$all" --output checkpoint.csv
cmp metrics.csv checkpoint.csv || fail "a checkpoint is another network"

# -- the table alone to a pipe; whose errors they are --
succeeds $evaluate --network run/network.h5 --metrics "$all" --full-loss --output -
cmp out.txt metrics.csv || fail "stdout does not hold the table alone"
cmp screen.txt <(grep -v '^no held-out' err.txt) || fail "the lines behind the table are not on stderr"
grep -q '^no held-out data (evaluation.data)' err.txt || fail "nothing tells that these are the training data"

# -- the numbers: mean_MAE of the rollout that `rollout` writes; geometric mean of the column; order of quantiles --
succeeds "$trainax" generate "$quickstart" --output data.h5
succeeds "$trainax" rollout run/network.h5 --initial data.h5 --steps 99 --output rolled.h5
numbers() { h5dump -m %.9g -y -w 1 -d /trajectories -s 0,$2,0,0 -c 20,1,1,30 "$1" | sed -n 's/^ *\([-0-9][-0-9.e+]*\),\{0,1\}$/\1/p'; }
for step in 1 7 99; do
    paste -d ' ' <(numbers data.h5 $step) <(numbers rolled.h5 $step) <(yes "$(sed -n $((step + 1))p metrics.csv | cut -d, -f3)" | head -600) |
        awk '{ d = $1 - $2; sum += d < 0 ? -d : d } END { e = sum / NR / $3 - 1; exit !(NR == 600 && e * e < 1e-10) }' ||
        fail "mean_MAE of step $step"
done
awk -F, 'NR > 1 && !($3 > 0 && $2 > 0 && $4 <= $5 && $5 <= $6) { exit 1 }' metrics.csv || fail "quantiles out of order"
awk -F, -v gmean="$(sed -n 's/gmean_mean_nRMSE: //p' screen.txt)" 'NR > 1 { sum += log($2) }
    END { e = exp(sum / (NR - 1)) / gmean - 1; exit !(e * e < 1e-12) }' metrics.csv || fail "geometric mean"

# -- blocks are chosen from all trajectories, of which a rank has a part; the order of sums in a group norm knows their size --
wide=(--set 'network="MoRes;20;1;relu"' --set network_key=0 --set data.num_points=64 --set data.num_samples=10 --set trainer.num_training_steps=0)
succeeds "$trainax" train "$quickstart" --output wide --quiet "${wide[@]}"
succeeds "$trainax" generate "$quickstart" --output wide.h5 "${wide[@]}"
for ranks in 1 3; do
    succeeds mpirun -n $ranks "$trainax" rollout wide/network.h5 --initial wide.h5 --steps 5 --output rolled_$ranks.h5
    succeeds mpirun -n $ranks $evaluate --network wide/network.h5 "${wide[@]}" --metrics "$all" --output wide_$ranks.csv
done
cmp wide_1.csv wide_3.csv || fail "the table of a wide network depends on ranks"
h5diff rolled_1.h5 rolled_3.h5 || fail "a rollout of a wide network depends on ranks"

# -- the full loss is the loss of a batch of all windows --
succeeds "$trainax" train "$quickstart" --output full --quiet --set trainer.batch_size=1980 --set trainer.num_training_steps=1
succeeds "$trainax" train "$quickstart" --output none --quiet --set trainer.num_training_steps=0
succeeds $evaluate --network none/network.h5 --full-loss --output none.csv
awk -v a="$(sed -n 2p full/history.csv | cut -d, -f4)" -v b="$(sed -n 's/full_loss: //p' out.txt)" \
    'BEGIN { e = a / b - 1; exit !(e * e < 1e-12) }' || fail "full loss $(cat out.txt) against $(sed -n 2p full/history.csv)"

# -- the evaluation section: held-out data of another resolution, metrics, steps; --metrics goes before --
section='evaluation={data: {type: advection_1d_periodic, num_points: 41, num_samples: 6, cfl: -0.75, key: 9}, num_steps: 4, metrics: [q50_MAE, "mean_MSE"]}'
succeeds $evaluate --network run/network.h5 --set "$section" --output held_out.csv --full-loss
[ -s err.txt ] && fail "a note on held-out data: $(cat err.txt)"
[ "$(head -1 held_out.csv)" = step,q50_MAE,mean_MSE ] && [ "$(wc -l <held_out.csv)" -eq 5 ] || fail "evaluation section"
grep -qx "$(grep full_loss screen.txt)" out.txt || fail "the full loss is not of the training data"
succeeds mpirun -n 2 $evaluate --network run/network.h5 --set "$section" --metrics vrmse --output vrmse.csv
[ "$(head -1 vrmse.csv)" = step,vrmse ] || fail "--metrics does not go before evaluation.metrics"
printf 'evaluation:\n  data: {type: file, path: data.h5}\n' >alone.yaml
succeeds "$trainax" evaluate alone.yaml --network run/network.h5 --metrics "$all" --output alone.csv
cmp metrics.csv alone.csv || fail "evaluation.data alone"
succeeds $evaluate --network run/network.h5 --set precision=float64 --output double.csv
sed -n 2p double.csv | cut -d, -f2 | grep -Eq '^0\.0[1-9][0-9]{13,}$' || fail "digits in double: $(sed -n 2p double.csv)"

# -- a rollout that diverges: numbers, then inf (squares overflow), then nan, on the same steps everywhere --
succeeds "$trainax" train "$quickstart" --output wild --quiet --set trainer.num_training_steps=1 --set 'trainer.optimizer={type: sgd, learning_rate: 50}'
succeeds $evaluate --network wild/network.h5 --metrics mean_nRMSE,mean_MAE,mean_sRMSE,q90_MAE --output wild.csv
succeeds mpirun -n 3 $evaluate --network wild/network.h5 --metrics mean_nRMSE,mean_MAE,mean_sRMSE,q90_MAE --output wild3.csv
cmp wild.csv wild3.csv || fail "a diverging rollout depends on ranks"
awk -F, 'NR > 1 && $2 == "inf" && $3 ~ /^[0-9]/ && $4 == "nan" && $5 ~ /^[0-9]/ { squares++ }
    NR > 1 && $3 == "inf" && $5 == "inf" { all++ }
    END { exit !(squares > 2 && all > 0 && $2 == "nan" && $3 == "nan" && $4 == "nan" && $5 == "nan") }' wild.csv || fail "cells of a diverging rollout"

# -- names in any case: columns as the tables spell them --
succeeds $evaluate --network run/network.h5 --metrics 'MEAN_nrmse,q90_h1_MAE,Mean_Fourier_mse;0;2;1' --output spelled.csv
[ "$(head -1 spelled.csv)" = 'step,mean_nRMSE,q90_H1_MAE,mean_fourier_MSE;0;2;1' ] || fail "columns: $(head -1 spelled.csv)"

# -- refused --
expect 2 'evaluate needs a CONFIG' "$trainax" evaluate
expect 2 'needs --network' $evaluate
expect 2 'unexpected argument' $evaluate other.yaml --network run/network.h5
expect 2 "unknown metric 'mean_nRMS' .did you mean 'mean_nRMSE'" $evaluate --network run/network.h5 --metrics mean_nRMS
expect 2 "'mean_fourier_MAE;0;x;1': HIGH must be an integer, not 'x'" $evaluate --network run/network.h5 --metrics 'mean_MAE,mean_fourier_MAE;0;x;1'
expect 2 'unknown metric .frobnicate.: there are .*mean_.*nRMSE' $evaluate --network run/network.h5 --metrics frobnicate
printf 'data: {type: file, path: data.h5}\nevaluation:\n  metrics: [mean_MAE, mean_MEA]\n' >metric.yaml
expect 2 'metric.yaml:3:.*evaluation.metrics.*mean_MEA' "$trainax" evaluate metric.yaml --network run/network.h5
expect 2 'evaluation.num_steps: 100 steps, but the trajectories have 99' $evaluate --network run/network.h5 --set evaluation.num_steps=100
expect 2 'evaluation.num_steps' $evaluate --network run/network.h5 --set evaluation.num_steps=0
expect 2 'nothing to compare' $evaluate --network run/network.h5 --set data.temporal_horizon=1
expect 2 'axes' mpirun -n 3 $evaluate --network run/network.h5 --set 'data={type: lorenz_rk4, key: 0}'
printf 'precision: float32\n' >empty.yaml
expect 2 'evaluation.data or data' "$trainax" evaluate empty.yaml --network run/network.h5
expect 2 'trainer' "$trainax" evaluate alone.yaml --network run/network.h5 --full-loss --set 'data={type: file, path: data.h5}'
expect 2 'levels' mpirun -n 2 $evaluate --network run/network.h5 --full-loss --set trainer.num_rollout_steps=100 --output no.csv
expect 3 'missing.h5' mpirun -n 3 $evaluate --network missing.h5
expect 3 'data.h5.*no network file' $evaluate --network data.h5
head -c 1000 run/network.h5 >cut.h5
expect 3 'cut.h5' mpirun -n 2 $evaluate --network cut.h5
expect 3 'no_folder' mpirun -n 2 $evaluate --network run/network.h5 --output no_folder/metrics.csv
expect 3 'missing.h5' $evaluate --network run/network.h5 --set 'evaluation.data={type: file, path: missing.h5}'
[ -e no.csv ] && fail "a refused evaluation left a table"

finish
