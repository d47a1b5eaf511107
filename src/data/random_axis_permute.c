/* Axes in another order: that of the numbers drawn. */
#include <math.h>

#include "data/augmentation.h"

static void draw(const tx_augmentation *augmentation, const double *u, tx_symmetry *symmetry)
{
    int order[TX_MAX_AXES];
    tx_augmentation_order(u, symmetry->state.axes, order);
    tx_symmetry_permute(symmetry, order, &augmentation->tensors);
}

static const tx_option options[] = {TX_OPTIONS_TENSORS, {.name = NULL}};
static const tx_augmentation_class class_ = {.draws = 1, .least_axes = 1, .permutes = true, .draw = draw};
const tx_component tx_augmentation_random_axis_permute =
    TX_AUGMENTATION("random_axis_permute", "axes in another order, on grids of as many points along each", options, &class_);
