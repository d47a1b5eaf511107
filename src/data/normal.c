/* Independent normal numbers, on states of any shape. */
#include <math.h>

#include "data/initial.h"

static tx_status create(tx_condition *condition, tx_error *error)
{
    (void)condition;
    (void)error;
    return TX_OK;
}

/* With one rounding, in the run's precision. */
static tx_status draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const int64_t points = tx_shape_points(&condition->state);
    const double mean = tx_get_real(condition->section, "mean"), deviation = tx_get_real(condition->section, "std");
    (void)error;
    tx_condition_normal(condition, which->key, points, out);
    for (int64_t j = 0; j < points; j++) {
        out[j] = condition->random.precision == TX_FLOAT32 ? (double)fmaf((float)out[j], (float)deviation, (float)mean)
                                                           : fma(out[j], deviation, mean);
    }
    return TX_OK;
}

static const tx_condition_class normal_class = {.create = create, .draw = draw};

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

const tx_component tx_initial_condition_normal = TX_CONDITION("normal", "independent normal numbers", options, &normal_class);
