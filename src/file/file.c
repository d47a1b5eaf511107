/* Opening, saving and finding one's way in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/atomic.h"
#include "file/handle.h"
#include "file/lzf.h"
#include "file/seal.h"

static tx_status make_handle(const char *path, bool created, tx_error *error, tx_file **out)
{
    tx_file *file;
    TX_TRY(tx_allocate(sizeof *file, error, &file));
    *file = (tx_file){.id = -1, .created = created};
    tx_status status = tx_duplicate(path, error, &file->path);
    status = status || created ? status : tx_kept_create(error, &file->kept);
    if (status != TX_OK) {
        tx_free(file->path);
        tx_free(file);
        return status;
    }
    *out = file;
    return TX_OK;
}

/* Takes the handle over: closed if it holds no file. */
static tx_status check_handle(tx_file *file, tx_status status, tx_file **out)
{
    if (status != TX_OK) {
        tx_file_close(file);
        return status;
    }
    *out = file;
    return TX_OK;
}

static hid_t create_in_memory(const void *unique)
{
    const size_t step = (size_t)1 << 18;
    char name[64];
    snprintf(name, sizeof name, "trainax-%p", unique); /* HDF5 takes equal names for the same file */
    tx_scoped_id access = tx_file_access();
    tx_scoped_id creation = tx_group_creation(H5P_FILE_CREATE);
    return H5Pset_fapl_core(access, step, false) < 0 ? -1 : H5Fcreate(name, H5F_ACC_TRUNC, creation, access);
}

/* First of all, so that it stands near the beginning. */
static bool add_seal_attribute(hid_t file)
{
    tx_scoped_id type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, sizeof TX_SEAL_VALUE);
    tx_scoped_id space = H5Screate(H5S_SCALAR);
    tx_scoped_id attribute = H5Acreate2(file, TX_SEAL_ATTRIBUTE, type, space, H5P_DEFAULT, H5P_DEFAULT);
    return attribute >= 0 && H5Awrite(attribute, type, TX_SEAL_VALUE) >= 0;
}

tx_status tx_file_create(tx_error *error, tx_file **out)
{
    TX_QUIETLY;
    tx_file *file;
    TX_TRY(make_handle("a new file", true, error, &file));
    file->id = create_in_memory(file);
    const tx_status status = file->id >= 0 && add_seal_attribute(file->id)
                                 ? TX_OK
                                 : tx_error_set(error, TX_FAILURE, "cannot create a file in memory: %s", tx_reason_last().text);
    return check_handle(file, status, out);
}

void tx_file_close(tx_file *file)
{
    if (file) {
        TX_QUIETLY;
        tx_kept_destroy(file->kept);
        if (file->id >= 0) {
            TX_READING(file);
            H5Fclose(file->id);
        }
        tx_file_free_streams(file);
        tx_cover_destroy(file->cover);
        tx_free(file->path);
        tx_free(file);
    }
}

const char *tx_file_path(const tx_file *file)
{
    return file->path;
}

/* ---- Opening: what the system says first, then the seal, then HDF5. ---- */

static tx_status check_regular(int fd, const char *path, tx_error *error)
{
    struct stat info;
    if (fstat(fd, &info)) {
        return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': %s", path, strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) {
        const char *what = S_ISDIR(info.st_mode) ? "Is a directory" : "Is not a regular file";
        return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': %s", path, what);
    }
    return info.st_size ? TX_OK : tx_error_set(error, TX_BAD_DATA, "'%s' is no HDF5 file: it is empty", path);
}

static bool looks_like_hdf5(int fd)
{
    static const char signature[8] = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
    char found[8] = {0};
    return pread(fd, found, sizeof found, 0) == sizeof found && memcmp(found, signature, sizeof found) == 0;
}

/* HDF5 locks what it has open for writing; where there are no locks, nobody knows. */
static tx_status check_lock(int fd, const char *path, tx_error *error)
{
    if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
        flock(fd, LOCK_UN);
        return TX_OK;
    }
    return errno != EWOULDBLOCK ? TX_OK
                                : tx_error_set(error, TX_BAD_DATA,
                                               "'%s' is open for writing by another program: what it holds is not finished", path);
}

