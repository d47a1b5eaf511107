/* Which files a user reads when he names one: it, what a folder holds, and whatever an HDF5 file leads to by links to other files,
 * sources of virtual datasets and external raw files, and those of its own. */
#include "file/sources.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "file/find.h"
#include "file/handle.h"

typedef struct place {
    dev_t device;
    ino_t number;
} place;

typedef struct search {
    place wanted;
    place *seen; /* they may lead to each other */
    size_t count, capacity;
    int depth;
    bool found;
    tx_status status;
    tx_error *error;
} search;

/* An open HDF5 file, and what it was opened as: it leads on from there. */
typedef struct origin {
    search *search;
    const char *path;
} origin;

static bool is_over(const search *search)
{
    return search->found || search->status != TX_OK;
}

static bool same_place(place a, place b)
{
    return a.device == b.device && a.number == b.number;
}

/* False where it has been looked at before. */
static bool note(search *search, place here)
{
    for (size_t k = 0; k < search->count; k++) {
        if (same_place(search->seen[k], here)) {
            return false;
        }
    }
    search->status = tx_reserve(search->count + 1, sizeof *search->seen, &search->capacity, search->error, &search->seen);
    if (search->status == TX_OK) {
        search->seen[search->count++] = here;
    }
    return search->status == TX_OK;
}

enum { MOST_DEPTH = 32 };

static void look_at(search *search, const char *path, bool folders);

/* ---- By what names HDF5 finds another file: all that it may try; more is refused than need be, but nothing is lost. ---- */

static void look_beside(const origin *from, const char *base, const char *name)
{
    char path[PATH_MAX];
    tx_file_beside(base, name, path);
    look_at(from->search, path, false);
}

/* `prefixes`: from the environment, separated by colons; ${ORIGIN} is the folder of the file. */
static void look_behind(const origin *from, const char *prefixes, const char *name)
{
    static const char own[] = "${ORIGIN}";
    while (prefixes && *prefixes) {
        char path[PATH_MAX];
        const bool beside = strncmp(prefixes, own, sizeof own - 1) == 0;
        const char *rest = beside ? prefixes + sizeof own - 1 : prefixes;
        const size_t length = strcspn(rest, ":");
        if (snprintf(path, sizeof path, "%s%.*s/%s", beside ? "." : "", (int)length, rest, name) < PATH_MAX) {
            look_beside(from, beside ? from->path : "", path);
        }
        prefixes = rest[length] ? rest + length + 1 : NULL;
    }
}

static void look_for(const origin *from, const char *variable, const char *name)
{
    char real[PATH_MAX];
    const char *slash = strrchr(name, '/');
    look_at(from->search, name, false);
    look_behind(from, getenv(variable), name);
    look_beside(from, from->path, name);
    if (realpath(from->path, real)) {
        look_beside(from, real, name);
    }
    if (*name == '/') {
        look_for(from, variable, slash + 1);
    }
}

/* ---- What leads on from an HDF5 file ---- */

/* Blocks of a numbered source: there are no more of them than the dataset is long. */
static hsize_t longest_axis(hid_t dataset)
{
    hsize_t size[H5S_MAX_RANK] = {0}, longest = 1;
    tx_scoped_id space = H5Dget_space(dataset);
    const int rank = H5Sget_simple_extent_dims(space, size, NULL);
    for (int a = 0; a < rank; a++) {
        longest = size[a] > longest ? size[a] : longest;
    }
    return longest;
}

static void follow_virtual(const origin *from, hid_t dataset, hid_t creation)
{
    size_t count = 0;
    H5Pget_virtual_count(creation, &count);
    for (size_t k = 0; k < count && !is_over(from->search); k++) {
        char pattern[PATH_MAX], name[PATH_MAX];
        const ssize_t length = H5Pget_virtual_filename(creation, k, pattern, sizeof pattern);
        const bool here = strcmp(pattern, ".") == 0, numbered = length > 0 && strchr(pattern, '%');
        const hsize_t blocks = here || length <= 0 || length >= PATH_MAX ? 0 : numbered ? longest_axis(dataset) : 1;
        for (hsize_t block = 0; block < blocks && !is_over(from->search); block++) {
            strcpy(name, pattern);
            tx_block_name(name, sizeof name, block);
            look_for(from, "HDF5_VDS_PREFIX", name);
        }
    }
}

