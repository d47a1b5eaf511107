/* checkpoint.h5: all that a resumed run goes on from. */
#include "run/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/finite.h"
#include "base/memory.h"
#include "problem/constants.h"
#include "problem/network_file.h"
#include "trainax/version.h"
#include "training/best.h"
#include "training/snapshot.h"
#include "training/trainer.h"

static const char current_name[] = "checkpoint.h5", previous_name[] = "checkpoint.previous.h5";
static const char ended_name[] = "ended"; /* attribute: before all steps were done */
enum { PATH_SIZE = 4096 };

/* ---- Writing ---- */

static tx_status put_root(tx_file *file, const tx_member *member, tx_error *error)
{
    char *text;
    TX_TRY(tx_section_write(member->trainer->problem.root, error, &text));
    const tx_status status = tx_file_set_text(file, "/", "configuration", text, error);
    tx_free(text);
    TX_TRY(status);
    if (member->step == member->ended_at) {
        TX_TRY(tx_file_set_integer(file, "/", ended_name, 1, error));
    }
    return tx_file_set_text(file, "/", "isa", tx_backend_computer(member->trainer->problem.backend), error);
}

enum { ARRAY_PATH = TX_STATE_ARRAY_NAME + 16 };

static void array_path(const tx_state_array *array, char path[ARRAY_PATH])
{
    snprintf(path, ARRAY_PATH, "/optimizer/%s", array->name);
}

/* Of an array of reals. */
static tx_precision array_precision(const tx_optimizer *optimizer, const tx_state_array *array)
{
    return array->number == TX_NUMBER_DOUBLE ? TX_FLOAT64 : optimizer->precision;
}

static tx_status put_array(tx_file *file, const tx_optimizer *optimizer, const tx_state_array *array, tx_error *error)
{
    char path[ARRAY_PATH];
    array_path(array, path);
    return array->number == TX_NUMBER_INTEGER ? tx_file_write_integers(file, path, array->rank, array->shape, array->values, error)
                                              : tx_file_refer_reals(file, path, array->rank, array->shape,
                                                                    array_precision(optimizer, array), array->values, error);
}

static tx_status put_optimizer(tx_file *file, const tx_optimizer *optimizer, tx_error *error)
{
    for (int k = 0; k < tx_optimizer_num_arrays(optimizer); k++) {
        TX_TRY(put_array(file, optimizer, tx_optimizer_array(optimizer, k), error));
    }
    return TX_OK;
}

static tx_status put_scales(tx_file *file, const tx_member *member, tx_error *error)
{
    const int64_t count = member->trainer->problem.network->num_leaves;
    int64_t *scales;
    if (!tx_reduction_scaled(member->reduction)) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)count, sizeof *scales, error, &scales));
    tx_reduction_scales(member->reduction, scales);
    const tx_status status = tx_file_write_integers(file, "/reduction/scales", 1, &count, scales, error);
    tx_free(scales);
    return status;
}

static tx_status put_all(tx_file *file, const tx_member *member, tx_history *history, const tx_builds *libraries, tx_error *error)
{
    TX_TRY(tx_member_put_network(member, member->parameters, history, file, error));
    TX_TRY(put_root(file, member, error));
    TX_TRY(tx_builds_put(libraries, file, error));
    TX_TRY(put_optimizer(file, member->optimizer, error));
    TX_TRY(tx_average_put(&member->average, file, error));
    TX_TRY(put_scales(file, member, error));
    TX_TRY(tx_content_put(member, file, error));
    TX_TRY(tx_best_put(&member->best, &member->trainer->problem, file, error));
    return tx_history_put(history, file, error);
}

tx_status tx_checkpoint_save(tx_member *member, tx_history *history, const tx_builds *libraries, const char *directory,
                             tx_error *error)
{
    char path[PATH_SIZE], previous[PATH_SIZE];
    tx_file *file;
    snprintf(path, sizeof path, "%s/%s", directory, current_name);
    snprintf(previous, sizeof previous, "%s/%s", directory, previous_name);
    TX_TRY(tx_file_create(error, &file));
    tx_status status = put_all(file, member, history, libraries, error);
    if (status == TX_OK) {
        status = tx_file_save(file, path, previous, error);
    }
    tx_file_close(file);
    return status;
}

/* ---- Finding ---- */

