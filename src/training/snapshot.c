/* Networks and gradients of single steps, as files of rank 0. */
#include "training/snapshot.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/atomic.h"
#include "history/history.h"
#include "problem/network_file.h"
#include "training/trainer.h"

enum { PATH_SIZE = 4096 };

tx_status tx_member_put_network(const tx_member *member, const void *parameters, tx_history *history, tx_file *file,
                                tx_error *error)
{
    const tx_problem *problem = &member->trainer->problem;
    TX_TRY(tx_problem_put_network(problem, parameters, file, error));
    TX_TRY(tx_history_put_losses(history, file, error));
    return tx_file_set_integer(file, "/", "step", member->step, error);
}

static tx_status make_path(const tx_member *member, const tx_snapshot *snapshot, int64_t step, tx_error *error,
                           char path[PATH_SIZE])
{
    const char *directory = snapshot->directory ? snapshot->directory : member->folder.directory;
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

/* ---- Files that are there already ---- */

static bool saves(const tx_section *callback, const tx_snapshot *snapshot)
{
    return strcmp(tx_section_component(callback)->name, "save_network") == 0 &&
           strcmp(tx_get_string(callback, "path"), snapshot->directory) == 0 &&
           strcmp(tx_get_string(callback, "file_name"), snapshot->name) == 0;
}

/* Is there a callback that saves networks under that name? `section`: a configuration, or a composite callback. */
static bool section_saves(const tx_section *section, const tx_snapshot *snapshot)
{
    const tx_section *const *callbacks;
    const int count = tx_get_sections(section, "callbacks", &callbacks);
    bool found = false;
    for (int k = 0; k < count && !found; k++) {
        const bool composite = strcmp(tx_section_component(callbacks[k])->name, "composite") == 0;
        found = composite ? section_saves(callbacks[k], snapshot) : saves(callbacks[k], snapshot);
    }
    return found;
}

/* Could the run write it before it was interrupted? Then it did: a file of others would have kept it from beginning. */
static bool saved_earlier(const tx_member *member, const tx_snapshot *snapshot, int64_t step)
{
    const tx_section *root = member->folder.earlier, *section = root ? tx_get_section(root, "trainer") : NULL;
    return section && step < tx_get_integer(section, "num_training_steps") && section_saves(root, snapshot);
}

/* Those in the run directory are the run's. */
static bool may_replace(const tx_member *member, const tx_snapshot *snapshot, int64_t step)
{
    return !snapshot->directory || member->folder.overwrite || saved_earlier(member, snapshot, step);
}

static tx_status check_free(const tx_member *member, const tx_snapshot *snapshot, int64_t step, tx_error *error)
{
    struct stat unused;
    char path[PATH_SIZE];
    TX_TRY(make_path(member, snapshot, step, error, path));
    return lstat(path, &unused) != 0 || may_replace(member, snapshot, step)
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "'%s' exists: give --overwrite to replace it, or another path or file_name", path);
}

/* ---- Writing ---- */

static tx_status put_gradient(const tx_member *member, const tx_snapshot *snapshot, tx_file *file, tx_error *error)
{
    const tx_problem *problem = &member->trainer->problem;
    TX_TRY(tx_network_file_put_gradient(file, problem->network, problem->random.precision, snapshot->gradient, error));
    TX_TRY(tx_file_set_integer(file, "/", "step", member->step, error));
    return tx_file_set_real(file, "/", "loss", snapshot->loss, error);
}

/* Those in the run directory are the run's own: they go when it is started anew. */
static tx_status put(const tx_member *member, const tx_snapshot *snapshot, tx_file *file, tx_error *error)
{
    TX_TRY(snapshot->gradient ? put_gradient(member, snapshot, file, error)
                              : tx_member_put_network(member, member->parameters, member->history, file, error));
    return snapshot->directory ? TX_OK : tx_file_set_text(file, "/", TX_SNAPSHOT_MARK, snapshot->name, error);
}

tx_status tx_snapshot_save(const tx_member *member, const tx_snapshot *snapshot, tx_error *error)
{
    char path[PATH_SIZE];
    tx_file *file;
    TX_TRY(make_path(member, snapshot, member->step, error, path));
    TX_TRY(check_free(member, snapshot, member->step, error));
    TX_TRY(make_folder(path, error));
    TX_TRY(tx_file_create(error, &file));
    tx_status status = put(member, snapshot, file, error);
    if (status == TX_OK) {
        status = may_replace(member, snapshot, member->step) ? tx_file_save(file, path, NULL, error)
                                                             : tx_file_save_new(file, path, error);
    }
    tx_file_close(file);
    return status;
}

/* ---- Before the first step ---- */

/* NAME_STEP.h5 */
static bool read_step(const char *path, int64_t *step)
{
    const char *at = strrchr(path, '_');
    int length = 0;
    return at && sscanf(at, "_%" SCNd64 "%n", step, &length) == 1 && strcmp(at + length, ".h5") == 0;
}

