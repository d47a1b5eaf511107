#include "training/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "trainax/version.h"
#include "training/network_file.h"

static const char current_name[] = "checkpoint.h5", previous_name[] = "checkpoint.previous.h5";
static const char ended_name[] = "ended"; /* attribute: by a callback, before all steps were done */
enum { PATH_SIZE = 4096 };

/* ---- Writing ---- */

tx_status tx_trainer_put_network(const tx_trainer *trainer, const tx_history *history, tx_file *file, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    const int64_t count = tx_history_num_losses(history);
    void *losses;
    TX_TRY(tx_allocate_array((size_t)count, tx_real_bytes(problem->random.precision), error, &losses));
    tx_history_losses(history, losses);
    const tx_status status =
        tx_network_file_put(file, problem->network, problem->random.precision, trainer->parameters, count, losses, error);
    tx_free(losses);
    TX_TRY(status);
    return tx_file_set_integer(file, "/", "step", trainer->step, error);
}

static tx_status put_root(tx_file *file, const tx_trainer *trainer, tx_error *error)
{
    char *text;
    TX_TRY(tx_section_write(trainer->problem.root, error, &text));
    const tx_status status = tx_file_set_text(file, "/", "configuration", text, error);
    tx_free(text);
    TX_TRY(status);
    if (trainer->step == trainer->ended_at) {
        TX_TRY(tx_file_set_integer(file, "/", ended_name, 1, error));
    }
    return tx_file_set_text(file, "/", "isa", tx_isa_name(trainer->problem.isa), error);
}

static tx_status put_optimizer(tx_file *file, const tx_trainer *trainer, tx_error *error)
{
    const tx_optimizer *optimizer = trainer->optimizer;
    TX_TRY(tx_file_write_integers(file, "/optimizer/count", 0, NULL, &optimizer->count, error));
    for (int k = 0; k < tx_optimizer_num_slots(optimizer); k++) {
        const tx_slot *slot = tx_optimizer_slot(optimizer, k);
        char path[64];
        snprintf(path, sizeof path, "/optimizer/%s", slot->name);
        TX_TRY(tx_file_write_reals(file, path, 1, &optimizer->num_parameters, optimizer->precision, slot->values, error));
    }
    return TX_OK;
}

static tx_status put_scales(tx_file *file, const tx_trainer *trainer, tx_error *error)
{
    const int64_t count = trainer->problem.network->num_leaves;
    int64_t *scales;
    if (!tx_reduction_scaled(trainer->reduction)) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)count, sizeof *scales, error, &scales));
    tx_reduction_scales(trainer->reduction, scales);
    const tx_status status = tx_file_write_integers(file, "/reduction/scales", 1, &count, scales, error);
    tx_free(scales);
    return status;
}

static tx_status put_history(tx_file *file, const tx_history *history, tx_error *error)
{
    const int64_t size[2] = {history->count, history->num_columns + 1};
    TX_TRY(tx_file_write_integers(file, "/history/step", 1, size, history->steps, error));
    TX_TRY(tx_file_write_integers(file, "/history/present", 1, size, history->present, error));
    return tx_file_write_reals(file, "/history/values", 2, size, TX_FLOAT64, history->values, error);
}

static tx_status put_all(tx_file *file, const tx_trainer *trainer, const tx_history *history, tx_error *error)
{
    TX_TRY(tx_trainer_put_network(trainer, history, file, error));
    TX_TRY(put_root(file, trainer, error));
    TX_TRY(put_optimizer(file, trainer, error));
    TX_TRY(put_scales(file, trainer, error));
    return put_history(file, history, error);
}

tx_status tx_checkpoint_save(tx_trainer *trainer, const tx_history *history, const char *directory, tx_error *error)
{
    char path[PATH_SIZE], previous[PATH_SIZE];
    tx_file *file;
    snprintf(path, sizeof path, "%s/%s", directory, current_name);
    snprintf(previous, sizeof previous, "%s/%s", directory, previous_name);
    TX_TRY(tx_file_create(error, &file));
    tx_status status = put_all(file, trainer, history, error);
    if (status == TX_OK) {
        status = tx_file_save(file, path, previous, error);
    }
    tx_file_close(file);
    return status;
}

/* ---- Finding ---- */

static tx_status open_whole(const char *path, tx_error *error, tx_checkpoint *out)
{
    tx_checkpoint found = {0};
    TX_TRY(tx_file_open_checked(path, error, &found.file));
    tx_status status = tx_file_get_integer(found.file, "/", "step", error, &found.step);
    if (status == TX_OK) {
        status = tx_duplicate(path, error, &found.path);
    }
    if (status != TX_OK) {
        tx_checkpoint_close(&found);
        return status;
    }
    found.ended = tx_file_has_attribute(found.file, "/", ended_name);
    *out = found;
    return TX_OK;
}

