/* The run directory: what may stand in it, and what is written there. */
#include "run/directory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "component/ensemble.h"
#include "problem/network_file.h"
#include "trainax/version.h"
#include "training/snapshot.h"

enum { PATH_SIZE = 4096 };

/* config.yaml goes last when a run is removed: what is left of a run can be recognised until then. run.log stays where a run
 * is resumed, if only from its beginning. */
static const char *const files[] = {
    "run.log",       "network.h5",     "network_ema.h5",  "best.h5",    "history.csv", "checkpoint.previous.h5",
    "checkpoint.h5", TX_MEMBERS_TABLE, TX_ENSEMBLE_TABLE, "config.yaml"};
enum { NUM_FILES = sizeof files / sizeof *files, BEHIND_LOG = 1 };

static void join(char path[PATH_SIZE], const char *directory, const char *name)
{
    snprintf(path, PATH_SIZE, "%s/%s", directory, name);
}

bool tx_run_exists(const char *directory)
{
    for (int k = 0; k < NUM_FILES; k++) {
        char path[PATH_SIZE];
        struct stat unused;
        join(path, directory, files[k]);
        if (lstat(path, &unused) == 0) {
            return true;
        }
    }
    return false;
}

tx_status tx_run_check(const char *directory, tx_start start, tx_error *error)
{
    TX_TRY(tx_directory_check(directory, error));
    if (start == TX_START_NEW && tx_run_exists(directory)) {
        return tx_error_set(error, TX_INVALID,
                            "%s already holds a run: give --resume to continue it, --overwrite to replace it, or another --output",
                            directory);
    }
    return TX_OK;
}

tx_status tx_run_check_restart(const char *directory, tx_error *error)
{
    static const char *const networks[] = {"network.h5", "network_ema.h5", "best.h5"};
    for (size_t k = 0; k < sizeof networks / sizeof *networks; k++) {
        char path[PATH_SIZE];
        struct stat unused;
        join(path, directory, networks[k]);
        if (lstat(path, &unused) == 0) {
            return tx_error_set(error, TX_INVALID,
                                "%s is finished, but there is no checkpoint beside it to resume from: give --overwrite to replace "
                                "it, or another --output",
                                path);
        }
    }
    return TX_OK;
}

static tx_status remove_file(const char *path, tx_error *error)
{
    return unlink(path) == 0 || errno == ENOENT ? TX_OK
                                                : tx_error_set(error, TX_BAD_DATA, "cannot remove %s: %s", path, strerror(errno));
}

tx_status tx_run_remove(const char *directory, const char *name, tx_error *error)
{
    char path[PATH_SIZE];
    join(path, directory, name);
    return remove_file(path, error);
}

tx_status tx_run_check_kind(const char *directory, const tx_config *earlier, const tx_config *now, tx_error *error)
{
    const bool several = tx_has(tx_config_root(now), "ensemble");
    if (!earlier || tx_has(tx_config_root(earlier), "ensemble") == several) {
        return TX_OK;
    }
    return tx_error_set(error, TX_INVALID, "%s holds %s, and this is %s: give --overwrite to replace it, or another --output",
                        directory, several ? "a single run" : "an ensemble", several ? "an ensemble" : "a single run");
}

/* NAME_STEP.h5 */
static bool looks_like_snapshot(const char *name)
{
    const char *end = strrchr(name, '.'), *at = end;
    while (at && at > name && isdigit((unsigned char)at[-1])) {
        at--;
    }
    return at && at < end && at > name && at[-1] == '_' && strcmp(end, ".h5") == 0;
}

/* A callback's, not a file that the user keeps there. */
static bool is_snapshot(const char *path)
{
    tx_file *file;
    if (tx_file_open(path, NULL, &file) != TX_OK) {
        return false;
    }
    const bool marked = tx_file_has_attribute(file, "/", TX_SNAPSHOT_MARK);
    tx_file_close(file);
    return marked;
}

/* Those that the run before has left go when this one begins. */
static tx_status check_snapshot(const char *directory, const char *input, tx_error *error)
{
    char real[PATH_MAX], path[PATH_SIZE];
    const char *name = realpath(input, real) ? strrchr(real, '/') + 1 : "";
    join(path, directory, name);
    const char *const alone[] = {input, NULL};
    return looks_like_snapshot(name) && is_snapshot(path) ? tx_input_check(path, alone, error) : TX_OK;
}

/* A resumed run may be that of its own config.yaml: the same is written there again. */
tx_status tx_run_check_inputs(const char *directory, tx_start start, const char *const *inputs, tx_error *error)
{
    for (int k = 0; k < NUM_FILES - (start == TX_START_RESUME); k++) {
        char path[PATH_SIZE];
        join(path, directory, files[k]);
        TX_TRY(tx_input_check(path, inputs, error));
    }
    for (; *inputs; inputs++) {
        TX_TRY(check_snapshot(directory, *inputs, error));
    }
    return TX_OK;
}

