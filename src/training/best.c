/* The best network so far, as a callback measures it on held-out data: kept beside the current one, in checkpoints and as best.h5.
 * A resumed run goes on with that of its checkpoint, whatever best.h5 has become since. */
#include "training/best.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "problem/network_file.h"

/* ---- What callbacks say ---- */

tx_status tx_best_keep(tx_best *best, const tx_callback *callback, const tx_kept_metric *metric, tx_error *error)
{
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

void tx_best_offer(tx_best *best, const tx_callback *callback, double value, int64_t step, const void *parameters, size_t bytes)
{
    if (callback == best->keeper && is_better(best, value)) {
        memcpy(best->parameters, parameters, bytes);
        best->value = value;
        best->step = step;
        best->changed = true;
    }
}

/* ---- Memory ---- */

size_t tx_best_bytes(const tx_best *best, size_t bytes)
{
    return best->keeper ? bytes : 0;
}

tx_status tx_best_allocate(tx_best *best, size_t bytes, tx_error *error)
{
    return best->keeper ? tx_allocate(bytes, error, &best->parameters) : TX_OK;
}

bool tx_best_find(const tx_best *best, tx_best_network *out)
{
    if (!best->keeper || isnan(best->value)) {
        return false;
    }
    *out = (tx_best_network){.parameters = best->parameters, .step = best->step, .metric = best->metric.name, .value = best->value};
    return true;
}

/* ---- In checkpoints ---- */

tx_status tx_best_put(const tx_best *kept, const tx_problem *problem, tx_file *file, tx_error *error)
{
    tx_best_network best;
    if (!tx_best_find(kept, &best)) {
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

tx_status tx_best_get(tx_best *best, const tx_problem *problem, const tx_file *file, tx_error *error)
{
    if (!best->keeper || !tx_file_has(file, "/best/step")) {
        return TX_OK;
    }
    TX_TRY(tx_file_read_integers(file, "/best/step", 0, NULL, &best->step, error));
    TX_TRY(tx_file_read_reals(file, "/best/value", 0, NULL, TX_FLOAT64, &best->value, error));
    return tx_file_read_reals(file, "/best/parameters", 1, &problem->network->num_parameters, problem->random.precision,
                              best->parameters, error);
}

/* ---- best.h5 ---- */

static tx_status put_network(const tx_problem *problem, const tx_best_network *best, tx_file *file, tx_error *error)
{
    TX_TRY(tx_problem_put_network(problem, best->parameters, file, error));
    TX_TRY(tx_file_set_integer(file, "/", "step", best->step, error));
    TX_TRY(tx_file_set_text(file, "/", "metric", best->metric, error));
    return tx_file_set_real(file, "/", "value", best->value, error);
}

static tx_status write_network(const tx_problem *problem, const tx_best_network *best, const char *path, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_file_create(error, &file));
    tx_status status = put_network(problem, best, file, error);
    if (status == TX_OK) {
        status = tx_file_save(file, path, NULL, error);
    }
    tx_file_close(file);
    return status;
}

tx_status tx_best_save(tx_best *kept, const tx_problem *problem, const char *directory, tx_error *error)
{
    char path[4096];
    tx_best_network best;
    snprintf(path, sizeof path, "%s/best.h5", directory);
    if (!kept->keeper) {
        return TX_OK;
    }
    if (tx_best_find(kept, &best)) {
        TX_TRY(write_network(problem, &best, path, error));
    } else if (unlink(path) != 0 && errno != ENOENT) {
        return tx_error_set(error, TX_BAD_DATA, "cannot remove %s: %s", path, strerror(errno));
    }
    kept->changed = false;
    return TX_OK;
}
