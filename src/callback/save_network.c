/* Keeps the network of every n-th step where the user says. */
#include "trainax/callback.h"

static tx_snapshot files(const tx_callback *callback)
{
    return (tx_snapshot){.directory = tx_get_string(callback->section, "path"),
                         .name = tx_get_string(callback->section, "file_name")};
}

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    const tx_snapshot snapshot = files(callback);
    return setup->services->add_snapshots(setup->trainer, callback->section, &snapshot, callback->every, error);
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    (void)error;
    const tx_snapshot snapshot = files(callback);
    seen->services->save(seen->trainer, &snapshot);
    tx_cell_set(cells, 0, 1);
    return TX_OK;
}

static const tx_option options[] = {
    {.name = "path",
     .type = TX_TYPE_OUTPUT_PATH,
     .unit = "",
     .may_differ = true,
     .text =
         "folder, relative to where the command runs; made where it is missing; only --overwrite and a resume replace files there"},
    {.name = "file_name", .type = TX_TYPE_STRING, .unit = "", .text = "files are PATH/FILE_NAME_STEP.h5"},
    {0},
};
static const tx_callback_class class_ = {.create = create, .observe = observe, .column = "network_saved"};
const tx_component tx_callback_save_network = {
    .kind = TX_KIND_CALLBACK,
    .name = "save_network",
    .summary = "writes the network before the step's update to a file; its cell is 1",
    .options = options,
    .implementation = &class_,
};