/* Where HDF5 says, in its first bytes, that the file ends; -1: it does not say. */
static int64_t stated_size(const unsigned char *head)
{
    const unsigned version = head[8];
    const int at = version == 0 ? 40 : version == 1 ? 44 : version <= 3 ? 28 : -1;
    int64_t size;
    if (at < 0) {
        return -1;
    }
    memcpy(&size, head + at, sizeof size);
    return size;
}

/* A file that says it is sealed and is not. Another program that changed it has left nothing behind its own end. */
static tx_status check_unsealed(int fd, const char *path, tx_error *error)
{
    unsigned char head[1 << 12] = {0};
    const ssize_t got = pread(fd, head, sizeof head, 0);
    if (got > 64 && memmem(head, (size_t)got, TX_SEAL_VALUE, strlen(TX_SEAL_VALUE)) &&
        stated_size(head) != lseek(fd, 0, SEEK_END)) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' is damaged: it is cut off, or something was put behind its end", path);
    }
    return check_lock(fd, path, error);
}

static tx_status check_content(int fd, const char *path, bool sealed, tx_error *error, tx_seal_gap *gap)
{
    tx_seal seal;
    TX_TRY(check_regular(fd, path, error));
    if (sealed && !looks_like_hdf5(fd)) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' is no HDF5 file", path);
    }
    TX_TRY(tx_seal_check(fd, path, error, &seal, gap));
    if (seal == TX_SEAL_BROKEN) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' is damaged: its checksum is not that of its content", path);
    }
    if (seal == TX_SEAL_ABSENT && sealed) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' is damaged: it is cut off or was changed by another program", path);
    }
    return seal == TX_SEAL_ABSENT ? check_unsealed(fd, path, error) : TX_OK;
}

static tx_status cannot_open(const char *path, tx_error *error)
{
    const int number = errno;
    char target[TX_MESSAGE_SIZE / 2];
    const ssize_t length = number == ENOENT ? readlink(path, target, sizeof target - 1) : -1;
    if (length < 0) {
        return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': %s", path, strerror(number));
    }
    target[length] = '\0';
    return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': it is a link to '%s', which does not exist", path, target);
}

static tx_status open_unread(const char *path, tx_error *error, int *fd)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */
    return *fd < 0 ? cannot_open(path, error) : TX_OK;
}

tx_status tx_file_look(const char *path, tx_error *error)
{
    tx_seal_gap gap;
    int fd;
    TX_TRY(open_unread(path, error, &fd));
    const tx_status status = check_content(fd, path, false, error, &gap);
    close(fd);
    return status;
}

/* Looks at the file before HDF5 does; keeps it open where its numbers have checksums. */
static tx_status check_before(tx_file *file, bool sealed, tx_error *error)
{
    tx_seal_gap gap;
    int fd;
    TX_TRY(open_unread(file->path, error, &fd));
    tx_status status = check_content(fd, file->path, sealed, error, &gap);
    if (status == TX_OK && gap.bytes) {
        status = tx_cover_open(fd, file->path, &gap, error, &file->cover);
    }
    if (!file->cover) {
        close(fd);
    }
    return status;
}

static tx_status open_hdf5(tx_file *file, tx_error *error)
{
    TX_READING(file);
    tx_scoped_id access = tx_file_access();
    tx_lzf_register();
    file->id = H5Fopen(file->path, H5F_ACC_RDONLY, access);
    if (file->id >= 0) {
        return TX_OK;
    }
    const tx_reason reason = tx_reason_last();
    if (reason.truncated) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' is damaged: it is cut off (%s)", file->path, reason.text);
    }
    if (reason.no_hdf5) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' is no HDF5 file", file->path);
    }
    return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': %s", file->path, reason.text);
}

static tx_status open_file(const char *path, bool sealed, tx_error *error, tx_file **out)
{
    TX_QUIETLY;
    tx_file *file;
    TX_TRY(make_handle(path, false, error, &file));
    tx_status status = check_before(file, sealed, error);
    if (status == TX_OK) {
        status = open_hdf5(file, error);
    }
    return check_handle(file, status, out);
}

tx_status tx_file_open(const char *path, tx_error *error, tx_file **out)
{
    return open_file(path, false, error, out);
}
tx_status tx_file_open_checked(const char *path, tx_error *error, tx_file **out)
{
    return open_file(path, true, error, out);
}

