/* Numbers of each channel over all trajectories, in one pass that all ranks share. Sums are exact or nearly so (products too), and
 * added exactly: the same bits on any number of ranks. */
#pragma once

#include "trainax/data.h"

typedef struct tx_channel_statistics {
    double least, most;          /* of the finite ones; both NaN where there is none */
    int64_t count, not_finite;   /* finite numbers, others */
    double mean, std, rms;       /* of the finite ones; std of the population: sqrt(sum (x - mean)^2 / n) */
    double std_delta, rms_delta; /* of x[t + stride] - x[t] within a trajectory, likewise; NaN where there is no such pair */
} tx_channel_statistics;

/* As the source delivers them; out: one for each channel. `deltas`: those of the differences too. What is not finite is counted, or
 * refused (TX_BAD_DATA) where `strict`. Collective; parallel NULL: this process
 * alone. */
tx_status tx_data_statistics(tx_parallel *parallel, tx_data_source *source, bool strict, bool deltas, tx_error *error,
                             tx_channel_statistics *out);
/* Of data that are there, differences included; mask: those points alone where the numbers beside the trajectory are not 0 from
 * there on; -1: all. Before other requests are made of the store. Collective over ranks that can fetch. */
tx_status tx_dataset_statistics(tx_parallel *parallel, const tx_dataset *dataset, int64_t mask, tx_error *error,
                                tx_channel_statistics *out);
/* At least `least`, and rounded once to the run's precision. */
void tx_statistics_round(tx_precision precision, double least, int64_t count, double *numbers);