static void follow_external(const origin *from, hid_t creation)
{
    const int count = H5Pget_external_count(creation);
    for (int k = 0; k < count && !is_over(from->search); k++) {
        char name[PATH_MAX] = "";
        off_t offset;
        hsize_t size;
        if (H5Pget_external(creation, (unsigned)k, sizeof name - 1, name, &offset, &size) >= 0) {
            look_for(from, "HDF5_EXTFILE_PREFIX", name);
        }
    }
}

static void follow_dataset(const origin *from, hid_t dataset)
{
    tx_scoped_id creation = H5Dget_create_plist(dataset);
    if (H5Pget_layout(creation) == H5D_VIRTUAL) {
        follow_virtual(from, dataset, creation);
    } else {
        follow_external(from, creation);
    }
}

static void follow_link(const origin *from, hid_t group, const char *name, size_t bytes)
{
    const char *file, *object;
    char *value;
    unsigned flags;
    if (tx_allocate(bytes, NULL, &value) == TX_OK) {
        if (H5Lget_val(group, name, value, bytes, H5P_DEFAULT) >= 0 &&
            H5Lunpack_elink_val(value, bytes, &flags, &file, &object) >= 0) {
            look_for(from, "HDF5_EXT_PREFIX", file);
        }
        tx_free(value);
    }
}

static herr_t visit(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    const origin *from = user;
    if (info->type == H5L_TYPE_EXTERNAL) {
        follow_link(from, group, name, info->u.val_size);
    } else if (info->type == H5L_TYPE_HARD) {
        tx_scoped_id object = H5Oopen(group, name, H5P_DEFAULT);
        if (object >= 0 && H5Iget_type(object) == H5I_DATASET) {
            follow_dataset(from, object);
        }
    }
    return is_over(from->search);
}

static void look_into(search *search, const char *path)
{
    TX_READING_PATH(path, false);
    origin from = {.search = search, .path = path};
    tx_scoped_id access = tx_file_access();
    const bool readable = search->depth < MOST_DEPTH && H5Fis_hdf5(path) > 0;
    const hid_t file = readable ? H5Fopen(path, H5F_ACC_RDONLY, access) : -1;
    if (file >= 0) {
        search->depth++;
        H5Lvisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit, &from);
        H5Fclose(file);
        search->depth--;
    }
}

/* ---- One path ---- */

static void look_through(search *search, const char *folder)
{
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries && !is_over(search) && (entry = readdir(entries));) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < PATH_MAX) {
            look_at(search, path, false);
        }
    }
    if (entries) {
        closedir(entries);
    }
}

static void look_at(search *search, const char *path, bool folders)
{
    struct stat info;
    if (is_over(search) || stat(path, &info) != 0 || !note(search, (place){info.st_dev, info.st_ino})) {
        return;
    }
    search->found = same_place(search->wanted, (place){info.st_dev, info.st_ino});
    if (S_ISDIR(info.st_mode) && folders) {
        look_through(search, path);
    } else if (S_ISREG(info.st_mode) && !search->found) {
        look_into(search, path);
    }
}

/* Or of several files, by a pattern. */
static void look_by_name(search *search, const char *name)
{
    struct stat info;
    tx_paths paths = {0};
    look_at(search, name, true);
    if (stat(name, &info) != 0 && search->status == TX_OK) {
        search->status = tx_paths_find(1, &name, search->error, &paths);
    }
    for (size_t k = 0; k < paths.count; k++) {
        look_at(search, paths.path[k], false);
    }
    tx_paths_free(&paths);
}

tx_status tx_sources_have(const char *input, const char *path, tx_error *error, bool *out)
{
    TX_QUIETLY;
    struct stat info;
    search search = {.error = error};
    if (stat(path, &info) == 0) {
        search.wanted = (place){info.st_dev, info.st_ino};
        look_by_name(&search, input);
    }
    tx_free(search.seen);
    TX_TRY(search.status);
    *out = search.found;
    return TX_OK;
}
