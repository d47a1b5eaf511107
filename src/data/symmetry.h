/* A symmetry of a grid, and what it does to the channels of a state: which number of the old state comes where in the new one. Each
 * of the functions below puts another one behind it. */
#pragma once

#include <stdint.h>

#include "trainax/shape.h"
#include "trainax/status.h"

typedef struct tx_symmetry {
    tx_shape state;
    int64_t *from[TX_MAX_AXES], *spare; /* [points of the axis]: what a place on it adds to the old place; one allocation */
    int64_t *channel;                   /* [channels] of the old state */
    double *sign;                       /* [channels] */
} tx_symmetry;

/* What moves with the axes: `count` vectors of one channel an axis, one behind the other; channels that are pseudoscalars. */
typedef struct tx_tensors {
    int count, num_pseudoscalars;
    const int64_t *vectors, *pseudoscalars;
} tx_tensors;

tx_status tx_symmetry_create(tx_shape state, tx_error *error, tx_symmetry *out);
void tx_symmetry_destroy(tx_symmetry *symmetry); /* takes a zeroed one */
void tx_symmetry_reset(tx_symmetry *symmetry);   /* nothing moves */

void tx_symmetry_roll(tx_symmetry *symmetry, int axis, int64_t by); /* 0 <= by < points of the axis */
void tx_symmetry_flip(tx_symmetry *symmetry, int axis, const tx_tensors *tensors);
/* The new axis a is the old axis order[a]; all axes have as many points. */
void tx_symmetry_permute(tx_symmetry *symmetry, const int *order, const tx_tensors *tensors);
int tx_permutation_sign(const int *order, int count);

/* A whole state, or one channel of it that has no direction; from and out do not overlap. */
void tx_symmetry_apply(const tx_symmetry *symmetry, tx_precision precision, const void *from, void *out);
void tx_symmetry_apply_scalar(const tx_symmetry *symmetry, tx_precision precision, const void *from, void *out);
