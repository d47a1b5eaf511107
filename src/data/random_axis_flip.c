/* Turned round along axes: axis a where u_a < p. */
#include <math.h>

#include "data/augmentation.h"

static void draw(const tx_augmentation *augmentation, const double *u, tx_symmetry *symmetry)
{
    const double p = tx_get_real(augmentation->section, "p");
    for (int a = 0; a < symmetry->state.axes; a++) {
        if (augmentation->axes >> a & 1 && u[a] < p) {
            tx_symmetry_flip(symmetry, a, &augmentation->tensors);
        }
    }
}

static const tx_option options[] = {
    TX_OPTION_AXES,
    {.name = "p", .type = TX_TYPE_REAL, .initial = "0.5", .maximum = 1, .text = "probability, for each axis"},
    TX_OPTIONS_TENSORS,
    {.name = NULL},
};
static const tx_augmentation_class class_ = {.draws = 1, .least_axes = 1, .draw = draw};
const tx_component tx_augmentation_random_axis_flip =
    TX_AUGMENTATION("random_axis_flip", "turned round along axes", options, &class_);