tx_status tx_checkpoint_find(const char *directory, const tx_log *log, tx_error *error, tx_checkpoint *out)
{
    const char *const names[] = {current_name, previous_name};
    char damaged[PATH_SIZE] = "", reason[TX_MESSAGE_SIZE] = "";
    for (int k = 0; k < 2; k++) {
        char path[PATH_SIZE];
        tx_error local = {0};
        snprintf(path, sizeof path, "%s/%s", directory, names[k]);
        if (access(path, F_OK) != 0) {
            continue;
        }
        if (open_whole(path, &local, out) == TX_OK) {
            if (damaged[0]) {
                tx_log_write(log, TX_LOG_WARNING, "%s is damaged (%s): %s is used, step %" PRId64, damaged, reason, names[k],
                             out->step);
            }
            return TX_OK;
        }
        snprintf(reason, sizeof reason, "%s", local.message);
        snprintf(damaged, sizeof damaged, "%s", path);
    }
    if (damaged[0]) {
        return tx_error_set(error, TX_BAD_DATA, "%s is damaged and there is no other checkpoint to resume from: %s", damaged,
                            reason);
    }
    *out = (tx_checkpoint){0};
    return TX_OK;
}

void tx_checkpoint_close(tx_checkpoint *checkpoint)
{
    tx_file_close(checkpoint->file);
    tx_free(checkpoint->path);
    *checkpoint = (tx_checkpoint){0};
}

/* ---- Comparing ---- */

static tx_status check_configuration(const tx_checkpoint *checkpoint, const char *text, const tx_config *config, tx_error *error)
{
    tx_config *old;
    tx_error local = {0};
    tx_status status = tx_section_read(tx_config_registry(config), TX_KIND_RUN, "run", text, &local, &old);
    if (status != TX_OK) {
        return tx_error_set(error, TX_BAD_DATA, "%s: its configuration cannot be read: %s", checkpoint->path, local.message);
    }
    status = tx_section_same_run(tx_config_root(config), tx_config_root(old), &local);
    tx_config_destroy(old);
    return status == TX_OK
               ? TX_OK
               : tx_error_set(error, status, "%s (resuming from %s; --overwrite starts anew)", local.message, checkpoint->path);
}

static void warn_of_build(const tx_checkpoint *checkpoint, const char *version, const char *isa, int now, const tx_log *log)
{
    if (strcmp(version, tx_version()) != 0) {
        tx_log_write(log, TX_LOG_WARNING, "%s was written by version %s, this is %s: the last bits may differ", checkpoint->path,
                     version, tx_version());
    } else if (strcmp(isa, tx_isa_name(now)) != 0) {
        tx_log_write(log, TX_LOG_WARNING, "%s was computed with the instruction set %s, now it is %s: the last bits may differ",
                     checkpoint->path, isa, tx_isa_name(now));
    }
}

tx_status tx_checkpoint_check(const tx_checkpoint *checkpoint, const tx_config *config, const tx_log *log, tx_error *error)
{
    char *text, *version = NULL, *isa = NULL;
    TX_TRY(tx_file_get_text(checkpoint->file, "/", "configuration", error, &text));
    tx_status status = check_configuration(checkpoint, text, config, error);
    tx_free(text);
    TX_TRY(status);
    status = tx_file_get_text(checkpoint->file, "/", "version", error, &version);
    if (status == TX_OK) {
        status = tx_file_get_text(checkpoint->file, "/", "isa", error, &isa);
    }
    if (status == TX_OK) {
        warn_of_build(checkpoint, version, isa, tx_isa_count() - 1, log);
    }
    tx_free(version);
    tx_free(isa);
    return status;
}

/* ---- Reading ---- */

static tx_status get_optimizer(const tx_file *file, tx_optimizer *optimizer, tx_error *error)
{
    TX_TRY(tx_file_read_integers(file, "/optimizer/count", 0, NULL, &optimizer->count, error));
    for (int k = 0; k < tx_optimizer_num_slots(optimizer); k++) {
        const tx_slot *slot = tx_optimizer_slot(optimizer, k);
        char path[64];
        snprintf(path, sizeof path, "/optimizer/%s", slot->name);
        TX_TRY(tx_file_read_reals(file, path, 1, &optimizer->num_parameters, optimizer->precision, slot->values, error));
    }
    return TX_OK;
}

