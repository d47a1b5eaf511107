/* Independent normal numbers, on states of any shape. */
#include <math.h>

#include "data/initial.h"
#include "data/options.h"

static tx_status create(tx_initial *initial, tx_error *error)
{
    (void)initial;
    (void)error;
    return TX_OK;
}

static void draw(const tx_initial *initial, tx_key key, void *out)
{
    const size_t points = (size_t)tx_shape_points(&initial->state);
    const double mean = tx_get_real(initial->section, "mean"), deviation = tx_get_real(initial->section, "std");
    tx_random_normal(initial->random, key, points, out);
    for (size_t j = 0; j < points; j++) {
        if (initial->random.precision == TX_FLOAT32) {
            ((float *)out)[j] = fmaf(((float *)out)[j], (float)deviation, (float)mean);
        } else {
            ((double *)out)[j] = fma(((double *)out)[j], deviation, mean);
        }
    }
}

static const tx_initial_class normal_class = {.create = create, .draw = draw};

static const tx_option options[] = {
    TX_OPTION_NUMBER("mean", "0.0", "", "mean of every number"),
    {.name = "std",
     .type = TX_TYPE_REAL,
     .initial = "1.0",
     .unit = "",
     .text = "standard deviation of every number",
     .maximum = INFINITY},
    {0},
};

const tx_component tx_initial_condition_normal = {
    .kind = TX_KIND_INITIAL_CONDITION,
    .name = "normal",
    .summary = "independent normal numbers",
    .options = options,
    .implementation = &normal_class,
};
