/* The callbacks of a run: made from their sections, called before each update. */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "training/history.h"
#include "training/trainer.h"

/* ---- What they may ask for ---- */

static tx_status add_checkpoints(void *owner, int64_t every, tx_error *error)
{
    tx_trainer *trainer = owner;
    TX_TRY(tx_reserve((size_t)trainer->num_checkpoints + 1, sizeof every, &trainer->checkpoint_capacity, error,
                      &trainer->checkpoints));
    trainer->checkpoints[trainer->num_checkpoints++] = every;
    return TX_OK;
}

bool tx_trainer_checkpoint_due(const tx_trainer *trainer)
{
    bool due = false;
    for (int k = 0; k < trainer->num_checkpoints; k++) {
        due |= trainer->step % trainer->checkpoints[k] == 0;
    }
    return due;
}

static double learning_rate(const void *owner)
{
    return tx_optimizer_rate(((const tx_trainer *)owner)->optimizer);
}

static void end(void *owner)
{
    tx_trainer *trainer = owner;
    trainer->ended_at = trainer->step + 1;
}

static const tx_trainer_services services = {
    .add_program = tx_trainer_add_program,
    .add_metrics = tx_trainer_add_metrics,
    .keep_best = tx_trainer_keep_best,
    .add_checkpoints = add_checkpoints,
    .add_snapshots = tx_trainer_add_snapshots,
    .evaluate = tx_trainer_evaluate,
    .measure = tx_trainer_measure,
    .save = tx_trainer_save,
    .offer = tx_trainer_offer,
    .learning_rate = learning_rate,
    .end = end,
};

/* ---- Creation ---- */

static tx_status add_column(tx_trainer *trainer, const tx_callback *callback, const char *column, tx_error *error)
{
    static const char *const own[] = {"step", "epoch", "batch", "loss"};
    bool taken = false;
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        taken |= strcmp(column, own[k]) == 0;
    }
    for (int k = 0; k < trainer->num_columns; k++) {
        taken |= strcmp(column, trainer->columns[k]) == 0;
    }
    if (taken) {
        return tx_section_error(callback->section, NULL, error, TX_INVALID,
                                "history.csv has a column %s already: give this one another `name`", column);
    }
    if (trainer->num_columns == TX_HISTORY_MAX_COLUMNS) {
        return tx_section_error(callback->section, NULL, error, TX_INVALID, "callbacks have more than %d columns together",
                                TX_HISTORY_MAX_COLUMNS);
    }
    TX_TRY(tx_reserve((size_t)trainer->num_columns + 1, sizeof(char *), &trainer->column_capacity, error, &trainer->columns));
    trainer->columns[trainer->num_columns++] = column;
    return TX_OK;
}

