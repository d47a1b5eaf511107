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
    const tx_status status = networks.several ? find_members(path, &networks, error) : find_file(path, &networks, error);
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