/* TX_INVALID: the file is whole, but something that its configuration names is not as it was (a library has other options). */
static tx_status read_configuration(const tx_config *now, tx_checkpoint *checkpoint, tx_error *error)
{
    char *text;
    tx_error local = {0};
    TX_TRY(tx_file_get_text(checkpoint->file, "/", "configuration", error, &text));
    const tx_registry *registry = tx_config_registry(now);
    tx_status status = tx_section_read_like(registry, TX_KIND_RUN, "run", text, now, &local, &checkpoint->config);
    if (status != TX_OK) { /* for another library's options */
        status = tx_section_read(registry, TX_KIND_RUN, "run", text, NULL, &checkpoint->config);
    }
    tx_free(text);
    if (status != TX_OK) {
        return tx_error_set(error, TX_INVALID, "its run's configuration cannot be read: %s (--overwrite starts anew)",
                            local.message);
    }
    static const char *const sections[] = {"data", "network", "trainer"};
    for (size_t k = 0; k < sizeof sections / sizeof *sections; k++) {
        if (!tx_get_section(tx_config_root(checkpoint->config), sections[k])) {
            return tx_error_set(error, TX_BAD_DATA, "its configuration has no %s", sections[k]);
        }
    }
    return TX_OK;
}

/* The network's head is believed of no file; that of a checkpoint is also in its configuration. */
static tx_status check_head(const tx_checkpoint *checkpoint, tx_error *error)
{
    tx_precision precision;
    TX_TRY(tx_network_file_check(checkpoint->file, error));
    TX_TRY(tx_network_file_precision(checkpoint->file, error, &precision));
    return precision == tx_problem_random(tx_config_root(checkpoint->config)).precision
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "its `precision` is not that of its configuration");
}

/* Step, counts and rows must be of one run; nothing else is believed of them later. */
static tx_status read_progress(tx_checkpoint *checkpoint, tx_error *error)
{
    const tx_section *trainer = tx_get_section(tx_config_root(checkpoint->config), "trainer");
    int64_t count;
    TX_TRY(tx_file_get_integer(checkpoint->file, "/", "step", error, &checkpoint->step));
    TX_TRY(tx_file_read_integers(checkpoint->file, "/optimizer/count", 0, NULL, &count, error));
    if (count < 0 || count > checkpoint->step) { /* an optimizer may take several steps for an update */
        return tx_error_set(error, TX_BAD_DATA, "its step is %" PRId64 ", but its optimizer has done %" PRId64, checkpoint->step,
                            count);
    }
    checkpoint->ended = tx_file_has_attribute(checkpoint->file, "/", ended_name);
    TX_TRY(tx_best_stored_step(checkpoint->file, error, &checkpoint->best_step));
    if (checkpoint->best_step > checkpoint->step) {
        return tx_error_set(error, TX_BAD_DATA, "its best network is of step %" PRId64 ", itself of %" PRId64,
                            checkpoint->best_step, checkpoint->step);
    }
    return tx_stored_history_open(checkpoint->file, checkpoint->step, tx_get_integer(trainer, "record_loss_every"), error,
                                  &checkpoint->history);
}

static tx_status open_whole(const char *path, const tx_config *config, tx_error *error, tx_checkpoint *out)
{
    tx_checkpoint found = {0};
    TX_TRY(tx_file_open_checked(path, error, &found.file));
    tx_status status = tx_duplicate(path, error, &found.path);
    status = status ? status : read_configuration(config, &found, error);
    status = status ? status : check_head(&found, error);
    status = status ? status : read_progress(&found, error);
    if (status != TX_OK) {
        tx_checkpoint_close(&found);
        return status;
    }
    *out = found;
    return TX_OK;
}

tx_status tx_checkpoint_find(const char *directory, const tx_config *config, const tx_log *log, tx_error *error, tx_checkpoint *out)
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
        const tx_status status = open_whole(path, config, &local, out);
        if (status == TX_INVALID) {
            return tx_error_set(error, TX_BAD_DATA, "%s: %s", path, local.message);
        }
        if (status == TX_OK) {
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
    tx_config_destroy(checkpoint->config);
    tx_free(checkpoint->path);
    *checkpoint = (tx_checkpoint){0};
}

/* ---- Comparing ---- */

static tx_status check_configuration(const tx_checkpoint *checkpoint, const tx_config *config, tx_error *error)
{
    tx_error local = {0};
    const tx_status status = tx_section_same_run(tx_config_root(config), tx_config_root(checkpoint->config), &local);
    return status == TX_OK ? TX_OK : tx_checkpoint_refuse(checkpoint, &local, error);
}