/* Is `name` of a step that the run comes to? */
static bool will_write(const tx_member *member, int64_t every, const char *name, int64_t *step)
{
    return read_step(name, step) && *step >= 0 && *step % every == 0 && *step < member->trainer->problem.num_steps;
}

static tx_status check_inputs(const tx_member *member, const tx_snapshot *snapshot, int64_t every, tx_error *error)
{
    for (const char *const *inputs = member->folder.inputs; inputs && *inputs; inputs++) {
        char path[PATH_SIZE], input[PATH_MAX];
        int64_t step;
        if (realpath(*inputs, input) && will_write(member, every, input, &step)) {
            TX_TRY(make_path(member, snapshot, step, error, path));
            TX_TRY(tx_input_check(path, member->folder.inputs, error));
        }
    }
    return TX_OK;
}

/* The folder is looked through, not the steps: there may be many. */
static tx_status check_others(const tx_member *member, const tx_snapshot *snapshot, int64_t every, tx_error *error)
{
    char path[PATH_SIZE];
    TX_TRY(make_path(member, snapshot, 0, error, path));
    *strrchr(path, '/') = '\0';
    DIR *entries = opendir(*path ? path : "/");
    tx_status status = TX_OK;
    for (const struct dirent *entry; entries && status == TX_OK && (entry = readdir(entries));) {
        int64_t step;
        status = will_write(member, every, entry->d_name, &step) ? check_free(member, snapshot, step, error) : TX_OK;
    }
    if (entries) {
        closedir(entries);
    }
    return status;
}

/* ---- Of several callbacks ---- */

/* One name for one place: links in the folders are followed as far as there are folders, empty names and dots left out. */
static void resolve(const char *path, char out[2 * PATH_SIZE])
{
    char folder[PATH_SIZE], real[PATH_MAX], *rest = NULL;
    size_t kept = strlen(path), used;
    do {
        while (kept && path[kept - 1] == '/') {
            kept--;
        }
        while (kept && path[kept - 1] != '/') {
            kept--;
        }
        snprintf(folder, sizeof folder, "%.*s", (int)kept, path);
    } while (!realpath(kept ? folder : ".", real) && kept);
    used = (size_t)snprintf(out, 2 * PATH_SIZE, "%s", real);
    snprintf(folder, sizeof folder, "%s", path + kept);
    for (const char *name = strtok_r(folder, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
        used += strcmp(name, ".") == 0 ? 0 : (size_t)snprintf(out + used, 2 * PATH_SIZE - used, "/%s", name);
    }
}

static tx_status written_twice(const tx_section *callback, const struct tx_saved *other, tx_error *error)
{
    tx_error place = {0};
    (void)!tx_section_error(other->callback, NULL, &place, TX_INVALID, "%s", tx_section_name(other->callback));
    return tx_section_error(callback, NULL, error, TX_INVALID, "%s would write '%s_STEP.h5', as does %s: give one another name",
                            tx_section_name(callback), other->path, place.message);
}

/* All begin at step 0: two of the same name meet there at the latest. */
static tx_status add_saved(tx_snapshots *all, const tx_section *callback, const char *path, tx_error *error)
{
    char resolved[2 * PATH_SIZE];
    resolve(path, resolved);
    for (int k = 0; k < all->count; k++) {
        if (strcmp(all->saved[k].path, resolved) == 0) {
            return written_twice(callback, &all->saved[k], error);
        }
    }
    TX_TRY(tx_reserve((size_t)all->count + 1, sizeof *all->saved, &all->capacity, error, &all->saved));
    all->saved[all->count].callback = callback;
    TX_TRY(tx_duplicate(resolved, error, &all->saved[all->count].path));
    all->count++;
    return TX_OK;
}

void tx_snapshots_free(tx_snapshots *snapshots)
{
    for (int k = 0; k < snapshots->count; k++) {
        tx_free(snapshots->saved[k].path);
    }
    tx_free(snapshots->saved);
}

/* PATH of PATH_STEP.h5. */
static tx_status make_stem(const tx_member *member, const tx_snapshot *snapshot, tx_error *error, char path[PATH_SIZE])
{
    TX_TRY(make_path(member, snapshot, 0, error, path));
    *strrchr(path, '_') = '\0';
    return TX_OK;
}

tx_status tx_snapshot_add(tx_member *member, const tx_section *callback, const tx_snapshot *snapshot, int64_t every,
                          tx_error *error)
{
    const tx_parallel *parallel = member->trainer->parallel;
    char path[PATH_SIZE];
    TX_TRY(check_inputs(member, snapshot, every, error));
    if (snapshot->directory || member->folder.directory) {
        TX_TRY(make_stem(member, snapshot, error, path));
        TX_TRY(add_saved(&member->snapshots, callback, path, error));
    }
    if (snapshot->directory && parallel && tx_parallel_rank(parallel) == 0) {
        TX_TRY(check_others(member, snapshot, every, error));
        tx_atomic_sweep_beside(path);
    }
    return TX_OK;
}
