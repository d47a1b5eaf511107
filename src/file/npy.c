/* Arrays of numpy.save (its format: numpy.lib.format), shown to HDF5 as a dataset whose numbers lie in an external file: types,
 * byte orders and parts are then read as those of any other. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/handle.h"
#include "file/npy.h"

static const char dataset[] = "/array";
static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

enum { PREFIX = 12, LONGEST_HEADER = 1 << 20 };

typedef struct header {
    char type[16]; /* "<f4" */
    bool fortran;
    int rank;
    hsize_t size[H5S_MAX_RANK];
    int64_t bytes; /* where the numbers begin */
} header;

static tx_status no_npy(const char *path, const char *why, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "'%s' is no .npy file of numbers: %s", path, why);
}

/* ---- The header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } ---- */

/* What stands behind the key's colon; NULL: there is no such key. */
static const char *value_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    at = at ? at + strlen(key) : NULL;
    at = at ? at + strspn(at, "'\" ") : NULL;
    return at && *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

static bool read_type(const char *text, header *out)
{
    const char *value = value_of(text, "descr");
    const char quote = value ? *value : '\0', *end = quote == '\'' || quote == '"' ? strchr(value + 1, quote) : NULL;
    if (!end || end - value > (ptrdiff_t)sizeof out->type) {
        return false;
    }
    snprintf(out->type, sizeof out->type, "%.*s", (int)(end - value - 1), value + 1);
    return true;
}

static bool read_order(const char *text, header *out)
{
    const char *value = value_of(text, "fortran_order");
    out->fortran = value && strncmp(value, "True", 4) == 0;
    return value && (out->fortran || strncmp(value, "False", 5) == 0);
}

static bool read_shape(const char *text, header *out)
{
    const char *value = value_of(text, "shape");
    if (!value || *value++ != '(') {
        return false;
    }
    for (out->rank = 0; *(value += strspn(value, " ,L")) != ')'; out->rank++) {
        char *end;
        errno = 0;
        const unsigned long long size = strtoull(value, &end, 10);
        if (end == value || *value == '-' || errno || size > INT64_MAX || out->rank == H5S_MAX_RANK) {
            return false;
        }
        out->size[out->rank] = size;
        value = end;
    }
    return true;
}

static tx_status read_text(int fd, const char *path, size_t first, size_t bytes, tx_error *error, header *out)
{
    char *text;
    if (bytes > LONGEST_HEADER) {
        return no_npy(path, "its header is damaged", error);
    }
    TX_TRY(tx_allocate(bytes + 1, error, &text));
    const bool whole = pread(fd, text, bytes, (off_t)first) == (ssize_t)bytes;
    const bool good = whole && read_order(text, out) && read_shape(text, out);
    const bool plain = good && read_type(text, out);
    tx_free(text);
    out->bytes = (int64_t)(first + bytes);
    return plain   ? TX_OK
           : good  ? no_npy(path, "its elements are records", error)
           : whole ? no_npy(path, "its header is damaged", error)
                   : no_npy(path, "it is cut off", error);
}

static tx_status read_header(int fd, const char *path, tx_error *error, header *out)
{
    unsigned char prefix[PREFIX] = {0};
    struct stat info;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': %s", path,
                            S_ISDIR(info.st_mode) ? "Is a directory" : "Is not a regular file");
    }
    if (pread(fd, prefix, PREFIX, 0) < 10 || memcmp(prefix, magic, sizeof magic) != 0) {
        return no_npy(path, "it does not begin as one", error);
    }
    const size_t low = (size_t)prefix[8] | (size_t)prefix[9] << 8, high = (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
    if (prefix[6] < 1 || prefix[6] > 3) {
        return no_npy(path, "its version is not 1.0, 2.0 or 3.0", error);
    }
    return prefix[6] == 1 ? read_text(fd, path, 10, low, error, out) : read_text(fd, path, 12, low | high, error, out);
}

/* ---- As a dataset ---- */