static tx_status get_scales(const tx_file *file, tx_trainer *trainer, tx_error *error)
{
    const int64_t count = trainer->problem.network->num_leaves;
    int64_t *scales;
    if (!tx_file_has(file, "/reduction/scales")) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)count, sizeof *scales, error, &scales));
    const tx_status status = tx_file_read_integers(file, "/reduction/scales", 1, &count, scales, error);
    if (status == TX_OK) {
        tx_reduction_set_scales(trainer->reduction, scales);
    }
    tx_free(scales);
    return status;
}

/* Those before `end`: the row of a step that diverged stands in the file of the state before it. */
static tx_status add_rows(tx_trainer *trainer, tx_history *history, int64_t end, int64_t count, const int64_t *steps,
                          const int64_t *present, const double *values, tx_error *error)
{
    for (int64_t row = 0; row < count && steps[row] < end; row++) {
        const double *of_row = values + row * (history->num_columns + 1);
        TX_TRY(tx_history_add(history, steps[row], present[row], of_row, error));
        tx_trainer_recall(trainer, steps[row], present[row], of_row);
    }
    return TX_OK;
}

static tx_status get_history(const tx_file *file, tx_trainer *trainer, int64_t end, tx_history *history, tx_error *error)
{
    tx_dataset_shape shape;
    TX_TRY(tx_file_shape(file, "/history/step", error, &shape));
    const int64_t size[2] = {shape.size[0], history->num_columns + 1};
    int64_t *steps = NULL, *present = NULL;
    double *values = NULL;
    tx_status status = tx_allocate_array((size_t)size[0], sizeof *steps, error, &steps);
    status = status ? status : tx_allocate_array((size_t)size[0], sizeof *present, error, &present);
    status = status ? status : tx_allocate_array((size_t)(size[0] * size[1]), sizeof *values, error, &values);
    status = status ? status : tx_file_read_integers(file, "/history/step", 1, size, steps, error);
    status = status ? status : tx_file_read_integers(file, "/history/present", 1, size, present, error);
    status = status ? status : tx_file_read_reals(file, "/history/values", 2, size, TX_FLOAT64, values, error);
    status = status ? status : add_rows(trainer, history, end, size[0], steps, present, values, error);
    tx_free(steps);
    tx_free(present);
    tx_free(values);
    return status;
}

tx_status tx_checkpoint_load(const tx_checkpoint *checkpoint, tx_trainer *trainer, tx_history *history, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    TX_TRY(tx_network_file_parameters(checkpoint->file, problem->network, problem->random.precision, trainer->parameters, error));
    TX_TRY(get_optimizer(checkpoint->file, trainer->optimizer, error));
    TX_TRY(get_scales(checkpoint->file, trainer, error));
    TX_TRY(get_history(checkpoint->file, trainer, checkpoint->step, history, error));
    trainer->step = checkpoint->step;
    trainer->ended_at = checkpoint->ended ? checkpoint->step : -1;
    return TX_OK;
}

static tx_status share_scales(tx_trainer *trainer, tx_error *error)
{
    const size_t count = (size_t)trainer->problem.network->num_leaves;
    int64_t *scales;
    int64_t scaled = tx_reduction_scaled(trainer->reduction);
    TX_TRY(tx_parallel_broadcast(trainer->parallel, &scaled, sizeof scaled, error));
    if (!scaled) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array(count, sizeof *scales, error, &scales));
    if (tx_parallel_rank(trainer->parallel) == 0) {
        tx_reduction_scales(trainer->reduction, scales);
    }
    const tx_status status = tx_parallel_broadcast(trainer->parallel, scales, count * sizeof *scales, error);
    if (status == TX_OK) {
        tx_reduction_set_scales(trainer->reduction, scales);
    }
    tx_free(scales);
    return status;
}

tx_status tx_checkpoint_share(tx_trainer *trainer, tx_error *error)
{
    tx_optimizer *optimizer = trainer->optimizer;
    const size_t bytes = (size_t)optimizer->num_parameters * tx_real_bytes(optimizer->precision);
    int64_t state[3] = {trainer->step, optimizer->count, trainer->ended_at};
    TX_TRY(tx_parallel_broadcast(trainer->parallel, state, sizeof state, error));
    trainer->step = trainer->first_step = state[0];
    optimizer->count = state[1];
    trainer->ended_at = state[2];
    TX_TRY(tx_parallel_broadcast(trainer->parallel, trainer->parameters, bytes, error));
    for (int k = 0; k < tx_optimizer_num_slots(optimizer); k++) {
        TX_TRY(tx_parallel_broadcast(trainer->parallel, tx_optimizer_slot(optimizer, k)->values, bytes, error));
    }
    TX_TRY(share_scales(trainer, error));
    tx_trainer_refresh(trainer);
    return TX_OK;
}
