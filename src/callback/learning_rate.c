/* The learning rate that the step's update takes: what a schedule says at that count; the last one in a chain. */
#include <math.h>

#include "trainax/callback.h"

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    (void)callback;
    (void)error;
    const double rate = seen->services->learning_rate(seen->trainer);
    if (!isnan(rate)) {
        tx_cell_set(cells, 0, rate);
    }
    return TX_OK;
}

static const tx_callback_class class_ = {.observe = observe, .column = "learning_rate"};
const tx_component tx_callback_learning_rate = {
    .kind = TX_KIND_CALLBACK,
    .name = "learning_rate",
    .summary = "learning rate of the step's update",
    .implementation = &class_,
};