/* ---- Saving ---- */

static uint32_t rotate(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

/* The checksum of a superblock's first 44 bytes: lookup3 (Bob Jenkins, 2006, public domain), as HDF5's format asks for. */
static uint32_t superblock_checksum(const unsigned char *data)
{
    static const int mix[6] = {4, 6, 8, 16, 19, 4}, last[7] = {14, 11, 25, 16, 4, 14, 24};
    enum { BYTES = 44, ROUND = 12 };
    uint32_t state[3] = {0xdeadbeef + BYTES, 0xdeadbeef + BYTES, 0xdeadbeef + BYTES}, words[3];
    for (int done = 0; done < BYTES; done += ROUND) {
        const int rest = BYTES - done < ROUND ? BYTES - done : ROUND;
        memset(words, 0, sizeof words);
        memcpy(words, data + done, (size_t)rest);
        for (int k = 0; k < 3; k++) {
            state[k] += words[k];
        }
        for (int k = 0; rest == ROUND && k < 6; k++) {
            uint32_t *a = &state[k % 3], *b = &state[(k + 1) % 3], *c = &state[(k + 2) % 3];
            *a = (*a - *c) ^ rotate(*c, mix[k]);
            *c += *b;
        }
    }
    for (int k = 0; k < 7; k++) {
        uint32_t *to = &state[(k + 2) % 3], from = state[(k + 1) % 3];
        *to = (*to ^ from) - rotate(from, last[k]);
    }
    return state[2];
}

/* HDF5 1.10 takes its mark for files that are open for writing out of an image, but leaves the checksum that goes with it. */
static void mend_superblock(unsigned char *image, size_t bytes)
{
    enum { CHECKED = 44 };
    if (bytes >= CHECKED + 4 && (image[8] == 2 || image[8] == 3)) {
        const uint32_t checksum = superblock_checksum(image);
        memcpy(image + CHECKED, &checksum, sizeof checksum);
    }
}

tx_status tx_file_image(tx_file *file, size_t extra, tx_error *error, unsigned char **image, size_t *bytes)
{
    const ssize_t size = H5Fflush(file->id, H5F_SCOPE_LOCAL) < 0 ? -1 : H5Fget_file_image(file->id, NULL, 0);
    if (size < 0) {
        return tx_file_failed(file, TX_FAILURE, "build", "/", error);
    }
    unsigned char *copy;
    TX_TRY(tx_allocate((size_t)size + extra, error, &copy));
    if (H5Fget_file_image(file->id, copy, (size_t)size) != size) {
        tx_free(copy);
        return tx_file_failed(file, TX_FAILURE, "build", "/", error);
    }
    mend_superblock(copy, (size_t)size);
    *image = copy;
    *bytes = (size_t)size;
    return TX_OK;
}

static tx_status save(tx_file *file, const char *path, const char *previous, bool fresh, tx_error *error)
{
    TX_QUIETLY;
    unsigned char *image;
    size_t bytes;
    if (!file->created) {
        return tx_error_set(error, TX_FAILURE, "'%s' is open for reading only: it cannot be saved", file->path);
    }
    TX_TRY(tx_file_image(file, TX_SEAL_BYTES, error, &image, &bytes));
    tx_seal_make(image, bytes, image + bytes);
    const size_t all = bytes + TX_SEAL_BYTES;
    const tx_status status = file->streams ? tx_file_save_streams(file, path, previous, fresh, image, bytes, error)
                             : fresh       ? tx_atomic_save_new(path, image, all, error)
                                           : tx_atomic_save(path, previous, image, all, error);
    tx_free(image);
    return status;
}

tx_status tx_file_save(tx_file *file, const char *path, const char *previous, tx_error *error)
{
    return save(file, path, previous, false, error);
}
tx_status tx_file_save_new(tx_file *file, const char *path, tx_error *error)
{
    return save(file, path, NULL, true, error);
}

/* ---- Members ---- */

/* HDF5 asks for every link on the way to exist before it answers for the next one. */
static bool link_exists(hid_t file, const char *path)
{
    char prefix[TX_MESSAGE_SIZE];
    const size_t length = strlen(path);
    if (length >= sizeof prefix) {
        return false;
    }
    memcpy(prefix, path, length + 1);
    for (size_t k = 1; k <= length; k++) {
        if ((path[k] == '/' || path[k] == '\0') && path[k - 1] != '/') {
            prefix[k] = '\0';
            if (H5Lexists(file, prefix, H5P_DEFAULT) <= 0) {
                return false;
            }
            prefix[k] = path[k];
        }
    }
    return true;
}

bool tx_file_has(const tx_file *file, const char *path)
{
    TX_QUIETLY;
    TX_READING(file);
    return *path && link_exists(file->id, path) && H5Oexists_by_name(file->id, path, H5P_DEFAULT) > 0;
}

static tx_status make_group(tx_file *file, const char *path, tx_error *error)
{
    if (tx_file_has(file, path)) {
        return TX_OK;
    }
    tx_scoped_id creation = tx_group_creation(H5P_GROUP_CREATE);
    tx_scoped_id group = H5Gcreate2(file->id, path, H5P_DEFAULT, creation, H5P_DEFAULT);
    return group < 0 ? tx_file_failed(file, TX_FAILURE, "create", path, error) : TX_OK;
}

tx_status tx_file_make_groups(tx_file *file, const char *path, bool last_too, tx_error *error)
{
    char *prefix;
    TX_TRY(tx_duplicate(path, error, &prefix));
    tx_status status = TX_OK;
    for (char *end = strchr(prefix + (*prefix == '/'), '/'); end && status == TX_OK; end = strchr(end + 1, '/')) {
        *end = '\0';
        status = make_group(file, prefix, error);
        *end = '/';
    }
    if (last_too && status == TX_OK) {
        status = make_group(file, prefix, error);
    }
    tx_free(prefix);
    return status;
}

/* Names one after the other, each with its zero. */
typedef struct name_list {
    char *text;
    size_t bytes, capacity;
    int count;
    tx_error *error;
    tx_status status;
} name_list;

static herr_t add_name(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    (void)group, (void)info;
    name_list *list = user;
    const size_t bytes = strlen(name) + 1;
    list->status = tx_reserve(list->bytes + bytes, 1, &list->capacity, list->error, &list->text);
    if (list->status != TX_OK) {
        return -1;
    }
    memcpy(list->text + list->bytes, name, bytes);
    list->bytes += bytes;
    list->count++;
    return 0;
}

static H5_index_t best_index(hid_t group)
{
    unsigned flags = 0;
    tx_scoped_id creation = H5Gget_create_plist(group);
    H5Pget_link_creation_order(creation, &flags);
    return flags & H5P_CRT_ORDER_TRACKED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
}

static tx_status array_of_names(const name_list *list, tx_error *error, char ***names)
{
    char **array;
    const size_t pointers = (size_t)list->count * sizeof *array;
    TX_TRY(tx_allocate(pointers + list->bytes, error, &array));
    char *next = (char *)array + pointers;
    if (list->bytes) {
        memcpy(next, list->text, list->bytes);
    }
    for (int k = 0; k < list->count; k++, next += strlen(next) + 1) {
        array[k] = next;
    }
    *names = array;
    return TX_OK;
}

tx_status tx_file_members(const tx_file *file, const char *group, tx_error *error, int *count, char ***names)
{
    TX_QUIETLY;
    TX_READING(file);
    name_list list = {.error = error};
    if (!tx_file_has(file, group)) {
        return tx_error_set(error, TX_BAD_DATA, "no group '%s' in '%s'", group, file->path);
    }
    tx_scoped_id id = H5Gopen2(file->id, group, H5P_DEFAULT);
    if (id < 0) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' is no group", group, file->path);
    }
    tx_status status = TX_OK;
    if (H5Literate(id, best_index(id), H5_ITER_INC, NULL, add_name, &list) < 0) {
        status = list.status != TX_OK ? list.status : tx_file_failed(file, TX_BAD_DATA, "list", group, error);
    }
    if (status == TX_OK) {
        status = array_of_names(&list, error, names);
    }
    if (status == TX_OK) {
        *count = list.count;
    }
    tx_free(list.text);
    return status;
}
