/* A checkpoint every n steps: of the state before that step, like output.checkpoint_every. */
#include "trainax/callback.h"

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    return setup->services->add_checkpoints(setup->trainer, callback->every, error);
}

/* The trainer writes it between two steps. */
static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    (void)callback;
    (void)seen;
    (void)error;
    (void)cells;
    return TX_OK;
}

static const tx_callback_class class_ = {.create = create, .observe = observe};
const tx_component tx_callback_checkpoint = {
    .kind = TX_KIND_CALLBACK,
    .name = "checkpoint",
    .summary = "a checkpoint at every n-th step, as output.checkpoint_every; no column",
    .implementation = &class_,
    .may_differ = true,
};
