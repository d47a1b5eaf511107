/* Arrays, as code calls the datasets of HDF5: found (or told why not), described by shape and type, created and written. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "file/handle.h"

/* ---- Words for errors ---- */

/* Appends "(it has: /a, /b)": the members of the deepest group on the way to `path` that exists. */
static void list_neighbours(const tx_file *file, const char *path, char *text, size_t bytes)
{
    enum { MOST = 24 };
    char group[TX_MESSAGE_SIZE];
    char **names;
    int count;
    snprintf(group, sizeof group, "%s%s", *path == '/' ? "" : "/", path);
    do {
        *strrchr(group, '/') = '\0';
    } while (*group && !tx_file_has(file, group));
    if (tx_file_members(file, *group ? group : "/", NULL, &count, &names) != TX_OK) {
        return;
    }
    size_t used = (size_t)snprintf(text, bytes, count ? " (it has: " : " (it is empty)");
    for (int k = 0; k < count && k <= MOST && used < bytes; k++) {
        const char *after = k + 1 < count ? ", " : ")";
        used += k == MOST ? (size_t)snprintf(text + used, bytes - used, "…)")
                          : (size_t)snprintf(text + used, bytes - used, "%s/%s%s", group, names[k], after);
    }
    tx_free(names);
}

/* Why another file that a link leads into cannot be opened, if that is so. */
static void add_reason(const tx_file *file, const char *other, char *text, size_t bytes)
{
    char name[TX_NAME_SIZE];
    tx_error reason = {0};
    tx_file *opened = NULL;
    tx_file_beside(file->path, other, name);
    if (tx_file_open(name, &reason, &opened) != TX_OK) {
        const size_t used = strlen(text);
        snprintf(text + used, bytes - used, ": %.600s", reason.message);
    }
    tx_file_close(opened);
}

/* "'/a' is a link to '/b'", where such a link leads nowhere; another file's name behind what is in it. */
static bool describe_link(const tx_file *file, const char *path, char *text, size_t bytes)
{
    char value[TX_MESSAGE_SIZE / 2];
    const char *target = value, *other = "", *inside = value;
    unsigned flags;
    H5L_info_t info;
    if (H5Lget_info(file->id, path, &info, H5P_DEFAULT) < 0 || (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL) ||
        info.u.val_size > sizeof value || H5Lget_val(file->id, path, value, sizeof value, H5P_DEFAULT) < 0) {
        return false;
    }
    if (info.type == H5L_TYPE_EXTERNAL && H5Lunpack_elink_val(value, info.u.val_size, &flags, &other, &inside) >= 0) {
        target = inside;
    }
    snprintf(text, bytes, "'%s' in '%s' is a link to '%s'%s%s%s, which leads nowhere", path, file->path, target,
             *other ? " in '" : "", other, *other ? "'" : "");
    if (*other) {
        add_reason(file, other, text, bytes);
    }
    return true;
}

static tx_status missing(const tx_file *file, const char *path, tx_error *error)
{
    char neighbours[640] = "", link[TX_MESSAGE_SIZE];
    if (describe_link(file, path, link, sizeof link)) {
        return tx_error_set(error, TX_BAD_DATA, "%s", link);
    }
    if (error && error->status == TX_OK) {
        list_neighbours(file, path, neighbours, sizeof neighbours);
    }
    return tx_error_set(error, TX_BAD_DATA, "no dataset '%s' in '%s'%s", path, file->path, neighbours);
}

/* ---- Types ---- */

static bool has_members(hid_t type, const char *first, const char *second)
{
    return H5Tget_nmembers(type) == 2 && H5Tget_member_index(type, first) >= 0 && H5Tget_member_index(type, second) >= 0;
}

/* As h5py and others write them: a record of two reals. */
static bool is_complex(hid_t type)
{
    static const char *const names[][2] = {{"r", "i"}, {"re", "im"}, {"real", "imag"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (has_members(type, names[k][0], names[k][1])) {
            return H5Tget_member_class(type, 0) == H5T_FLOAT && H5Tget_member_class(type, 1) == H5T_FLOAT;
        }
    }
    return false;
}

static const char *type_text(hid_t type)
{
    static const char *const names[H5T_NCLASSES] = {
        [H5T_INTEGER] = "integer",    [H5T_FLOAT] = "float",         [H5T_TIME] = "time",       [H5T_STRING] = "text",
        [H5T_BITFIELD] = "bit field", [H5T_OPAQUE] = "opaque bytes", [H5T_COMPOUND] = "record", [H5T_REFERENCE] = "reference",
        [H5T_ENUM] = "enumeration",   [H5T_VLEN] = "list",           [H5T_ARRAY] = "array"};
    const H5T_class_t class = H5Tget_class(type);
    const size_t bytes = H5Tget_size(type);
    if (class == H5T_FLOAT && bytes <= 16) {
        return bytes == 2 ? "float16" : bytes == 4 ? "float32" : bytes == 8 ? "float64" : bytes > 8 ? "long double" : names[class];
    }
    if (class == H5T_COMPOUND && is_complex(type)) {
        return bytes == 8 ? "complex64" : bytes == 16 ? "complex128" : "complex";
    }
    if (class == H5T_ENUM && has_members(type, "FALSE", "TRUE")) {
        return "mask (true or false)";
    }
    return class >= 0 && class < H5T_NCLASSES ? names[class] : "unknown";
}

/* ---- Shapes ---- */

tx_status tx_array_open(const tx_file *file, const char *path, tx_error *error, hid_t *out)
{
    TX_READING(file);
    if (!tx_file_has(file, path)) {
        return missing(file, path, error);
    }
    const hid_t id = H5Oopen(file->id, path, H5P_DEFAULT);
    if (id < 0) {
        return tx_file_failed(file, TX_BAD_DATA, "open", path, error);
    }
    if (H5Iget_type(id) != H5I_DATASET) {
        const char *what = H5Iget_type(id) == H5I_GROUP ? "group" : "named type";
        tx_id_release(&id);
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' is a %s, not a dataset", path, file->path, what);
    }
    *out = id;
    return TX_OK;
}

/* No file holds more numbers; their bytes, and those of a block of them, can then be counted without overflow. */
static const hsize_t MOST_ELEMENTS = (hsize_t)1 << 50;

/* Sizes are checked here, where they come out of a file, and nowhere else; an axis may be empty. */
static tx_status check_sizes(const tx_file *file, const char *path, int rank, const hsize_t *size, tx_error *error)
{
    hsize_t elements = 1;
    for (int a = 0; a < rank; a++) {
        if (__builtin_mul_overflow(elements, size[a] ? size[a] : 1, &elements) || elements > MOST_ELEMENTS) {
            return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' says that it holds more numbers than any file could", path,
                                file->path);
        }
    }
    return TX_OK;
}

