/* The file that a rollout writes: as many trajectories as there are initial ones, and what stands beside these. */
#pragma once

#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/parallel.h"

typedef struct tx_rolled {
    tx_parallel *parallel;
    const tx_registry *registry;
    tx_file *initial;
    const tx_array_shape *shape; /* of the initial trajectories */
    tx_precision precision;
    int64_t levels; /* of each trajectory here */
    bool spread;    /* of several networks is kept */
} tx_rolled;

/* Collective; the same status on all ranks. */
tx_status tx_rolled_create(const tx_rolled *rolled, const char *path, tx_error *error, tx_file_writer **out);
