/* What optimizers tell of the system that a step solves: its damping; how well the step before did. */
#include <math.h>
#include <string.h>

#include "trainax/callback.h"

/* A callback is called as what it tells. */
static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    const char *name = tx_section_name(callback->section);
    double unused;
    return setup->services->optimizer_number(setup->trainer, name, &unused)
               ? TX_OK
               : tx_section_error(callback->section, NULL, error, TX_INVALID, "%s: the optimizer %s has none", name,
                                  tx_section_name(tx_get_section(tx_get_section(setup->run, "trainer"), "optimizer")));
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    double value;
    (void)error;
    if (seen->services->optimizer_number(seen->trainer, tx_section_name(callback->section), &value) && !isnan(value)) {
        tx_cell_set(cells, 0, value);
    }
    return TX_OK;
}

static const tx_callback_class dampings = {.create = create, .observe = observe, .column = "damping"};
static const tx_callback_class gain_ratios = {.create = create, .observe = observe, .column = "gain_ratio"};
const tx_component tx_callback_damping = {.kind = TX_KIND_CALLBACK,
                                          .name = "damping",
                                          .summary = "damping of the step's system; of levenberg_marquardt and gauss_newton",
                                          .implementation = &dampings};
const tx_component tx_callback_gain_ratio = {
    .kind = TX_KIND_CALLBACK,
    .name = "gain_ratio",
    .summary = "what the step before gained, in parts of what was expected; 0 or less: it was not taken; of levenberg_marquardt",
    .implementation = &gain_ratios};
