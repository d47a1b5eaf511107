/* Making the callbacks of a run and calling them. */
#include "training/callbacks.h"

#include <string.h>

#include "base/memory.h"
#include "history/history.h"

/* ---- Creation ---- */

static tx_status add_column(tx_callbacks *callbacks, const tx_callback *callback, const char *column, tx_error *error)
{
    static const char *const own[] = {"step", "epoch", "batch", "loss"};
    bool taken = false;
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        taken |= strcmp(column, own[k]) == 0;
    }
    for (int k = 0; k < callbacks->num_columns; k++) {
        taken |= strcmp(column, callbacks->columns[k]) == 0;
    }
    if (taken) {
        return tx_section_error(callback->section, NULL, error, TX_INVALID,
                                "history.csv has a column %s already: give this one another `name`", column);
    }
    if (callbacks->num_columns == TX_HISTORY_MAX_COLUMNS) {
        return tx_section_error(callback->section, NULL, error, TX_INVALID, "callbacks have more than %d columns together",
                                TX_HISTORY_MAX_COLUMNS);
    }
    TX_TRY(tx_reserve((size_t)callbacks->num_columns + 1, sizeof(char *), &callbacks->column_capacity, error, &callbacks->columns));
    callbacks->columns[callbacks->num_columns++] = column;
    return TX_OK;
}

static tx_status add_callback(tx_callbacks *callbacks, const tx_section *section, const tx_callback_setup *setup, tx_error *error)
{
    tx_callback *callback;
    TX_TRY(tx_callback_create(section, setup, error, &callback));
    callbacks->callbacks[callbacks->count++] = callback;
    for (int k = 0; k < callback->num_columns; k++) {
        TX_TRY(add_column(callbacks, callback, callback->columns[k], error));
    }
    return TX_OK;
}

tx_status tx_callbacks_create(tx_callbacks *callbacks, const tx_callback_setup *setup, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(setup->run, "callbacks", &sections);
    TX_TRY(tx_allocate_array((size_t)count, sizeof(tx_callback *), error, &callbacks->callbacks));
    for (int k = 0; k < count; k++) {
        TX_TRY(add_callback(callbacks, sections[k], setup, error));
    }
    return tx_allocate_array((size_t)callbacks->num_columns + 1, sizeof(double), error, &callbacks->values);
}

static bool has_progress(const tx_section *parent)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(parent, "callbacks", &sections);
    bool found = false;
    for (int k = 0; k < count; k++) {
        const char *name = tx_section_name(sections[k]);
        found |= strcmp(name, "progress") == 0 || (strcmp(name, "composite") == 0 && has_progress(sections[k]));
    }
    return found;
}

tx_status tx_callbacks_add_progress(tx_callbacks *callbacks, const tx_config *config, const tx_callback_setup *setup,
                                    tx_error *error)
{
    const tx_registry *registry = tx_config_registry(config);
    if (has_progress(setup->run) || !tx_registry_find(registry, TX_KIND_CALLBACK, "progress")) {
        return TX_OK;
    }
    TX_TRY(tx_section_read(registry, TX_KIND_CALLBACK, "progress", "{type: progress}", error, &callbacks->progress_config));
    return tx_callback_create(tx_config_root(callbacks->progress_config), setup, error, &callbacks->progress);
}

void tx_callbacks_destroy(tx_callbacks *callbacks)
{
    for (int k = 0; k < callbacks->count; k++) {
        tx_callback_destroy(callbacks->callbacks[k]);
    }
    tx_callback_destroy(callbacks->progress);
    tx_config_destroy(callbacks->progress_config);
    tx_free(callbacks->callbacks);
    tx_free(callbacks->columns);
    tx_free(callbacks->values);
    tx_free(callbacks->checkpoints);
}

/* ---- Checkpoints ---- */

tx_status tx_callbacks_add_checkpoints(tx_callbacks *callbacks, int64_t every, tx_error *error)
{
    TX_TRY(tx_reserve((size_t)callbacks->num_checkpoints + 1, sizeof every, &callbacks->checkpoint_capacity, error,
                      &callbacks->checkpoints));
    callbacks->checkpoints[callbacks->num_checkpoints++] = every;
    return TX_OK;
}

bool tx_callbacks_checkpoint_due(const tx_callbacks *callbacks, int64_t step)
{
    bool due = false;
    for (int k = 0; k < callbacks->num_checkpoints; k++) {
        due |= step % callbacks->checkpoints[k] == 0;
    }
    return due;
}

/* ---- Calls ---- */

tx_status tx_callbacks_observe(tx_callbacks *callbacks, const tx_observation *seen, tx_error *error)
{
    tx_cells cells = {.values = callbacks->values, .present = &callbacks->present, .first = 1};
    callbacks->present = 0;
    for (int k = 0; k < callbacks->count; k++) {
        TX_TRY(tx_callback_observe(callbacks->callbacks[k], seen, error, cells));
        cells.first += callbacks->callbacks[k]->num_columns;
    }
    return callbacks->progress ? tx_callback_observe(callbacks->progress, seen, error, cells) : TX_OK;
}

tx_status tx_callbacks_conclude(tx_callbacks *callbacks, const tx_observation *seen, tx_error *error)
{
    for (int k = 0; k < callbacks->count; k++) {
        TX_TRY(tx_callback_conclude(callbacks->callbacks[k], seen, error));
    }
    return TX_OK;
}

void tx_callbacks_recall(tx_callbacks *callbacks, int64_t step, int64_t present, const double *values)
{
    tx_cells cells = {.values = (double *)values, .present = &present, .first = 1}; /* read only */
    for (int k = 0; k < callbacks->count; k++) {
        tx_callback_recall(callbacks->callbacks[k], step, cells);
        cells.first += callbacks->callbacks[k]->num_columns;
    }
}
