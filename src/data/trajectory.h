/* Sources that compute their trajectories: whatever range of levels is asked for, it is cut into trajectories, which the threads of
 * the rank compute. */
#pragma once

#include "trainax/data.h"

/* What is asked of one trajectory: levels `first` … `stop` - 1, one behind the other from `out` on. */
typedef struct tx_stretch {
    int64_t trajectory, first, stop;
    void *out;
} tx_stretch;

/* Computes some of neighbouring trajectories: at most as many as are computed together, on one of several threads at the same time,
 * each with memory of its own. The bits must not depend on which come together. */
typedef tx_status tx_generator(tx_data_source *source, int thread, const tx_stretch *stretches, int count, tx_error *error);

enum { TX_MOST_TOGETHER = 32 };
/* As many threads call a generator at the same time at most, with 0 … that - 1 as `thread`. */
int tx_generator_threads(const tx_data_source *source, int together);
/* Some thousand numbers a look are often enough for who waits, and cost nothing. TX_STOPPED: nobody wants them any more. */
tx_status tx_generator_attend(const tx_data_source *source, tx_error *error);
/* The read of a source's class. An error is that of the first trajectory which has one. */
tx_status tx_generate_levels(tx_data_source *source, tx_generator *generate, int together, int64_t first_level, int64_t num_levels,
                             void *out, tx_error *error);
