/* The networks that a user means by a path. */
#include "evaluation/members.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "component/ensemble.h"
#include "problem/network_file.h"

static tx_status add_path(tx_networks *networks, size_t *capacity, char *path, tx_error *error)
{
    TX_TRY(tx_reserve((size_t)networks->count + 1, sizeof *networks->paths, capacity, error, &networks->paths));
    networks->paths[networks->count++] = path;
    return TX_OK;
}

/* *out: NULL where there is none. */
static tx_status find_network(const char *directory, const char *member, tx_error *error, char **out)
{
    static const char *const names[] = {"network_ema.h5", "network.h5"};
    *out = NULL;
    for (size_t k = 0; k < sizeof names / sizeof *names && !*out; k++) {
        tx_text path = {0};
        TX_TRY(tx_text_add(&path, error, "%s/%s/%s", directory, member, names[k]));
        if (access(path.data, F_OK) == 0) {
            *out = path.data;
        } else {
            tx_free(path.data);
        }
    }
    return TX_OK;
}

static tx_status find_all(const char *directory, DIR *folder, tx_networks *networks, tx_error *error)
{
    size_t capacity = 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char *path = NULL;
        TX_TRY(tx_is_member(entry->d_name) ? find_network(directory, entry->d_name, error, &path) : TX_OK);
        const tx_status status = path ? add_path(networks, &capacity, path, error) : TX_OK;
        if (status != TX_OK) {
            tx_free(path);
            return status;
        }
    }
    return networks->count ? TX_OK
                           : tx_error_set(error, TX_BAD_DATA, "%s: there is no finished member of an ensemble in it", directory);
}

/* All have as many digits. */
static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static tx_status find_members(const char *directory, tx_networks *networks, tx_error *error)
{
    DIR *folder = opendir(directory);
    if (!folder) {
        return tx_error_set(error, TX_BAD_DATA, "%s: cannot be read", directory);
    }
    const tx_status status = find_all(directory, folder, networks, error);
    closedir(folder);
    if (status == TX_OK) {
        qsort(networks->paths, (size_t)networks->count, sizeof *networks->paths, compare);
    }
    return status;
}

/* ---- Of one form ---- */

/* Leaves the lines of keys out: members may start anywhere. */
static void drop_keys(char *text)
{
    char *to = text;
    for (char *line = text; *line;) {
        const size_t length = strcspn(line, "\n") + (strchr(line, '\n') ? 1 : 0);
        if (strncmp(line + strspn(line, " "), "key:", 4) != 0) {
            memmove(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = 0;
}

/* What a network file says of its network, without keys. */
static tx_status read_form(const char *path, tx_error *error, char **out)
{
    tx_file *file;
    TX_TRY(tx_network_file_open(path, error, &file));
    const tx_status status = tx_file_get_text(file, "/", "network", error, out);
    tx_file_close(file);
    if (status == TX_OK) {
        drop_keys(*out);
    }
    return status;
}

/* One plan is to serve for all: activations, scales and all else that is no parameter must be the same. */
static tx_status check_forms(const tx_networks *networks, tx_error *error)
{
    char *first;
    TX_TRY(read_form(networks->paths[0], error, &first));
    tx_status status = TX_OK;
    for (int k = 1; k < networks->count && status == TX_OK; k++) {
        char *form = NULL;
        status = read_form(networks->paths[k], error, &form);
        if (status == TX_OK && strcmp(first, form) != 0) {
            status = tx_error_set(error, TX_BAD_DATA, "%s has another network than %s: members of one form are brought together",
                                  networks->paths[k], networks->paths[0]);
        }
        tx_free(form);
    }
    tx_free(first);
    return status;
}

/* ---- Looking ---- */

static tx_status find_file(const char *path, tx_networks *networks, tx_error *error)
{
    size_t capacity = 0;
    char *copy;
    TX_TRY(tx_duplicate(path, error, &copy));
    const tx_status status = add_path(networks, &capacity, copy, error);
    if (status != TX_OK) {
        tx_free(copy);
    }
    return status;
}

tx_status tx_networks_find(const char *path, tx_error *error, tx_networks *out)
{
    struct stat info;
    tx_networks networks = {.several = stat(path, &info) == 0 && S_ISDIR(info.st_mode)};
    tx_status status = networks.several ? find_members(path, &networks, error) : find_file(path, &networks, error);
    status = status || !networks.several ? status : check_forms(&networks, error);
    if (status != TX_OK) {
        tx_networks_free(&networks);
        return status;
    }
    *out = networks;
    return TX_OK;
}

void tx_networks_free(tx_networks *networks)
{
    for (int k = 0; k < networks->count; k++) {
        tx_free(networks->paths[k]);
    }
    tx_free(networks->paths);
    *networks = (tx_networks){0};
}