static tx_status remove_snapshots(const char *directory, tx_error *error)
{
    DIR *folder = opendir(directory);
    tx_status status = TX_OK;
    for (const struct dirent *entry; folder && status == TX_OK && (entry = readdir(folder));) {
        char path[PATH_SIZE];
        join(path, directory, entry->d_name);
        if (looks_like_snapshot(entry->d_name) && is_snapshot(path)) {
            status = remove_file(path, error);
        }
    }
    if (folder) {
        closedir(folder);
    }
    return status;
}

static tx_status remove_run(const char *directory, tx_start start, tx_error *error);

/* With its folder, if nothing else is in it. */
static tx_status remove_member(const char *path, tx_error *error)
{
    struct stat info;
    if (lstat(path, &info) != 0 || !S_ISDIR(info.st_mode) || !tx_run_exists(path)) {
        return TX_OK;
    }
    TX_TRY(remove_run(path, TX_START_OVERWRITE, error));
    TX_TRY(tx_run_remove(path, TX_MEMBER_METRICS, error));
    rmdir(path);
    return TX_OK;
}

static tx_status remove_members(const char *directory, tx_error *error)
{
    DIR *folder = opendir(directory);
    tx_status status = TX_OK;
    for (const struct dirent *entry; folder && status == TX_OK && (entry = readdir(folder));) {
        tx_text path = {0};
        if (tx_is_member(entry->d_name)) {
            status = tx_text_add(&path, error, "%s/%s", directory, entry->d_name);
            status = status ? status : remove_member(path.data, error);
            tx_free(path.data);
        }
    }
    if (folder) {
        closedir(folder);
    }
    return status;
}

static tx_status remove_run(const char *directory, tx_start start, tx_error *error)
{
    TX_TRY(remove_snapshots(directory, error));
    TX_TRY(remove_members(directory, error));
    for (int k = start == TX_START_RESUME ? BEHIND_LOG : 0; k < NUM_FILES; k++) {
        char path[PATH_SIZE];
        join(path, directory, files[k]);
        TX_TRY(remove_file(path, error));
    }
    return TX_OK;
}

/* The program's version in front, as a comment. */
static tx_status save_configuration(const char *path, const tx_section *root, tx_error *error)
{
    tx_text text = {0};
    char *resolved;
    TX_TRY(tx_section_write(root, error, &resolved));
    tx_status status = tx_text_add(&text, error, "# trainax %s\n%s", tx_version(), resolved);
    status = status ? status : tx_text_save(path, text.data, text.size, error);
    tx_free(resolved);
    tx_free(text.data);
    return status;
}

tx_status tx_run_begin(const char *directory, tx_start start, bool keep, const tx_section *root, tx_error *error)
{
    char path[PATH_SIZE];
    TX_TRY(tx_directory_make(directory, error));
    if (!keep) {
        TX_TRY(remove_run(directory, start, error));
    }
    join(path, directory, "config.yaml");
    return save_configuration(path, root, error);
}

static tx_status save_network(const char *directory, const char *name, const tx_member *member, const void *parameters,
                              tx_history *history, tx_error *error)
{
    char path[PATH_SIZE];
    tx_file *file;
    join(path, directory, name);
    TX_TRY(tx_file_create(error, &file));
    tx_status status = tx_member_put_network(member, parameters, history, file, error);
    if (status == TX_OK) {
        status = tx_file_save(file, path, NULL, error);
    }
    tx_file_close(file);
    return status;
}

/* network.h5 last: with it the run is finished. */
tx_status tx_run_finish(const char *directory, tx_member *member, tx_history *history, tx_error *error)
{
    if (member->average.count) {
        TX_TRY(save_network(directory, "network_ema.h5", member, tx_member_measured(member), history, error));
    }
    return save_network(directory, "network.h5", member, member->parameters, history, error);
}

static bool holds(const char *directory, const char *name, int64_t step)
{
    char path[PATH_SIZE];
    tx_file *file;
    int64_t stored = -1;
    join(path, directory, name);
    if (tx_file_open(path, NULL, &file) != TX_OK) {
        return false;
    }
    const bool known = tx_file_get_integer(file, "/", "step", NULL, &stored) == TX_OK;
    tx_file_close(file);
    return known && stored == step;
}

bool tx_run_holds(const char *directory, const tx_section *root, int64_t step, int64_t best_step)
{
    const bool averages = tx_average_is_wanted(tx_get_section(root, "trainer"));
    return holds(directory, "network.h5", step) && (!averages || holds(directory, "network_ema.h5", step)) &&
           (best_step < 0 || holds(directory, "best.h5", best_step));
}

/* No link, pipe or folder. */
static bool is_file(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISREG(info.st_mode);
}

tx_config *tx_run_earlier(const char *directory, const tx_registry *registry)
{
    char path[PATH_SIZE];
    tx_config *earlier = NULL;
    join(path, directory, "config.yaml");
    if (is_file(path)) {
        (void)!tx_config_read(registry, path, NULL, 0, NULL, NULL, &earlier);
    }
    return earlier;
}

static const char now_name[] = "checkpoint.now";

bool tx_run_wants_checkpoint(const char *directory)
{
    char path[PATH_SIZE];
    join(path, directory, now_name);
    return is_file(path);
}

void tx_run_grant_checkpoint(const char *directory)
{
    char path[PATH_SIZE];
    join(path, directory, now_name);
    unlink(path);
}
