/* Networks and gradients of single steps, as files of rank 0. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/atomic.h"
#include "training/checkpoint.h"
#include "training/network_file.h"

enum { PATH_SIZE = 4096 };

static tx_status make_path(const tx_trainer *trainer, const tx_snapshot *snapshot, int64_t step, tx_error *error,
                           char path[PATH_SIZE])
{
    const char *directory = snapshot->directory ? snapshot->directory : trainer->directory;
    if (!directory) {
        return tx_error_set(error, TX_FAILURE, "there is no run directory for %s_%" PRId64 ".h5", snapshot->name, step);
    }
    const int length = snprintf(path, PATH_SIZE, "%s/%s_%" PRId64 ".h5", directory, snapshot->name, step);
    return length < PATH_SIZE ? TX_OK : tx_error_set(error, TX_BAD_DATA, "the path of %s_….h5 is too long", snapshot->name);
}

static tx_status make_folder(const char *path, tx_error *error)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return access(*folder ? folder : "/", F_OK) == 0 ? TX_OK : tx_directory_make(folder, error);
}

static tx_status put_gradient(const tx_trainer *trainer, const tx_snapshot *snapshot, tx_file *file, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    TX_TRY(tx_network_file_put_gradient(file, problem->network, problem->random.precision, snapshot->gradient, error));
    TX_TRY(tx_file_set_integer(file, "/", "step", trainer->step, error));
    return tx_file_set_real(file, "/", "loss", snapshot->loss, error);
}

/* Those in the run directory are the run's own: they go when it is started anew. */
static tx_status put(const tx_trainer *trainer, const tx_snapshot *snapshot, tx_file *file, tx_error *error)
{
    TX_TRY(snapshot->gradient ? put_gradient(trainer, snapshot, file, error)
                              : tx_trainer_put_network(trainer, trainer->history, file, error));
    return snapshot->directory ? TX_OK : tx_file_set_text(file, "/", TX_SNAPSHOT_MARK, snapshot->name, error);
}

static tx_status save(const tx_trainer *trainer, const tx_snapshot *snapshot, tx_error *error)
{
    char path[PATH_SIZE];
    tx_file *file;
    TX_TRY(make_path(trainer, snapshot, trainer->step, error, path));
    TX_TRY(make_folder(path, error));
    TX_TRY(tx_file_create(error, &file));
    tx_status status = put(trainer, snapshot, file, error);
    if (status == TX_OK) {
        status = tx_file_save(file, path, NULL, error);
    }
    tx_file_close(file);
    return status;
}

/* NAME_STEP.h5 */
static bool read_step(const char *path, int64_t *step)
{
    const char *at = strrchr(path, '_');
    int length = 0;
    return at && sscanf(at, "_%" SCNd64 "%n", step, &length) == 1 && strcmp(at + length, ".h5") == 0;
}

tx_status tx_trainer_add_snapshots(void *owner, const tx_snapshot *snapshot, int64_t every, tx_error *error)
{
    const tx_trainer *trainer = owner;
    char path[PATH_SIZE], input[PATH_MAX];
    for (const char *const *inputs = trainer->inputs; inputs && *inputs; inputs++) {
        int64_t step;
        if (realpath(*inputs, input) && read_step(input, &step) && step % every == 0 && step < trainer->problem.num_steps) {
            TX_TRY(make_path(trainer, snapshot, step, error, path));
            TX_TRY(tx_input_check(path, trainer->inputs, error));
        }
    }
    if (snapshot->directory && trainer->parallel && tx_parallel_rank(trainer->parallel) == 0) {
        TX_TRY(make_path(trainer, snapshot, 0, error, path));
        tx_atomic_sweep_beside(path);
    }
    return TX_OK;
}

void tx_trainer_save(void *owner, const tx_snapshot *snapshot)
{
    tx_trainer *trainer = owner;
    if (tx_parallel_rank(trainer->parallel) == 0 && trainer->local == TX_OK) {
        tx_trainer_note_failure(trainer, save(trainer, snapshot, &trainer->local_error));
    }
}
