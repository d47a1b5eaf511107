/* The Euclidean norm of a configuration's gradient on the minibatch: over all leaves together, of the sum over all ranks. */
#include <math.h>

#include "base/memory.h"
#include "callback/options.h"

typedef struct grad_norm {
    int program;
    bool squared;
} grad_norm;

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    grad_norm *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    callback->state = state;
    state->squared = tx_get_boolean(callback->section, "squared");
    return setup->services->add_program(setup->trainer, callback->section, true, error, &state->program);
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    const grad_norm *state = callback->state;
    const void *gradient;
    double loss;
    TX_TRY(seen->services->evaluate(seen->trainer, state->program, error, &loss, &gradient));
    const double square = tx_sum_of_squares(seen->precision, gradient, seen->network->num_parameters);
    tx_cell_set(cells, 0, state->squared ? square : sqrt(square));
    return TX_OK;
}

static const tx_option options[] = {TX_OPTIONS_CONFIGURATION, TX_OPTION_SQUARED, {0}};
static const tx_callback_class class_ = {.create = create, .observe = observe, .column = ""};
const tx_component tx_callback_grad_norm = {
    .kind = TX_KIND_CALLBACK,
    .name = "grad_norm",
    .summary = "Euclidean norm of a configuration's gradient on the minibatch; needs a `name`",
    .options = options,
    .implementation = &class_,
};
