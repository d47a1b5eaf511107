/* The best network so far, as a callback measures it on held-out data: kept beside the current one, in checkpoints and as best.h5.
 * A resumed run goes on with that of its checkpoint, whatever best.h5 has become since. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "training/best.h"
#include "training/network_file.h"

/* ---- What callbacks say ---- */

tx_status tx_trainer_keep_best(void *owner, const tx_callback *callback, const tx_kept_metric *metric, tx_error *error)
{
    tx_best *best = &((tx_trainer *)owner)->best;
    if (metric->asked && best->metric.asked) {
        return tx_section_error(callback->section, NULL, error, TX_INVALID, "best.h5 is kept by %s already, another callback",
                                best->metric.name);
    }
    if (metric->asked || !best->keeper) {
        *best = (tx_best){.keeper = callback, .metric = *metric, .value = NAN};
    }
    return TX_OK;
}

static bool is_better(const tx_best *best, double value)
{
    return isnan(best->value) ? !isnan(value) : best->metric.rising ? value > best->value : value < best->value;
}

void tx_trainer_offer(void *owner, const tx_callback *callback, double value)
{
    const tx_trainer *trainer = owner;
    tx_best *best = &((tx_trainer *)owner)->best;
    if (callback == best->keeper && is_better(best, value)) {
        memcpy(best->parameters, trainer->parameters, tx_trainer_parameter_bytes(trainer));
        best->value = value;
        best->step = trainer->step;
        best->changed = true;
    }
}

/* ---- Memory ---- */

size_t tx_trainer_best_bytes(const tx_trainer *trainer)
{
    return trainer->best.keeper ? tx_trainer_parameter_bytes(trainer) : 0;
}

tx_status tx_trainer_allocate_best(tx_trainer *trainer, tx_error *error)
{
    return trainer->best.keeper ? tx_allocate(tx_trainer_best_bytes(trainer), error, &trainer->best.parameters) : TX_OK;
}

bool tx_trainer_best(const tx_trainer *trainer, tx_best_network *out)
{
    const tx_best *best = &trainer->best;
    if (!best->keeper || isnan(best->value)) {
        return false;
    }
    *out = (tx_best_network){.parameters = best->parameters, .step = best->step, .metric = best->metric.name, .value = best->value};
    return true;
}

/* ---- In checkpoints ---- */

tx_status tx_best_put(const tx_trainer *trainer, tx_file *file, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    tx_best_network best;
    if (!tx_trainer_best(trainer, &best)) {
        return TX_OK;
    }
    TX_TRY(tx_file_write_integers(file, "/best/step", 0, NULL, &best.step, error));
    TX_TRY(tx_file_write_reals(file, "/best/value", 0, NULL, TX_FLOAT64, &best.value, error));
    return tx_file_refer_reals(file, "/best/parameters", 1, &problem->network->num_parameters, problem->random.precision,
                               best.parameters, error);
}

tx_status tx_best_stored_step(const tx_file *file, tx_error *error, int64_t *out)
{
    *out = -1;
    return tx_file_has(file, "/best/step") ? tx_file_read_integers(file, "/best/step", 0, NULL, out, error) : TX_OK;
}

tx_status tx_best_get(tx_trainer *trainer, const tx_file *file, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    tx_best *best = &trainer->best;
    if (!best->keeper || !tx_file_has(file, "/best/step")) {
        return TX_OK;
    }
    TX_TRY(tx_file_read_integers(file, "/best/step", 0, NULL, &best->step, error));
    TX_TRY(tx_file_read_reals(file, "/best/value", 0, NULL, TX_FLOAT64, &best->value, error));
    return tx_file_read_reals(file, "/best/parameters", 1, &problem->network->num_parameters, problem->random.precision,
                              best->parameters, error);
}

/* ---- best.h5 ---- */

static tx_status put_network(const tx_trainer *trainer, const tx_best_network *best, tx_file *file, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    TX_TRY(tx_network_file_put(file, problem->network, problem->random.precision, best->parameters, error));
    TX_TRY(tx_file_set_integer(file, "/", "step", best->step, error));
    TX_TRY(tx_file_set_text(file, "/", "metric", best->metric, error));
    return tx_file_set_real(file, "/", "value", best->value, error);
}

static tx_status write_network(const tx_trainer *trainer, const tx_best_network *best, const char *path, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_file_create(error, &file));
    tx_status status = put_network(trainer, best, file, error);
    if (status == TX_OK) {
        status = tx_file_save(file, path, NULL, error);
    }
    tx_file_close(file);
    return status;
}

tx_status tx_best_save(tx_trainer *trainer, const char *directory, tx_error *error)
{
    char path[4096];
    tx_best_network best;
    snprintf(path, sizeof path, "%s/best.h5", directory);
    if (!trainer->best.keeper) {
        return TX_OK;
    }
    if (tx_trainer_best(trainer, &best)) {
        TX_TRY(write_network(trainer, &best, path, error));
    } else if (unlink(path) != 0 && errno != ENOENT) {
        return tx_error_set(error, TX_BAD_DATA, "cannot remove %s: %s", path, strerror(errno));
    }
    trainer->best.changed = false;
    return TX_OK;
}
