/* Rotations by quarters of a turn: an order of the axes, then some of them turned round, so that together no mirror is left. */
#include <math.h>

#include "data/augmentation.h"

static void draw(const tx_augmentation *augmentation, const double *u, tx_symmetry *symmetry)
{
    const int axes = symmetry->state.axes;
    int order[TX_MAX_AXES];
    bool flips[TX_MAX_AXES];
    tx_augmentation_order(u, axes, order);
    int sign = tx_permutation_sign(order, axes);
    for (int a = 0; a < axes; a++) {
        flips[a] = u[axes + a] < 0.5;
        sign *= flips[a] ? -1 : 1;
    }
    flips[0] ^= sign < 0;
    tx_symmetry_permute(symmetry, order, &augmentation->tensors);
    for (int a = 0; a < axes; a++) {
        if (flips[a]) {
            tx_symmetry_flip(symmetry, a, &augmentation->tensors);
        }
    }
}

/* Pseudoscalars stay what they are: those that are named change twice, or never. */
static const tx_option options[] = {TX_OPTIONS_TENSORS, {.name = NULL}};
static const tx_augmentation_class class_ = {.draws = 2, .least_axes = 2, .permutes = true, .draw = draw};
const tx_component tx_augmentation_random_rotation_90 =
    TX_AUGMENTATION("random_rotation_90", "turned by quarters, on grids of as many points along each axis", options, &class_);
