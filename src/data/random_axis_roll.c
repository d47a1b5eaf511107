/* Rolled along axes, where these are periodic: axis a by floor(u_a N_a). */
#include <math.h>

#include "data/augmentation.h"

static void draw(const tx_augmentation *augmentation, const double *u, tx_symmetry *symmetry)
{
    for (int a = 0; a < symmetry->state.axes; a++) {
        if (augmentation->axes >> a & 1) {
            tx_symmetry_roll(symmetry, a, (int64_t)floor(u[a] * (double)symmetry->state.n[a]));
        }
    }
}

static const tx_option options[] = {TX_OPTION_AXES, {.name = NULL}};
static const tx_augmentation_class class_ = {.draws = 1, .least_axes = 1, .draw = draw};
const tx_component tx_augmentation_random_axis_roll =
    TX_AUGMENTATION("random_axis_roll", "rolled along periodic axes", options, &class_);