tx_status tx_array_describe(const tx_file *file, const char *path, hid_t dataset, tx_error *error, tx_array_shape *out)
{
    TX_READING(file);
    tx_scoped_id space = H5Dget_space(dataset);
    tx_scoped_id type = H5Dget_type(dataset);
    const int rank = H5Sget_simple_extent_ndims(space);
    hsize_t size[H5S_MAX_RANK];
    if (rank < 0 || type < 0) {
        return tx_file_failed(file, TX_BAD_DATA, "understand", path, error);
    }
    if (rank > TX_FILE_MAX_RANK || H5Sget_simple_extent_type(space) == H5S_NULL) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' has %s", path, file->path,
                            rank > TX_FILE_MAX_RANK ? "more than 8 axes" : "no elements");
    }
    H5Sget_simple_extent_dims(space, size, NULL);
    TX_TRY(check_sizes(file, path, rank, size, error));
    tx_array_shape shape = {.rank = rank, .bytes = (int)H5Tget_size(type), .type = type_text(type)};
    for (int a = 0; a < rank; a++) {
        shape.size[a] = (int64_t)size[a];
    }
    shape.is_float = H5Tget_class(type) == H5T_FLOAT;
    shape.is_integer = H5Tget_class(type) == H5T_INTEGER;
    *out = shape;
    return TX_OK;
}

tx_status tx_file_shape(const tx_file *file, const char *path, tx_error *error, tx_array_shape *out)
{
    TX_QUIETLY;
    tx_scoped_id dataset = -1;
    TX_TRY(tx_array_open(file, path, error, &dataset));
    return tx_array_describe(file, path, dataset, error, out);
}

bool tx_array_is_inside(const tx_file *file, hid_t dataset)
{
    char name[PATH_MAX];
    const ssize_t length = H5Fget_name(dataset, name, sizeof name);
    return file->outside || (length >= 0 && (size_t)length < sizeof name && strcmp(name, file->path) == 0);
}

/* ---- Writing ---- */

static tx_status write_numbers(tx_file *file, const char *path, int rank, const int64_t *size, hid_t stored, hid_t given,
                               const void *data, tx_error *error)
{
    TX_QUIETLY;
    if (!file->created || rank < 0 || rank > TX_FILE_MAX_RANK || tx_file_has(file, path)) {
        const char *why = !file->created ? "the file is open for reading only" : "it exists already or has more than 8 axes";
        return tx_error_set(error, TX_FAILURE, "cannot write '%s' in '%s': %s", path, file->path, why);
    }
    TX_TRY(tx_file_make_groups(file, path, false, error));
    hsize_t extent[TX_FILE_MAX_RANK];
    bool empty = false;
    for (int a = 0; a < rank; a++) {
        extent[a] = (hsize_t)size[a];
        empty |= size[a] == 0;
    }
    tx_scoped_id space = rank ? H5Screate_simple(rank, extent, NULL) : H5Screate(H5S_SCALAR);
    tx_scoped_id creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, false);
    tx_scoped_id dataset = H5Dcreate2(file->id, path, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (dataset < 0 || (!empty && H5Dwrite(dataset, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)) {
        return tx_file_failed(file, TX_FAILURE, "write", path, error);
    }
    return TX_OK;
}

hid_t tx_real_type(tx_precision precision)
{
    return precision == TX_FLOAT32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
}

hid_t tx_stored_real_type(tx_precision precision)
{
    return precision == TX_FLOAT32 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
}

tx_status tx_array_announce(tx_file *file, const char *path, int rank, const int64_t *size, hid_t stored, tx_error *error)
{
    hsize_t extent[TX_FILE_MAX_RANK];
    for (int a = 0; a < rank; a++) {
        extent[a] = (hsize_t)size[a];
    }
    tx_scoped_id space = H5Screate_simple(rank, extent, NULL);
    tx_scoped_id creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, false);
    H5Pset_alloc_time(creation, H5D_ALLOC_TIME_LATE);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    tx_scoped_id dataset = H5Dcreate2(file->id, path, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    return dataset < 0 ? tx_file_failed(file, TX_FAILURE, "create", path, error) : TX_OK;
}

tx_status tx_file_write_reals(tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                              const void *data, tx_error *error)
{
    return write_numbers(file, path, rank, size, tx_stored_real_type(precision), tx_real_type(precision), data, error);
}

tx_status tx_file_write_integers(tx_file *file, const char *path, int rank, const int64_t *size, const int64_t *data,
                                 tx_error *error)
{
    return write_numbers(file, path, rank, size, H5T_STD_I64LE, H5T_NATIVE_INT64, data, error);
}