static hid_t half_type(void)
{
    const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

/* HDF5's type of "<f4"; negative: no numbers. */
static hid_t make_type(const char *text)
{
    static const struct {
        const char *name;
        hid_t *type;
    } known[] = {{"f4", &H5T_IEEE_F32LE_g}, {"f8", &H5T_IEEE_F64LE_g}, {"i1", &H5T_STD_I8LE_g}, {"i2", &H5T_STD_I16LE_g},
                 {"i4", &H5T_STD_I32LE_g},  {"i8", &H5T_STD_I64LE_g},  {"u1", &H5T_STD_U8LE_g}, {"u2", &H5T_STD_U16LE_g},
                 {"u4", &H5T_STD_U32LE_g},  {"u8", &H5T_STD_U64LE_g}};
    hid_t type = strcmp(text + 1, "f2") == 0 ? half_type() : -1;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (strchr("<>|=", *text) && strcmp(text + 1, known[k].name) == 0) {
            type = H5Tcopy(*known[k].type);
        }
    }
    if (type >= 0 && *text == '>') {
        H5Tset_order(type, H5T_ORDER_BE);
    }
    return type;
}

static tx_status add_dataset(tx_file *file, const char *where, const header *header, tx_error *error)
{
    tx_scoped_id type = *header->type ? make_type(header->type) : -1;
    char why[64];
    if (type < 0) {
        snprintf(why, sizeof why, "its elements are of type '%s'", header->type);
        return no_npy(file->path, why, error);
    }
    hsize_t size[H5S_MAX_RANK];
    for (int a = 0; a < header->rank; a++) {
        size[a] = header->size[header->fortran ? header->rank - 1 - a : a];
    }
    tx_scoped_id space = header->rank ? H5Screate_simple(header->rank, size, NULL) : H5Screate(H5S_SCALAR);
    tx_scoped_id creation = H5Pcreate(H5P_DATASET_CREATE);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    const bool fits = count >= 0 && (uint64_t)count <= INT64_MAX / 16;
    if (!fits || (count && H5Pset_external(creation, where, (off_t)header->bytes, (hsize_t)count * H5Tget_size(type)) < 0)) {
        return no_npy(file->path, "its shape is no shape", error);
    }
    tx_scoped_id made = H5Dcreate2(file->id, dataset, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    return made < 0 ? tx_file_failed(file, TX_BAD_DATA, "understand", dataset, error) : TX_OK;
}

bool tx_npy_is(const char *path)
{
    char start[sizeof magic] = {0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const bool is = fd >= 0 && pread(fd, start, sizeof start, 0) == sizeof start && memcmp(start, magic, sizeof magic) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is;
}

bool tx_npy_is_named(const char *path)
{
    const size_t length = strlen(path);
    return length >= 4 && strcasecmp(path + length - 4, ".npy") == 0;
}

void tx_npy_header(int rank, const int64_t *size, tx_precision precision, char out[TX_NPY_HEADER])
{
    enum { TEXT = TX_NPY_HEADER - 10 };
    memcpy(out, magic, sizeof magic);
    memcpy(out + sizeof magic, (const char[]){1, 0, (char)(TEXT & 0xff), (char)(TEXT >> 8)}, 4);
    char *text = out + 10;
    int length = snprintf(text, TEXT, "{'descr': '<f%d', 'fortran_order': False, 'shape': (", precision == TX_FLOAT32 ? 4 : 8);
    for (int a = 0; a < rank; a++) {
        length += snprintf(text + length, (size_t)(TEXT - length), "%" PRId64 "%s", size[a], a < rank - 1 ? ", " : ")");
    }
    length += snprintf(text + length, (size_t)(TEXT - length), ", }");
    memset(text + length, ' ', (size_t)(TEXT - length));
    text[TEXT - 1] = '\n';
}

static tx_status open_header(const char *path, tx_error *error, header *out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': %s", path, strerror(errno));
    }
    const tx_status status = read_header(fd, path, error, out);
    close(fd);
    return status;
}

tx_status tx_npy_open(const char *path, tx_error *error, tx_file **out, bool *fortran)
{
    TX_QUIETLY;
    header header = {0};
    char where[PATH_MAX];
    tx_file *file;
    TX_TRY(open_header(path, error, &header));
    if (!realpath(path, where)) {
        return tx_error_set(error, TX_BAD_DATA, "cannot open '%s': %s", path, strerror(errno));
    }
    TX_TRY(tx_file_create(error, &file));
    tx_free(file->path);
    file->path = NULL;
    file->created = false;
    file->outside = true;
    tx_status status = tx_duplicate(path, error, &file->path);
    status = status ? status : add_dataset(file, where, &header, error);
    if (status != TX_OK) {
        tx_file_close(file);
        return status;
    }
    *fortran = header.fortran;
    *out = file;
    return TX_OK;
}
