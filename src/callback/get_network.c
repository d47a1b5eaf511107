/* Keeps the network of every n-th step. Trainax hands these out as objects; here each is a file in the run directory. */
#include "base/memory.h"
#include "callback/snapshot.h"

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    char *name;
    TX_TRY(tx_snapshot_name(callback, callback->column, "", error, &name));
    callback->state = name;
    return setup->services->add_snapshots(setup->trainer, callback->section, &(tx_snapshot){.name = name}, callback->every, error);
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    (void)error;
    seen->services->save(seen->trainer, &(tx_snapshot){.name = callback->state});
    tx_cell_set(cells, 0, 1);
    return TX_OK;
}

static const tx_callback_class class_ = {.create = create, .observe = observe, .column = "network"};
const tx_component tx_callback_get_network = {
    .kind = TX_KIND_CALLBACK,
    .name = "get_network",
    .summary = "the network before the step's update, as NAME_STEP.h5 in the run directory; its cell is 1",
    .implementation = &class_,
};
