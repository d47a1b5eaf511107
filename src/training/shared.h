/* What members share: data, held once by the ranks of a job. All else is a member's own: groups of ranks train members, each group
 * one after another, each at its own pace. */
#pragma once

#include "trainax/component.h"
#include "trainax/data.h"
#include "trainax/kernel.h"

typedef struct tx_shared_data {
    tx_data_shape shape;
    size_t bytes, loading; /* of this rank's part, and what reading it takes beside */
    int64_t numbers;       /* beside each trajectory that its readers need */
    tx_dataset *dataset;   /* NULL: not loaded yet */
} tx_shared_data;

typedef struct tx_shared {
    tx_parallel *parallel; /* whose ranks hold the data; NULL: nobody's, it is only planned */
    const tx_backend *backend;
    bool opened; /* it is closed with what is shared */
    tx_shared_data data;
    tx_shared_data held_out; /* evaluation.data; without trajectories where there is none, or each member loads its own */
} tx_shared;

/* Are they word for word the same, or both NULL? */
tx_status tx_shared_same(const tx_section *here, const tx_section *there, tx_error *error, bool *out);
/* What is known of data before they are loaded, on one of num_ranks ranks. */
tx_shared_data tx_shared_data_of(const tx_data_source *source, tx_placement placement, int num_ranks);

/* loading.c: for `count` members, which differ in network, trainer, callbacks and output alone: plans each for `group`, this
 * rank's, and loads data and held-out data if there is room for the largest beside them. TX_INVALID: they differ otherwise, no
 * trainer can be made of one, or there is too little memory. Collective over `parallel`, the job; it must outlive what is made. */
tx_status tx_shared_create(tx_parallel *parallel, int count, const tx_config *const *configs, tx_parallel *group, const tx_log *log,
                           tx_error *error, tx_shared *out);
void tx_shared_destroy(tx_shared *shared); /* takes a zeroed one. Collective over the job */