static tx_status check_steps(const tx_checkpoint *checkpoint, const tx_config *config, tx_error *error)
{
    const tx_section *trainer = tx_get_section(tx_config_root(config), "trainer");
    return tx_get_integer(trainer, "num_training_steps") >= checkpoint->step
               ? TX_OK
               : tx_section_error(trainer, "num_training_steps", error, TX_INVALID, "%s has done %" PRId64 " steps already",
                                  checkpoint->path, checkpoint->step);
}

tx_status tx_checkpoint_check(const tx_checkpoint *checkpoint, const tx_config *config, tx_error *error)
{
    TX_TRY(check_configuration(checkpoint, config, error));
    return check_steps(checkpoint, config, error);
}

static void warn_of_build(const tx_checkpoint *checkpoint, const char *version, const char *computer, const char *now,
                          const tx_log *log)
{
    if (strcmp(version, tx_version()) != 0) {
        tx_log_write(log, TX_LOG_WARNING, "%s was written by version %s, this is %s: the last bits may differ", checkpoint->path,
                     version, tx_version());
    } else if (strcmp(computer, now) != 0) {
        tx_log_write(log, TX_LOG_WARNING, "%s was computed with %s, now it is %s: the last bits may differ", checkpoint->path,
                     computer, now);
    }
}

tx_status tx_checkpoint_compare(const tx_checkpoint *checkpoint, const tx_backend *backend, const tx_builds *libraries,
                                const tx_log *log, tx_error *error)
{
    char *version = NULL, *computer = NULL;
    tx_status status = tx_file_get_text(checkpoint->file, "/", "version", error, &version);
    status = status ? status : tx_file_get_text(checkpoint->file, "/", "isa", error, &computer);
    if (status == TX_OK) {
        warn_of_build(checkpoint, version, computer, tx_backend_computer(backend), log);
    }
    tx_free(version);
    tx_free(computer);
    return status ? status : tx_builds_compare(libraries, checkpoint->file, log, error);
}

/* ---- Reading ---- */

/* Squares may be infinite where training went on, but nothing that was not a number becomes one again. */
static tx_status get_reals(const tx_file *file, const char *path, const tx_state_array *array, tx_precision precision,
                           tx_error *error)
{
    int64_t size = 1;
    for (int d = 0; d < array->rank; d++) {
        size *= array->shape[d];
    }
    TX_TRY(tx_file_read_reals(file, path, array->rank, array->shape, precision, array->values, error));
    return tx_any_nan(precision, array->values, size)
               ? tx_error_set(error, TX_BAD_DATA, "'%s' is damaged: %s holds NaN", tx_file_path(file), path)
               : TX_OK;
}

static tx_status get_array(const tx_file *file, const tx_optimizer *optimizer, const tx_state_array *array, tx_error *error)
{
    char path[ARRAY_PATH];
    array_path(array, path);
    return array->number == TX_NUMBER_INTEGER ? tx_file_read_integers(file, path, array->rank, array->shape, array->values, error)
                                              : get_reals(file, path, array, array_precision(optimizer, array), error);
}

static tx_status get_optimizer(const tx_file *file, const tx_optimizer *optimizer, tx_error *error)
{
    for (int k = 0; k < tx_optimizer_num_arrays(optimizer); k++) {
        TX_TRY(get_array(file, optimizer, tx_optimizer_array(optimizer, k), error));
    }
    return TX_OK;
}

static tx_status get_scales(const tx_file *file, tx_member *member, tx_error *error)
{
    const int64_t count = member->trainer->problem.network->num_leaves;
    int64_t *scales;
    if (!tx_file_has(file, "/reduction/scales")) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)count, sizeof *scales, error, &scales));
    const tx_status status = tx_file_read_integers(file, "/reduction/scales", 1, &count, scales, error);
    if (status == TX_OK) {
        tx_reduction_set_scales(member->reduction, scales);
    }
    tx_free(scales);
    return status;
}

static tx_status add_row(void *user, const tx_history_row *row, tx_error *error)
{
    return tx_history_add(user, row->step, row->present, row->values, error);
}

static tx_status recall_row(void *user, const tx_history_row *row, tx_error *error)
{
    tx_member *member = user;
    tx_callbacks_recall(&member->callbacks, row->step, row->present, row->values);
    return add_row(member->history, row, error);
}