static tx_status add_callback(tx_trainer *trainer, const tx_section *section, const tx_callback_setup *setup, tx_error *error)
{
    tx_callback *callback;
    TX_TRY(tx_callback_create(section, setup, error, &callback));
    trainer->callbacks[trainer->num_callbacks++] = callback;
    for (int k = 0; k < callback->num_columns; k++) {
        TX_TRY(add_column(trainer, callback, callback->columns[k], error));
    }
    return TX_OK;
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

static tx_callback_setup callback_setup(tx_trainer *trainer, const tx_trainer_setup *options)
{
    return (tx_callback_setup){
        .services = &services,
        .trainer = trainer,
        .run = trainer->problem.root,
        .parallel = trainer->parallel,
        .precision = trainer->problem.random.precision,
        .log = trainer->log,
        .terminal = options->terminal,
    };
}

tx_status tx_trainer_create_callbacks(tx_trainer *trainer, const tx_trainer_setup *options, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(trainer->problem.root, "callbacks", &sections);
    const tx_callback_setup setup = callback_setup(trainer, options);
    TX_TRY(tx_allocate_array((size_t)count, sizeof(tx_callback *), error, &trainer->callbacks));
    for (int k = 0; k < count; k++) {
        TX_TRY(add_callback(trainer, sections[k], &setup, error));
    }
    return tx_allocate_array((size_t)trainer->num_columns + 1, sizeof(double), error, &trainer->values);
}

/* The progress line is always on; an entry in `callbacks` changes it instead of doubling it. */
tx_status tx_trainer_create_progress(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *options, tx_error *error)
{
    const tx_registry *registry = tx_config_registry(config);
    const tx_callback_setup setup = callback_setup(trainer, options);
    if (!options->with_progress || has_progress(trainer->problem.root) ||
        !tx_registry_find(registry, TX_KIND_CALLBACK, "progress")) {
        return TX_OK;
    }
    TX_TRY(tx_section_read(registry, TX_KIND_CALLBACK, "progress", "{type: progress}", error, &trainer->progress_config));
    return tx_callback_create(tx_config_root(trainer->progress_config), &setup, error, &trainer->progress);
}

void tx_trainer_destroy_callbacks(tx_trainer *trainer)
{
    for (int k = 0; k < trainer->num_callbacks; k++) {
        tx_callback_destroy(trainer->callbacks[k]);
    }
    tx_callback_destroy(trainer->progress);
    tx_config_destroy(trainer->progress_config);
    tx_free(trainer->callbacks);
    tx_free(trainer->columns);
    tx_free(trainer->values);
    tx_free(trainer->checkpoints);
}

/* ---- A step ---- */

static tx_observation observation(tx_trainer *trainer)
{
    const tx_fetch *fetch = &trainer->fetches[trainer->step & 1];
    return (tx_observation){
        .step = trainer->step,
        .num_steps = trainer->problem.num_steps,
        .epoch = fetch->minibatch.epoch,
        .batch = fetch->minibatch.batch,
        .loss = trainer->loss,
        .precision = trainer->problem.random.precision,
        .network = trainer->problem.network,
        .parameters = trainer->parameters,
        .seconds = tx_clock() - trainer->start,
        .first_step = trainer->first_step,
        .services = &services,
        .trainer = trainer,
    };
}

tx_status tx_trainer_observe(tx_trainer *trainer, tx_error *error, int64_t *present, double *values)
{
    const tx_observation seen = observation(trainer);
    tx_cells cells = {.values = values, .present = present, .first = 1};
    for (int k = 0; k < trainer->num_callbacks; k++) {
        TX_TRY(tx_callback_observe(trainer->callbacks[k], &seen, error, cells));
        cells.first += trainer->callbacks[k]->num_columns;
    }
    return trainer->progress ? tx_callback_observe(trainer->progress, &seen, error, cells) : TX_OK;
}

/* Where a callback ended the run, windows of the next step are on their way; held-out data may share their store. */
tx_status tx_trainer_conclude(tx_trainer *trainer, tx_error *error)
{
    if (trainer->fetches[trainer->step & 1].step == trainer->step) {
        tx_trainer_note_failure(trainer, tx_trainer_wait(trainer, trainer->step, &trainer->local_error));
    }
    const tx_observation seen = observation(trainer);
    for (int k = 0; k < trainer->num_callbacks; k++) {
        TX_TRY(tx_callback_conclude(trainer->callbacks[k], &seen, error));
    }
    return TX_OK;
}

void tx_trainer_recall(tx_trainer *trainer, int64_t step, int64_t present, const double *values)
{
    tx_cells cells = {.values = (double *)values, .present = &present, .first = 1}; /* read only */
    for (int k = 0; k < trainer->num_callbacks; k++) {
        tx_callback_recall(trainer->callbacks[k], step, cells);
        cells.first += trainer->callbacks[k]->num_columns;
    }
}

/* ---- What they saw ---- */

int tx_trainer_num_columns(const tx_trainer *trainer)
{
    return trainer->num_columns;
}
const char *tx_trainer_column(const tx_trainer *trainer, int column)
{
    return trainer->columns[column];
}
bool tx_trainer_observed(const tx_trainer *trainer, int column, double *out)
{
    const tx_cells cells = {.values = trainer->values, .present = (int64_t *)&trainer->present, .first = 1};
    *out = trainer->values[column + 1];
    return tx_cell_has(cells, column);
}
