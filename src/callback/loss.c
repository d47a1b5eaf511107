/* The value of another configuration on the same minibatch, and its gradient as a file. */
#include "base/memory.h"
#include "callback/options.h"
#include "callback/snapshot.h"

typedef struct loss {
    int program;
    char *file_name; /* of gradients; NULL: not wanted */
} loss;

static tx_status name_files(tx_callback *callback, loss *state, const tx_callback_setup *setup, tx_error *error)
{
    if (!tx_get_boolean(callback->section, "with_grad")) {
        return TX_OK;
    }
    TX_TRY(tx_snapshot_name(callback, callback->column, "_gradient", error, &state->file_name));
    return setup->services->add_snapshots(setup->trainer, callback->section, &(tx_snapshot){.name = state->file_name},
                                          callback->every, error);
}

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    loss *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    callback->state = state;
    TX_TRY(name_files(callback, state, setup, error));
    return setup->services->add_program(setup->trainer, callback->section, state->file_name != NULL, error, &state->program);
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    const loss *state = callback->state;
    tx_snapshot snapshot = {.name = state->file_name};
    TX_TRY(seen->services->evaluate(seen->trainer, state->program, error, &snapshot.loss, &snapshot.gradient));
    if (state->file_name) {
        seen->services->save(seen->trainer, &snapshot);
    }
    tx_cell_set(cells, 0, snapshot.loss);
    return TX_OK;
}

static void destroy(tx_callback *callback)
{
    loss *state = callback->state;
    if (state) {
        tx_free(state->file_name);
    }
}

static const tx_option options[] = {
    TX_OPTIONS_CONFIGURATION,
    {.name = "with_grad",
     .type = TX_TYPE_BOOLEAN,
     .initial = "false",
     .unit = "",
     .text = "also its gradient: NAME_gradient_STEP.h5 in the run directory, leaves as network.h5 has them, but in /gradient"},
    {0},
};
static const tx_callback_class class_ = {.create = create, .observe = observe, .destroy = destroy, .column = ""};
const tx_component tx_callback_loss = {
    .kind = TX_KIND_CALLBACK,
    .name = "loss",
    .summary = "loss of another configuration on the minibatch; needs a `name`",
    .options = options,
    .implementation = &class_,
};