/* The row of a step that diverged stands in the file of the state before it: it comes again. */
static tx_status get_history(const tx_checkpoint *checkpoint, tx_member *member, tx_error *error)
{
    if (checkpoint->history.num_columns != member->callbacks.num_columns) {
        return tx_error_set(error, TX_BAD_DATA, "%s: its history has %d columns of callbacks, this run %d", checkpoint->path,
                            checkpoint->history.num_columns, member->callbacks.num_columns);
    }
    return tx_stored_history_visit(&checkpoint->history, checkpoint->step, recall_row, member, error);
}

tx_status tx_checkpoint_load(const tx_checkpoint *checkpoint, tx_member *member, tx_error *error)
{
    const tx_problem *problem = &member->trainer->problem;
    TX_TRY(tx_content_check(checkpoint, member, error));
    TX_TRY(tx_network_file_parameters(checkpoint->file, problem->network, problem->random.precision, member->parameters, error));
    TX_TRY(get_optimizer(checkpoint->file, member->optimizer, error));
    TX_TRY(tx_average_get(&member->average, checkpoint->file, error));
    TX_TRY(get_scales(checkpoint->file, member, error));
    TX_TRY(tx_best_get(&member->best, problem, checkpoint->file, error));
    TX_TRY(get_history(checkpoint, member, error));
    member->step = checkpoint->step;
    member->ended_at = checkpoint->ended ? checkpoint->step : -1;
    return TX_OK;
}

static tx_status create_history(const tx_checkpoint *checkpoint, const char *path, tx_error *error, tx_history **out)
{
    tx_precision precision;
    int64_t minibatches;
    char *header;
    TX_TRY(tx_network_file_precision(checkpoint->file, error, &precision));
    TX_TRY(tx_file_get_integer(checkpoint->file, "/history", "minibatches", error, &minibatches));
    TX_TRY(tx_file_get_text(checkpoint->file, "/history", "header", error, &header));
    const tx_status status = tx_history_create(precision, minibatches, checkpoint->history.num_columns, header, path, error, out);
    tx_free(header);
    return status;
}

tx_status tx_checkpoint_restore_history(const tx_checkpoint *checkpoint, const char *path, tx_error *error)
{
    tx_history *history;
    if (!tx_file_has_attribute(checkpoint->file, "/history", "header")) {
        return TX_OK; /* of an older version */
    }
    TX_TRY(create_history(checkpoint, path, error, &history));
    tx_status status = tx_stored_history_visit(&checkpoint->history, checkpoint->step, add_row, history, error);
    status = status ? status : tx_history_restore(history, error);
    tx_history_destroy(history);
    return status;
}

static tx_status share_scales(tx_member *member, tx_error *error)
{
    const size_t count = (size_t)member->trainer->problem.network->num_leaves;
    int64_t *scales;
    int64_t scaled = tx_reduction_scaled(member->reduction);
    TX_TRY(tx_parallel_broadcast(member->trainer->parallel, &scaled, sizeof scaled, error));
    if (!scaled) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array(count, sizeof *scales, error, &scales));
    if (tx_parallel_rank(member->trainer->parallel) == 0) {
        tx_reduction_scales(member->reduction, scales);
    }
    const tx_status status = tx_parallel_broadcast(member->trainer->parallel, scales, count * sizeof *scales, error);
    if (status == TX_OK) {
        tx_reduction_set_scales(member->reduction, scales);
    }
    tx_free(scales);
    return status;
}

static tx_status share_optimizer(tx_parallel *parallel, const tx_optimizer *optimizer, tx_error *error)
{
    for (int k = 0; k < tx_optimizer_num_arrays(optimizer); k++) {
        const tx_state_array *array = tx_optimizer_array(optimizer, k);
        TX_TRY(tx_parallel_broadcast(parallel, array->values, tx_state_array_bytes(array, optimizer->precision), error));
    }
    return TX_OK;
}

tx_status tx_checkpoint_share(tx_member *member, tx_error *error)
{
    int64_t state[2] = {member->step, member->ended_at};
    TX_TRY(tx_parallel_broadcast(member->trainer->parallel, state, sizeof state, error));
    member->step = member->first_step = state[0];
    member->ended_at = state[1];
    TX_TRY(
        tx_parallel_broadcast(member->trainer->parallel, member->parameters, tx_parameter_bytes(&member->trainer->problem), error));
    TX_TRY(tx_constants_share(member->trainer->parallel, member->trainer->problem.network, error));
    TX_TRY(share_optimizer(member->trainer->parallel, member->optimizer, error));
    TX_TRY(tx_average_share(&member->average, member->trainer->parallel, tx_optimizer_count(member->optimizer), error));
    TX_TRY(share_scales(member, error));
    tx_member_refresh(member);
    return TX_OK;
}
